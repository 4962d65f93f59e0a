package models

import (
	"context"
	"crypto/subtle"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// At a server whose agent takes device keys, each session has an access key of its own, so that
// signing one device out ends the key of that device alone. The key is derived from the link's key
// and names the session, see [secret.DeviceKey] and ADR 0031. The agent checks it by the SHA-256
// of the link's key, and learns from its feed which sessions have ended. Therefore every end of a
// session becomes a change in the feed, unless the link's key is replaced in the same transaction.

// opens reports whether a key opens the link, as long as the link is in use.
func (l *AgentLink) opens(shown ShownKey) bool {
	want := l.AccessKeyHash
	if l.DeviceKeys {
		want = secret.Sum(secret.DeviceKey(l.AccessKeyHash, shown.SessionID))
	}
	same := subtle.ConstantTimeCompare(shown.Hash[:], want[:]) == 1
	return same && (!l.DeviceKeys || shown.SessionID != 0)
}

// sessionMarkAhead is added to the present time for a session mark, because the clocks of two
// instances may differ: the ids of sessions that began at either instance must be lower than the
// mark.
const sessionMarkAhead = 2 * MaxDrift

// sessionMark returns an id that is greater than the id of every session that has begun.
func (c *core) sessionMark() int64 {
	return (c.Now().Add(sessionMarkAhead).UnixMilli() - idEpoch) << idRandomBits
}

// checkSession finds the session that an access key names. If the device did not name its
// account, shown gets the account of the session. If the server has no device keys, a session that
// has ended or belongs to another account is not an error, because any key of 32 hexadecimal
// digits seems to name a session. Then shown gets the SessionID 0.
func (a *Agents) checkSession(ctx context.Context, shown *ShownKey) error {
	if shown.SessionID == 0 {
		return nil
	}
	rows, err := database.G[sessionRow](a.read(ctx)).Where("id = ?", shown.SessionID).Find(ctx)
	if err != nil {
		return explained("read the session of an access key", err)
	}
	if len(rows) != 1 || !a.isAlive(rows[0].Kind, rows[0].LastSeenAt, rows[0].ExpiresAt) || shown.AccountID != 0 && shown.AccountID != rows[0].AccountID {
		shown.SessionID = 0
		return nil
	}
	if rows[0].ByGuardian != 0 {
		looked, err := looksAfter(ctx, a.read(ctx), rows[0].ByGuardian, rows[0].AccountID)
		if err != nil {
			return explained("find who looks after the account of an access key", err)
		}
		if !looked {
			shown.SessionID = 0
			return nil
		}
	}
	shown.AccountID = rows[0].AccountID
	return nil
}

// switchDeviceKeys stores whether the agent of a server takes device keys, in a transaction that
// has locked the server. When the agent begins to take device keys, all links get new keys:
// devices know the present keys and could derive the keys of other devices. Whenever something
// changes, each link is written into the feed of the agent.
func (c *core) switchDeviceKeys(ctx context.Context, tx *gorm.DB, serverID int64, on bool) error {
	result := tx.Exec("UPDATE servers SET device_keys = ? WHERE id = ? AND device_keys <> ?", on, serverID, on)
	if result.Error != nil || result.RowsAffected == 0 {
		return result.Error
	}
	links, err := database.G[linkRow](tx).Where("server_id = ?", serverID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for i := range links {
		if on {
			if err := c.replaceAccessKey(tx, &links[i]); err != nil {
				return err
			}
		}
		if err := c.feedLink(ctx, tx, &links[i], ChangeLink); err != nil {
			return err
		}
	}
	return nil
}

// feedSignedOut writes the sessions that are about to be signed out, and their devices, into the
// feeds of the account's servers. An SQL condition selects these sessions among the sessions of
// the account.
func (c *core) feedSignedOut(ctx context.Context, tx *gorm.DB, accountID int64, condition string, args ...any) error {
	ended, err := sessionsToEnd(tx, accountID, condition, args...)
	if err != nil || len(ended) == 0 {
		return err
	}
	var rows []changeRow
	named := map[string]bool{"": true}
	for _, one := range ended {
		if !named[one.DeviceID] {
			named[one.DeviceID] = true
			rows = append(rows, changeRow{Kind: ChangeDevicesEnded, DeviceID: one.DeviceID})
		}
	}
	return c.feedRows(ctx, tx, accountID, append(rows, endedRows(ChangeSessionEnded, ended)...))
}

// feedEndedKeys writes sessions that are about to end into the feeds of the account's servers.
// Their access keys end, and local tokens stay, so that no film stops. An SQL condition
// selects these sessions.
func (c *core) feedEndedKeys(ctx context.Context, tx *gorm.DB, accountID int64, condition string, args ...any) error {
	ended, err := sessionsToEnd(tx, accountID, condition, args...)
	if err != nil || len(ended) == 0 {
		return err
	}
	return c.feedRows(ctx, tx, accountID, endedRows(ChangeSessionKeyEnded, ended))
}

func sessionsToEnd(tx *gorm.DB, accountID int64, condition string, args ...any) (ended []sessionRow, err error) {
	err = tx.Raw("SELECT id, device_id FROM sessions WHERE account_id = ? AND "+condition+" ORDER BY id",
		append([]any{accountID}, args...)...).Scan(&ended).Error
	return ended, err
}

// endedRows returns a change of a kind for each session.
func endedRows(kind ChangeKind, ended []sessionRow) []changeRow {
	rows := make([]changeRow, len(ended))
	for i, one := range ended {
		rows[i] = changeRow{Kind: kind, SessionID: one.ID}
	}
	return rows
}

// endSameDevice ends the earlier sessions of the program and device that sign in.
func (c *core) endSameDevice(ctx context.Context, tx *gorm.DB, accountID int64, in SignIn) error {
	earlier, err := sessionsToEnd(tx, accountID, "kind = ? AND device_id = ? AND client = ?", SessionDevice, in.DeviceID, shortName(in.Client))
	if err != nil {
		return err
	}
	return c.endReplaced(ctx, tx, accountID, earlier)
}

// endReplaced ends sessions in whose place the same browser or device gets another one.
func (c *core) endReplaced(ctx context.Context, tx *gorm.DB, accountID int64, ended []sessionRow) error {
	if len(ended) == 0 {
		return nil
	}
	ids := make([]int64, len(ended))
	for i, one := range ended {
		ids[i] = one.ID
	}
	if err := lockAccount(tx, accountID); err != nil { // before the servers, as lock.go says
		return err
	}
	if err := c.feedRows(ctx, tx, accountID, endedRows(ChangeSessionKeyEnded, ended)); err != nil {
		return err
	}
	if err := deleteSessions(tx, accountID, "id IN ?", ids); err != nil {
		return err
	}
	return c.endHanging(ctx, tx, ids)
}

// sessionRules say which sessions have run out or were unused for too long.
func (s *Store) sessionRules() []sweepRule {
	now, lives := s.Now(), s.opt.Lives
	return []sweepRule{
		{"sessions", "id", "expires_at <= ?", []any{now}},
		{"sessions", "id", "last_seen_at <= ?", []any{now.Add(-max(lives.SessionIdle, lives.DeviceIdle))}},
	}
}

// sweepSessions ends the sessions that have run out, each in a transaction that checks it again.
func (s *Store) sweepSessions(ctx context.Context) error {
	for _, rule := range s.sessionRules() {
		for more := true; more; {
			var err error
			if more, err = s.sweepSomeSessions(ctx, rule); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweepSomeSessions ends at most sweepStep sessions to which a rule applies. It reports whether there
// may be more of them.
func (s *Store) sweepSomeSessions(ctx context.Context, rule sweepRule) (more bool, err error) {
	ids, err := s.sweepKeys(ctx, rule.find(), append(rule.args, sweepStep)...)
	if err != nil {
		return false, explained("find sessions that have run out", err)
	}
	for _, id := range ids {
		if err := s.tx(ctx, "end a session that has run out", func(tx *gorm.DB) error { return s.endRunOut(ctx, tx, id, rule) }); err != nil {
			return false, err
		}
	}
	return len(ids) == sweepStep, nil
}

// endRunOut ends a session if a rule still applies to it. The session is deleted first: if the
// session is used at the same time, either the use comes too late, or the session does not end.
func (s *Store) endRunOut(ctx context.Context, tx *gorm.DB, id any, rule sweepRule) error {
	rows, err := database.G[sessionRow](tx).Where("id = ?", id).Find(ctx)
	if err != nil || len(rows) != 1 {
		return err
	}
	result := tx.Exec("DELETE FROM sessions WHERE id = ? AND ("+rule.condition+")", append([]any{id}, rule.args...)...)
	if result.Error != nil || result.RowsAffected != 1 {
		return result.Error
	}
	if err := s.feedRows(ctx, tx, rows[0].AccountID, endedRows(ChangeSessionEnded, rows)); err != nil {
		return err
	}
	return s.endHanging(ctx, tx, []int64{rows[0].ID})
}
