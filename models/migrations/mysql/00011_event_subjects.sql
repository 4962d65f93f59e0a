-- What an event in a history is about, by its name at that time.
-- MySQL commits after each statement: every step can be run again after a program was
-- killed half-way, because it asks first whether it is done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE history ADD COLUMN subject VARCHAR(80) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'history' AND column_name = 'subject');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE history DROP COLUMN subject;
