package models

import (
	"context"
	"net/netip"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// BusyNetwork is an address or a network that the operator has named because many people
// are behind it, for example a program that signs in all people of a household.
type BusyNetwork struct {
	Prefix netip.Prefix
	Times  int // each address in it may try this many times as often as any other; 1 or more
}

// place says by which networks a caller is counted, and how often the limits apply to them.
type place struct {
	near, far string // as networksOf returns them; far is the busy network for an address in one
	times     int    // how often the limits apply: 1, or the number of the busy network
}

// placeOf returns the place by which a caller is counted. A busy network has counters of
// its own, so its callers do not use up the tries of the network around it. If an address is
// in several busy networks, the narrowest of them applies.
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

// times returns the limit with n times as many hits. Everything else stays the same.
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

// giveBack takes counted tries out of their counters again, in one statement. Other tries
// still count. A try is taken out only while the window in which it was counted lasts: a
// counter whose window ends later than try.ends has begun a new window. The limits must
// have no steps, because giveBack opens the counter.
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
