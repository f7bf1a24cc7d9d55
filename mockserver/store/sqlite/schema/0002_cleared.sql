ALTER TABLE bins ADD COLUMN cleared INTEGER NOT NULL DEFAULT 0; -- captures deleted on request
