-- mail_stops: the mailboxes that want no invitations by mail. address_mac is the HMAC of the
-- mailbox, made with the secret key whose id is key_id. accounts.time_zone: the zone in which mails
-- tell times, such as Europe/Berlin; '' while no browser has told it.
-- +goose Up
CREATE TABLE mail_stops (
    address_mac BLOB NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX mail_stops_key_id ON mail_stops (key_id);
ALTER TABLE accounts ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE accounts DROP COLUMN time_zone;
DROP TABLE mail_stops;
