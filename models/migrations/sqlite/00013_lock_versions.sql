-- A lock changes its row, so that every node of a cluster of databases sees it.
-- +goose Up
ALTER TABLE accounts ADD COLUMN lock_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE servers ADD COLUMN lock_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN lock_version INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE accounts DROP COLUMN lock_version;
ALTER TABLE servers DROP COLUMN lock_version;
ALTER TABLE sessions DROP COLUMN lock_version;
