-- A media server may be below a path of its address, such as /jellyfin.
-- MySQL commits after each statement: every step can be run again after a program was
-- killed half-way, because it asks first whether it is done already. The key is dropped and
-- made again in two statements, as TiDB wants it.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE server_addresses ADD COLUMN path VARBINARY(255) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'server_addresses' AND column_name = 'path');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) > 0 AND SUM(column_name = 'path') = 0,
    'ALTER TABLE server_addresses DROP KEY server_addresses_place',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'server_addresses' AND index_name = 'server_addresses_place');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE server_addresses ADD UNIQUE KEY server_addresses_place (server_id, scheme, host, port, path)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'server_addresses' AND index_name = 'server_addresses_place');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
DELETE FROM server_addresses WHERE path <> '';
ALTER TABLE server_addresses DROP KEY server_addresses_place;
ALTER TABLE server_addresses ADD UNIQUE KEY server_addresses_place (server_id, scheme, host, port);
ALTER TABLE server_addresses DROP COLUMN path;
