-- sealed: the password with which a guest is about to be created. Only the local user who has
-- it was created by this agent.
-- +goose Up
ALTER TABLE guest_intents ADD COLUMN sealed TEXT NOT NULL DEFAULT '';
