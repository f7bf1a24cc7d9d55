-- Names and ids are bytea: they are kept byte for byte, whatever they contain.

-- The one row of journal is locked by every transaction that writes. So the numbers in it ascend in
-- the order of the commits: a reader that has seen a number never finds a lower one later.
CREATE TABLE journal (
	id                 boolean PRIMARY KEY DEFAULT true CHECK (id),
	seq                bigint NOT NULL DEFAULT 0, -- of the last capture
	delivery           bigint NOT NULL DEFAULT 0, -- of the last delivery
	change             bigint NOT NULL DEFAULT 0, -- of the last row of changes
	captures           bigint NOT NULL DEFAULT 0,
	deliveries         bigint NOT NULL DEFAULT 0,
	capture_bytes      bigint NOT NULL DEFAULT 0,
	bin_bytes          bigint NOT NULL DEFAULT 0,
	finished_bytes     bigint NOT NULL DEFAULT 0, -- of deliveries that are not pending
	pending_bytes      bigint NOT NULL DEFAULT 0,
	document_bytes     bigint NOT NULL DEFAULT 0,
	evicted_captures   bigint NOT NULL DEFAULT 0,
	evicted_deliveries bigint NOT NULL DEFAULT 0,
	forgotten          bigint NOT NULL DEFAULT 0, -- see journal.Stats
	bin                bigint NOT NULL DEFAULT 0, -- the last id of a bin
	emptied            bigint NOT NULL DEFAULT 0, -- the last number of bins.emptied
	empty_bins         bigint NOT NULL DEFAULT 0
);
INSERT INTO journal DEFAULT VALUES;

CREATE TABLE bins (
	id      bigint PRIMARY KEY,
	name    bytea NOT NULL UNIQUE,
	count   bigint NOT NULL, -- captures in it
	bytes   bigint NOT NULL, -- of these captures
	last    bigint NOT NULL, -- highest seq of a capture, including deleted ones
	evicted bigint NOT NULL,
	cleared bigint NOT NULL,
	emptied bigint NOT NULL  -- orders the bins that became empty; 0: it has captures
) WITH (fillfactor = 50);
CREATE INDEX bins_emptied ON bins (emptied) WHERE emptied > 0;

-- head is all of a capture except its body: see package record. Bodies are not compressed, because
-- that takes longer than writing them.
CREATE TABLE captures (
	seq  bigint PRIMARY KEY,
	bin  bigint NOT NULL,
	size bigint NOT NULL,
	head bytea NOT NULL,
	body bytea NOT NULL
);
ALTER TABLE captures ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX captures_of_bin ON captures (bin, seq);

CREATE TABLE deliveries (
	seq      bigint PRIMARY KEY,
	id       bytea NOT NULL UNIQUE,
	provider bytea NOT NULL,
	endpoint bytea NOT NULL,
	event    bytea NOT NULL,
	state    bytea NOT NULL,
	next     bigint NOT NULL, -- Unix nanoseconds; 0: nothing is due
	size     bigint NOT NULL, -- with its attempts
	node     bytea NOT NULL,  -- the node that makes its attempts: see nodes
	record   bytea NOT NULL
);
CREATE INDEX deliveries_of_provider ON deliveries (provider, seq);
CREATE INDEX deliveries_of_endpoint ON deliveries (endpoint, seq);
CREATE INDEX deliveries_of_event ON deliveries USING hash (event); -- an id may be too long for a tree
CREATE INDEX deliveries_in_state ON deliveries (state, seq);
CREATE INDEX deliveries_finished ON deliveries (seq) WHERE state <> 'pending';

CREATE TABLE attempts (
	delivery bigint NOT NULL,
	id       bigint GENERATED ALWAYS AS IDENTITY,
	record   bytea NOT NULL,
	PRIMARY KEY (delivery, id)
);

CREATE TABLE documents (
	kind bytea NOT NULL,
	key  bytea NOT NULL,
	doc  bytea NOT NULL,
	PRIMARY KEY (kind, key)
);

-- What a transaction changed, for the other nodes: see changes.go. A node finds its own batch here
-- if it lost the connection while it committed.
CREATE TABLE changes (
	n     bigint PRIMARY KEY,
	node  bytea NOT NULL,
	batch bigint NOT NULL,
	at    timestamptz NOT NULL DEFAULT clock_timestamp(),
	list  bytea NOT NULL
);

-- All up to these numbers was stored by that time, in Unix microseconds of the server's clock.
CREATE TABLE marks (
	at       bigint PRIMARY KEY,
	capture  bigint NOT NULL,
	delivery bigint NOT NULL
);

-- The nodes that run, and when each was last seen.
CREATE TABLE nodes (
	node bytea PRIMARY KEY,
	seen timestamptz NOT NULL
);
