-- Every record counts its bytes: see journal.Limits. counters also hold pending_bytes and finished_bytes of deliveries,
-- document_bytes, and what the bins that were forgotten leave behind: evicted_captures, last_seq, and forgotten_seq.

-- Replies that were recorded later were not counted.
UPDATE bins SET bytes = bytes + (SELECT coalesce(sum(length(head) + length(body) - size), 0) FROM captures WHERE bin = bins.id AND length(head) > size);
UPDATE captures SET size = length(head) + length(body) WHERE length(head) > size;

ALTER TABLE deliveries ADD COLUMN size INTEGER NOT NULL DEFAULT 0; -- with its attempts
UPDATE deliveries SET size = 640 + length(record) + (SELECT coalesce(sum(640 + length(a.record)), 0) FROM attempts a WHERE a.delivery = deliveries.seq);

INSERT INTO counters SELECT 'pending_bytes', coalesce(sum(size), 0) FROM deliveries WHERE state = CAST('pending' AS BLOB);
INSERT INTO counters SELECT 'finished_bytes', coalesce(sum(size), 0) FROM deliveries WHERE state <> CAST('pending' AS BLOB);
INSERT INTO counters SELECT 'document_bytes', coalesce(sum(256 + length(key) + length(doc)), 0) FROM documents;

-- All up to these numbers was stored by that time, in Unix nanoseconds.
CREATE TABLE marks (
	at       INTEGER PRIMARY KEY,
	capture  INTEGER NOT NULL,
	delivery INTEGER NOT NULL
) STRICT;
