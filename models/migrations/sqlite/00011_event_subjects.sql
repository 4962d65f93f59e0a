-- What an event in a history is about, by its name at that time.
-- +goose Up
ALTER TABLE history ADD COLUMN subject TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE history DROP COLUMN subject;
