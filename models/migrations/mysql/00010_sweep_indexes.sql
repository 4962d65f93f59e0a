-- sessions_last_seen_at: a sweep finds the sessions that nobody has used for long without
-- reading the others. accounts_legacy_md5 finds the accounts with MD5 verifiers, of which
-- there are usually none, so that a start need not read all accounts. MySQL commits after
-- each statement: every step can be run again after a program was killed half-way, because
-- it asks first whether it is done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE sessions ADD KEY sessions_last_seen_at (last_seen_at)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'sessions' AND index_name = 'sessions_last_seen_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE accounts ADD KEY accounts_legacy_md5 (legacy_md5)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'accounts' AND index_name = 'accounts_legacy_md5');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE accounts DROP KEY accounts_legacy_md5;
ALTER TABLE sessions DROP KEY sessions_last_seen_at;
