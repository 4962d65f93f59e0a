-- The address of the icon of the app on a device, as the app says it; empty if it says none.
-- +goose Up
ALTER TABLE access_tokens ADD COLUMN icon_url TEXT NOT NULL DEFAULT '';
