-- households: who is watching on a device. sessions.household_id: the first session of the device, for every
-- other session of its household; 0 without one. sessions.switched_from: the session by whose right a person
-- was switched to; 0 for a session that somebody signed in. sessions.by_guardian: the account that looks after
-- this one, if that is the right; the session is void when it no longer does. sessions.left_out: the person
-- of a signed-in session stands not among the tiles.
-- +goose Up
ALTER TABLE sessions ADD COLUMN household_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN switched_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN by_guardian INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN left_out BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX sessions_household_id ON sessions (household_id);
CREATE INDEX sessions_switched_from ON sessions (switched_from);

-- +goose Down
DROP INDEX sessions_switched_from;
DROP INDEX sessions_household_id;
ALTER TABLE sessions DROP COLUMN left_out;
ALTER TABLE sessions DROP COLUMN by_guardian;
ALTER TABLE sessions DROP COLUMN switched_from;
ALTER TABLE sessions DROP COLUMN household_id;
