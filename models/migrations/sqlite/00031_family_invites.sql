-- family invites: invites.for_family: a guardian who gets the invite may answer it once for several accounts of
-- the family.
-- +goose Up
ALTER TABLE invites ADD COLUMN for_family BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE invites DROP COLUMN for_family;
