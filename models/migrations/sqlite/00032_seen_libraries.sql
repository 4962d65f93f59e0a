-- seen libraries: local_users.sees: which libraries a linked local user sees at the media server, as the agent
-- reported it: a JSON list of ids, or the word all. NULL if the agent does not tell it.
-- +goose Up
ALTER TABLE local_users ADD COLUMN sees TEXT NULL;

-- +goose Down
ALTER TABLE local_users DROP COLUMN sees;
