-- circles: sets of servers whose owners let the same people in. circle_servers: the servers, with the terms that
-- the owner of each has set. circle_people: the accounts that have accepted an invite to the circle. circle_asks:
-- owners who were asked to bring a server. circle_answers: people who wait for the yes of an owner, people whom an owner has
-- refused, and people who have had a link for a number of days. links.circle_id and invites.circle_id: the circle by which the link came, or to which the
-- invite invites; 0 for none. MySQL commits after each statement: every step asks first whether it is done already.
-- +goose Up
CREATE TABLE IF NOT EXISTS circles (
    id           BIGINT      NOT NULL PRIMARY KEY,
    name         VARCHAR(64) NOT NULL,
    created_at   DATETIME(3) NOT NULL,
    lock_version BIGINT      NOT NULL DEFAULT 0
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE TABLE IF NOT EXISTS circle_servers (
    circle_id     BIGINT      NOT NULL,
    server_id     BIGINT      NOT NULL,
    owner_id      BIGINT      NOT NULL,
    libraries     TEXT        NULL,
    link_days     BIGINT      NOT NULL,
    ends_at       DATETIME(3) NULL,
    people_most   BIGINT      NOT NULL,
    ask_first     BOOLEAN     NOT NULL,
    shut          BOOLEAN     NOT NULL,
    terms_version BIGINT      NOT NULL DEFAULT 0,
    joined_at     DATETIME(3) NOT NULL,
    lock_version  BIGINT      NOT NULL DEFAULT 0,
    PRIMARY KEY (circle_id, server_id),
    KEY circle_servers_server_id (server_id),
    KEY circle_servers_owner_id (owner_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE TABLE IF NOT EXISTS circle_people (
    circle_id  BIGINT      NOT NULL,
    account_id BIGINT      NOT NULL,
    invited_by BIGINT      NOT NULL,
    joined_at  DATETIME(3) NOT NULL,
    PRIMARY KEY (circle_id, account_id),
    KEY circle_people_account_id (account_id),
    KEY circle_people_invited_by (invited_by)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE TABLE IF NOT EXISTS circle_asks (
    circle_id  BIGINT      NOT NULL,
    account_id BIGINT      NOT NULL,
    asked_by   BIGINT      NOT NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    PRIMARY KEY (circle_id, account_id),
    KEY circle_asks_account_id (account_id),
    KEY circle_asks_asked_by (asked_by),
    KEY circle_asks_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE TABLE IF NOT EXISTS circle_answers (
    circle_id  BIGINT        NOT NULL,
    server_id  BIGINT        NOT NULL,
    account_id BIGINT        NOT NULL,
    state      VARBINARY(16) NOT NULL,
    created_at DATETIME(3)   NOT NULL,
    PRIMARY KEY (circle_id, server_id, account_id),
    KEY circle_answers_server_id (server_id),
    KEY circle_answers_account_id (account_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD COLUMN circle_id BIGINT NOT NULL DEFAULT 0',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'links' AND column_name = 'circle_id');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD KEY links_circle_id (circle_id, account_id)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'links' AND index_name = 'links_circle_id');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE invites ADD COLUMN circle_id BIGINT NOT NULL DEFAULT 0',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'invites' AND column_name = 'circle_id');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE invites ADD KEY invites_circle_id (circle_id)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'invites' AND index_name = 'invites_circle_id');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE invites DROP KEY invites_circle_id;
ALTER TABLE invites DROP COLUMN circle_id;
ALTER TABLE links DROP KEY links_circle_id;
ALTER TABLE links DROP COLUMN circle_id;
DROP TABLE IF EXISTS circle_answers;
DROP TABLE IF EXISTS circle_asks;
DROP TABLE IF EXISTS circle_people;
DROP TABLE IF EXISTS circle_servers;
DROP TABLE IF EXISTS circles;
