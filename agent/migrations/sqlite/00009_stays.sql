-- links.paused_until: the time until which the owner has paused the link, in Unix milliseconds; 9223372036854775807 for
-- a pause that lasts until the owner ends it, 0 for none. links.hand_reset_at: when the owner last said that what was
-- changed by hand at the media server is set again; 0 for never. guests.hand: what an administrator has changed by hand,
-- as words with commas between them. guests.reset_at: the hand_reset_at that was carried out last.
-- +goose Up
ALTER TABLE links ADD COLUMN paused_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE links ADD COLUMN hand_reset_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE guests ADD COLUMN hand TEXT NOT NULL DEFAULT '';
ALTER TABLE guests ADD COLUMN reset_at INTEGER NOT NULL DEFAULT 0;
