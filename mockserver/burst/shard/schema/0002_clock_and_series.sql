-- The last measurement of the clock, as clock_offset and clock_error.
ALTER TABLE shards ADD COLUMN clock_offset_end bigint NOT NULL DEFAULT 0, ADD COLUMN clock_error_end bigint NOT NULL DEFAULT 0;

-- The series of a shard: burst.SeriesPoint.
CREATE TABLE points (
	run    bigint NOT NULL,
	number integer NOT NULL,
	step   bigint NOT NULL, -- nanoseconds
	point  integer NOT NULL,
	data   bytea NOT NULL,
	PRIMARY KEY (run, number, step, point),
	FOREIGN KEY (run, number) REFERENCES shards ON DELETE CASCADE
);
