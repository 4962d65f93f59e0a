-- protections: what the owner of a server lets its people do and see, by default, and what its agent can
-- limit (agent_levels, "" for an agent that knows no levels; choices). link_levels: what differs from that
-- for one link (own), what lies behind the person's own PIN (hold), the open unlock (unlock_id is 0 without
-- one), the device that was refused last, and what the agent has made of it (told_...). Levels are JSON, and
-- everyday is "" for a level that takes nothing away. accounts.ceiling_age: the age up to which a member may
-- watch at every server.
-- +goose Up
CREATE TABLE protections (
    server_id INTEGER NOT NULL PRIMARY KEY,
    active BOOLEAN NOT NULL DEFAULT FALSE,
    pin_required BOOLEAN NOT NULL DEFAULT FALSE,
    everyday TEXT NOT NULL,
    unlocked TEXT NULL,
    agent_levels TEXT NOT NULL DEFAULT '',
    choices TEXT NOT NULL
);
CREATE TABLE link_levels (
    link_id INTEGER NOT NULL PRIMARY KEY,
    server_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    own BOOLEAN NOT NULL DEFAULT FALSE,
    pin_required BOOLEAN NOT NULL DEFAULT FALSE,
    everyday TEXT NOT NULL,
    unlocked TEXT NULL,
    hold TEXT NULL,
    stopped_at DATETIME NULL,
    unlock_id INTEGER NOT NULL DEFAULT 0,
    opened_by INTEGER NOT NULL DEFAULT 0,
    opened_at DATETIME NULL,
    closes_at DATETIME NULL,
    stop_playing BOOLEAN NOT NULL DEFAULT FALSE,
    asked_device TEXT NOT NULL DEFAULT '',
    asked_client TEXT NOT NULL DEFAULT '',
    asked_at DATETIME NULL,
    told_state TEXT NOT NULL DEFAULT '',
    told_by_hand TEXT NOT NULL DEFAULT '',
    told_problem TEXT NOT NULL DEFAULT ''
);
CREATE INDEX link_levels_server_id ON link_levels (server_id);
CREATE INDEX link_levels_account_id ON link_levels (account_id);
CREATE INDEX link_levels_opened_by ON link_levels (opened_by);
ALTER TABLE accounts ADD COLUMN ceiling_age INTEGER NULL;
ALTER TABLE accounts ADD COLUMN ceiling_unrated BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE accounts DROP COLUMN ceiling_unrated;
ALTER TABLE accounts DROP COLUMN ceiling_age;
DROP TABLE link_levels;
DROP TABLE protections;
