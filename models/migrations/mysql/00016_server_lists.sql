-- server_lists: the version of the list of servers of each account, a random number that
-- every change of the list replaces. ends_at is the end of the first accepted link that
-- ends: from then on the version says nothing until the link is swept. MySQL commits after
-- each statement: both can be run again after a program was killed between them.
-- +goose Up
CREATE TABLE IF NOT EXISTS server_lists (
    account_id BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    ends_at DATETIME(3) NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
INSERT INTO server_lists (account_id, version, ends_at)
SELECT a.id, FLOOR(RAND() * 9007199254740992),
    (SELECT MIN(l.ends_at) FROM links l WHERE l.account_id = a.id AND l.state = 'accepted')
FROM accounts a WHERE NOT EXISTS (SELECT 1 FROM server_lists v WHERE v.account_id = a.id);

-- +goose Down
DROP TABLE server_lists;
