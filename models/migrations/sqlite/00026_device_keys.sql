-- servers.device_keys: the agent knows an access key for each session; see ADR 0031.
-- link_changes.session_id: the session that has ended, of the kinds session_ended and
-- session_key_ended; 0 for the other kinds.
-- +goose Up
ALTER TABLE servers ADD COLUMN device_keys BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE link_changes ADD COLUMN session_id INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE link_changes DROP COLUMN session_id;
ALTER TABLE servers DROP COLUMN device_keys;
