-- sessions_last_seen_at: a sweep finds the sessions that nobody has used for long without
-- reading the others. accounts_legacy_md5 names the accounts with MD5 verifiers, of which
-- there are usually none, so that a start need not read all accounts.
-- +goose Up
CREATE INDEX sessions_last_seen_at ON sessions (last_seen_at);
CREATE INDEX accounts_legacy_md5 ON accounts (legacy_md5) WHERE legacy_md5 > '';

-- +goose Down
DROP INDEX accounts_legacy_md5;
DROP INDEX sessions_last_seen_at;
