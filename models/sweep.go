package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
)

// deadMailLife is how long operators see a mail that was given up.
const deadMailLife = 30 * 24 * time.Hour

// sweepStep is how much one statement deletes: short transactions, also after a
// long time away.
const sweepStep = 500

// Sweep deletes what is over: sign-ups that nobody confirmed (their names are
// free again, R-12), sessions, tokens, old email changes and history. Nothing
// depends on it: whatever is over is refused whether or not it was swept.
func (s *Store) Sweep(ctx context.Context) error {
	if err := s.sweepSignUps(ctx); err != nil {
		return err
	}
	now, lives := s.Now(), s.opt.Lives
	for _, rule := range []struct {
		table, key, condition string
		args                  []any
	}{
		{"sessions", "id", "expires_at <= ? OR last_seen_at <= ?", []any{now, now.Add(-max(lives.SessionIdle, lives.DeviceIdle))}},
		{"tokens", "hash", "expires_at <= ?", []any{now}},
		{"emails", "email_key", "held_until <= ?", []any{now}},
		{"email_changes", "id", "expires_at <= ? AND (undo_until IS NULL OR undo_until <= ?)", []any{now.Add(-lives.History), now}},
		{"outbox", "id", "state = 'dead' AND created_at <= ?", []any{now.Add(-deadMailLife)}},
		{"throttle", "throttle_key", "window_ends <= ?", []any{now.UnixMilli()}},
		{"spent_marks", "mark", "expires_at <= ?", []any{now}},
		{"history", "id", "created_at <= ?", []any{now.Add(-lives.History)}},
	} {
		if err := s.sweepTable(ctx, rule.table, rule.key, rule.condition, rule.args); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) sweepTable(ctx context.Context, table, key, condition string, args []any) error {
	// The inner SELECT is wrapped: MySQL refuses LIMIT in a plain subquery.
	statement := "DELETE FROM " + table + " WHERE " + key + " IN (SELECT k FROM (SELECT " + key + " AS k FROM " + table +
		" WHERE " + condition + " LIMIT ?) AS some)"
	for {
		var swept int64
		err := s.db.Again(ctx, func(db *gorm.DB) error {
			result := db.Exec(statement, append(slices.Clip(args), sweepStep)...)
			swept = result.RowsAffected
			return result.Error
		})
		if err != nil {
			return explained("sweep "+table, err)
		}
		if swept < sweepStep {
			return nil
		}
	}
}

// sweepSignUps erases sign-ups that waited too long, each in a transaction of
// its own that looks again.
func (s *Store) sweepSignUps(ctx context.Context) error {
	before := s.Now().Add(-s.opt.Lives.Confirm)
	for {
		stale, err := gorm.G[accountRow](s.read(ctx)).Where("confirmed_at IS NULL AND created_at <= ?", before).Limit(sweepStep).Find(ctx)
		if err != nil {
			return explained("find stale sign-ups", err)
		}
		for _, row := range stale {
			err := s.tx(ctx, "sweep a sign-up", func(tx *gorm.DB) error {
				result := tx.Exec("DELETE FROM accounts WHERE id = ? AND confirmed_at IS NULL", row.ID)
				if result.Error != nil || result.RowsAffected != 1 {
					return result.Error
				}
				return eraseAccount(tx, row.ID)
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
