-- When a server key was used last, and whether a former owner of the server may know it.
-- MySQL commits after each statement: every step can be run again after a program
-- was killed half-way. MySQL adds a column only where there is none by asking first.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE server_keys ADD COLUMN used_at DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'server_keys' AND column_name = 'used_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE server_keys ADD COLUMN handed_over_at DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'server_keys' AND column_name = 'handed_over_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- An agent registers with a claim code, so its server was claimed later only if it was
-- handed over.
UPDATE server_keys k JOIN servers s ON s.id = k.server_id SET k.handed_over_at = s.claimed_at
WHERE s.kind = 'agent' AND s.claimed_at > k.created_at AND k.handed_over_at IS NULL;

-- +goose Down
ALTER TABLE server_keys DROP COLUMN handed_over_at;
ALTER TABLE server_keys DROP COLUMN used_at;
