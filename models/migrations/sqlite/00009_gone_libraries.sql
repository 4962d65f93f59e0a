-- gone_at: the media server no longer has the library since then. It is kept with its
-- last name while a link or an invite names it.
-- +goose Up
ALTER TABLE libraries ADD COLUMN gone_at DATETIME NULL;
CREATE INDEX libraries_gone_at ON libraries (gone_at);

-- +goose Down
DROP INDEX libraries_gone_at;
ALTER TABLE libraries DROP COLUMN gone_at;
