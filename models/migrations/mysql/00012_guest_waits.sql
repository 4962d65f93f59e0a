-- waits_for: the reason for which the agent creates no local user for the guest of this
-- link now, as the agent has told it; '' without one. The column is added only if it is
-- not there: this step can be run again after a program was killed half-way.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD COLUMN waits_for VARBINARY(32) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'links' AND column_name = 'waits_for');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE links DROP COLUMN waits_for;
