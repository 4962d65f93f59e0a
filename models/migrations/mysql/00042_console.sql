-- console: the pages of operators. operator_acts: what operators did; actor_id is the account of the operator, 0 for
-- the command line, -1 for an operator who has no account any longer. mail_days: how many mails were sent on a day.
-- accounts_email_key: operators search accounts by the beginning of an address. accounts_operator: who is an operator.
-- MySQL commits after each statement: every step asks first whether it is done already.
-- +goose Up
CREATE TABLE IF NOT EXISTS operator_acts (
    id         BIGINT         NOT NULL PRIMARY KEY,
    actor_id   BIGINT         NOT NULL,
    kind       VARBINARY(32)  NOT NULL,
    account_id BIGINT         NOT NULL,
    server_id  BIGINT         NOT NULL,
    subject    VARCHAR(80)    NOT NULL,
    created_at DATETIME(3)    NOT NULL,
    KEY operator_acts_actor_id (actor_id),
    KEY operator_acts_account_id (account_id, id),
    KEY operator_acts_server_id (server_id, id),
    KEY operator_acts_created_at (created_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE TABLE IF NOT EXISTS mail_days (
    day  BIGINT NOT NULL PRIMARY KEY,
    sent BIGINT NOT NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE accounts ADD KEY accounts_email_key (email_key)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'accounts' AND index_name = 'accounts_email_key');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE accounts ADD KEY accounts_operator (operator)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'accounts' AND index_name = 'accounts_operator');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE accounts DROP KEY accounts_operator;
ALTER TABLE accounts DROP KEY accounts_email_key;
DROP TABLE IF EXISTS mail_days;
DROP TABLE IF EXISTS operator_acts;
