-- invites: greeting is the name that the page greets, or ''; link_hash is the SHA-256 of the
-- secret of the invite's link and link_secret the secret itself, sealed, both empty for an
-- invite without a link; uses says how many people may accept it, used how many have.
-- accounts.newcomer_of: the invite whose link made the account, until it confirms an address.
-- invite_profiles: sets of choices that an owner has saved for invites to a server.
-- MySQL commits after each statement: every step can be run again after a program was
-- killed half-way, because it asks first whether it is done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE invites ADD COLUMN greeting VARCHAR(64) NOT NULL DEFAULT '''', ADD COLUMN link_hash VARBINARY(32) NULL, ADD COLUMN link_secret VARBINARY(255) NOT NULL DEFAULT '''', ADD COLUMN uses BIGINT NOT NULL DEFAULT 1, ADD COLUMN used BIGINT NOT NULL DEFAULT 0',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'invites' AND column_name = 'greeting');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;
UPDATE invites SET used = 1 WHERE state = 'accepted' AND used = 0;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE invites ADD UNIQUE KEY invites_link_hash (link_hash)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'invites' AND index_name = 'invites_link_hash');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE accounts ADD COLUMN newcomer_of BIGINT NOT NULL DEFAULT 0',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'newcomer_of');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE accounts ADD KEY accounts_newcomer_of (newcomer_of)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'accounts' AND index_name = 'accounts_newcomer_of');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

CREATE TABLE IF NOT EXISTS invite_profiles (
    id          BIGINT         NOT NULL PRIMARY KEY,
    owner_id    BIGINT         NOT NULL,
    server_id   BIGINT         NOT NULL,
    name        VARCHAR(64)    NOT NULL,
    name_key    VARBINARY(256) NOT NULL,
    libraries   TEXT           NULL,
    uses        BIGINT         NOT NULL,
    invite_days BIGINT         NOT NULL,
    link_days   BIGINT         NOT NULL,
    UNIQUE KEY invite_profiles_server_id (server_id, owner_id, name_key),
    KEY invite_profiles_owner_id (owner_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- +goose Down
DROP TABLE invite_profiles;
ALTER TABLE accounts DROP KEY accounts_newcomer_of;
ALTER TABLE accounts DROP COLUMN newcomer_of;
ALTER TABLE invites DROP KEY invites_link_hash;
ALTER TABLE invites DROP COLUMN used, DROP COLUMN uses, DROP COLUMN link_secret, DROP COLUMN link_hash, DROP COLUMN greeting;
