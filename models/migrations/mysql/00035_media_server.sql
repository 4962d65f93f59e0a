-- servers.media: which media server the agent works beside: jellyfin, emby or builtin; '' while no agent has said it. Pages say
-- with it how people sign in there. The step asks first whether it is done: it can be run again after a program was killed half-way.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE servers ADD COLUMN media VARBINARY(16) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'servers' AND column_name = 'media');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE servers DROP COLUMN media;
