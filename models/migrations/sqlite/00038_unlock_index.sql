-- unlock index: link_levels.unlock_id: finds an unlock by its id; closes_at: finds those whose time is over.
-- +goose Up
CREATE INDEX IF NOT EXISTS link_levels_unlock_id ON link_levels (unlock_id);
CREATE INDEX IF NOT EXISTS link_levels_closes_at ON link_levels (closes_at);

-- +goose Down
DROP INDEX IF EXISTS link_levels_closes_at;
DROP INDEX IF EXISTS link_levels_unlock_id;
