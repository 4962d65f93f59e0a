-- quick_devices: the devices that were signed in at a media server by Quick Connect, as the
-- agent found them there. name and client are the device's own words, '' where it has none.
-- certain is false where another device may have been meant.
-- +goose Up
CREATE TABLE quick_devices (
    id INTEGER NOT NULL PRIMARY KEY,
    server_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    link_id INTEGER NOT NULL,
    device_id TEXT NOT NULL,
    name TEXT NOT NULL,
    client TEXT NOT NULL,
    certain BOOLEAN NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX quick_devices_link_id ON quick_devices (link_id, device_id);
CREATE INDEX quick_devices_account_id ON quick_devices (account_id);
CREATE INDEX quick_devices_server_id ON quick_devices (server_id);

-- +goose Down
DROP TABLE quick_devices;
