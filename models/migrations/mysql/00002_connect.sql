-- Servers, links and device codes.
-- MySQL commits after each statement: every step can be run again after a program
-- was killed half-way. MySQL adds a column only where there is none by asking first.
-- +goose Up
CREATE TABLE IF NOT EXISTS servers (
    id           BIGINT        NOT NULL PRIMARY KEY,
    system_id    VARBINARY(64) NOT NULL,
    owner_id     BIGINT        NOT NULL,
    name         VARCHAR(100)  NOT NULL,
    own_name     VARCHAR(100)  NOT NULL,
    kind         VARBINARY(16) NOT NULL,
    version      VARCHAR(64)   NOT NULL,
    key_version  BIGINT        NOT NULL,
    created_at   DATETIME(3)   NOT NULL,
    claimed_at   DATETIME(3)   NULL,
    last_seen_at DATETIME(3)   NOT NULL,
    disabled_at  DATETIME(3)   NULL,
    KEY servers_owner_id (owner_id),
    KEY servers_system_id (system_id),
    KEY servers_last_seen_at (owner_id, last_seen_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS server_keys (
    hash       BINARY(32)  NOT NULL PRIMARY KEY,
    server_id  BIGINT      NOT NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NULL,
    KEY server_keys_server_id (server_id),
    KEY server_keys_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS server_addresses (
    id          BIGINT         NOT NULL PRIMARY KEY,
    server_id   BIGINT         NOT NULL,
    kind        VARBINARY(16)  NOT NULL,
    scheme      VARBINARY(8)   NOT NULL,
    host        VARBINARY(255) NOT NULL,
    port        INT            NOT NULL,
    position    INT            NOT NULL,
    hidden      BOOLEAN        NOT NULL,
    by_owner    BOOLEAN        NOT NULL,
    reported_at DATETIME(3)    NOT NULL,
    UNIQUE KEY server_addresses_place (server_id, scheme, host, port)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS local_users (
    id          BIGINT         NOT NULL PRIMARY KEY,
    server_id   BIGINT         NOT NULL,
    external_id VARBINARY(128) NOT NULL,
    name        VARCHAR(100)   NOT NULL,
    reported_at DATETIME(3)    NOT NULL,
    UNIQUE KEY local_users_external_id (server_id, external_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS links (
    id            BIGINT         NOT NULL PRIMARY KEY,
    server_id     BIGINT         NOT NULL,
    account_id    BIGINT         NOT NULL,
    local_user_id BIGINT         NULL,
    type          VARBINARY(16)  NOT NULL,
    state         VARBINARY(16)  NOT NULL,
    access_key    VARBINARY(255) NOT NULL,
    requested_by  VARCHAR(100)   NOT NULL,
    created_at    DATETIME(3)    NOT NULL,
    accepted_at   DATETIME(3)    NULL,
    UNIQUE KEY links_account_id (account_id, server_id),
    UNIQUE KEY links_local_user_id (server_id, local_user_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS claim_codes (
    code_mac   BINARY(32)  NOT NULL PRIMARY KEY,
    account_id BIGINT      NOT NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    used_at    DATETIME(3) NULL,
    KEY claim_codes_account_id (account_id),
    KEY claim_codes_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS device_codes (
    id             BIGINT         NOT NULL PRIMARY KEY,
    user_code_mac  BINARY(32)     NOT NULL,
    device_mac     BINARY(32)     NOT NULL,
    device_id      VARBINARY(255) NOT NULL,
    client         VARCHAR(80)    NOT NULL,
    device         VARCHAR(80)    NOT NULL,
    address        VARBINARY(45)  NOT NULL,
    door           VARBINARY(8)   NOT NULL,
    state          VARBINARY(16)  NOT NULL,
    account_id     BIGINT         NOT NULL,
    password_version BIGINT       NOT NULL,
    poll_every     BIGINT         NOT NULL,
    next_poll      BIGINT         NOT NULL,
    created_at     DATETIME(3)    NOT NULL,
    expires_at     DATETIME(3)    NOT NULL,
    UNIQUE KEY device_codes_user_code_mac (user_code_mac),
    UNIQUE KEY device_codes_device_mac (device_mac),
    KEY device_codes_device_id (device_id, expires_at),
    KEY device_codes_expires_at (expires_at),
    KEY device_codes_account_id (account_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE sessions ADD COLUMN device_id VARBINARY(255) NOT NULL DEFAULT '''', ADD COLUMN client VARCHAR(80) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sessions' AND column_name = 'device_id');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE accounts ADD COLUMN legacy_md5 VARBINARY(255) NOT NULL DEFAULT '''', ADD COLUMN legacy_md5_filtered VARBINARY(255) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'legacy_md5');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE accounts DROP COLUMN legacy_md5, DROP COLUMN legacy_md5_filtered;
ALTER TABLE sessions DROP COLUMN device_id, DROP COLUMN client;
DROP TABLE IF EXISTS device_codes;
DROP TABLE IF EXISTS claim_codes;
DROP TABLE IF EXISTS links;
DROP TABLE IF EXISTS local_users;
DROP TABLE IF EXISTS server_addresses;
DROP TABLE IF EXISTS server_keys;
DROP TABLE IF EXISTS servers;
