-- links.device_keys: a key for each session opens the link, and not the link's own key.
-- links.asked_until: the agent may have missed that sessions up to this one have ended, and asks
-- the service about their keys. tokens.session_id: the session for whose key the token was
-- given; 0 for another token. ended_sessions: sessions whose keys no longer open the link.
-- +goose Up
ALTER TABLE links ADD COLUMN device_keys INTEGER NOT NULL DEFAULT 0;
ALTER TABLE links ADD COLUMN asked_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN session_id INTEGER NOT NULL DEFAULT 0;
CREATE TABLE ended_sessions (
    link_id TEXT NOT NULL,
    session_id INTEGER NOT NULL,
    PRIMARY KEY (link_id, session_id)
);
