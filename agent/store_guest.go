package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// guestRow is a row of the table guests: a local user that this agent has
// created.
type guestRow struct {
	LocalUserID string
	AccountID   string
	LinkID      string
	Name        string
	Applied     string // the state at the media server (appliedOpen …); "" when unknown
	Told        bool
	LeftAlone   string // why the agent no longer changes the guest (aloneGone …); else ""
	CreatedAt   int64
	DisabledAt  int64
	Hand        string // what an administrator has changed by hand, see guest_hand.go
	ResetAt     int64  // the linkRow.HandResetAt that was carried out last
	Unsure      bool   // a former version found them after a crash: somebody else may have created them, so they need a yes
}

const guestColumns = "local_user_id, account_id, link_id, name, applied, told, left_alone, created_at, disabled_at, unsure, hand, reset_at"

// readGuests reads the guests that fulfil an SQL condition, the oldest first.
func readGuests(db *gorm.DB, condition string, args ...any) ([]guestRow, error) {
	var rows []guestRow
	err := db.Raw("SELECT "+guestColumns+" FROM guests WHERE "+condition+" ORDER BY created_at, local_user_id", args...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read guests: %w", err)
	}
	return rows, nil
}

// putGuest writes a guest that was just created, gives their link the local user,
// and removes the intent. It keeps the secret as the managed password of the guest, unless it is "".
func (s *Store) putGuest(ctx context.Context, row guestRow, secret string) error {
	return s.tx(ctx, "keep a guest", func(tx *gorm.DB) error {
		err := tx.Exec("INSERT INTO guests ("+guestColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			row.LocalUserID, row.AccountID, row.LinkID, row.Name, row.Applied, row.Told, row.LeftAlone, row.CreatedAt, row.DisabledAt, row.Unsure, row.Hand, row.ResetAt).Error
		if err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM guest_intents WHERE link_id = ?", row.LinkID).Error; err != nil {
			return err
		}
		if err := s.keepManaged(tx, row.LocalUserID, secret); err != nil {
			return err
		}
		return giveLink(tx, row)
	})
}

// giveLink writes the local user of a guest into their link, unless the service has named a
// local user for it.
func giveLink(tx *gorm.DB, row guestRow) error {
	return tx.Exec("UPDATE links SET local_user_id = ?, local_user_name = ? WHERE id = ? AND local_user_id = ''",
		row.LocalUserID, row.Name, row.LinkID).Error
}

// moveGuest gives a guest another link of the same account.
func (s *Store) moveGuest(ctx context.Context, row guestRow, linkID string) error {
	return s.tx(ctx, "bring a guest back", func(tx *gorm.DB) error {
		result := tx.Exec("UPDATE guests SET link_id = ?, told = 0 WHERE local_user_id = ? AND link_id = ? AND left_alone = ''",
			linkID, row.LocalUserID, row.LinkID)
		if result.Error != nil || result.RowsAffected == 0 {
			return result.Error
		}
		row.LinkID = linkID
		return giveLink(tx, row)
	})
}

// setApplied notes the state of a guest at the media server.
func (s *Store) setApplied(ctx context.Context, localUserID, applied string) error {
	disabledAt := int64(0)
	if applied == appliedShut || applied == appliedPaused {
		disabledAt = stamp(s.now())
	}
	return s.tx(ctx, "note the state of a guest", func(tx *gorm.DB) error {
		return tx.Exec("UPDATE guests SET applied = ?, disabled_at = ? WHERE local_user_id = ?", applied, disabledAt, localUserID).Error
	})
}

// setHand notes what an administrator has changed for a guest. It reports false, and writes nothing, if the agent has
// changed the guest since g was read.
func (s *Store) setHand(ctx context.Context, g *guestRow, hand string) (noted bool, err error) {
	err = s.tx(ctx, "note what was changed by hand", func(tx *gorm.DB) error {
		result := tx.Exec("UPDATE guests SET hand = ? WHERE local_user_id = ? AND link_id = ? AND applied = ? AND hand = ? AND left_alone = ?",
			hand, g.LocalUserID, g.LinkID, g.Applied, g.Hand, g.LeftAlone)
		noted = result.RowsAffected == 1
		return result.Error
	})
	return noted && err == nil, err
}

// setReset notes that the agent has carried out the reset of a guest that the owner asked for at a time, and
// which changes by hand are left.
func (s *Store) setReset(ctx context.Context, g *guestRow, at int64, hand string) error {
	return s.tx(ctx, "note that a guest was set again", func(tx *gorm.DB) error {
		return tx.Exec("UPDATE guests SET reset_at = ?, hand = ? WHERE local_user_id = ?", at, hand, g.LocalUserID).Error
	})
}

// takeGuestBack notes that the agent changes a guest again whom it had left alone. Their state is unknown.
func (s *Store) takeGuestBack(ctx context.Context, localUserID string) error {
	return s.tx(ctx, "take a guest back", func(tx *gorm.DB) error {
		return tx.Exec("UPDATE guests SET left_alone = '', applied = '' WHERE local_user_id = ?", localUserID).Error
	})
}

// setTold notes that the service knows the local user of a guest.
func (s *Store) setTold(ctx context.Context, localUserID, linkID string) error {
	return s.tx(ctx, "note that the service knows a guest", func(tx *gorm.DB) error {
		return tx.Exec("UPDATE guests SET told = 1 WHERE local_user_id = ? AND link_id = ?", localUserID, linkID).Error
	})
}

// leaveAlone notes that the agent no longer changes a guest. It forgets their managed password.
func (s *Store) leaveAlone(ctx context.Context, localUserID, why string) error {
	return s.tx(ctx, "leave a guest alone", func(tx *gorm.DB) error {
		if err := dropManaged(tx, localUserID); err != nil {
			return err
		}
		return tx.Exec("UPDATE guests SET left_alone = ? WHERE local_user_id = ?", why, localUserID).Error
	})
}

// dropGuest removes a guest that was deleted.
func (s *Store) dropGuest(ctx context.Context, localUserID string) error {
	return s.tx(ctx, "forget a guest", func(tx *gorm.DB) error {
		if err := dropManaged(tx, localUserID); err != nil {
			return err
		}
		return tx.Exec("DELETE FROM guests WHERE local_user_id = ?", localUserID).Error
	})
}

// intent is the intention to create a guest, which is written down before the guest is
// created.
type intent struct {
	LinkID    string
	AccountID string
	Name      string
	Secret    string          // the password of the guest; "" for an intent of a former version
	Before    map[string]bool // ids of all local users that existed before
	CreatedAt int64           // set when it is read
}

// intents reads all intents, the oldest first.
func (s *Store) intents(ctx context.Context) ([]intent, error) {
	var rows []struct {
		LinkID, AccountID, Name, BeforeIDs, Sealed string
		CreatedAt                                  int64
	}
	err := s.read(ctx).Raw("SELECT link_id, account_id, name, before_ids, sealed, created_at FROM guest_intents ORDER BY created_at, link_id").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the intents of guests: %w", err)
	}
	list := make([]intent, len(rows))
	for i, row := range rows {
		list[i] = intent{LinkID: row.LinkID, AccountID: row.AccountID, Name: row.Name, Before: map[string]bool{}, CreatedAt: row.CreatedAt}
		var ids []string
		if err := json.Unmarshal([]byte(row.BeforeIDs), &ids); err != nil {
			return nil, fmt.Errorf("read the intents of guests: %w", err)
		}
		for _, id := range ids {
			list[i].Before[id] = true
		}
		if row.Sealed != "" {
			// If the secret cannot be opened, no local user will be recognised as the
			// guest.
			list[i].Secret, _ = s.keys.Open(sealGuest, row.LinkID, row.Sealed)
		}
	}
	return list, nil
}

// putIntent writes an intent.
func (s *Store) putIntent(ctx context.Context, in intent) error {
	ids := make([]string, 0, len(in.Before))
	for id := range in.Before {
		ids = append(ids, id)
	}
	packed, err := json.Marshal(ids)
	if err != nil {
		return fmt.Errorf("write the intent of a guest: %w", err)
	}
	sealed, err := s.keys.Seal(s.random, sealGuest, in.LinkID, in.Secret)
	if err != nil {
		return fmt.Errorf("write the intent of a guest: %w", err)
	}
	return s.tx(ctx, "write the intent of a guest", func(tx *gorm.DB) error {
		return tx.Exec("INSERT INTO guest_intents (link_id, account_id, name, before_ids, sealed, created_at) VALUES (?, ?, ?, ?, ?, ?)",
			in.LinkID, in.AccountID, in.Name, string(packed), sealed, stamp(s.now())).Error
	})
}

// dropIntent removes the intent of a guest that was not created.
func (s *Store) dropIntent(ctx context.Context, linkID string) error {
	return s.tx(ctx, "forget the intent of a guest", func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM guest_intents WHERE link_id = ?", linkID).Error
	})
}

// madeSince counts the guests that were created after the time at.
func (s *Store) madeSince(ctx context.Context, at time.Time) (int, error) {
	return s.count(ctx, "SELECT COUNT(*) FROM guests WHERE created_at > ?", stamp(at))
}

func (s *Store) count(ctx context.Context, statement string, args ...any) (int, error) {
	var n int
	if err := s.read(ctx).Raw(statement, args...).Scan(&n).Error; err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	return n, nil
}
