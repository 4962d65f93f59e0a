-- The small media server of the agent's own. Times are UTC.
-- +goose Up
CREATE TABLE identity (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    server_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE local_users (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    easy_hash TEXT NOT NULL,
    administrator BOOLEAN NOT NULL,
    guest BOOLEAN NOT NULL,
    hidden BOOLEAN NOT NULL,
    disabled BOOLEAN NOT NULL,
    all_libraries BOOLEAN NOT NULL,
    picture_tag TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    signed_in_at DATETIME NULL,
    used_at DATETIME NULL
);
CREATE UNIQUE INDEX local_users_name_key ON local_users (name_key);

CREATE TABLE pictures (
    local_user_id TEXT NOT NULL PRIMARY KEY REFERENCES local_users (id) ON DELETE CASCADE,
    content_type TEXT NOT NULL,
    tag TEXT NOT NULL,
    body BLOB NOT NULL
);

CREATE TABLE libraries (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL
);
CREATE UNIQUE INDEX libraries_name_key ON libraries (name_key);

CREATE TABLE library_access (
    local_user_id TEXT NOT NULL REFERENCES local_users (id) ON DELETE CASCADE,
    library_id TEXT NOT NULL REFERENCES libraries (id) ON DELETE CASCADE,
    PRIMARY KEY (local_user_id, library_id)
);
CREATE INDEX library_access_library_id ON library_access (library_id);

CREATE TABLE access_tokens (
    id INTEGER NOT NULL PRIMARY KEY,
    token_hash BLOB NOT NULL,
    local_user_id TEXT NOT NULL REFERENCES local_users (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    device_name TEXT NOT NULL,
    client TEXT NOT NULL,
    version TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    used_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX access_tokens_token_hash ON access_tokens (token_hash);
CREATE UNIQUE INDEX access_tokens_local_user_id ON access_tokens (local_user_id, device_id);
CREATE INDEX access_tokens_used_at ON access_tokens (used_at);

CREATE TABLE proofs (
    page_hash BLOB NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    account_name TEXT NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    local_user_id TEXT NULL REFERENCES local_users (id) ON DELETE CASCADE,
    expires_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX proofs_secret_hash ON proofs (secret_hash);
CREATE INDEX proofs_expires_at ON proofs (expires_at);
