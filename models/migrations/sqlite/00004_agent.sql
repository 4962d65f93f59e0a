-- Devices that are signed in by a code of Quick Connect, through the agent.
-- +goose Up
CREATE TABLE quick_connects (
    id INTEGER NOT NULL PRIMARY KEY,
    server_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    link_id INTEGER NOT NULL,
    code TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    address TEXT NOT NULL,
    device TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL
);
CREATE INDEX quick_connects_account_id ON quick_connects (account_id, state);
CREATE INDEX quick_connects_server_id ON quick_connects (server_id, state);
CREATE INDEX quick_connects_expires_at ON quick_connects (expires_at);

ALTER TABLE servers ADD COLUMN quick_connect BOOLEAN NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE servers DROP COLUMN quick_connect;
DROP TABLE quick_connects;
