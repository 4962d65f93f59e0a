-- pictures: what people and servers look like. token is the last part of a picture's address; a new
-- picture has a new one. account_id is 0 for the picture of a server, and server_id is 0 for that of an
-- account. accounts.picture and servers.picture: the token of the present picture; '' for none. MySQL
-- commits after each statement: every step asks first whether it is done already.
-- +goose Up
CREATE TABLE IF NOT EXISTS pictures (
    token        VARBINARY(32) NOT NULL PRIMARY KEY,
    account_id   BIGINT        NOT NULL,
    server_id    BIGINT        NOT NULL,
    content_type VARBINARY(32) NOT NULL,
    body         MEDIUMBLOB    NOT NULL,
    created_at   DATETIME(3)   NOT NULL,
    KEY pictures_account_id (account_id),
    KEY pictures_server_id (server_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE accounts ADD COLUMN picture VARBINARY(32) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'picture');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE servers ADD COLUMN picture VARBINARY(32) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'servers' AND column_name = 'picture');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE servers DROP COLUMN picture;
ALTER TABLE accounts DROP COLUMN picture;
DROP TABLE IF EXISTS pictures;
