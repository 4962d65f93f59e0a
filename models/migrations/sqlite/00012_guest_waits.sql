-- waits_for: the reason for which the agent creates no local user for the guest of this
-- link now, as the agent has told it; '' without one.
-- +goose Up
ALTER TABLE links ADD COLUMN waits_for TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE links DROP COLUMN waits_for;
