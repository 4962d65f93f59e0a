-- Devices on which a local user has signed in with the password. Strangers who guess
-- passwords do not make them wait.
-- +goose Up
CREATE TABLE known_devices (
    local_user_id TEXT NOT NULL REFERENCES local_users (id) ON DELETE CASCADE,
    device_hash BLOB NOT NULL,
    used_at DATETIME NOT NULL,
    PRIMARY KEY (local_user_id, device_hash)
);
