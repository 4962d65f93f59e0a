-- Indexes that hold all that a list of servers reads of a link and of an address: the links of
-- an account lie side by side in one, and the addresses of a server in the other. In the tables
-- each of these rows is on a page of its own. Both take about a sixth of the database, and on a
-- million accounts the step takes some 20 seconds.
-- +goose Up
CREATE INDEX links_list ON links (account_id, state, id, server_id, type, access_key, ends_at);
CREATE INDEX server_addresses_list ON server_addresses (server_id, hidden, position, id, kind, scheme, host, port, path);

-- +goose Down
DROP INDEX server_addresses_list;
DROP INDEX links_list;
