-- When a server key was used last, and whether a former owner of the server may know it.
-- +goose Up
ALTER TABLE server_keys ADD COLUMN used_at DATETIME NULL;
ALTER TABLE server_keys ADD COLUMN handed_over_at DATETIME NULL;
-- An agent registers with a claim code, so its server was claimed later only if it was
-- handed over.
UPDATE server_keys SET handed_over_at = (SELECT s.claimed_at FROM servers s WHERE s.id = server_keys.server_id)
WHERE EXISTS (SELECT 1 FROM servers s WHERE s.id = server_keys.server_id AND s.kind = 'agent' AND s.claimed_at > server_keys.created_at);

-- +goose Down
ALTER TABLE server_keys DROP COLUMN handed_over_at;
ALTER TABLE server_keys DROP COLUMN used_at;
