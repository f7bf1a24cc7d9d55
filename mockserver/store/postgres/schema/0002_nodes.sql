-- What a server says about itself, as JSON; '' for a program that is no server.
ALTER TABLE nodes
	ADD COLUMN about   bytea NOT NULL DEFAULT '',
	ADD COLUMN started timestamptz NOT NULL DEFAULT clock_timestamp();
