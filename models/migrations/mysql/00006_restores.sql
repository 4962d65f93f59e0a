-- restores: one row, by which the service notices that a backup was restored. mark names
-- the database, and counter rises while the service runs; a file beside the database
-- knows the last value. restored_at is set while the sessions and open links of a
-- restored database are being ended, after_id is the last account that is done, and
-- last_at is when that was done last.
-- +goose Up
CREATE TABLE IF NOT EXISTS restores (
    id BIGINT NOT NULL PRIMARY KEY,
    mark VARBINARY(64) NOT NULL,
    counter BIGINT NOT NULL,
    after_id BIGINT NOT NULL,
    restored_at DATETIME(3) NULL,
    last_at DATETIME(3) NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- +goose Down
DROP TABLE restores;
