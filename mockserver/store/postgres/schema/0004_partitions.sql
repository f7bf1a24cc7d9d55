-- Captures are in partitions by number, so that the oldest ones go with their table: see
-- partition.go.

ALTER TABLE journal ADD COLUMN floor bigint NOT NULL DEFAULT 0;       -- captures up to it are evicted, if they are there or not
ALTER TABLE journal ADD COLUMN partitioned bigint NOT NULL DEFAULT 1; -- the first number without a partition

CREATE TABLE partitions (
	low      bigint PRIMARY KEY, -- its first number; its table is captures_<low>
	high     bigint NOT NULL,    -- the first number after it
	detached boolean NOT NULL DEFAULT false -- it is no longer a part of captures
);

ALTER TABLE captures RENAME TO captures_1;
ALTER TABLE captures_1 DROP CONSTRAINT captures_pkey;
ALTER INDEX captures_of_bin RENAME TO captures_1_of_bin;

CREATE TABLE captures (
	seq  bigint NOT NULL,
	bin  bigint NOT NULL,
	size bigint NOT NULL,
	head bytea NOT NULL,
	body bytea NOT NULL,
	PRIMARY KEY (seq) INCLUDE (bin, size) -- what an eviction reads
) PARTITION BY RANGE (seq);
ALTER TABLE captures ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX captures_of_bin ON captures (bin, seq);

DO $$
DECLARE
	next bigint;
BEGIN
	SELECT seq + 1 INTO next FROM journal;
	IF next > 1 THEN
		EXECUTE format('ALTER TABLE captures ATTACH PARTITION captures_1 FOR VALUES FROM (1) TO (%s)', next);
		INSERT INTO partitions (low, high) VALUES (1, next);
		UPDATE journal SET partitioned = next;
	ELSE
		DROP TABLE captures_1;
	END IF;
END
$$;
