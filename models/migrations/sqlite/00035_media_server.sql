-- servers.media: which media server the agent works beside: jellyfin, emby or builtin; '' while no agent has said it. Pages say
-- with it how people sign in there.
-- +goose Up
ALTER TABLE servers ADD COLUMN media TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE servers DROP COLUMN media;
