-- agent_run: a digest of the run of the agent that sent the last report with one; '' without
-- one. Reports that come in turns from two runs come from two agents with the same key. The
-- column is added only if it is not there: this step can be run again after a program was
-- killed half-way.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE servers ADD COLUMN agent_run VARBINARY(64) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'servers' AND column_name = 'agent_run');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE servers DROP COLUMN agent_run;
