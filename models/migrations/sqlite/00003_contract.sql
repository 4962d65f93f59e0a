-- Invites, local users as agents report them, the change feed, proofs of local
-- users, and requests that are done once.
-- +goose Up
CREATE TABLE invites (
    id INTEGER NOT NULL PRIMARY KEY,
    owner_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    typed TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    note TEXT NOT NULL,
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    answered_at DATETIME NULL,
    answered_by INTEGER NOT NULL
);
CREATE INDEX invites_owner_id ON invites (owner_id, id);
CREATE INDEX invites_account_id ON invites (account_id, state);
CREATE INDEX invites_email_key ON invites (email_key, state);
CREATE INDEX invites_answered_by ON invites (answered_by);
CREATE INDEX invites_expires_at ON invites (expires_at);

CREATE TABLE invite_servers (
    invite_id INTEGER NOT NULL,
    server_id INTEGER NOT NULL,
    local_user_id INTEGER NULL,
    libraries TEXT NULL,
    ends_at DATETIME NULL,
    PRIMARY KEY (invite_id, server_id)
);
CREATE INDEX invite_servers_server_id ON invite_servers (server_id);

CREATE TABLE libraries (
    id INTEGER NOT NULL PRIMARY KEY,
    server_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    name TEXT NOT NULL
);
CREATE UNIQUE INDEX libraries_external_id ON libraries (server_id, external_id);

CREATE TABLE link_changes (
    server_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    link_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    device_id TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (server_id, seq)
);
CREATE INDEX link_changes_account_id ON link_changes (account_id);
CREATE INDEX link_changes_created_at ON link_changes (created_at);

CREATE TABLE proofs (
    id INTEGER NOT NULL PRIMARY KEY,
    server_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    code TEXT NOT NULL,
    url TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX proofs_account_id ON proofs (account_id, server_id);
CREATE INDEX proofs_server_id ON proofs (server_id);
CREATE INDEX proofs_expires_at ON proofs (expires_at);

CREATE TABLE idempotency (
    mac BLOB NOT NULL PRIMARY KEY,
    request_hash BLOB NOT NULL,
    subject_id INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL
);
CREATE INDEX idempotency_expires_at ON idempotency (expires_at);

ALTER TABLE servers ADD COLUMN change_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE servers ADD COLUMN acked_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE servers ADD COLUMN report_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE servers ADD COLUMN self_service BOOLEAN NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN operator BOOLEAN NOT NULL DEFAULT 0;
ALTER TABLE local_users ADD COLUMN disabled BOOLEAN NOT NULL DEFAULT 0;
ALTER TABLE local_users ADD COLUMN administrator BOOLEAN NOT NULL DEFAULT 0;
ALTER TABLE local_users ADD COLUMN gone_at DATETIME NULL;
CREATE INDEX local_users_gone_at ON local_users (gone_at);
ALTER TABLE links ADD COLUMN ends_at DATETIME NULL;
ALTER TABLE links ADD COLUMN libraries TEXT NULL;
ALTER TABLE links ADD COLUMN invited_by INTEGER NOT NULL DEFAULT 0;
CREATE INDEX links_ends_at ON links (ends_at);
CREATE INDEX links_invited_by ON links (invited_by);

-- +goose Down
DROP INDEX links_invited_by;
DROP INDEX links_ends_at;
ALTER TABLE links DROP COLUMN invited_by;
ALTER TABLE links DROP COLUMN libraries;
ALTER TABLE links DROP COLUMN ends_at;
DROP INDEX local_users_gone_at;
ALTER TABLE local_users DROP COLUMN gone_at;
ALTER TABLE local_users DROP COLUMN administrator;
ALTER TABLE local_users DROP COLUMN disabled;
ALTER TABLE accounts DROP COLUMN operator;
ALTER TABLE servers DROP COLUMN self_service;
ALTER TABLE servers DROP COLUMN report_hash;
ALTER TABLE servers DROP COLUMN acked_seq;
ALTER TABLE servers DROP COLUMN change_seq;
DROP TABLE idempotency;
DROP TABLE proofs;
DROP TABLE link_changes;
DROP TABLE libraries;
DROP TABLE invite_servers;
DROP TABLE invites;
