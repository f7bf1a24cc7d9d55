CREATE TABLE runs (
	id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	plan    bytea NOT NULL, -- with the secrets; the row is deleted when the burst has ended
	shards  integer NOT NULL,
	beat    timestamptz NOT NULL DEFAULT clock_timestamp(), -- of the command that wants the burst
	begins  timestamptz,
	stopped text -- why
);

CREATE TABLE shards (
	run          bigint NOT NULL REFERENCES runs ON DELETE CASCADE,
	number       integer NOT NULL,
	state        text NOT NULL DEFAULT 'waiting',
	node         text NOT NULL DEFAULT '',
	beat         timestamptz,
	clock_offset bigint NOT NULL DEFAULT 0, -- nanoseconds that the database's clock is ahead
	clock_error  bigint NOT NULL DEFAULT 0,
	progress     bytea,
	figures      bytea, -- burst.Backup.State
	problem      text NOT NULL DEFAULT '',
	PRIMARY KEY (run, number)
);

-- The events that were sent, and those that were acknowledged: burst.Chunk.
CREATE TABLE chunks (
	run          bigint NOT NULL,
	number       integer NOT NULL,
	acknowledged boolean NOT NULL,
	chunk        integer NOT NULL,
	bits         bytea NOT NULL,
	PRIMARY KEY (run, number, acknowledged, chunk),
	FOREIGN KEY (run, number) REFERENCES shards ON DELETE CASCADE
);
