-- outbox_first: the due mails that were never tried, which are sent first, however many others
-- wait for their next attempt. outbox_lease_owner: the few mails that are being sent.
-- +goose Up
CREATE INDEX outbox_first ON outbox (state, attempts, due_at);
CREATE INDEX outbox_lease_owner ON outbox (lease_owner);

-- +goose Down
DROP INDEX outbox_lease_owner;
DROP INDEX outbox_first;
