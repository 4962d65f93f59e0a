-- invite_uses: who has accepted an invite, on which of its servers, and when for the last time. A
-- row is deleted together with its invite, its account or its server. Invites that were accepted
-- before have a row for the last account alone, because the others were not written down. MySQL
-- commits after each statement: every step can be run again.
-- +goose Up
CREATE TABLE IF NOT EXISTS invite_uses (
    invite_id  BIGINT      NOT NULL,
    server_id  BIGINT      NOT NULL,
    account_id BIGINT      NOT NULL,
    used_at    DATETIME(3) NOT NULL,
    PRIMARY KEY (invite_id, server_id, account_id),
    KEY invite_uses_account_id (account_id),
    KEY invite_uses_server_id (server_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

INSERT INTO invite_uses (invite_id, server_id, account_id, used_at)
SELECT v.invite_id, v.server_id, i.answered_by, i.answered_at FROM invites i JOIN invite_servers v ON v.invite_id = i.id
WHERE i.answered_by <> 0 AND i.answered_at IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM invite_uses u WHERE u.invite_id = v.invite_id AND u.server_id = v.server_id AND u.account_id = i.answered_by);

-- +goose Down
DROP TABLE IF EXISTS invite_uses;
