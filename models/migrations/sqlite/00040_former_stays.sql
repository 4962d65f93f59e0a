-- former_stays: what a stay that comes back needs. circle_id: the circle by which the person came, 0 for none.
-- paused_at and paused_until: the pause in which the link ended; a person who leaves in a pause and comes back by
-- another invite is paused still. by_person: the person ended the link, so the mail about its end brings nothing back.
-- +goose Up
ALTER TABLE former_stays ADD COLUMN circle_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE former_stays ADD COLUMN paused_at DATETIME NULL;
ALTER TABLE former_stays ADD COLUMN paused_until DATETIME NULL;
ALTER TABLE former_stays ADD COLUMN by_person BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE former_stays DROP COLUMN by_person;
ALTER TABLE former_stays DROP COLUMN paused_until;
ALTER TABLE former_stays DROP COLUMN paused_at;
ALTER TABLE former_stays DROP COLUMN circle_id;
