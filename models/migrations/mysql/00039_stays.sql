-- stays: how long people may come to a server. links.paused_at: the owner has paused the link, until
-- paused_until or, if that is null, until somebody resumes it. links.remind_at: when the next mail about the end
-- is due. links.hand: what an administrator has changed at the media server by hand, as the agent told it; the
-- owner has said that hand_kept stays like that, and at hand_reset_at that the agent sets it again. former_stays:
-- links that have ended by their date, for the time in which the owner may prolong them from a mail. MySQL commits
-- after each statement: every step asks first whether it is done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD COLUMN paused_at DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'links' AND column_name = 'paused_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD COLUMN paused_until DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'links' AND column_name = 'paused_until');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD COLUMN remind_at DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'links' AND column_name = 'remind_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD COLUMN hand VARBINARY(64) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'links' AND column_name = 'hand');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD COLUMN hand_kept VARBINARY(64) NOT NULL DEFAULT ''''',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'links' AND column_name = 'hand_kept');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD COLUMN hand_reset_at DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'links' AND column_name = 'hand_reset_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) > 0 AND SUM(column_name = 'paused_until') = 0,
    'ALTER TABLE links DROP KEY links_list',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'links' AND index_name = 'links_list');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD KEY links_list (account_id, state, id, server_id, type, access_key, ends_at, paused_at, paused_until)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'links' AND index_name = 'links_list');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD KEY links_remind_at (remind_at)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'links' AND index_name = 'links_remind_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE links ADD KEY links_paused_until (paused_until)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'links' AND index_name = 'links_paused_until');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

UPDATE links SET remind_at = CASE
    WHEN ends_at > UTC_TIMESTAMP(3) + INTERVAL 7 DAY THEN ends_at - INTERVAL 7 DAY
    WHEN ends_at > UTC_TIMESTAMP(3) + INTERVAL 1 DAY THEN ends_at - INTERVAL 1 DAY
    ELSE NULL END
WHERE ends_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS former_stays (
    link_id       BIGINT        NOT NULL PRIMARY KEY,
    server_id     BIGINT        NOT NULL,
    account_id    BIGINT        NOT NULL,
    local_user_id BIGINT        NULL,
    type          VARBINARY(16) NOT NULL,
    libraries     TEXT          NULL,
    invited_by    BIGINT        NOT NULL,
    ended_at      DATETIME(3)   NOT NULL,
    KEY former_stays_server_id (server_id),
    KEY former_stays_account_id (account_id),
    KEY former_stays_ended_at (ended_at),
    KEY former_stays_invited_by (invited_by)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS former_stays;
ALTER TABLE links DROP KEY links_paused_until;
ALTER TABLE links DROP KEY links_remind_at;
ALTER TABLE links DROP KEY links_list;
ALTER TABLE links ADD KEY links_list (account_id, state, id, server_id, type, access_key, ends_at);
ALTER TABLE links DROP COLUMN hand_reset_at;
ALTER TABLE links DROP COLUMN hand_kept;
ALTER TABLE links DROP COLUMN hand;
ALTER TABLE links DROP COLUMN remind_at;
ALTER TABLE links DROP COLUMN paused_until;
ALTER TABLE links DROP COLUMN paused_at;
