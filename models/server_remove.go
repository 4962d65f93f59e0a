package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// removeServer erases a server. Its people find an event in their history and, if they
// have an address, get a mail; people with a pending link get neither. It returns
// [ErrNotFound] when another caller was faster.
func (c *core) removeServer(ctx context.Context, tx *gorm.DB, row *serverRow) error {
	if err := c.leaveCircles(tx, row.ID, row.OwnerID); err != nil {
		return err
	}
	// The server itself is deleted first, so that a parallel request for a link waits and
	// then fails.
	if err := requireRow(tx.Exec("DELETE FROM servers WHERE id = ?", row.ID)); err != nil {
		return err
	}
	people, err := c.linkedAccounts(ctx, tx, row.ID)
	if err != nil {
		return err
	}
	if err := c.renewListsOf(tx, row.ID); err != nil {
		return err
	}
	if err := eraseServerRows(tx, row.ID); err != nil {
		return err
	}
	if err := c.happen(ctx, tx, happened{kind: HappenedServerRemoved, server: row}); err != nil {
		return err
	}
	return c.notifyPeople(ctx, tx, row, people, EventLinkRemoved, MailLinkEnded)
}

// linkedAccounts returns the accounts with an accepted link to a server.
func (c *core) linkedAccounts(ctx context.Context, tx *gorm.DB, serverID int64) ([]accountRow, error) {
	return database.G[accountRow](tx).
		Where("id IN (SELECT account_id FROM links WHERE server_id = ? AND state = ?)", serverID, LinkAccepted).Order("id").Find(ctx)
}

// notifyPeople writes an event into the history of the people of a server, and owes a mail
// about the server, of the given kind, to each of them whom a mail can reach.
func (c *core) notifyPeople(ctx context.Context, tx *gorm.DB, row *serverRow, people []accountRow, event EventKind, mail MailKind) error {
	if len(people) == 0 {
		return nil
	}
	owner, err := c.ownerOf(ctx, tx, row)
	if err != nil {
		return err
	}
	if err := c.recordEvents(ctx, tx, people, event, row.server().Name); err != nil {
		return err
	}
	return c.oweEach(ctx, tx, people, func(person *accountRow) owed {
		return serverMail(mail, person, row.server().Name, owner, c.Now())
	})
}

// eraseServerRows deletes every row that belongs to a server, except the server
// itself.
func eraseServerRows(tx *gorm.DB, serverID int64) error {
	for _, statement := range []string{
		"DELETE FROM links WHERE server_id = ?", "DELETE FROM pictures WHERE server_id = ?", "DELETE FROM server_addresses WHERE server_id = ?",
		"DELETE FROM invite_servers WHERE server_id = ?", "DELETE FROM libraries WHERE server_id = ?",
		"DELETE FROM proofs WHERE server_id = ?", "DELETE FROM link_changes WHERE server_id = ?",
		"DELETE FROM quick_connects WHERE server_id = ?", "DELETE FROM invite_profiles WHERE server_id = ?", "DELETE FROM local_passwords WHERE server_id = ?",
		"DELETE FROM server_opens WHERE server_id = ?", "DELETE FROM quick_devices WHERE server_id = ?", "DELETE FROM invite_uses WHERE server_id = ?",
		"DELETE FROM server_checks WHERE server_id = ?", "DELETE FROM server_checkups WHERE server_id = ?",
		"DELETE FROM server_absences WHERE server_id = ?", "DELETE FROM server_tries WHERE server_id = ?", "DELETE FROM server_answers WHERE server_id = ?",
		"DELETE FROM former_stays WHERE server_id = ?", "DELETE FROM protections WHERE server_id = ?", "DELETE FROM link_levels WHERE server_id = ?",
		"DELETE FROM local_users WHERE server_id = ?", "DELETE FROM server_keys WHERE server_id = ?",
	} {
		if err := tx.Exec(statement, serverID).Error; err != nil {
			return err
		}
	}
	return forgetImports(tx, "server_id = ?", serverID)
}

// unclaimedLife is the time after its last call for which a server without an owner
// and without links is kept.
const unclaimedLife = 30 * 24 * time.Hour

// sweepServers erases servers that are past [unclaimedLife], each in a transaction that
// checks the server again. A disabled server stays, because otherwise it could register
// again as a new server.
func (s *Store) sweepServers(ctx context.Context) error {
	const over = "owner_id = 0 AND last_seen_at <= ? AND disabled_at IS NULL AND NOT EXISTS (SELECT 1 FROM links l WHERE l.server_id = servers.id)"
	before := s.Now().Add(-unclaimedLife)
	for {
		stale, err := database.G[serverRow](s.read(ctx)).Where(over, before).Limit(sweepStep).Find(ctx)
		if err != nil {
			return explained("find servers that nobody claimed", err)
		}
		for _, row := range stale {
			err := s.tx(ctx, "sweep a server", func(tx *gorm.DB) error {
				gone := tx.Exec("DELETE FROM servers WHERE id = ? AND "+over, row.ID, before)
				if gone.Error != nil || gone.RowsAffected == 0 {
					return gone.Error
				}
				return eraseServerRows(tx, row.ID)
			})
			if err != nil {
				return err
			}
		}
		if len(stale) < sweepStep {
			return nil
		}
	}
}
