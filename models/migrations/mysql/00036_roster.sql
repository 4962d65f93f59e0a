-- roster: what the one list of a server's people and local users needs (ADR 0038). local_users.name_key: the name
-- in the form in which lists are sorted and searched; reports write it, and the emptied report_hash makes the next
-- report of each server complete. local_users.seen_at, devices and kept_out: what the agent tells about a local
-- user, see local_user_state.go; kept_out holds words with a space between them. servers.states_at: when the agent
-- told that last. servers.agent_version: the version of the agent.
-- servers.needs_quick_connect: the media server makes tokens by Quick Connect alone. servers.up_since: when the server called after
-- an absence; NULL while that is not known. MySQL commits after each statement: every step asks first whether it is done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE local_users ADD COLUMN name_key VARBINARY(255) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'local_users' AND column_name = 'name_key');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE local_users ADD COLUMN seen_at DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'local_users' AND column_name = 'seen_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE local_users ADD COLUMN devices BIGINT NOT NULL DEFAULT 0',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'local_users' AND column_name = 'devices');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE local_users ADD COLUMN kept_out VARBINARY(255) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'local_users' AND column_name = 'kept_out');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE servers ADD COLUMN states_at DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'servers' AND column_name = 'states_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE servers ADD COLUMN agent_version VARCHAR(64) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'servers' AND column_name = 'agent_version');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE servers ADD COLUMN needs_quick_connect BOOLEAN NOT NULL DEFAULT FALSE',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'servers' AND column_name = 'needs_quick_connect');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE servers ADD COLUMN up_since DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'servers' AND column_name = 'up_since');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

UPDATE local_users SET name_key = SUBSTR(LOWER(name), 1, 60);
UPDATE servers SET report_hash = '';

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE local_users ADD KEY local_users_name_key (server_id, name_key, id)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'local_users' AND index_name = 'local_users_name_key');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE invite_servers ADD KEY invite_servers_local_user_id (server_id, local_user_id)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'invite_servers' AND index_name = 'invite_servers_local_user_id');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD KEY links_states (server_id, state, ends_at, local_user_id)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'links' AND index_name = 'links_states');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE local_users ADD KEY local_users_locked (server_id, disabled, administrator, not_allowed, gone_at)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'local_users' AND index_name = 'local_users_locked');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE local_users DROP KEY local_users_locked;
ALTER TABLE links DROP KEY links_states;
ALTER TABLE invite_servers DROP KEY invite_servers_local_user_id;
ALTER TABLE local_users DROP KEY local_users_name_key;
ALTER TABLE servers DROP COLUMN up_since;
ALTER TABLE servers DROP COLUMN needs_quick_connect;
ALTER TABLE servers DROP COLUMN agent_version;
ALTER TABLE servers DROP COLUMN states_at;
ALTER TABLE local_users DROP COLUMN kept_out;
ALTER TABLE local_users DROP COLUMN devices;
ALTER TABLE local_users DROP COLUMN seen_at;
ALTER TABLE local_users DROP COLUMN name_key;
