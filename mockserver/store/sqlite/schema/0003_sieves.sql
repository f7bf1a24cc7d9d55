-- A sieve says which captures of a segment may hold a text: see sieve.go.
CREATE TABLE sieves (
	segment INTEGER PRIMARY KEY,
	slices  INTEGER NOT NULL -- in which it is kept; 0: few captures are left in the segment, and they are read through
) STRICT;

-- id is segment * 2048 + the slice's number.
CREATE TABLE slices (
	id   INTEGER PRIMARY KEY,
	rows BLOB NOT NULL
) STRICT;
