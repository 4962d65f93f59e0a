-- Servers, links and device codes.
-- +goose Up
CREATE TABLE servers (
    id INTEGER NOT NULL PRIMARY KEY,
    system_id TEXT NOT NULL,
    owner_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    own_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    version TEXT NOT NULL,
    key_version INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    claimed_at DATETIME NULL,
    last_seen_at DATETIME NOT NULL,
    disabled_at DATETIME NULL
);
CREATE INDEX servers_owner_id ON servers (owner_id);
CREATE INDEX servers_system_id ON servers (system_id);
CREATE INDEX servers_last_seen_at ON servers (owner_id, last_seen_at);

CREATE TABLE server_keys (
    hash BLOB NOT NULL PRIMARY KEY,
    server_id INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NULL
);
CREATE INDEX server_keys_server_id ON server_keys (server_id);
CREATE INDEX server_keys_expires_at ON server_keys (expires_at);

CREATE TABLE server_addresses (
    id INTEGER NOT NULL PRIMARY KEY,
    server_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    scheme TEXT NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hidden BOOLEAN NOT NULL,
    by_owner BOOLEAN NOT NULL,
    reported_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX server_addresses_place ON server_addresses (server_id, scheme, host, port);

CREATE TABLE local_users (
    id INTEGER NOT NULL PRIMARY KEY,
    server_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    name TEXT NOT NULL,
    reported_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX local_users_external_id ON local_users (server_id, external_id);

CREATE TABLE links (
    id INTEGER NOT NULL PRIMARY KEY,
    server_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    local_user_id INTEGER NULL,
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    access_key TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    accepted_at DATETIME NULL
);
CREATE UNIQUE INDEX links_account_id ON links (account_id, server_id);
CREATE UNIQUE INDEX links_local_user_id ON links (server_id, local_user_id);

CREATE TABLE claim_codes (
    code_mac BLOB NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    used_at DATETIME NULL
);
CREATE INDEX claim_codes_account_id ON claim_codes (account_id);
CREATE INDEX claim_codes_expires_at ON claim_codes (expires_at);

CREATE TABLE device_codes (
    id INTEGER NOT NULL PRIMARY KEY,
    user_code_mac BLOB NOT NULL,
    device_mac BLOB NOT NULL,
    device_id TEXT NOT NULL,
    client TEXT NOT NULL,
    device TEXT NOT NULL,
    address TEXT NOT NULL,
    door TEXT NOT NULL,
    state TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    password_version INTEGER NOT NULL,
    poll_every INTEGER NOT NULL,
    next_poll INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX device_codes_user_code_mac ON device_codes (user_code_mac);
CREATE UNIQUE INDEX device_codes_device_mac ON device_codes (device_mac);
CREATE INDEX device_codes_device_id ON device_codes (device_id, expires_at);
CREATE INDEX device_codes_expires_at ON device_codes (expires_at);
CREATE INDEX device_codes_account_id ON device_codes (account_id);

ALTER TABLE sessions ADD COLUMN device_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN legacy_md5 TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN legacy_md5_filtered TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE accounts DROP COLUMN legacy_md5_filtered;
ALTER TABLE accounts DROP COLUMN legacy_md5;
ALTER TABLE sessions DROP COLUMN client;
ALTER TABLE sessions DROP COLUMN device_id;
DROP TABLE device_codes;
DROP TABLE claim_codes;
DROP TABLE links;
DROP TABLE local_users;
DROP TABLE server_addresses;
DROP TABLE server_keys;
DROP TABLE servers;
