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

-- Each node says how long its lease is: after that it has ended.
ALTER TABLE nodes ADD COLUMN lease interval NOT NULL DEFAULT '15 seconds';

-- See journal.Leases. attempts is the highest number of an attempt.
ALTER TABLE deliveries ADD COLUMN ordered boolean NOT NULL DEFAULT false, ADD COLUMN attempts bigint NOT NULL DEFAULT 0;
UPDATE deliveries d SET attempts = (SELECT count(*) FROM attempts a WHERE a.delivery = d.seq) WHERE state = 'pending';
CREATE INDEX deliveries_of_node ON deliveries (node, seq) WHERE state = 'pending';
CREATE INDEX deliveries_in_order ON deliveries (endpoint, seq) WHERE state = 'pending' AND ordered;
