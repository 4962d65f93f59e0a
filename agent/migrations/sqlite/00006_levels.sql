-- links.levels: the levels that the service sent for the link, as JSON; NULL for none.
-- links.unlock_closed: the unlock of the service that has ended here, by its id and the time when it was opened; it never
-- opens again. links.locked_at: unlocks of the service from before this time are closed, because an admin has locked here.
-- links.unlocked_from, links.unlocked_until: an unlock by an admin at this machine; 0 for none.
-- +goose Up
ALTER TABLE links ADD COLUMN levels TEXT NULL;
ALTER TABLE links ADD COLUMN unlock_closed TEXT NOT NULL DEFAULT '';
ALTER TABLE links ADD COLUMN locked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE links ADD COLUMN unlocked_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE links ADD COLUMN unlocked_until INTEGER NOT NULL DEFAULT 0;

-- The local users whose limits are in the hand of the agent. bound: what an admin gave them, as JSON; "" before the media
-- server was asked. wanted: what the agent last wrote at the media server, or is about to write. found: what the media
-- server had after that. done: the media server has taken wanted. Without it nobody can tell what an admin changed.
-- unlocked: wanted is the unlocked level. by_hand: the fields that an admin has changed since, as a JSON list.
-- chosen: a digest of the levels for which by_hand holds. warned: the unlock before whose end a word was said.
-- stop_at_end: what plays is stopped when the unlock ends. version: counts the writes.
CREATE TABLE levels (
    local_user_id TEXT NOT NULL PRIMARY KEY,
    link_id TEXT NOT NULL,
    bound TEXT NOT NULL,
    wanted TEXT NOT NULL,
    found TEXT NOT NULL,
    done INTEGER NOT NULL,
    unlocked INTEGER NOT NULL,
    by_hand TEXT NOT NULL,
    chosen TEXT NOT NULL,
    warned TEXT NOT NULL,
    stop_at_end INTEGER NOT NULL,
    problem TEXT NOT NULL,
    version INTEGER NOT NULL
);
