-- What an agent keeps: what it is registered as, its own copy of the links,
-- local tokens, the guests that it made, and what goes wrong.
-- +goose Up
CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- unlinked_at: an admin ended it here, and the service has to hear of it yet.
-- missing: the service did not name it when it was asked for all. That takes
-- nothing away, but its access key is believed only after asking.
CREATE TABLE links (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    username TEXT NOT NULL,
    display_name TEXT NOT NULL,
    local_user_id TEXT NOT NULL,
    local_user_name TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    active INTEGER NOT NULL,
    libraries TEXT NULL,
    ends_at INTEGER NOT NULL,
    access_key_sha256 TEXT NOT NULL,
    unlinked_at INTEGER NOT NULL DEFAULT 0,
    missing INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX links_account_id ON links (account_id);
CREATE INDEX links_access_key_sha256 ON links (access_key_sha256);
CREATE INDEX links_local_user_id ON links (local_user_id);

-- ending_at: the token is owed to be revoked since then; 0 for one in use.
CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    link_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    local_user_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ending_at INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX tokens_link_id ON tokens (link_id, device_id) WHERE ending_at = 0;
CREATE INDEX tokens_account_id ON tokens (account_id);
CREATE INDEX tokens_ending_at ON tokens (ending_at) WHERE ending_at > 0;

-- The guests that this agent made. Nobody else is ever restricted, disabled or
-- deleted. applied: what the media server was last told; "" when unknown.
-- told: the service knows the local user of the link.
CREATE TABLE guests (
    local_user_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    link_id TEXT NOT NULL,
    name TEXT NOT NULL,
    applied TEXT NOT NULL,
    told INTEGER NOT NULL DEFAULT 0,
    left_alone TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    disabled_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX guests_account_id ON guests (account_id);

-- A guest that is about to be made, and which local users there were before.
CREATE TABLE guest_intents (
    link_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    before_ids TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TABLE troubles (
    name TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL,
    since INTEGER NOT NULL
);
