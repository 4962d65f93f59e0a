-- televisions: quick_connects.asked_by: the owner of the server who has typed the code for somebody else; 0 for the
-- person. protections.agent_televisions: for whom the agent lets the owner do that; '' for an agent that does not say.
-- link_levels.unlock_id: finds an unlock by its id; closes_at: finds those whose time is over. MySQL
-- commits after each statement: every step asks first whether it is done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE quick_connects ADD COLUMN asked_by BIGINT NOT NULL DEFAULT 0',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'quick_connects' AND column_name = 'asked_by');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE protections ADD COLUMN agent_televisions VARBINARY(16) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'protections' AND column_name = 'agent_televisions');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

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
ALTER TABLE protections DROP COLUMN agent_televisions;
ALTER TABLE quick_connects DROP COLUMN asked_by;
