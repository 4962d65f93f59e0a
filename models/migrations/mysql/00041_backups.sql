-- backups: one row about the backups of this database. lease_owner makes the scheduled backup now, up to
-- lease_until. tried_at: when one was begun last. last_at: the moment that the last whole backup shows; last_bytes:
-- its size. failed_at, failure: when one failed since, and why.
-- +goose Up
CREATE TABLE IF NOT EXISTS backups (
    id          BIGINT        NOT NULL PRIMARY KEY,
    lease_owner VARBINARY(64) NOT NULL,
    lease_until DATETIME(3)   NULL,
    tried_at    DATETIME(3)   NULL,
    last_at     DATETIME(3)   NULL,
    last_bytes  BIGINT        NOT NULL,
    failed_at   DATETIME(3)   NULL,
    failure     VARCHAR(500)  NOT NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS backups;
