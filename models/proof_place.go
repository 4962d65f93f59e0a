package models

import "context"

// Place is the name of a server where people may prove by themselves which local
// user they are. It returns [ErrNotFound] for any other, so that nobody learns
// which servers there are.
func (p *Proofs) Place(ctx context.Context, serverID int64) (name string, err error) {
	var rows []serverRow
	err = p.read(ctx).Raw(`SELECT name, own_name FROM servers
WHERE id = ? AND kind = ? AND self_service = ? AND disabled_at IS NULL AND owner_id <> 0`, serverID, ServerAgent, true).Scan(&rows).Error
	if err != nil {
		return "", explained("find a server", err)
	}
	if len(rows) != 1 {
		return "", ErrNotFound
	}
	return rows[0].server().Name, nil
}
