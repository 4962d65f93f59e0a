-- agent_run: a digest of the run of the agent that sent the last report with one; '' without
-- one. Reports that come in turns from two runs come from two agents with the same key.
-- +goose Up
ALTER TABLE servers ADD COLUMN agent_run TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE servers DROP COLUMN agent_run;
