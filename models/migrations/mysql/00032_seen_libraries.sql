-- seen libraries: local_users.sees: which libraries a linked local user sees at the media server, as the agent
-- reported it: a JSON list of ids, or the word all. NULL if the agent does not tell it. MySQL commits after each
-- statement: the step asks first whether it is done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE local_users ADD COLUMN sees TEXT NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'local_users' AND column_name = 'sees');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE local_users DROP COLUMN sees;
