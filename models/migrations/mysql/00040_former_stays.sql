-- former_stays: what a stay that comes back needs. circle_id: the circle by which the person came, 0 for none.
-- paused_at and paused_until: the pause in which the link ended; a person who leaves in a pause and comes back by
-- another invite is paused still. by_person: the person ended the link, so the mail about its end brings nothing back.
-- MySQL commits after each statement: every step asks first whether it is done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE former_stays ADD COLUMN circle_id BIGINT NOT NULL DEFAULT 0',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'former_stays' AND column_name = 'circle_id');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE former_stays ADD COLUMN paused_at DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'former_stays' AND column_name = 'paused_at');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE former_stays ADD COLUMN paused_until DATETIME(3) NULL',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'former_stays' AND column_name = 'paused_until');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE former_stays ADD COLUMN by_person BOOLEAN NOT NULL DEFAULT FALSE',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'former_stays' AND column_name = 'by_person');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE former_stays DROP COLUMN by_person;
ALTER TABLE former_stays DROP COLUMN paused_until;
ALTER TABLE former_stays DROP COLUMN paused_at;
ALTER TABLE former_stays DROP COLUMN circle_id;
