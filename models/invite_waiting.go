package models

import "context"

// openInvite is the condition for invites that can be answered; see openInvites. Its
// values are [InvitePending] and twice the present time.
const openInvite = `i.state = ? AND i.expires_at > ? AND EXISTS (SELECT 1 FROM invite_servers v JOIN servers s ON s.id = v.server_id
 WHERE v.invite_id = i.id AND s.owner_id = i.owner_id AND s.disabled_at IS NULL AND (v.ends_at IS NULL OR v.ends_at > ?))`

// countAllWaiting is the statement for the number in the header of a page: invites to the
// account, invites to its address, and links. MariaDB takes longer to plan its ten tables than
// for all other statements of a page, so it is run only where an invite may wait.
const countAllWaiting = `SELECT COUNT(*)
 + (SELECT COUNT(*) FROM invites i JOIN accounts o ON o.id = i.owner_id AND o.disabled_at IS NULL
 WHERE i.account_id = ? AND i.owner_id <> ? AND ` + openInvite + `)
 + (SELECT COUNT(*) FROM emails e JOIN invites i ON i.email_key = e.email_key AND i.account_id = 0
 JOIN accounts o ON o.id = i.owner_id AND o.disabled_at IS NULL
 WHERE e.account_id = ? AND e.held_until IS NULL AND i.owner_id <> ? AND ` + openInvite + `)
FROM links l JOIN servers s ON s.id = l.server_id
WHERE l.account_id = ? AND l.state = ? AND s.disabled_at IS NULL AND (l.ends_at IS NULL OR l.ends_at > ?)`

// AllWaiting counts the invites and links that wait for the answer of an account.
func (i *Invites) AllWaiting(ctx context.Context, accountID int64) (int, error) {
	var n int
	now := i.Now()
	_, err := i.hot.waiting.One(ctx, []any{
		accountID, accountID, invitePending, now, now, accountID, accountID, invitePending, now, now, accountID, LinkPending, now,
	}, &n)
	return n, explained("count the invitations", err)
}

// WaitingFor returns the same number as [Invites.AllWaiting], for the visitor that
// [Sessions.LookVisitor] has found. It asks the database only if an invite may wait.
func (i *Invites) WaitingFor(ctx context.Context, visitor *Visitor) (int, error) {
	if !visitor.Invited {
		return visitor.WaitingLinks, nil
	}
	return i.AllWaiting(ctx, visitor.AccountID)
}
