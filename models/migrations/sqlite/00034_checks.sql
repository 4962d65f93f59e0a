-- server_checks: what the agent of a server last found, by the name of the check and the address that it is about;
-- mail_due_at: when the owner gets a mail about it, NULL if there is nothing to tell or if it was told. server_checkups: when
-- the checks were told and asked for. server_tries: what the service last found at an address of a server from outside.
-- server_answers: the server itself has answered at a host, port and IP address (place is a hash of them).
-- +goose Up
CREATE TABLE server_checks (
    server_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    until_at DATETIME NULL,
    version TEXT NOT NULL DEFAULT '',
    seconds INTEGER NOT NULL DEFAULT 0,
    megabytes INTEGER NOT NULL DEFAULT 0,
    since_at DATETIME NOT NULL,
    mail_due_at DATETIME NULL,
    PRIMARY KEY (server_id, name, subject)
);
CREATE INDEX server_checks_mail_due_at ON server_checks (mail_due_at);
CREATE TABLE server_checkups (
    server_id INTEGER NOT NULL PRIMARY KEY,
    checked_at DATETIME NULL,
    asked_at DATETIME NULL
);
CREATE TABLE server_tries (
    server_id INTEGER NOT NULL,
    address TEXT NOT NULL,
    finding TEXT NOT NULL,
    until_at DATETIME NULL,
    tried_at DATETIME NOT NULL,
    PRIMARY KEY (server_id, address)
);
CREATE TABLE server_answers (
    server_id INTEGER NOT NULL,
    place BLOB NOT NULL,
    answered_at DATETIME NOT NULL,
    PRIMARY KEY (server_id, place)
);
CREATE INDEX server_answers_answered_at ON server_answers (answered_at);

-- +goose Down
DROP TABLE server_answers;
DROP TABLE server_tries;
DROP TABLE server_checkups;
DROP TABLE server_checks;
