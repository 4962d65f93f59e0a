-- pictures: what people and servers look like. token is the last part of a picture's address; a new
-- picture has a new one. account_id is 0 for the picture of a server, and server_id is 0 for that of an
-- account. accounts.picture and servers.picture: the token of the present picture; '' for none.
-- +goose Up
CREATE TABLE pictures (
    token TEXT NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL,
    server_id INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    body BLOB NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX pictures_account_id ON pictures (account_id);
CREATE INDEX pictures_server_id ON pictures (server_id);
ALTER TABLE accounts ADD COLUMN picture TEXT NOT NULL DEFAULT '';
ALTER TABLE servers ADD COLUMN picture TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE servers DROP COLUMN picture;
ALTER TABLE accounts DROP COLUMN picture;
DROP TABLE pictures;
