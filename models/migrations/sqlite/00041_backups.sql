-- backups: one row about the backups of this database. lease_owner makes the scheduled backup now, up to
-- lease_until. tried_at: when one was begun last. last_at: the moment that the last whole backup shows; last_bytes:
-- its size. failed_at, failure: when one failed since, and why.
-- +goose Up
CREATE TABLE backups (
    id INTEGER NOT NULL PRIMARY KEY,
    lease_owner TEXT NOT NULL,
    lease_until DATETIME NULL,
    tried_at DATETIME NULL,
    last_at DATETIME NULL,
    last_bytes INTEGER NOT NULL,
    failed_at DATETIME NULL,
    failure TEXT NOT NULL
);

-- +goose Down
DROP TABLE backups;
