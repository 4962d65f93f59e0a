-- stays: how long people may come to a server. links.paused_at: the owner has paused the link, until
-- paused_until or, if that is null, until somebody resumes it. links.remind_at: when the next mail about the end
-- is due. links.hand: what an administrator has changed at the media server by hand, as the agent told it; the
-- owner has said that hand_kept stays like that, and at hand_reset_at that the agent sets it again. former_stays:
-- links that have ended by their date, for the time in which the owner may prolong them from a mail.
-- +goose Up
ALTER TABLE links ADD COLUMN paused_at DATETIME NULL;
ALTER TABLE links ADD COLUMN paused_until DATETIME NULL;
ALTER TABLE links ADD COLUMN remind_at DATETIME NULL;
ALTER TABLE links ADD COLUMN hand TEXT NOT NULL DEFAULT '';
ALTER TABLE links ADD COLUMN hand_kept TEXT NOT NULL DEFAULT '';
ALTER TABLE links ADD COLUMN hand_reset_at DATETIME NULL;
DROP INDEX links_list;
CREATE INDEX links_list ON links (account_id, state, id, server_id, type, access_key, ends_at, paused_at, paused_until);
CREATE INDEX links_remind_at ON links (remind_at);
CREATE INDEX links_paused_until ON links (paused_until);
UPDATE links SET remind_at = CASE
    WHEN julianday(ends_at) - 7 > julianday('now') THEN strftime('%Y-%m-%d %H:%M:%f+00:00', ends_at, '-7 days')
    WHEN julianday(ends_at) - 1 > julianday('now') THEN strftime('%Y-%m-%d %H:%M:%f+00:00', ends_at, '-1 day')
    ELSE NULL END
WHERE ends_at IS NOT NULL;
CREATE TABLE former_stays (
    link_id INTEGER NOT NULL PRIMARY KEY,
    server_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    local_user_id INTEGER NULL,
    type TEXT NOT NULL,
    libraries TEXT NULL,
    invited_by INTEGER NOT NULL,
    ended_at DATETIME NOT NULL
);
CREATE INDEX former_stays_server_id ON former_stays (server_id);
CREATE INDEX former_stays_account_id ON former_stays (account_id);
CREATE INDEX former_stays_ended_at ON former_stays (ended_at);
CREATE INDEX former_stays_invited_by ON former_stays (invited_by);

-- +goose Down
DROP TABLE former_stays;
DROP INDEX links_paused_until;
DROP INDEX links_remind_at;
DROP INDEX links_list;
CREATE INDEX links_list ON links (account_id, state, id, server_id, type, access_key, ends_at);
ALTER TABLE links DROP COLUMN hand_reset_at;
ALTER TABLE links DROP COLUMN hand_kept;
ALTER TABLE links DROP COLUMN hand;
ALTER TABLE links DROP COLUMN remind_at;
ALTER TABLE links DROP COLUMN paused_until;
ALTER TABLE links DROP COLUMN paused_at;
