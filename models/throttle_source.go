package models

import (
	"context"
	"net/netip"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// BusyNetwork is an address or a network behind which there are many people, such as a
// program that signs all people of a household in. The operator names it.
type BusyNetwork struct {
	Prefix netip.Prefix
	Times  int // each address in it may try this many times as often as any other; 1 or more
}

// place says where a caller is counted.
type place struct {
	near, far string // as networksOf returns them; far is the busy network for an address in one
	times     int    // how often the limits apply: 1, or the number of the busy network
}

// placeOf returns where the caller of an address is counted. An address in a busy
// network does not use up the tries of its neighbours outside it. Of several busy
// networks the narrowest counts.
func (t *Throttle) placeOf(address string) place {
	near, far := networksOf(address)
	at := place{near: near, far: far, times: 1}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return at
	}
	bits := -1
	for _, busy := range t.opt.BusyNetworks {
		if busy.Prefix.Contains(ip.Unmap()) && busy.Prefix.Bits() > bits {
			bits = busy.Prefix.Bits()
			at.far, at.times = "busy "+busy.Prefix.String(), busy.Times
		}
	}
	return at
}

// times returns a limit with n times as many tries. Its steps stay.
func (l Limit) times(n int) Limit {
	l.Hits *= n
	return l
}

// countedTry is a try that a counter has counted. It can be given back.
type countedTry struct {
	key  secret.Hash
	ends int64 // the latest end of the window that the try belongs to, in Unix milliseconds
}

// count raises a counter and returns the try, or [ErrThrottled] if it is refused.
func (t *Throttle) count(ctx context.Context, key secret.Hash, limit Limit) (countedTry, error) {
	now := t.Now().UnixMilli()
	hits, err := t.raiseAt(ctx, key, limit, now)
	if err == nil && hits == 0 {
		err = ErrThrottled.after(t.wait(ctx, key))
	}
	return countedTry{key: key, ends: now + limit.Window.Milliseconds()}, err
}

// giveBack takes back tries that were right, in one statement; other tries still count.
// A try is taken back from its own window only: a window that began after the try ends
// later than the try says. The limits must have no steps, because a counter from which a
// try is taken back is open.
func (t *Throttle) giveBack(ctx context.Context, tries ...countedTry) error {
	if len(tries) == 0 {
		return nil
	}
	which := make([]string, len(tries))
	var args []any
	for i, try := range tries {
		which[i] = "(throttle_key = ? AND window_ends <= ?)"
		args = append(args, try.key, try.ends)
	}
	statement := "UPDATE throttle SET hits = hits - 1, open_at = 0 WHERE hits > 0 AND (" + strings.Join(which, " OR ") + ")"
	return explained("take a try back", t.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec(statement, args...).Error
	}))
}

// nearby counts a try by the caller's address and then by its network. An address of
// IPv6 counts as its /64. It returns what it counted, or [ErrThrottled].
func (t *Throttle) nearby(ctx context.Context, what string, caller Caller, address, network Limit) ([]countedTry, error) {
	at := t.placeOf(caller.Address)
	near, err := t.count(ctx, t.key(what+" source", at.near), address.times(at.times))
	if err != nil {
		return nil, err
	}
	far, err := t.count(ctx, t.key(what+" network", at.far), network.times(at.times))
	return []countedTry{near, far}, err
}

// source counts a try by the caller's address, then by its network, then for the whole
// service. It returns [ErrThrottled].
func (t *Throttle) source(ctx context.Context, what string, caller Caller, address, network, service Limit) error {
	if _, err := t.nearby(ctx, what, caller, address, network); err != nil {
		return err
	}
	return t.allow(ctx, t.key(what+" service", ""), service)
}
