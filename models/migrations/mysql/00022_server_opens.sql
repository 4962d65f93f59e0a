-- server_opens: for each session and server at most one way into the web app of the media
-- server that has begun: first the note that the person pressed Open, later the hash of a
-- code that works once. server_addresses.opens: the agent answers below this address, so
-- that Open leads there. MySQL commits after each statement: every step asks first whether
-- it is done already.
-- +goose Up
CREATE TABLE IF NOT EXISTS server_opens (
    session_id BIGINT        NOT NULL,
    server_id  BIGINT        NOT NULL,
    account_id BIGINT        NOT NULL,
    code_hash  BINARY(32)    NULL,
    challenge  VARBINARY(64) NOT NULL,
    expires_at DATETIME(3)   NOT NULL,
    PRIMARY KEY (session_id, server_id),
    UNIQUE KEY server_opens_code_hash (code_hash),
    KEY server_opens_account_id (account_id),
    KEY server_opens_server_id (server_id),
    KEY server_opens_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE server_addresses ADD COLUMN opens BOOLEAN NOT NULL DEFAULT FALSE',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'server_addresses' AND column_name = 'opens');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE server_addresses DROP COLUMN opens;
DROP TABLE IF EXISTS server_opens;
