-- imports: lists of people whom an owner brings to a server together, first as drafts, which show what would
-- happen; by_agent: the agent of the server made the list; paced_until: up to when the places for mails are taken;
-- invite_days: how long the invites can be accepted; invites: how many the list makes, counted when it starts. A list
-- that was started and deleted stays with the server 0 and without lines, so that its invites and mails still count.
-- import_rows: one line of the list; account_id and email_key: the person, as in invites; outcome: what happens
-- with the line and why; other: the line that comes first for the same person or local user, or 0; invite_id: of
-- the invite that was made, or 0; mail_at: when its mail is due; reminded_at: when the last reminder was owed.
-- MySQL commits after each statement: every step can be run again.
-- +goose Up
CREATE TABLE IF NOT EXISTS imports (
    id          BIGINT        NOT NULL PRIMARY KEY,
    owner_id    BIGINT        NOT NULL,
    server_id   BIGINT        NOT NULL,
    source      VARBINARY(16) NOT NULL,
    by_agent    BOOLEAN       NOT NULL,
    state       VARBINARY(16) NOT NULL,
    invite_days BIGINT        NOT NULL,
    invites     BIGINT        NOT NULL,
    created_at  DATETIME(3)   NOT NULL,
    started_at  DATETIME(3)   NULL,
    expires_at  DATETIME(3)   NOT NULL,
    paced_until DATETIME(3)   NULL,
    KEY imports_owner_id (owner_id, id),
    KEY imports_server_id (server_id, id),
    KEY imports_state (state, id),
    KEY imports_expires_at (expires_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS import_rows (
    import_id     BIGINT         NOT NULL,
    position      BIGINT         NOT NULL,
    name          VARCHAR(64)    NOT NULL,
    typed         VARCHAR(254)   NOT NULL,
    account_id    BIGINT         NOT NULL,
    email_key     VARBINARY(254) NOT NULL,
    local_user_id BIGINT         NULL,
    local_user    VARCHAR(128)   NOT NULL,
    libraries     TEXT           NULL,
    ends_at       DATETIME(3)    NULL,
    outcome       VARBINARY(32)  NOT NULL,
    other         BIGINT         NOT NULL,
    invite_id     BIGINT         NOT NULL,
    mail_at       DATETIME(3)    NULL,
    reminded_at   DATETIME(3)    NULL,
    reminders     BIGINT         NOT NULL,
    PRIMARY KEY (import_id, position),
    KEY import_rows_account_id (account_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS import_rows;
DROP TABLE IF EXISTS imports;
