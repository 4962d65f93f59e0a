-- invite_uses: who has accepted an invite, on which of its servers, and when for the last time. A
-- row is deleted together with its invite, its account or its server. Invites that were accepted
-- before have a row for the last account alone, because the others were not written down.
-- +goose Up
CREATE TABLE invite_uses (
    invite_id INTEGER NOT NULL,
    server_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    used_at DATETIME NOT NULL,
    PRIMARY KEY (invite_id, server_id, account_id)
);
CREATE INDEX invite_uses_account_id ON invite_uses (account_id);
CREATE INDEX invite_uses_server_id ON invite_uses (server_id);
INSERT INTO invite_uses (invite_id, server_id, account_id, used_at)
SELECT v.invite_id, v.server_id, i.answered_by, i.answered_at FROM invites i JOIN invite_servers v ON v.invite_id = i.id
WHERE i.answered_by <> 0 AND i.answered_at IS NOT NULL;

-- +goose Down
DROP TABLE invite_uses;
