-- settings: operator_settings has the settings that operators make on a page; those that are secret are sealed. setups
-- has one row until the first run of the service is over. salt: the code of the set-up is made from it and the secret
-- key. account_id: the account that the set-up made, or 0. needed: the service lacked settings without which it cannot
-- run. steps: what was done and what was skipped.
-- +goose Up
CREATE TABLE operator_settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    sealed BOOLEAN NOT NULL,
    changed_at DATETIME NOT NULL
);
CREATE TABLE setups (
    id INTEGER NOT NULL PRIMARY KEY,
    salt BLOB NOT NULL,
    account_id INTEGER NOT NULL,
    needed BOOLEAN NOT NULL,
    steps TEXT NOT NULL,
    mail_hash BLOB NOT NULL,
    mail_to TEXT NOT NULL,
    mail_sent_at DATETIME,
    mail_seen_at DATETIME,
    created_at DATETIME NOT NULL
);

-- +goose Down
DROP TABLE setups;
DROP TABLE operator_settings;
