-- Keys for programs, each with the right of an administrator. Only the hash of a key is kept. Until its maker has seen it, the key
-- itself is here, too, encrypted with the secret key. The handle names the key in lists afterwards.
-- +goose Up
CREATE TABLE api_keys (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key_hash BLOB NOT NULL,
    handle TEXT NOT NULL,
    sealed TEXT NOT NULL,
    maker TEXT NOT NULL,
    app TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    used_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX api_keys_key_hash ON api_keys (key_hash);
CREATE UNIQUE INDEX api_keys_handle ON api_keys (handle);
