package models

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// Counters are stored under keyed hashes, so no list can say whom they refuse. An operator names a person or an
// address, and the service computes the keys that belong to it. Operators cannot lift the counters of PINs: a PIN
// is short, so without its counter somebody could go on guessing it.

// The scopes of a counter.
const (
	ThrottleAccount = "account"
	ThrottleName    = "name"    // a name that belongs to no account
	ThrottleAddress = "address" // an IPv4 address, or an IPv6 network of one customer
	ThrottleNetwork = "network" // what lies around that address
)

// Throttled is a counter that refuses tries now.
type Throttled struct {
	What  string // what is counted, as in ThrottleWhats
	Scope string // ThrottleAccount or another
	Tries int
	Until time.Time // when it lets the next try in
}

// ThrottleWhats returns the names of what is counted by the counters that operators can lift. The
// test of the texts uses it.
func ThrottleWhats() []string {
	return []string{
		"sign_in", "known_device", "recover", "resend", "sign_up", "device_code", "invite_link", "register_server",
		"typed_code", "quick_connect",
	}
}

// liftable is a counter that operators can lift.
type liftable struct {
	what, scope string
	key         secret.Hash
}

// ofAccount returns the counters of an account that stop its owner. The counter of passwords that somebody types again while they are
// signed in is not among them: it ends by itself, and whoever finds an operator's browser open could guess without an end.
func (t *Throttle) ofAccount(row *accountRow) []liftable {
	own := row.owner()
	list := []liftable{
		{"sign_in", ThrottleAccount, t.key("sign-in", "account "+own)},
		{"known_device", ThrottleAccount, t.key("known devices", own)},
		{"resend", ThrottleAccount, t.key("resend minute", own)},
		{"resend", ThrottleAccount, t.key("resend day", own)},
		{"sign_up", ThrottleAccount, t.key("sign-up again", row.UsernameKey)},
		{"typed_code", ThrottleAccount, t.key("user codes", own)},
		{"quick_connect", ThrottleAccount, t.key("quick connect", own)},
		{"quick_connect", ThrottleAccount, t.key("quick connect hour", own)},
	}
	return append(list, t.ofRecovery(ThrottleAccount, "account "+own)...)
}

// ofName returns the counters of a name that belongs to no account.
func (t *Throttle) ofName(name string) []liftable {
	return append([]liftable{{"sign_in", ThrottleName, t.key("sign-in", "name "+name)}}, t.ofRecovery(ThrottleName, "name "+name)...)
}

// ofRecovery returns the counters of requests for a new password.
func (t *Throttle) ofRecovery(scope, subject string) []liftable {
	var list []liftable
	for _, every := range []string{"hourly", "minute", "hour", "day"} {
		list = append(list, liftable{"recover", scope, t.key("recover "+every, subject)})
	}
	return list
}

// ofAddress returns the counters of a caller's address and of the network around it.
func (t *Throttle) ofAddress(address string) []liftable {
	at := t.placeOf(address)
	var list []liftable
	for _, one := range []struct{ what, name string }{
		{"sign_in", "sign-in"},
		{"sign_up", "sign-up"},
		{"recover", "recover"},
		{"resend", "resend"},
		{"device_code", "device code"},
		{"invite_link", "invite link"},
		{"register_server", "register server"},
	} {
		list = append(list,
			liftable{one.what, ThrottleAddress, t.key(one.name+" source", at.near)}, liftable{one.what, ThrottleNetwork, t.key(one.name+" network", at.far)})
	}
	return append(list,
		liftable{"recover", ThrottleAddress, t.key("recover no proof", at.near)},
		liftable{"typed_code", ThrottleAddress, t.key("user codes source", at.near)},
		liftable{"quick_connect", ThrottleAddress, t.key("quick connect source", at.near)})
}

// liftables returns the counters that operators can lift for a subject: an IP address, an account by its
// username or its confirmed address, or a name that belongs to no account. For an account it also returns the id
// of the account.
func (c *core) liftables(ctx context.Context, db *gorm.DB, subject string) (list []liftable, accountID int64, err error) {
	subject = strings.TrimSpace(subject)
	if _, err := netip.ParseAddr(subject); err == nil {
		return c.throttle.ofAddress(subject), 0, nil
	}
	row, err := c.accountByName(ctx, db, nameKey(subject))
	switch {
	case KindOf(err) == KindNotFound:
		return c.throttle.ofName(nameKey(subject)), 0, nil
	case err != nil:
		return nil, 0, err
	default:
		return c.throttle.ofAccount(&row), row.ID, nil
	}
}

func keysOfLiftables(list []liftable) []secret.Hash {
	keys := make([]secret.Hash, len(list))
	for i := range list {
		keys[i] = list[i].key
	}
	return keys
}

// Throttles returns the counters that refuse tries now. The parameter subject is an IP address, or a username or
// an email address, with an account or without.
func (o *Console) Throttles(ctx context.Context, subject string) ([]Throttled, error) {
	list, _, err := o.liftables(ctx, o.read(ctx), subject)
	if err != nil {
		return nil, err
	}
	return o.refusing(ctx, list)
}

// refusing returns those of some counters that refuse tries now, in the given order.
func (c *core) refusing(ctx context.Context, list []liftable) ([]Throttled, error) {
	now := c.Now().UnixMilli()
	var rows []struct {
		ThrottleKey secret.Hash
		Hits        int
		OpenAt      int64
	}
	err := c.read(ctx).Raw("SELECT throttle_key, hits, open_at FROM throttle WHERE throttle_key IN ? AND window_ends > ? AND open_at > ?",
		keysOfLiftables(list), now, now).Scan(&rows).Error
	if err != nil {
		return nil, explained("read the counters", err)
	}
	found := make([]Throttled, 0, len(rows))
	for _, one := range list {
		for _, r := range rows {
			if r.ThrottleKey == one.key {
				found = append(found, Throttled{What: one.what, Scope: one.scope, Tries: r.Hits, Until: time.UnixMilli(r.OpenAt).UTC()})
			}
		}
	}
	return found, nil
}

// LiftThrottles clears all counters of whatever subject names, as in [Console.Throttles]. The parameter operatorID is
// as in [OperatedAccounts]. It returns [ErrOperatorsOnly].
func (o *Console) LiftThrottles(ctx context.Context, operatorID int64, subject string) error {
	return o.tx(ctx, "lift throttles", func(tx *gorm.DB) error {
		if err := lockOperator(tx, operatorID); err != nil {
			return err
		}
		list, accountID, err := o.liftables(ctx, tx, subject)
		if err != nil {
			return err
		}
		if err := clearCounters(tx, list); err != nil {
			return err
		}
		if accountID != 0 {
			if err := o.recordEvent(ctx, tx, accountID, EventOperatorUnlocked, Caller{}); err != nil {
				return err
			}
		}
		return o.recordAct(ctx, tx, operatorActRow{ActorID: operatorID, Kind: ActThrottleLifted, AccountID: accountID})
	})
}

func clearCounters(tx *gorm.DB, list []liftable) error {
	return tx.Exec("DELETE FROM throttle WHERE throttle_key IN ?", keysOfLiftables(list)).Error
}

// Throttles returns the counters of an account that refuse tries now. It returns [ErrNotFound].
func (a *OperatedAccounts) Throttles(ctx context.Context, accountID int64) ([]Throttled, error) {
	row, err := a.accountByID(ctx, a.read(ctx), accountID)
	if err != nil {
		return nil, err
	}
	return a.refusing(ctx, a.throttle.ofAccount(&row))
}

// Unlock lifts what slows down or refuses sign-ins to an account and requests for its mails. The counters of its
// PIN stay. It returns [ErrNotFound].
func (a *OperatedAccounts) Unlock(ctx context.Context, operatorID, accountID int64) error {
	return a.act(ctx, operatorID, ActAccountUnlocked, accountID, a.unlockSignIn)
}

func (c *core) unlockSignIn(ctx context.Context, tx *gorm.DB, row *accountRow) error {
	if err := clearCounters(tx, c.throttle.ofAccount(row)); err != nil {
		return err
	}
	return c.recordEvent(ctx, tx, row.ID, EventOperatorUnlocked, Caller{})
}
