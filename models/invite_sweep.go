package models

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// sweepInvites deletes invites that were answered or expired long ago.
func (s *Store) sweepInvites(ctx context.Context) error {
	for {
		rows, err := database.G[inviteRow](s.read(ctx)).Where("expires_at <= ?", s.Now().Add(-s.opt.Lives.History)).Limit(sweepStep).Find(ctx)
		if err != nil {
			return explained("find old invites", err)
		}
		for _, row := range rows {
			if err := s.tx(ctx, "sweep an invite", func(tx *gorm.DB) error { return eraseInvites(tx, "id = ?", row.ID) }); err != nil {
				return err
			}
		}
		if len(rows) < sweepStep {
			return nil
		}
	}
}

// eraseInvites deletes the invites that condition selects, with their offers.
func eraseInvites(tx *gorm.DB, condition string, args ...any) error {
	var ids []int64
	if err := tx.Raw("SELECT id FROM invites WHERE "+condition, args...).Scan(&ids).Error; err != nil {
		return fmt.Errorf("find invites: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	for _, statement := range []string{"DELETE FROM invite_servers WHERE invite_id IN ?", "DELETE FROM invite_uses WHERE invite_id IN ?"} {
		if err := tx.Exec(statement, ids).Error; err != nil {
			return err
		}
	}
	return tx.Exec("DELETE FROM invites WHERE id IN ?", ids).Error
}
