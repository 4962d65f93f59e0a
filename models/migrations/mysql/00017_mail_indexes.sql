-- outbox_first: the due mails that were never tried, which are sent first, however many others
-- wait for their next attempt. outbox_lease_owner: the few mails that are being sent. MySQL
-- commits after each statement: every step asks first whether it is done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE outbox ADD KEY outbox_first (state, attempts, due_at)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'outbox' AND index_name = 'outbox_first');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE outbox ADD KEY outbox_lease_owner (lease_owner)',
    'DO 0') FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'outbox' AND index_name = 'outbox_lease_owner');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE outbox DROP KEY outbox_lease_owner;
ALTER TABLE outbox DROP KEY outbox_first;
