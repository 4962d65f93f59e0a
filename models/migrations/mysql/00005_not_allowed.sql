-- not_allowed: the agent lets nobody in as this local user until its admin says yes.
-- MySQL adds a column only where there is none by asking first, so that the step can be
-- run again after a program was killed half-way.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE local_users ADD COLUMN not_allowed BOOLEAN NOT NULL DEFAULT FALSE',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'local_users' AND column_name = 'not_allowed');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE local_users DROP COLUMN not_allowed;
