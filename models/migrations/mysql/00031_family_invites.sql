-- family invites: invites.for_family: a guardian who gets the invite may answer it once for several accounts of
-- the family. MySQL commits after each statement: the step asks first whether it is done already.
-- +goose Up
SET @latchkey_step = (SELECT IF(COUNT(*) = 0,
    'ALTER TABLE invites ADD COLUMN for_family BOOLEAN NOT NULL DEFAULT FALSE',
    'DO 0') FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'invites' AND column_name = 'for_family');
PREPARE latchkey_step FROM @latchkey_step;
EXECUTE latchkey_step;
DEALLOCATE PREPARE latchkey_step;

-- +goose Down
ALTER TABLE invites DROP COLUMN for_family;
