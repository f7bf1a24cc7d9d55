-- The turns of scripts: see journal.Sequences.
CREATE TABLE scripts (
	document   bytea PRIMARY KEY, -- its kind, a NUL and its key
	revision   bytea NOT NULL,
	first      bigint NOT NULL,   -- members that came first
	generation bigint NOT NULL,   -- of the members that take turns now
	young      bigint NOT NULL    -- members of that generation
);

CREATE TABLE turns (
	document   bytea NOT NULL,
	sequence   bigint NOT NULL,
	member     bytea NOT NULL,
	ordinal    bigint NOT NULL, -- among the members that came first
	taken      bigint NOT NULL,
	generation bigint NOT NULL, -- in which it took its last turn; the largest one: it is never forgotten
	PRIMARY KEY (document, sequence, member)
) WITH (fillfactor = 50);
