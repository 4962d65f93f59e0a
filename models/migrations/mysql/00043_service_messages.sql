-- service messages: what operators tell everybody. texts: a JSON object of titles and texts by language. mail_state:
-- 'none', 'waiting' while mails are still to be owed, 'done' or 'stopped'; mailed_after: the last account to which a
-- mail is owed; mail_total and mail_count: how many people get one, and to how many one was owed so far.
-- +goose Up
CREATE TABLE IF NOT EXISTS service_messages (
    id           BIGINT        NOT NULL PRIMARY KEY,
    kind         VARBINARY(16) NOT NULL,
    texts        MEDIUMTEXT    NOT NULL,
    to_strangers BOOLEAN       NOT NULL,
    starts_at    DATETIME(3)   NOT NULL,
    ends_at      DATETIME(3)   NOT NULL,
    withdrawn_at DATETIME(3)   NULL,
    mail_state   VARBINARY(16) NOT NULL,
    mailed_after BIGINT        NOT NULL,
    mail_total   BIGINT        NOT NULL,
    mail_count   BIGINT        NOT NULL,
    created_at   DATETIME(3)   NOT NULL,
    KEY service_messages_ends_at (ends_at),
    KEY service_messages_mail_state (mail_state)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS service_messages;
