-- gone_at: the media server no longer has the library since then. It is kept with its
-- last name while a link or an invite names it. MySQL adds the column and then,
-- in a statement of its own as TiDB wants it, the index, and each only if it is not there:
-- both steps can be run again after a program was killed half-way.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE libraries ADD COLUMN gone_at DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'libraries' AND column_name = 'gone_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE libraries ADD KEY libraries_gone_at (gone_at)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'libraries' AND index_name = 'libraries_gone_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE libraries DROP KEY libraries_gone_at;
ALTER TABLE libraries DROP COLUMN gone_at;
