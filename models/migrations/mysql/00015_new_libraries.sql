-- kind: what is in a library, in the media server's own words, such as movies; '' if the
-- agent did not tell it. came_at: when a report first had the library, or had it again;
-- NULL if the server had it from its first report on, or if it is known what became of it.
-- The columns are added only if they are not there: this step can be run again after a
-- program was killed half-way.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE libraries ADD COLUMN kind VARBINARY(32) NOT NULL DEFAULT '''', ADD COLUMN came_at DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'libraries' AND column_name = 'came_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE libraries DROP COLUMN kind, DROP COLUMN came_at;
