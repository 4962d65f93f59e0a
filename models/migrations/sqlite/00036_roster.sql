-- roster: what the one list of a server's people and local users needs (ADR 0038). local_users.name_key: the name
-- in the form in which lists are sorted and searched; reports write it, and the emptied report_hash makes the next
-- report of each server complete. local_users.seen_at, devices and kept_out: what the agent tells about a local
-- user, see local_user_state.go; kept_out holds words with a space between them. servers.states_at: when the agent
-- told that last. servers.agent_version: the version of the agent.
-- servers.needs_quick_connect: the media server makes tokens by Quick Connect alone. servers.up_since: when the server called after
-- an absence; NULL while that is not known.
-- +goose Up
ALTER TABLE local_users ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE local_users ADD COLUMN seen_at DATETIME NULL;
ALTER TABLE local_users ADD COLUMN devices INTEGER NOT NULL DEFAULT 0;
ALTER TABLE local_users ADD COLUMN kept_out TEXT NOT NULL DEFAULT '';
ALTER TABLE servers ADD COLUMN states_at DATETIME NULL;
ALTER TABLE servers ADD COLUMN agent_version TEXT NOT NULL DEFAULT '';
ALTER TABLE servers ADD COLUMN needs_quick_connect BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE servers ADD COLUMN up_since DATETIME NULL;
UPDATE local_users SET name_key = SUBSTR(LOWER(name), 1, 60);
UPDATE servers SET report_hash = '';
CREATE INDEX local_users_name_key ON local_users (server_id, name_key, id);
CREATE INDEX invite_servers_local_user_id ON invite_servers (server_id, local_user_id);
CREATE INDEX links_states ON links (server_id, state, ends_at, local_user_id);
CREATE INDEX local_users_locked ON local_users (server_id, disabled, administrator, not_allowed, gone_at);

-- +goose Down
DROP INDEX local_users_locked;
DROP INDEX links_states;
DROP INDEX invite_servers_local_user_id;
DROP INDEX local_users_name_key;
ALTER TABLE servers DROP COLUMN up_since;
ALTER TABLE servers DROP COLUMN needs_quick_connect;
ALTER TABLE servers DROP COLUMN agent_version;
ALTER TABLE servers DROP COLUMN states_at;
ALTER TABLE local_users DROP COLUMN kept_out;
ALTER TABLE local_users DROP COLUMN devices;
ALTER TABLE local_users DROP COLUMN seen_at;
ALTER TABLE local_users DROP COLUMN name_key;
