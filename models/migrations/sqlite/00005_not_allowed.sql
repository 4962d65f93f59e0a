-- not_allowed: the agent lets nobody in as this local user until its admin says yes.
-- +goose Up
ALTER TABLE local_users ADD COLUMN not_allowed BOOLEAN NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE local_users DROP COLUMN not_allowed;
