-- The local users as whom the service may let people in, because somebody at this
-- machine has said yes. given_by: link, allow, proof or upgrade. name: as the media
-- server called them then.
-- +goose Up
CREATE TABLE allowed_users (
    local_user_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    given_by TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

-- unsure: somebody else may have created the local user, who was found after a crash.
ALTER TABLE guests ADD COLUMN unsure INTEGER NOT NULL DEFAULT 0;

-- Links from before stay in use. Guests need no yes.
INSERT INTO allowed_users (local_user_id, name, given_by, created_at)
SELECT local_user_id, max(local_user_name), 'upgrade', CAST(strftime('%s', 'now') AS INTEGER) * 1000 FROM links
WHERE local_user_id <> '' AND local_user_id NOT IN (SELECT local_user_id FROM guests)
GROUP BY local_user_id;
