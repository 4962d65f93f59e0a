-- What local users may see and do, as one JSON object, because it changes as a whole. The libraries stay in the table
-- library_access. Local users who exist keep what they may do now. The type of a library is
-- what a catalogue says. A library that has left the catalogue is gone; its row stays, and with it the access to it.
-- +goose Up
ALTER TABLE local_users ADD COLUMN policy TEXT NOT NULL DEFAULT '';
UPDATE local_users SET policy = json_object(
    'may_delete', json(CASE WHEN administrator THEN 'true' ELSE 'false' END),
    'may_download', json(CASE WHEN guest THEN 'false' ELSE 'true' END),
    'may_control', json(CASE WHEN administrator THEN 'true' ELSE 'false' END));
ALTER TABLE libraries ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE libraries ADD COLUMN catalogue BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE libraries ADD COLUMN gone BOOLEAN NOT NULL DEFAULT FALSE;
