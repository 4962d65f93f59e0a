-- A person gives their local user a password. servers.password_key: the agent's public key, to
-- which browsers seal the password; '' while the agent takes none. servers.linked_passwords: the
-- owner lets linked people do it, too; guests always may. local_passwords.sealed: what the agent
-- opens; '' once it has answered.
-- +goose Up
ALTER TABLE servers ADD COLUMN password_key TEXT NOT NULL DEFAULT '';
ALTER TABLE servers ADD COLUMN linked_passwords BOOLEAN NOT NULL DEFAULT FALSE;
CREATE TABLE local_passwords (
    id         INTEGER  NOT NULL PRIMARY KEY,
    server_id  INTEGER  NOT NULL,
    account_id INTEGER  NOT NULL,
    link_id    INTEGER  NOT NULL,
    sealed     TEXT     NOT NULL,
    state      TEXT     NOT NULL,
    reason     TEXT     NOT NULL,
    address    TEXT     NOT NULL,
    device     TEXT     NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL
);
CREATE INDEX local_passwords_account_id ON local_passwords (account_id, state);
CREATE INDEX local_passwords_server_id ON local_passwords (server_id, state);
CREATE INDEX local_passwords_expires_at ON local_passwords (expires_at);

-- +goose Down
DROP TABLE local_passwords;
ALTER TABLE servers DROP COLUMN linked_passwords;
ALTER TABLE servers DROP COLUMN password_key;
