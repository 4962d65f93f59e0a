package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// deadMailLife is the time for which operators see a mail that could not be sent.
const deadMailLife = 30 * 24 * time.Hour

// sweepStep is the number of rows that one statement deletes, so that transactions
// stay short even after a long pause.
const sweepStep = 500

// Sweep deletes everything that has expired: sign-ups that were not confirmed (their usernames are free again, R-12), newcomers
// whose links have ended, servers without an owner or use, ended links, sessions, tokens, old invites and imports, email changes
// and history. No rule depends on Sweep: things that have expired are refused even before they are swept. It also tells owners
// which faults the checks of their servers have found for a day. Before and during its work it makes sure that the clocks agree;
// otherwise it stops and returns [ErrClocksDiffer].
func (s *Store) Sweep(ctx context.Context) error {
	if _, err := s.CompareClocks(ctx); err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{
		s.sweepSignUps, s.sweepSessions, s.sweepLinks, s.sweepNewcomers, s.sweepServers, s.sweepInvites, s.sweepLocalUsers, s.sweepLibraries,
		s.sweepChanges, s.sweepQuickCodes,
		s.EndUnlocks,
		s.mailChecks,
		s.sweepCircles,
		s.sweepImports,
	} {
		if err := s.clock.agrees(); err != nil {
			return err
		}
		if err := part(ctx); err != nil {
			return err
		}
	}
	for _, rule := range s.sweepRules() {
		if err := s.clock.agrees(); err != nil {
			return err
		}
		if err := s.sweepTable(ctx, rule); err != nil {
			return err
		}
	}
	return nil
}

// sweepRule says which rows of a table have expired. The table must have an index for the
// condition, so that a sweep reads only rows that it deletes.
type sweepRule struct {
	table, key, condition string
	args                  []any
}

// find returns the statement that reads the keys of some rows that have expired.
func (r sweepRule) find() string {
	return "SELECT " + r.key + " FROM " + r.table + " WHERE " + r.condition + " LIMIT ?"
}

func (s *Store) sweepRules() []sweepRule {
	now, lives := s.Now(), s.opt.Lives
	return []sweepRule{
		{"tokens", "hash", "expires_at <= ?", []any{now}},
		{"emails", "email_key", "held_until <= ?", []any{now}},
		{"email_changes", "id", "expires_at <= ? AND (undo_until IS NULL OR undo_until <= ?)", []any{now.Add(-lives.History), now}},
		{"outbox", "id", "state = 'dead' AND created_at <= ?", []any{now.Add(-deadMailLife)}},
		{"throttle", "throttle_key", "window_ends <= ?", []any{now.UnixMilli()}},
		{"spent_marks", "mark", "expires_at <= ?", []any{now}},
		{"server_keys", "hash", "expires_at <= ?", []any{now}},
		{"circle_asks", "account_id", "expires_at <= ?", []any{now}},
		{"claim_codes", "code_mac", "expires_at <= ?", []any{now}},
		{"device_codes", "id", "expires_at <= ?", []any{now}},
		{"proofs", "id", "expires_at <= ?", []any{now.Add(-proofsKept)}},
		{"local_passwords", "id", "expires_at <= ?", []any{now}},
		{"quick_connects", "id", "expires_at <= ?", []any{now.Add(-quickKept)}},
		{"server_opens", "session_id", "expires_at <= ?", []any{now}},
		{"server_answers", "place", "answered_at <= ?", []any{now.Add(-answersKept)}},
		{"idempotency", "mac", "expires_at <= ?", []any{now}},
		{"former_stays", "link_id", "ended_at <= ? AND (paused_at IS NULL OR paused_until <= ?)", []any{now.Add(-formerStayLife), now}},
		{"history", "id", "created_at <= ?", []any{now.Add(-lives.History)}},
		{"operator_acts", "id", "created_at <= ?", []any{now.Add(-actsKept)}},
		{"service_messages", "id", "ends_at <= ?", []any{now.Add(-messagesKept)}},
		{"webhook_events", "id", "created_at <= ?", []any{now.Add(-eventsKept)}},
		{"webhook_deliveries", "id", "created_at <= ?", []any{now.Add(-deliveriesKept)}},
		{"mail_days", "day", "day < ?", []any{dayOf(now) - chartDays}},
	}
}

// sweepTable deletes the rows of a table that have expired, a few at a time. It reads
// the keys in a statement of its own, because a DELETE with a subquery locks all rows
// that the subquery reads.
func (c *core) sweepTable(ctx context.Context, rule sweepRule) error {
	table, args := rule.table, rule.args
	for {
		keys, err := c.sweepKeys(ctx, rule.find(), append(slices.Clone(args), sweepStep)...)
		if err != nil {
			return explained("sweep "+table, err)
		}
		if len(keys) > 0 {
			//nolint:gosec // names and conditions are the constants of Sweep, values are parameters
			remove := "DELETE FROM " + table + " WHERE " + rule.key + " IN (?" + strings.Repeat(", ?", len(keys)-1) + ") AND (" + rule.condition + ")"
			if err := c.db.Again(ctx, func(*gorm.DB) error {
				_, err := c.db.SQL.ExecContext(ctx, remove, append(slices.Clone(keys), args...)...)
				return err
			}); err != nil {
				return explained("sweep "+table, err)
			}
		}
		if len(keys) < sweepStep {
			return nil
		}
	}
}

// sweepKeys reads a column of any type: the keys that the statement find selects.
func (c *core) sweepKeys(ctx context.Context, find string, args ...any) (keys []any, err error) {
	rows, err := c.db.SQL.QueryContext(ctx, find, args...)
	if err != nil {
		return nil, fmt.Errorf("find: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var key any
		if err := rows.Scan(&key); err != nil {
			return nil, fmt.Errorf("find: %w", err)
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}

// sweepSignUps erases sign-ups that waited too long, each in a transaction that checks
// again whether the sign-up is still unconfirmed.
func (s *Store) sweepSignUps(ctx context.Context) error {
	before := s.Now().Add(-s.opt.Lives.Confirm)
	for {
		stale, err := database.G[accountRow](s.read(ctx)).Where("confirmed_at IS NULL AND created_at <= ?", before).Limit(sweepStep).Find(ctx)
		if err != nil {
			return explained("find stale sign-ups", err)
		}
		for _, row := range stale {
			if err := s.tx(ctx, "sweep a sign-up", func(tx *gorm.DB) error { return eraseStale(tx, row.ID) }); err != nil {
				return err
			}
		}
		if len(stale) < sweepStep {
			return nil
		}
	}
}

// sweepLinks removes links whose end has come, each in a transaction of its own.
func (s *Store) sweepLinks(ctx context.Context) error {
	for {
		rows, err := database.G[linkRow](s.read(ctx)).Where("ends_at <= ?", s.Now()).Limit(sweepStep).Find(ctx)
		if err != nil {
			return explained("find links that ended", err)
		}
		for i := range rows {
			err := s.tx(ctx, "end a link", func(tx *gorm.DB) error { return s.endLink(ctx, tx, &rows[i]) })
			if err != nil && KindOf(err) != KindNotFound { // another transaction has ended it
				return err
			}
		}
		if len(rows) < sweepStep {
			return nil
		}
	}
}
