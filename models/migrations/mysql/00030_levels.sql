-- protections: what the owner of a server lets its people do and see, by default, and what its agent can
-- limit (agent_levels, "" for an agent that knows no levels; choices). link_levels: what differs from that
-- for one link (own), what lies behind the person's own PIN (hold), the open unlock (unlock_id is 0 without
-- one), the device that was refused last, and what the agent has made of it (told_...). Levels are JSON, and
-- everyday is "" for a level that takes nothing away. accounts.ceiling_age: the age up to which a member may
-- watch at every server. MySQL commits after each statement: every step asks first whether it is done already.
-- +goose Up
CREATE TABLE IF NOT EXISTS protections (
    server_id    BIGINT        NOT NULL,
    active       BOOLEAN       NOT NULL DEFAULT FALSE,
    pin_required BOOLEAN       NOT NULL DEFAULT FALSE,
    everyday     MEDIUMTEXT    NOT NULL,
    unlocked     MEDIUMTEXT    NULL,
    agent_levels VARBINARY(16) NOT NULL DEFAULT '',
    choices      MEDIUMTEXT    NOT NULL,
    PRIMARY KEY (server_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS link_levels (
    link_id      BIGINT         NOT NULL,
    server_id    BIGINT         NOT NULL,
    account_id   BIGINT         NOT NULL,
    own          BOOLEAN        NOT NULL DEFAULT FALSE,
    pin_required BOOLEAN        NOT NULL DEFAULT FALSE,
    everyday     MEDIUMTEXT     NOT NULL,
    unlocked     MEDIUMTEXT     NULL,
    hold         MEDIUMTEXT     NULL,
    stopped_at   DATETIME(3)    NULL,
    unlock_id    BIGINT         NOT NULL DEFAULT 0,
    opened_by    BIGINT         NOT NULL DEFAULT 0,
    opened_at    DATETIME(3)    NULL,
    closes_at    DATETIME(3)    NULL,
    stop_playing BOOLEAN        NOT NULL DEFAULT FALSE,
    asked_device VARCHAR(100)   NOT NULL DEFAULT '',
    asked_client VARCHAR(100)   NOT NULL DEFAULT '',
    asked_at     DATETIME(3)    NULL,
    told_state   VARBINARY(16)  NOT NULL DEFAULT '',
    told_by_hand VARBINARY(255) NOT NULL DEFAULT '',
    told_problem VARBINARY(32)  NOT NULL DEFAULT '',
    PRIMARY KEY (link_id),
    KEY link_levels_server_id (server_id),
    KEY link_levels_account_id (account_id),
    KEY link_levels_opened_by (opened_by)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE accounts ADD COLUMN ceiling_age BIGINT NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'ceiling_age');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE accounts ADD COLUMN ceiling_unrated BOOLEAN NOT NULL DEFAULT FALSE',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'ceiling_unrated');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE accounts DROP COLUMN ceiling_unrated;
ALTER TABLE accounts DROP COLUMN ceiling_age;
DROP TABLE IF EXISTS link_levels;
DROP TABLE IF EXISTS protections;
