-- Accounts and all that hangs on them. Keys that decide identity are VARBINARY:
-- every text collation of MySQL makes strangers equal. Times are UTC.
-- MySQL commits after each table: every step can be run again after a program
-- was killed half-way.
-- +goose Up
CREATE TABLE IF NOT EXISTS secret_keys (
    key_id     VARBINARY(32) NOT NULL PRIMARY KEY,
    created_at DATETIME(3)   NOT NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS accounts (
    id                  BIGINT         NOT NULL PRIMARY KEY,
    username            VARCHAR(32)    NOT NULL,
    username_key        VARBINARY(32)  NOT NULL,
    display_name        VARCHAR(64)    NOT NULL,
    email               VARCHAR(254)   NOT NULL,
    email_key           VARBINARY(254) NOT NULL,
    password_hash       VARBINARY(255) NOT NULL,
    password_version    BIGINT         NOT NULL,
    password_changed_at DATETIME(3)    NOT NULL,
    pin_hash            VARBINARY(255) NOT NULL,
    pin_changed_at      DATETIME(3)    NULL,
    pin_off_at          DATETIME(3)    NULL,
    locale              VARCHAR(16)    NOT NULL,
    guardian_id         BIGINT         NULL,
    created_at          DATETIME(3)    NOT NULL,
    confirmed_at        DATETIME(3)    NULL,
    disabled_at         DATETIME(3)    NULL,
    signed_in_at        DATETIME(3)    NULL,
    UNIQUE KEY accounts_username_key (username_key),
    KEY accounts_confirmed_at (confirmed_at, created_at),
    KEY accounts_guardian_id (guardian_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS emails (
    email_key  VARBINARY(254) NOT NULL,
    account_id BIGINT         NOT NULL,
    held_until DATETIME(3)    NULL,
    UNIQUE KEY emails_email_key (email_key),
    KEY emails_account_id (account_id),
    KEY emails_held_until (held_until)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS email_changes (
    id            BIGINT         NOT NULL PRIMARY KEY,
    account_id    BIGINT         NOT NULL,
    old_email     VARCHAR(254)   NOT NULL,
    old_email_key VARBINARY(254) NOT NULL,
    new_email     VARCHAR(254)   NOT NULL,
    new_email_key VARBINARY(254) NOT NULL,
    state         VARBINARY(16)  NOT NULL,
    created_at    DATETIME(3)    NOT NULL,
    expires_at    DATETIME(3)    NOT NULL,
    changed_at    DATETIME(3)    NULL,
    undo_until    DATETIME(3)    NULL,
    KEY email_changes_account_id (account_id, id),
    KEY email_changes_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS sessions (
    id           BIGINT        NOT NULL PRIMARY KEY,
    token_hash   BINARY(32)    NOT NULL,
    account_id   BIGINT        NOT NULL,
    kind         VARBINARY(16) NOT NULL,
    device       VARCHAR(80)   NOT NULL,
    icon         VARBINARY(16) NOT NULL,
    address      VARBINARY(45) NOT NULL,
    created_at   DATETIME(3)   NOT NULL,
    last_seen_at DATETIME(3)   NOT NULL,
    confirmed_at DATETIME(3)   NOT NULL,
    expires_at   DATETIME(3)   NOT NULL,
    UNIQUE KEY sessions_token_hash (token_hash),
    KEY sessions_account_id (account_id),
    KEY sessions_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS tokens (
    hash             BINARY(32)    NOT NULL PRIMARY KEY,
    purpose          VARBINARY(32) NOT NULL,
    account_id       BIGINT        NOT NULL,
    subject_id       BIGINT        NOT NULL,
    password_version BIGINT        NOT NULL,
    created_at       DATETIME(3)   NOT NULL,
    expires_at       DATETIME(3)   NOT NULL,
    used_at          DATETIME(3)   NULL,
    KEY tokens_account_id (account_id, purpose),
    KEY tokens_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS outbox (
    id          BIGINT         NOT NULL PRIMARY KEY,
    kind        VARBINARY(32)  NOT NULL,
    account_id  BIGINT         NOT NULL,
    recipient   VARCHAR(254)   NOT NULL,
    locale      VARCHAR(16)    NOT NULL,
    facts       TEXT           NOT NULL,
    subject_id  BIGINT         NOT NULL,
    salt        BINARY(32)     NOT NULL,
    key_id      VARBINARY(32)  NOT NULL,
    state       VARBINARY(16)  NOT NULL,
    attempts    INT            NOT NULL,
    due_at      DATETIME(3)    NOT NULL,
    lease_owner VARBINARY(64)  NOT NULL,
    lease_until DATETIME(3)    NULL,
    last_error  VARCHAR(500)   NOT NULL,
    created_at  DATETIME(3)    NOT NULL,
    expires_at  DATETIME(3)    NOT NULL,
    KEY outbox_due (state, due_at),
    KEY outbox_account_id (account_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS throttle (
    throttle_key BINARY(32)  NOT NULL PRIMARY KEY,
    hits         BIGINT      NOT NULL,
    window_ends  BIGINT      NOT NULL,
    open_at      BIGINT      NOT NULL,
    KEY throttle_window_ends (window_ends)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS spent_marks (
    mark       BINARY(32)  NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    UNIQUE KEY spent_marks_mark (mark),
    KEY spent_marks_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS history (
    id         BIGINT        NOT NULL PRIMARY KEY,
    account_id BIGINT        NOT NULL,
    kind       VARBINARY(32) NOT NULL,
    address    VARBINARY(45) NOT NULL,
    device     VARCHAR(80)   NOT NULL,
    created_at DATETIME(3)   NOT NULL,
    KEY history_account_id (account_id, id),
    KEY history_created_at (created_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS history;
DROP TABLE IF EXISTS spent_marks;
DROP TABLE IF EXISTS throttle;
DROP TABLE IF EXISTS outbox;
DROP TABLE IF EXISTS tokens;
DROP TABLE IF EXISTS sessions;
DROP TABLE IF EXISTS email_changes;
DROP TABLE IF EXISTS emails;
DROP TABLE IF EXISTS accounts;
DROP TABLE IF EXISTS secret_keys;
