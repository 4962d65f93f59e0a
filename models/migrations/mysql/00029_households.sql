-- households: who is watching on a device. sessions.household_id: the first session of the device, for every
-- other session of its household; 0 without one. sessions.switched_from: the session by whose right a person
-- was switched to; 0 for a session that somebody signed in. sessions.by_guardian: the account that looks after
-- this one, if that is the right; the session is void when it no longer does. sessions.left_out: the person
-- of a signed-in session stands not among the tiles. MySQL commits after each statement: every step asks first
-- whether it is done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE sessions ADD COLUMN household_id BIGINT NOT NULL DEFAULT 0',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sessions' AND column_name = 'household_id');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE sessions ADD COLUMN switched_from BIGINT NOT NULL DEFAULT 0',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sessions' AND column_name = 'switched_from');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE sessions ADD COLUMN by_guardian BIGINT NOT NULL DEFAULT 0',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sessions' AND column_name = 'by_guardian');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE sessions ADD COLUMN left_out BOOLEAN NOT NULL DEFAULT FALSE',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'sessions' AND column_name = 'left_out');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE sessions ADD INDEX sessions_household_id (household_id)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'sessions' AND index_name = 'sessions_household_id');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE sessions ADD INDEX sessions_switched_from (switched_from)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'sessions' AND index_name = 'sessions_switched_from');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE sessions DROP INDEX sessions_switched_from;
ALTER TABLE sessions DROP INDEX sessions_household_id;
ALTER TABLE sessions DROP COLUMN left_out;
ALTER TABLE sessions DROP COLUMN by_guardian;
ALTER TABLE sessions DROP COLUMN switched_from;
ALTER TABLE sessions DROP COLUMN household_id;
