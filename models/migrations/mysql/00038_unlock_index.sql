-- unlock index: link_levels.unlock_id: finds an unlock by its id; closes_at: finds those whose time is over. MySQL commits
-- after each statement: every step asks first whether it is done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE link_levels ADD KEY link_levels_unlock_id (unlock_id)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'link_levels' AND index_name = 'link_levels_unlock_id');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE link_levels ADD KEY link_levels_closes_at (closes_at)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'link_levels' AND index_name = 'link_levels_closes_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE link_levels DROP KEY link_levels_closes_at;
ALTER TABLE link_levels DROP KEY link_levels_unlock_id;
