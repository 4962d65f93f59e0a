-- invites: greeting is the name that the page greets, or ''; link_hash is the SHA-256 of the
-- secret of the invite's link and link_secret the secret itself, sealed, both empty for an
-- invite without a link; uses says how many people may accept it, used how many have.
-- accounts.newcomer_of: the invite whose link made the account, until it confirms an address.
-- invite_profiles: sets of choices that an owner has saved for invites to a server.
-- +goose Up
ALTER TABLE invites ADD COLUMN greeting TEXT NOT NULL DEFAULT '';
ALTER TABLE invites ADD COLUMN link_hash BLOB NULL;
ALTER TABLE invites ADD COLUMN link_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE invites ADD COLUMN uses INTEGER NOT NULL DEFAULT 1;
ALTER TABLE invites ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
UPDATE invites SET used = 1 WHERE state = 'accepted';
CREATE UNIQUE INDEX invites_link_hash ON invites (link_hash);
ALTER TABLE accounts ADD COLUMN newcomer_of INTEGER NOT NULL DEFAULT 0;
CREATE INDEX accounts_newcomer_of ON accounts (newcomer_of);
CREATE TABLE invite_profiles (
    id INTEGER NOT NULL PRIMARY KEY,
    owner_id INTEGER NOT NULL,
    server_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    libraries TEXT NULL,
    uses INTEGER NOT NULL,
    invite_days INTEGER NOT NULL,
    link_days INTEGER NOT NULL
);
CREATE UNIQUE INDEX invite_profiles_server_id ON invite_profiles (server_id, owner_id, name_key);
CREATE INDEX invite_profiles_owner_id ON invite_profiles (owner_id);

-- +goose Down
DROP TABLE invite_profiles;
DROP INDEX accounts_newcomer_of;
ALTER TABLE accounts DROP COLUMN newcomer_of;
DROP INDEX invites_link_hash;
ALTER TABLE invites DROP COLUMN used;
ALTER TABLE invites DROP COLUMN uses;
ALTER TABLE invites DROP COLUMN link_secret;
ALTER TABLE invites DROP COLUMN link_hash;
ALTER TABLE invites DROP COLUMN greeting;
