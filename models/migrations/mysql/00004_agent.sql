-- Devices that are signed in by a code of Quick Connect, through the agent.
-- MySQL commits after each statement: every step can be run again after a program
-- was killed half-way. MySQL adds a column only where there is none by asking first.
-- +goose Up
CREATE TABLE IF NOT EXISTS quick_connects (
    id         BIGINT         NOT NULL PRIMARY KEY,
    server_id  BIGINT         NOT NULL,
    account_id BIGINT         NOT NULL,
    link_id    BIGINT         NOT NULL,
    code       VARBINARY(255) NOT NULL,
    state      VARBINARY(16)  NOT NULL,
    reason     VARBINARY(32)  NOT NULL,
    address    VARBINARY(45)  NOT NULL,
    device     VARCHAR(80)    NOT NULL,
    created_at DATETIME(3)    NOT NULL,
    expires_at DATETIME(3)    NOT NULL,
    KEY quick_connects_account_id (account_id, state),
    KEY quick_connects_server_id (server_id, state),
    KEY quick_connects_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE servers ADD COLUMN quick_connect BOOLEAN NOT NULL DEFAULT FALSE',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'servers' AND column_name = 'quick_connect');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE servers DROP COLUMN quick_connect;
DROP TABLE IF EXISTS quick_connects;
