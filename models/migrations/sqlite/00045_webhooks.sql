-- webhooks: where messages about events go. owner_id: the account of an owner of servers, 0 for all operators. place: the
-- address as pages show it. sealed: the whole address and its secrets, encrypted. kinds: the events that are sent,
-- joined by commas. off_reason: why nothing is sent, '' while something is. failing_since: since when every message has failed.
-- webhook_events: what has happened and is not handed to the webhooks yet. account_id: the person whom it names, 0 for nobody.
-- webhook_deliveries: one message for one webhook, waiting or done; kept for 30 days.
-- server_absences: servers whose owners have been told that the agent is silent.
-- +goose Up
CREATE TABLE webhooks (
    id INTEGER NOT NULL PRIMARY KEY,
    owner_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    form TEXT NOT NULL,
    place TEXT NOT NULL,
    sealed TEXT NOT NULL,
    kinds TEXT NOT NULL,
    locale TEXT NOT NULL,
    off_reason TEXT NOT NULL,
    failing_since DATETIME NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX webhooks_owner_id ON webhooks (owner_id, id);
CREATE TABLE webhook_events (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    owner_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    facts TEXT NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX webhook_events_account_id ON webhook_events (account_id);
CREATE INDEX webhook_events_created_at ON webhook_events (created_at);
CREATE TABLE webhook_deliveries (
    id INTEGER NOT NULL PRIMARY KEY,
    webhook_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    facts TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at DATETIME NOT NULL,
    tried_at DATETIME NULL,
    reason TEXT NOT NULL,
    status INTEGER NOT NULL,
    answer TEXT NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX webhook_deliveries_webhook_id ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_state ON webhook_deliveries (state, due_at, webhook_id);
CREATE INDEX webhook_deliveries_account_id ON webhook_deliveries (account_id);
CREATE INDEX webhook_deliveries_created_at ON webhook_deliveries (created_at);
CREATE TABLE server_absences (
    server_id INTEGER NOT NULL PRIMARY KEY,
    since_at DATETIME NOT NULL
);

-- +goose Down
DROP TABLE server_absences;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_events;
DROP TABLE webhooks;
