-- opened_by: the id by which the service names the session in which a person pressed Open;
-- '' for a token that was exchanged. The end of that session ends the token.
-- +goose Up
ALTER TABLE tokens ADD COLUMN opened_by TEXT NOT NULL DEFAULT '';
