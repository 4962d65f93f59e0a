-- family_people: the second guardian of a family and its grown people, who have joined it or were asked
-- to. family_id is the account of the first guardian, which has no row. Members are not here: their
-- accounts.guardian_id is the same account. history.actor_id: the guardian who did what the event tells;
-- 0 for the person themselves, or nobody. MySQL commits after each statement: every step asks first
-- whether it is done already.
-- +goose Up
CREATE TABLE IF NOT EXISTS family_people (
    family_id  BIGINT        NOT NULL,
    account_id BIGINT        NOT NULL,
    role       VARBINARY(16) NOT NULL,
    state      VARBINARY(16) NOT NULL,
    created_at DATETIME(3)   NOT NULL,
    joined_at  DATETIME(3)   NULL,
    PRIMARY KEY (family_id, account_id),
    KEY family_people_account_id (account_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE history ADD COLUMN actor_id BIGINT NOT NULL DEFAULT 0',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'history' AND column_name = 'actor_id');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE history ADD KEY history_actor_id (actor_id)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'history' AND index_name = 'history_actor_id');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE history DROP KEY history_actor_id;
ALTER TABLE history DROP COLUMN actor_id;
DROP TABLE IF EXISTS family_people;
