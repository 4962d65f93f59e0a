-- Invites, local users as agents report them, the change feed, proofs of local
-- users, and requests that are done once.
-- MySQL commits after each statement: every step can be run again after a program
-- was killed half-way. MySQL adds a column only where there is none by asking first.
-- A key is added after its column, in a statement of its own, as TiDB wants it.
-- +goose Up
CREATE TABLE IF NOT EXISTS invites (
    id          BIGINT         NOT NULL PRIMARY KEY,
    owner_id    BIGINT         NOT NULL,
    account_id  BIGINT         NOT NULL,
    typed       VARCHAR(254)   NOT NULL,
    email       VARCHAR(254)   NOT NULL,
    email_key   VARBINARY(254) NOT NULL,
    note        VARCHAR(500)   NOT NULL,
    type        VARBINARY(16)  NOT NULL,
    state       VARBINARY(16)  NOT NULL,
    created_at  DATETIME(3)    NOT NULL,
    expires_at  DATETIME(3)    NOT NULL,
    answered_at DATETIME(3)    NULL,
    answered_by BIGINT         NOT NULL,
    KEY invites_owner_id (owner_id, id),
    KEY invites_account_id (account_id, state),
    KEY invites_email_key (email_key, state),
    KEY invites_answered_by (answered_by),
    KEY invites_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS invite_servers (
    invite_id     BIGINT      NOT NULL,
    server_id     BIGINT      NOT NULL,
    local_user_id BIGINT      NULL,
    libraries     TEXT        NULL,
    ends_at       DATETIME(3) NULL,
    PRIMARY KEY (invite_id, server_id),
    KEY invite_servers_server_id (server_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS libraries (
    id          BIGINT         NOT NULL PRIMARY KEY,
    server_id   BIGINT         NOT NULL,
    external_id VARBINARY(128) NOT NULL,
    name        VARCHAR(100)   NOT NULL,
    UNIQUE KEY libraries_external_id (server_id, external_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS link_changes (
    server_id  BIGINT         NOT NULL,
    seq        BIGINT         NOT NULL,
    kind       VARBINARY(32)  NOT NULL,
    link_id    BIGINT         NOT NULL,
    account_id BIGINT         NOT NULL,
    device_id  VARBINARY(255) NOT NULL,
    created_at DATETIME(3)    NOT NULL,
    PRIMARY KEY (server_id, seq),
    KEY link_changes_account_id (account_id),
    KEY link_changes_created_at (created_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS proofs (
    id         BIGINT        NOT NULL PRIMARY KEY,
    server_id  BIGINT        NOT NULL,
    account_id BIGINT        NOT NULL,
    state      VARBINARY(16) NOT NULL,
    code       VARCHAR(32)   NOT NULL,
    url        VARCHAR(500)  NOT NULL,
    reason     VARBINARY(32) NOT NULL,
    created_at DATETIME(3)   NOT NULL,
    expires_at DATETIME(3)   NOT NULL,
    UNIQUE KEY proofs_account_id (account_id, server_id),
    KEY proofs_server_id (server_id),
    KEY proofs_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS idempotency (
    mac          BINARY(32)  NOT NULL PRIMARY KEY,
    request_hash BINARY(32)  NOT NULL,
    subject_id   BIGINT      NOT NULL,
    created_at   DATETIME(3) NOT NULL,
    expires_at   DATETIME(3) NOT NULL,
    KEY idempotency_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE servers ADD COLUMN change_seq BIGINT NOT NULL DEFAULT 0, ADD COLUMN acked_seq BIGINT NOT NULL DEFAULT 0, ADD COLUMN report_hash VARBINARY(64) NOT NULL DEFAULT '''', ADD COLUMN self_service BOOLEAN NOT NULL DEFAULT FALSE',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'servers' AND column_name = 'change_seq');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE accounts ADD COLUMN operator BOOLEAN NOT NULL DEFAULT FALSE',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'operator');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE local_users ADD COLUMN disabled BOOLEAN NOT NULL DEFAULT FALSE, ADD COLUMN administrator BOOLEAN NOT NULL DEFAULT FALSE, ADD COLUMN gone_at DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'local_users' AND column_name = 'disabled');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE local_users ADD KEY local_users_gone_at (gone_at)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'local_users' AND index_name = 'local_users_gone_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD COLUMN ends_at DATETIME(3) NULL, ADD COLUMN libraries TEXT NULL, ADD COLUMN invited_by BIGINT NOT NULL DEFAULT 0',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'links' AND column_name = 'ends_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD KEY links_ends_at (ends_at)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'links' AND index_name = 'links_ends_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD KEY links_invited_by (invited_by)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'links' AND index_name = 'links_invited_by');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE links DROP KEY links_invited_by;
ALTER TABLE links DROP KEY links_ends_at;
ALTER TABLE links DROP COLUMN ends_at, DROP COLUMN libraries, DROP COLUMN invited_by;
ALTER TABLE local_users DROP KEY local_users_gone_at;
ALTER TABLE local_users DROP COLUMN disabled, DROP COLUMN administrator, DROP COLUMN gone_at;
ALTER TABLE accounts DROP COLUMN operator;
ALTER TABLE servers DROP COLUMN change_seq, DROP COLUMN acked_seq, DROP COLUMN report_hash, DROP COLUMN self_service;
DROP TABLE IF EXISTS idempotency;
DROP TABLE IF EXISTS proofs;
DROP TABLE IF EXISTS link_changes;
DROP TABLE IF EXISTS libraries;
DROP TABLE IF EXISTS invite_servers;
DROP TABLE IF EXISTS invites;
