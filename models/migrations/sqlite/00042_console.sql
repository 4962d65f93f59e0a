-- console: the pages of operators. operator_acts: what operators did; actor_id is the account of the operator, 0 for
-- the command line, -1 for an operator who has no account any longer. mail_days: how many mails were sent on a day.
-- accounts_email_key: operators search accounts by the beginning of an address. accounts_operator: who is an operator.
-- +goose Up
CREATE TABLE operator_acts (
    id INTEGER NOT NULL PRIMARY KEY,
    actor_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    server_id INTEGER NOT NULL,
    subject TEXT NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX operator_acts_actor_id ON operator_acts (actor_id);
CREATE INDEX operator_acts_account_id ON operator_acts (account_id, id);
CREATE INDEX operator_acts_server_id ON operator_acts (server_id, id);
CREATE INDEX operator_acts_created_at ON operator_acts (created_at);
CREATE TABLE mail_days (
    day INTEGER NOT NULL PRIMARY KEY,
    sent INTEGER NOT NULL
);
CREATE INDEX accounts_email_key ON accounts (email_key);
CREATE INDEX accounts_operator ON accounts (operator);

-- +goose Down
DROP INDEX accounts_operator;
DROP INDEX accounts_email_key;
DROP TABLE mail_days;
DROP TABLE operator_acts;
