-- service messages: what operators tell everybody. texts: a JSON object of titles and texts by language. mail_state:
-- 'none', 'waiting' while mails are still to be owed, 'done' or 'stopped'; mailed_after: the last account to which a
-- mail is owed; mail_total and mail_count: how many people get one, and to how many one was owed so far.
-- +goose Up
CREATE TABLE service_messages (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    texts TEXT NOT NULL,
    to_strangers BOOLEAN NOT NULL,
    starts_at DATETIME NOT NULL,
    ends_at DATETIME NOT NULL,
    withdrawn_at DATETIME NULL,
    mail_state TEXT NOT NULL,
    mailed_after INTEGER NOT NULL,
    mail_total INTEGER NOT NULL,
    mail_count INTEGER NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX service_messages_ends_at ON service_messages (ends_at);
CREATE INDEX service_messages_mail_state ON service_messages (mail_state);

-- +goose Down
DROP TABLE service_messages;
