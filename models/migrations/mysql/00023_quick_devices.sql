-- quick_devices: the devices that were signed in at a media server by Quick Connect, as the
-- agent found them there. name and client are the device's own words, '' where it has none.
-- certain is false where another device may have been meant.
-- +goose Up
CREATE TABLE IF NOT EXISTS quick_devices (
    id         BIGINT         NOT NULL PRIMARY KEY,
    server_id  BIGINT         NOT NULL,
    account_id BIGINT         NOT NULL,
    link_id    BIGINT         NOT NULL,
    device_id  VARBINARY(255) NOT NULL,
    name       VARCHAR(80)    NOT NULL,
    client     VARCHAR(80)    NOT NULL,
    certain    BOOLEAN        NOT NULL,
    created_at DATETIME(3)    NOT NULL,
    UNIQUE KEY quick_devices_link_id (link_id, device_id),
    KEY quick_devices_account_id (account_id),
    KEY quick_devices_server_id (server_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS quick_devices;
