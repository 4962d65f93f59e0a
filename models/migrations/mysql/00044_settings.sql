-- settings: operator_settings has the settings that operators make on a page; those that are secret are sealed. setups
-- has one row until the first run of the service is over. salt: the code of the set-up is made from it and the secret
-- key. account_id: the account that the set-up made, or 0. needed: the service lacked settings without which it cannot
-- run. steps: what was done and what was skipped.
-- +goose Up
CREATE TABLE IF NOT EXISTS operator_settings (
    name       VARBINARY(64)  NOT NULL PRIMARY KEY,
    value      VARCHAR(4000)  NOT NULL,
    sealed     BOOLEAN        NOT NULL,
    changed_at DATETIME(3)    NOT NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE TABLE IF NOT EXISTS setups (
    id           BIGINT         NOT NULL PRIMARY KEY,
    salt         BINARY(32)     NOT NULL,
    account_id   BIGINT         NOT NULL,
    needed       BOOLEAN        NOT NULL,
    steps        VARBINARY(400) NOT NULL,
    mail_hash    BINARY(32)     NOT NULL,
    mail_to      VARCHAR(254)   NOT NULL,
    mail_sent_at DATETIME(3)    NULL,
    mail_seen_at DATETIME(3)    NULL,
    created_at   DATETIME(3)    NOT NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS setups;
DROP TABLE IF EXISTS operator_settings;
