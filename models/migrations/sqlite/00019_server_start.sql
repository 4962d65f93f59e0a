-- For the page about getting in. start_note: what the owner tells people there, such as "ask me
-- for the VPN"; '' for nothing. first_device_at: when the first device of a link was signed in by
-- a code; NULL before.
-- +goose Up
ALTER TABLE servers ADD COLUMN start_note TEXT NOT NULL DEFAULT '';
ALTER TABLE links ADD COLUMN first_device_at DATETIME NULL;

-- +goose Down
ALTER TABLE links DROP COLUMN first_device_at;
ALTER TABLE servers DROP COLUMN start_note;
