-- circles: sets of servers whose owners let the same people in. circle_servers: the servers, with the terms that
-- the owner of each has set. circle_people: the accounts that have accepted an invite to the circle. circle_asks:
-- owners who were asked to bring a server. circle_answers: people who wait for the yes of an owner, people whom an owner has
-- refused, and people who have had a link for a number of days. links.circle_id and invites.circle_id: the circle by which the link came, or to which the
-- invite invites; 0 for none.
-- +goose Up
CREATE TABLE circles (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    lock_version INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE circle_servers (
    circle_id INTEGER NOT NULL,
    server_id INTEGER NOT NULL,
    owner_id INTEGER NOT NULL,
    libraries TEXT NULL,
    link_days INTEGER NOT NULL,
    ends_at DATETIME NULL,
    people_most INTEGER NOT NULL,
    ask_first BOOLEAN NOT NULL,
    shut BOOLEAN NOT NULL,
    terms_version INTEGER NOT NULL DEFAULT 0,
    joined_at DATETIME NOT NULL,
    lock_version INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (circle_id, server_id)
);
CREATE INDEX circle_servers_server_id ON circle_servers (server_id);
CREATE INDEX circle_servers_owner_id ON circle_servers (owner_id);
CREATE TABLE circle_people (
    circle_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    invited_by INTEGER NOT NULL,
    joined_at DATETIME NOT NULL,
    PRIMARY KEY (circle_id, account_id)
);
CREATE INDEX circle_people_account_id ON circle_people (account_id);
CREATE INDEX circle_people_invited_by ON circle_people (invited_by);
CREATE TABLE circle_asks (
    circle_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    asked_by INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    PRIMARY KEY (circle_id, account_id)
);
CREATE INDEX circle_asks_account_id ON circle_asks (account_id);
CREATE INDEX circle_asks_asked_by ON circle_asks (asked_by);
CREATE INDEX circle_asks_expires_at ON circle_asks (expires_at);
CREATE TABLE circle_answers (
    circle_id INTEGER NOT NULL,
    server_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (circle_id, server_id, account_id)
);
CREATE INDEX circle_answers_server_id ON circle_answers (server_id);
CREATE INDEX circle_answers_account_id ON circle_answers (account_id);
ALTER TABLE links ADD COLUMN circle_id INTEGER NOT NULL DEFAULT 0;
CREATE INDEX links_circle_id ON links (circle_id, account_id);
ALTER TABLE invites ADD COLUMN circle_id INTEGER NOT NULL DEFAULT 0;
CREATE INDEX invites_circle_id ON invites (circle_id);

-- +goose Down
DROP INDEX invites_circle_id;
ALTER TABLE invites DROP COLUMN circle_id;
DROP INDEX links_circle_id;
ALTER TABLE links DROP COLUMN circle_id;
DROP TABLE circle_answers;
DROP TABLE circle_asks;
DROP TABLE circle_people;
DROP TABLE circle_servers;
DROP TABLE circles;
