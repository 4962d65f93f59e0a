-- restores: one row, by which the service notices that a backup was restored. mark names
-- the database, and counter rises while the service runs; a file beside the database
-- knows the last value. restored_at is set while the sessions and open links of a
-- restored database are being ended, after_id is the last account that is done, and
-- last_at is when that was done last.
-- +goose Up
CREATE TABLE restores (
    id INTEGER NOT NULL PRIMARY KEY,
    mark TEXT NOT NULL,
    counter INTEGER NOT NULL,
    after_id INTEGER NOT NULL,
    restored_at DATETIME NULL,
    last_at DATETIME NULL
);

-- +goose Down
DROP TABLE restores;
