-- For the page about getting in. start_note: what the owner tells people there, such as "ask me
-- for the VPN"; '' for nothing. first_device_at: when the first device of a link was signed in by
-- a code; NULL before. Each column is added only if it is not there: this step can be run again
-- after a program was killed half-way.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE servers ADD COLUMN start_note VARCHAR(500) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'servers' AND column_name = 'start_note');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD COLUMN first_device_at DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'links' AND column_name = 'first_device_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- FORCE builds the table anew: MariaDB counts a column that is only marked as dropped towards the
-- size of a row, and a table in which it comes and goes has no room in the end.
-- +goose Down
ALTER TABLE links DROP COLUMN first_device_at;
ALTER TABLE servers DROP COLUMN start_note, FORCE;
