-- A person gives their local user a password. servers.password_key: the agent's public key, to
-- which browsers seal the password; '' while the agent takes none. servers.linked_passwords: the
-- owner lets linked people do it, too; guests always may. local_passwords.sealed: what the agent
-- opens; '' once it has answered. Each step asks first whether it is done: it can be run again
-- after a program was killed half-way.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE servers ADD COLUMN password_key VARBINARY(128) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'servers' AND column_name = 'password_key');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE servers ADD COLUMN linked_passwords BOOLEAN NOT NULL DEFAULT FALSE',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'servers' AND column_name = 'linked_passwords');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

CREATE TABLE IF NOT EXISTS local_passwords (
    id         BIGINT          NOT NULL PRIMARY KEY,
    server_id  BIGINT          NOT NULL,
    account_id BIGINT          NOT NULL,
    link_id    BIGINT          NOT NULL,
    sealed     VARBINARY(1024) NOT NULL,
    state      VARBINARY(16)   NOT NULL,
    reason     VARBINARY(32)   NOT NULL,
    address    VARBINARY(45)   NOT NULL,
    device     VARCHAR(80)     NOT NULL,
    created_at DATETIME(3)     NOT NULL,
    expires_at DATETIME(3)     NOT NULL,
    KEY local_passwords_account_id (account_id, state),
    KEY local_passwords_server_id (server_id, state),
    KEY local_passwords_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS local_passwords;
ALTER TABLE servers DROP COLUMN linked_passwords;
ALTER TABLE servers DROP COLUMN password_key;
