-- Names and ids are blobs: they are kept byte for byte, whatever they hold.

CREATE TABLE bins (
	id      INTEGER PRIMARY KEY,
	name    BLOB NOT NULL UNIQUE,
	count   INTEGER NOT NULL DEFAULT 0, -- captures held
	bytes   INTEGER NOT NULL DEFAULT 0, -- of the captures held
	last    INTEGER NOT NULL DEFAULT 0, -- highest seq ever given in it
	evicted INTEGER NOT NULL DEFAULT 0
) STRICT;

-- head is all of a capture but its body, packed: see record.go. A new capture goes to the end of the table.
CREATE TABLE captures (
	seq  INTEGER PRIMARY KEY,
	bin  INTEGER NOT NULL REFERENCES bins (id),
	size INTEGER NOT NULL,
	head BLOB NOT NULL,
	body BLOB NOT NULL
) STRICT;
-- An index ends with the rowid: this one is (bin, seq).
CREATE INDEX captures_of_bin ON captures (bin);

CREATE TABLE deliveries (
	seq      INTEGER PRIMARY KEY,
	id       BLOB NOT NULL UNIQUE,
	provider BLOB NOT NULL,
	endpoint BLOB NOT NULL,
	event    BLOB NOT NULL,
	state    BLOB NOT NULL,
	next     INTEGER, -- Unix nanoseconds; NULL when nothing is due
	record   BLOB NOT NULL
) STRICT;
CREATE INDEX deliveries_of_provider ON deliveries (provider);
CREATE INDEX deliveries_of_endpoint ON deliveries (endpoint);
CREATE INDEX deliveries_of_event ON deliveries (event);
CREATE INDEX deliveries_in_state ON deliveries (state);

CREATE TABLE attempts (
	id       INTEGER PRIMARY KEY,
	delivery INTEGER NOT NULL REFERENCES deliveries (seq),
	record   BLOB NOT NULL
) STRICT;
CREATE INDEX attempts_of_delivery ON attempts (delivery);

CREATE TABLE documents (
	kind BLOB NOT NULL,
	key  BLOB NOT NULL,
	doc  BLOB NOT NULL,
	PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- counters hold what no other table can tell: evicted_deliveries.
CREATE TABLE counters (
	name  TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
