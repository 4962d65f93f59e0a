-- servers.device_keys: the agent knows an access key for each session; see ADR 0031.
-- link_changes.session_id: the session that has ended, of the kinds session_ended and
-- session_key_ended; 0 for the other kinds. MySQL commits after each statement: every step asks
-- first whether it is done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE servers ADD COLUMN device_keys BOOLEAN NOT NULL DEFAULT FALSE',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'servers' AND column_name = 'device_keys');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE link_changes ADD COLUMN session_id BIGINT NOT NULL DEFAULT 0',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'link_changes' AND column_name = 'session_id');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE link_changes DROP COLUMN session_id;
ALTER TABLE servers DROP COLUMN device_keys;
