-- imports: lists of people whom an owner brings to a server together, first as drafts, which show what would
-- happen; by_agent: the agent of the server made the list; paced_until: up to when the places for mails are taken;
-- invite_days: how long the invites can be accepted; invites: how many the list makes, counted when it starts. A list
-- that was started and deleted stays with the server 0 and without lines, so that its invites and mails still count.
-- import_rows: one line of the list; account_id and email_key: the person, as in invites; outcome: what happens
-- with the line and why; other: the line that comes first for the same person or local user, or 0; invite_id: of
-- the invite that was made, or 0; mail_at: when its mail is due; reminded_at: when the last reminder was owed.
-- +goose Up
CREATE TABLE imports (
    id INTEGER NOT NULL PRIMARY KEY,
    owner_id INTEGER NOT NULL,
    server_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    by_agent BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    invite_days INTEGER NOT NULL,
    invites INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    started_at DATETIME,
    expires_at DATETIME NOT NULL,
    paced_until DATETIME
);
CREATE INDEX imports_owner_id ON imports (owner_id, id);
CREATE INDEX imports_server_id ON imports (server_id, id);
CREATE INDEX imports_state ON imports (state, id);
CREATE INDEX imports_expires_at ON imports (expires_at);
CREATE TABLE import_rows (
    import_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    typed TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    email_key TEXT NOT NULL,
    local_user_id INTEGER,
    local_user TEXT NOT NULL,
    libraries TEXT,
    ends_at DATETIME,
    outcome TEXT NOT NULL,
    other INTEGER NOT NULL,
    invite_id INTEGER NOT NULL,
    mail_at DATETIME,
    reminded_at DATETIME,
    reminders INTEGER NOT NULL,
    PRIMARY KEY (import_id, position)
);
CREATE INDEX import_rows_account_id ON import_rows (account_id);

-- +goose Down
DROP TABLE import_rows;
DROP TABLE imports;
