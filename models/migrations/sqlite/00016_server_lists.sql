-- server_lists: the version of the list of servers of each account, a random number that
-- every change of the list replaces. ends_at is the end of the first accepted link that
-- ends: from then on the version says nothing until the link is swept.
-- +goose Up
CREATE TABLE server_lists (
    account_id INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    ends_at DATETIME NULL
);
INSERT INTO server_lists (account_id, version, ends_at)
SELECT a.id, RANDOM() & 9223372036854775807,
    (SELECT MIN(l.ends_at) FROM links l WHERE l.account_id = a.id AND l.state = 'accepted') FROM accounts a;

-- +goose Down
DROP TABLE server_lists;
