-- televisions: quick_connects.asked_by: the owner of the server who has typed the code for somebody else; 0 for the
-- person. protections.agent_televisions: for whom the agent lets the owner do that; '' for an agent that does not say.
-- link_levels.unlock_id: finds an unlock by its id; closes_at: finds those whose time is over.
-- +goose Up
ALTER TABLE quick_connects ADD COLUMN asked_by INTEGER NOT NULL DEFAULT 0;
ALTER TABLE protections ADD COLUMN agent_televisions TEXT NOT NULL DEFAULT '';
CREATE INDEX IF NOT EXISTS link_levels_unlock_id ON link_levels (unlock_id);
CREATE INDEX IF NOT EXISTS link_levels_closes_at ON link_levels (closes_at);

-- +goose Down
DROP INDEX IF EXISTS link_levels_closes_at;
DROP INDEX IF EXISTS link_levels_unlock_id;
ALTER TABLE protections DROP COLUMN agent_televisions;
ALTER TABLE quick_connects DROP COLUMN asked_by;
