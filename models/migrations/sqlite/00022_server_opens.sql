-- server_opens: for each session and server at most one way into the web app of the media
-- server that has begun: first the note that the person pressed Open, later the hash of a
-- code that works once. server_addresses.opens: the agent answers below this address, so
-- that Open leads there.
-- +goose Up
CREATE TABLE server_opens (
    session_id INTEGER NOT NULL,
    server_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    code_hash BLOB NULL,
    challenge TEXT NOT NULL,
    expires_at DATETIME NOT NULL,
    PRIMARY KEY (session_id, server_id)
);
CREATE UNIQUE INDEX server_opens_code_hash ON server_opens (code_hash);
CREATE INDEX server_opens_account_id ON server_opens (account_id);
CREATE INDEX server_opens_server_id ON server_opens (server_id);
CREATE INDEX server_opens_expires_at ON server_opens (expires_at);
ALTER TABLE server_addresses ADD COLUMN opens BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE server_addresses DROP COLUMN opens;
DROP TABLE server_opens;
