package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// checkFresh is how old the results of an agent may be when its owner gets a mail about them. While something is
// wrong, an agent makes its checks every hour.
const checkFresh = 13 * time.Hour

// mailedCheck is a check as a mail shows it.
type mailedCheck struct {
	Name    string     `json:"name"`
	Subject string     `json:"subject,omitempty"`
	Reason  string     `json:"reason"`
	Until   *time.Time `json:"until,omitempty"`
}

// mailChecks owes a mail to the owner of each server at which something has been wrong for a day. Each server has
// one mail, which names everything that is wrong. The mail does not name the same fault again, unless it was
// resolved meanwhile.
func (s *Store) mailChecks(ctx context.Context) error {
	now := s.Now()
	var ids []int64
	err := s.read(ctx).Raw(`SELECT c.server_id FROM server_checks c JOIN server_checkups u ON u.server_id = c.server_id
WHERE c.mail_due_at <= ? AND u.checked_at > ? ORDER BY c.mail_due_at LIMIT ?`, now, now.Add(-checkFresh), sweepStep).Scan(&ids).Error
	if err != nil {
		return explained("find what has been wrong for a day", err)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		err := s.tx(ctx, "tell an owner what is wrong", func(tx *gorm.DB) error { return s.mailChecksOf(ctx, tx, id, now) })
		if err != nil && KindOf(err) != KindNotFound { // the server was removed meanwhile
			return err
		}
	}
	return nil
}

// mailChecksOf owes the mail about one server, and notes that it was told.
func (s *Store) mailChecksOf(ctx context.Context, tx *gorm.DB, serverID int64, now time.Time) error {
	if err := lockServer(tx, "id = ?", serverID); err != nil {
		return err
	}
	rows, err := database.G[serverCheckRow](tx).Where("server_id = ? AND mail_due_at <= ?", serverID, now).Find(ctx)
	if err != nil || len(rows) == 0 {
		return err
	}
	if err := tx.Exec("UPDATE server_checks SET mail_due_at = NULL WHERE server_id = ? AND mail_due_at <= ?", serverID, now).Error; err != nil {
		return err
	}
	server, err := s.serverByID(ctx, tx, serverID)
	if err != nil || server.OwnerID == 0 || server.DisabledAt != nil {
		return err
	}
	owner, err := s.accountByID(ctx, tx, server.OwnerID)
	if err != nil || owner.Email == "" || owner.ConfirmedAt == nil || owner.DisabledAt != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b serverCheckRow) int { return worse(a.check(), b.check()) })
	list := make([]mailedCheck, 0, len(rows))
	for _, row := range rows {
		list = append(list, mailedCheck{Name: row.Name, Subject: row.Subject, Reason: row.Reason, Until: row.UntilAt})
	}
	text, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("write the problems of a mail: %w", err)
	}
	return s.owe(ctx, tx, serverChecksMail(&owner, server.server().Name, string(text), now))
}
