-- kind: what is in a library, in the media server's own words, such as movies; '' if the
-- agent did not tell it. came_at: when a report first had the library, or had it again;
-- NULL if the server had it from its first report on, or if it is known what became of it.
-- +goose Up
ALTER TABLE libraries ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE libraries ADD COLUMN came_at DATETIME NULL;

-- +goose Down
ALTER TABLE libraries DROP COLUMN came_at;
ALTER TABLE libraries DROP COLUMN kind;
