package models

import (
	"context"
	"net/netip"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// BusyNetwork is an address or a network that the operator has named because the requests
// of many people come from it, for example because one program signs in all people of a
// household.
type BusyNetwork struct {
	Prefix netip.Prefix
	Times  int // each address in it may try this many times as often as any other; 1 or more
}

// place says by which networks a caller is counted, and how often the limits apply to them.
type place struct {
	near, far string // as networksOf returns them; for an address in a busy network, far is that network
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

// times returns a limit that allows n times as many hits. Everything else stays the same.
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

// counter is a counter that a try raises, and its limit.
type counter struct {
	key   secret.Hash
	limit Limit
}

// countAll counts one try by several counters, in one transaction and in the given order.
// The order of counters must be the same everywhere, so that transactions never wait for
// each other in a circle: the caller's address, its network, then the account or the
// service.
//
// If a counter refuses the try, countAll returns [ErrThrottled] and the tries that the
// counters before that one have counted. These tries stay counted, so that somebody who is
// refused again and again also uses up the counters before.
func (t *Throttle) countAll(ctx context.Context, counters ...counter) (tries []countedTry, err error) {
	now := t.Now().UnixMilli()
	err = t.db.Tx(ctx, func(tx *gorm.DB) error {
		tries = make([]countedTry, 0, len(counters))
		for _, one := range counters {
			hits, err := t.raiseIn(tx, one.key, one.limit, now)
			if err != nil || hits == 0 {
				return err
			}
			tries = append(tries, countedTry{key: one.key, ends: now + one.limit.Window.Milliseconds()})
		}
		return nil
	})
	if err != nil {
		return nil, explained("count a try", err)
	}
	if refused := len(tries); refused < len(counters) {
		return tries, ErrThrottled.after(t.wait(ctx, counters[refused].key))
	}
	return tries, nil
}

// giveBack takes counted tries out of their counters again, in one transaction.
func (t *Throttle) giveBack(ctx context.Context, tries ...countedTry) error {
	return explained("take a try back", t.db.Tx(ctx, func(tx *gorm.DB) error { return giveBackIn(tx, tries...) }))
}

// giveBackIn takes counted tries out of their counters again, in the order of
// [Throttle.countAll]. All other tries still count. A try is taken out only while the
// window in which it was counted lasts: a counter whose window ends later than try.ends has
// begun a new window. The limits must have no steps, because giveBackIn opens the counter.
func giveBackIn(tx *gorm.DB, tries ...countedTry) error {
	for _, try := range tries {
		_, err := database.Exec(tx,
			"UPDATE throttle SET hits = hits - 1, open_at = 0 WHERE hits > 0 AND throttle_key = ? AND window_ends <= ?", try.key, try.ends)
		if err != nil {
			return err
		}
	}
	return nil
}

// near returns the counters of a caller: the counter of its address and the counter of its
// network. All IPv6 addresses of one /64 count as one address.
func (t *Throttle) near(what string, caller Caller, address, network Limit) []counter {
	at := t.placeOf(caller.Address)
	return []counter{
		{t.key(what+" source", at.near), address.times(at.times)},
		{t.key(what+" network", at.far), network.times(at.times)},
	}
}

// source counts a try by the caller's address, by the caller's network and for the whole
// service. It returns [ErrThrottled].
func (t *Throttle) source(ctx context.Context, what string, caller Caller, address, network, service Limit) error {
	_, err := t.countAll(ctx, append(t.near(what, caller, address, network), counter{t.key(what+" service", ""), service})...)
	return err
}
