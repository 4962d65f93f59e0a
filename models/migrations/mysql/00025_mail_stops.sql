-- mail_stops: the mailboxes that want no invitations by mail. address_mac is the HMAC of the
-- mailbox, made with the secret key whose id is key_id. accounts.time_zone: the zone in which mails
-- tell times, such as Europe/Berlin; '' while no browser has told it. MySQL commits after each
-- statement: every step asks first whether it is done already.
-- +goose Up
CREATE TABLE IF NOT EXISTS mail_stops (
    address_mac BINARY(32)    NOT NULL PRIMARY KEY,
    key_id      VARBINARY(32) NOT NULL,
    created_at  DATETIME(3)   NOT NULL,
    KEY mail_stops_key_id (key_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE accounts ADD COLUMN time_zone VARBINARY(64) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'time_zone');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE accounts DROP COLUMN time_zone;
DROP TABLE IF EXISTS mail_stops;
