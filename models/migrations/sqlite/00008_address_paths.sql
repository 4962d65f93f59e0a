-- A media server may be below a path of its address, such as /jellyfin.
-- +goose Up
ALTER TABLE server_addresses ADD COLUMN path TEXT NOT NULL DEFAULT '';
DROP INDEX server_addresses_place;
CREATE UNIQUE INDEX server_addresses_place ON server_addresses (server_id, scheme, host, port, path);

-- +goose Down
DELETE FROM server_addresses WHERE path <> '';
DROP INDEX server_addresses_place;
CREATE UNIQUE INDEX server_addresses_place ON server_addresses (server_id, scheme, host, port);
ALTER TABLE server_addresses DROP COLUMN path;
