-- webhooks: where messages about events go. owner_id: the account of an owner of servers, 0 for all operators. place: the
-- address as pages show it. sealed: the whole address and its secrets, encrypted. kinds: the events that are sent,
-- joined by commas. off_reason: why nothing is sent, '' while something is. failing_since: since when every message has failed.
-- webhook_events: what has happened and is not handed to the webhooks yet. account_id: the person whom it names, 0 for nobody.
-- webhook_deliveries: one message for one webhook, waiting or done; kept for 30 days.
-- server_absences: servers whose owners have been told that the agent is silent.
-- +goose Up
CREATE TABLE IF NOT EXISTS webhooks (
    id            BIGINT          NOT NULL PRIMARY KEY,
    owner_id      BIGINT          NOT NULL,
    name          VARCHAR(80)     NOT NULL,
    form          VARBINARY(16)   NOT NULL,
    place         VARCHAR(300)    NOT NULL,
    sealed        VARBINARY(8000) NOT NULL,
    kinds         VARBINARY(1000) NOT NULL,
    locale        VARBINARY(16)   NOT NULL,
    off_reason    VARBINARY(16)   NOT NULL,
    failing_since DATETIME(3)     NULL,
    created_at    DATETIME(3)     NOT NULL,
    KEY webhooks_owner_id (owner_id, id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE TABLE IF NOT EXISTS webhook_events (
    id         BIGINT         NOT NULL PRIMARY KEY,
    kind       VARBINARY(32)  NOT NULL,
    owner_id   BIGINT         NOT NULL,
    account_id BIGINT         NOT NULL,
    facts      TEXT           NOT NULL,
    created_at DATETIME(3)    NOT NULL,
    KEY webhook_events_account_id (account_id),
    KEY webhook_events_created_at (created_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE TABLE IF NOT EXISTS webhook_deliveries (
    id         BIGINT        NOT NULL PRIMARY KEY,
    webhook_id BIGINT        NOT NULL,
    kind       VARBINARY(32) NOT NULL,
    account_id BIGINT        NOT NULL,
    facts      TEXT          NOT NULL,
    state      VARBINARY(16) NOT NULL,
    attempts   BIGINT        NOT NULL,
    due_at     DATETIME(3)   NOT NULL,
    tried_at   DATETIME(3)   NULL,
    reason     VARBINARY(32) NOT NULL,
    status     BIGINT        NOT NULL,
    answer     VARCHAR(300)  NOT NULL,
    created_at DATETIME(3)   NOT NULL,
    KEY webhook_deliveries_webhook_id (webhook_id, id),
    KEY webhook_deliveries_state (state, due_at, webhook_id),
    KEY webhook_deliveries_account_id (account_id),
    KEY webhook_deliveries_created_at (created_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE TABLE IF NOT EXISTS server_absences (
    server_id BIGINT      NOT NULL PRIMARY KEY,
    since_at  DATETIME(3) NOT NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS server_absences;
DROP TABLE IF EXISTS webhook_deliveries;
DROP TABLE IF EXISTS webhook_events;
DROP TABLE IF EXISTS webhooks;
