-- Indexes that hold all that a list of servers reads of a link and of an address: the links of
-- an account lie side by side in one, and the addresses of a server in the other. In the tables
-- each of these rows is on a page of its own. MySQL commits after each statement: every step
-- can be run again after a program was killed half-way, because it asks first whether it is
-- done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD KEY links_list (account_id, state, id, server_id, type, access_key, ends_at)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'links' AND index_name = 'links_list');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE server_addresses ADD KEY server_addresses_list (server_id, hidden, position, id, kind, scheme, host, port, path)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'server_addresses' AND index_name = 'server_addresses_list');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE server_addresses DROP KEY server_addresses_list;
ALTER TABLE links DROP KEY links_list;
