-- links.stop_at_end: what plays is stopped when the unlock ends, at a link whose limits the agent does not hold, so that
-- it has no row in levels: a link that only asks for the PIN.
-- +goose Up
ALTER TABLE links ADD COLUMN stop_at_end INTEGER NOT NULL DEFAULT 0;
