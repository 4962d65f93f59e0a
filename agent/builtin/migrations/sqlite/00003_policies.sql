-- What local users may see and do, as one JSON object, because it changes as a whole. The libraries stay in the table
-- library_access. Local users who exist keep what they may do now. Libraries that came from a catalogue are marked, so that
-- they can be left out once the catalogue no longer has them; their rows stay, and with them the access to them.
-- +goose Up
ALTER TABLE local_users ADD COLUMN policy TEXT NOT NULL DEFAULT '';
UPDATE local_users SET policy = json_object(
    'may_delete', json(CASE WHEN administrator THEN 'true' ELSE 'false' END),
    'may_download', json(CASE WHEN guest THEN 'false' ELSE 'true' END),
    'may_control', json(CASE WHEN administrator THEN 'true' ELSE 'false' END));
ALTER TABLE libraries ADD COLUMN catalogue BOOLEAN NOT NULL DEFAULT FALSE;
