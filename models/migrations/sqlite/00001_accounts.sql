-- Accounts and all that hangs on them. Times are UTC.
-- +goose Up
CREATE TABLE secret_keys (
    key_id TEXT NOT NULL PRIMARY KEY,
    created_at DATETIME NOT NULL
);


CREATE TABLE accounts (
    id INTEGER NOT NULL PRIMARY KEY,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL,
    display_name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    password_version INTEGER NOT NULL,
    password_changed_at DATETIME NOT NULL,
    pin_hash TEXT NOT NULL,
    pin_changed_at DATETIME NULL,
    pin_off_at DATETIME NULL,
    locale TEXT NOT NULL,
    guardian_id INTEGER NULL,
    created_at DATETIME NOT NULL,
    confirmed_at DATETIME NULL,
    disabled_at DATETIME NULL,
    signed_in_at DATETIME NULL
);
CREATE UNIQUE INDEX accounts_username_key ON accounts (username_key);
CREATE INDEX accounts_confirmed_at ON accounts (confirmed_at, created_at);
CREATE INDEX accounts_guardian_id ON accounts (guardian_id);

CREATE TABLE emails (
    email_key TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    held_until DATETIME NULL
);
CREATE UNIQUE INDEX emails_email_key ON emails (email_key);
CREATE INDEX emails_account_id ON emails (account_id);
CREATE INDEX emails_held_until ON emails (held_until);

CREATE TABLE email_changes (
    id INTEGER NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL,
    old_email TEXT NOT NULL,
    old_email_key TEXT NOT NULL,
    new_email TEXT NOT NULL,
    new_email_key TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    changed_at DATETIME NULL,
    undo_until DATETIME NULL
);
CREATE INDEX email_changes_account_id ON email_changes (account_id, id);
CREATE INDEX email_changes_expires_at ON email_changes (expires_at);

CREATE TABLE sessions (
    id INTEGER NOT NULL PRIMARY KEY,
    token_hash BLOB NOT NULL,
    account_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    device TEXT NOT NULL,
    icon TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    last_seen_at DATETIME NOT NULL,
    confirmed_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX sessions_token_hash ON sessions (token_hash);
CREATE INDEX sessions_account_id ON sessions (account_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

CREATE TABLE tokens (
    hash BLOB NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    subject_id INTEGER NOT NULL,
    password_version INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    used_at DATETIME NULL
);
CREATE INDEX tokens_account_id ON tokens (account_id, purpose);
CREATE INDEX tokens_expires_at ON tokens (expires_at);

CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    locale TEXT NOT NULL,
    facts TEXT NOT NULL,
    subject_id INTEGER NOT NULL,
    salt BLOB NOT NULL,
    key_id TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at DATETIME NOT NULL,
    lease_owner TEXT NOT NULL,
    lease_until DATETIME NULL,
    last_error TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL
);
CREATE INDEX outbox_due ON outbox (state, due_at);
CREATE INDEX outbox_account_id ON outbox (account_id);

CREATE TABLE throttle (
    throttle_key BLOB NOT NULL PRIMARY KEY,
    hits INTEGER NOT NULL,
    window_ends INTEGER NOT NULL,
    open_at INTEGER NOT NULL
);
CREATE INDEX throttle_window_ends ON throttle (window_ends);

CREATE TABLE spent_marks (
    mark BLOB NOT NULL,
    expires_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX spent_marks_mark ON spent_marks (mark);
CREATE INDEX spent_marks_expires_at ON spent_marks (expires_at);

CREATE TABLE history (
    id INTEGER NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    device TEXT NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX history_account_id ON history (account_id, id);
CREATE INDEX history_created_at ON history (created_at);

-- +goose Down
DROP TABLE history;
DROP TABLE spent_marks;
DROP TABLE throttle;
DROP TABLE outbox;
DROP TABLE tokens;
DROP TABLE sessions;
DROP TABLE email_changes;
DROP TABLE emails;
DROP TABLE accounts;
DROP TABLE secret_keys;
