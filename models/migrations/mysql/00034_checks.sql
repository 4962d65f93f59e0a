-- server_checks: what the agent of a server last found, by the name of the check and the address that it is about;
-- mail_due_at: when the owner gets a mail about it, NULL if there is nothing to tell or if it was told. server_checkups: when
-- the checks were told and asked for. server_tries: what the service last found at an address of a server from outside.
-- server_answers: the server itself has answered at a host, port and IP address (place is a hash of them).
-- +goose Up
CREATE TABLE IF NOT EXISTS server_checks (
    server_id   BIGINT         NOT NULL,
    name        VARBINARY(32)  NOT NULL,
    subject     VARBINARY(600) NOT NULL,
    state       VARBINARY(16)  NOT NULL,
    reason      VARBINARY(32)  NOT NULL,
    until_at    DATETIME(3)    NULL,
    version     VARCHAR(100)   NOT NULL DEFAULT '',
    seconds     BIGINT         NOT NULL DEFAULT 0,
    megabytes   BIGINT         NOT NULL DEFAULT 0,
    since_at    DATETIME(3)    NOT NULL,
    mail_due_at DATETIME(3)    NULL,
    PRIMARY KEY (server_id, name, subject),
    KEY server_checks_mail_due_at (mail_due_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS server_checkups (
    server_id  BIGINT      NOT NULL,
    checked_at DATETIME(3) NULL,
    asked_at   DATETIME(3) NULL,
    PRIMARY KEY (server_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS server_tries (
    server_id BIGINT         NOT NULL,
    address   VARBINARY(600) NOT NULL,
    finding   VARBINARY(32)  NOT NULL,
    until_at  DATETIME(3)    NULL,
    tried_at  DATETIME(3)    NOT NULL,
    PRIMARY KEY (server_id, address)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS server_answers (
    server_id   BIGINT      NOT NULL,
    place       BINARY(32)  NOT NULL,
    answered_at DATETIME(3) NOT NULL,
    PRIMARY KEY (server_id, place),
    KEY server_answers_answered_at (answered_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS server_answers;
DROP TABLE IF EXISTS server_tries;
DROP TABLE IF EXISTS server_checkups;
DROP TABLE IF EXISTS server_checks;
