-- managed_passwords: the passwords of guests, for a media server that makes tokens only with a password. sealed: the one that counts; ''
-- before the first one does. tried: a newer one that the media server may have taken; '' if there is none.
-- +goose Up
CREATE TABLE managed_passwords (
    local_user_id TEXT NOT NULL PRIMARY KEY,
    sealed        TEXT NOT NULL DEFAULT '',
    tried         TEXT NOT NULL DEFAULT ''
);
