package secret

import (
	"context"
	"errors"
	"sync"
	"time"
)

// gate decides when a hash runs. It gives a limited number of permits, and each running hash needs
// one. The other hashes wait in one of two queues. The reserved queue is for known people, who have
// a session or a known device; each account has one place in it, and each network an eighth of the
// places. The common queue is for everybody else. When both queues have callers, they take turns.
// So even when many strangers wait, a known person waits for a few hashes only, and neither one
// account nor one network with many accounts can fill the reserved queue.
//
// Strangers have a further limit: together they get only a share of the hashes that this machine
// can do, by its measured rate. The rest of the machine remains for others.
type gate struct {
	now   func() time.Time
	wait  time.Duration
	queue int     // places in each of the two queues
	share float64 // of the measured rate, for strangers; 0 for no limit

	mu         sync.Mutex
	parallel   int
	running    int
	common     []*waiter
	reserved   []*waiter
	booked     [2]int          // callers that have booked a place and do not wait yet, in the common queue and in the reserved one
	owners     map[string]bool // the accounts that have their place in the reserved queue, or run from it
	networks   map[string]int  // how many places each network has in the reserved queue; networks without a place are left out
	commonNext bool            // whose turn it is when both queues have callers

	refused int64 // callers that got no hash, see Load

	mean   time.Duration // of a hash, while others run at the same time; recent hashes count more
	earned float64       // the hashes that strangers may still ask for
	last   time.Time     // when earned was last brought up to date
}

// waiter is a caller that waits for its permit.
type waiter struct {
	begin   chan struct{} // closed when the caller has its permit
	owner   string        // the account that holds a reserved place, or ""
	network string        // the network of the caller who has the reserved place
	limited bool          // whether the hash was subtracted from the hashes that strangers may ask for
	booked  bool          // whether the caller has booked a place and does not wait yet
}

// queue returns the index of the caller's queue in the list of bookings.
func (w *waiter) queue() int {
	if w.owner != "" {
		return 1
	}
	return 0
}

// standing describes the person for whom a hash is made. It decides in which
// queue the hash waits, and whether it counts as a hash of strangers.
type standing struct {
	stranger bool
	owner    string // the account of a known person, or ""
	network  string // of the caller
}

type (
	standingKey struct{}
	bookingKey  struct{}
)

// ForStranger returns a context for the hashes of an unknown person, such as somebody who signs in
// from a new browser. All strangers together get only a share of the hashes that this machine can
// do; when that share is used up, a hash returns [ErrBusy]. network is the network of the caller;
// [ForOwner] uses it later.
func ForStranger(ctx context.Context, network string) context.Context {
	return context.WithValue(ctx, standingKey{}, standing{stranger: true, network: network})
}

// ForKnown returns a context for the hashes of a known person: somebody who has a session of an
// account, or a browser that has signed in to the account before. owner is the account; it has one
// place in the reserved queue. The network of the caller has an eighth of the places. When these
// are taken, further hashes count as hashes of strangers.
func ForKnown(ctx context.Context, owner, network string) context.Context {
	return context.WithValue(ctx, standingKey{}, standing{owner: owner, network: network})
}

// ForOwner returns a context for further hashes of a person who has just given the correct secret
// of the account owner. Their network is the one that ctx already names.
func ForOwner(ctx context.Context, owner string) context.Context {
	who, _ := ctx.Value(standingKey{}).(standing)
	return ForKnown(ctx, owner, who.network)
}

func newGate(o HasherOptions) *gate {
	return &gate{
		now: o.Now, wait: o.Wait, queue: o.Queue, share: o.StrangersShare, parallel: o.Parallel,
		owners: map[string]bool{}, networks: map[string]int{},
	}
}

// enter waits for a permit. If ctx has booked a place, it waits in that place. It returns leave, which
// gives the permit back, or [ErrBusy], or the error of ctx.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	one, err := g.place(ctx)
	if err != nil {
		return nil, err
	}
	patience := time.NewTimer(g.wait)
	defer patience.Stop()
	select {
	case <-one.begin:
	case <-patience.C:
		err = ErrBusy
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil && g.giveUp(one, err) {
		return nil, err
	}
	<-one.begin // a permit that came at the same moment is used
	began := g.now()
	return func() { g.leave(one, g.now().Sub(began)) }, nil
}

// place puts a caller into its queue, to wait for a permit, and returns the caller. It uses the
// place that ctx has booked, or else books one.
func (g *gate) place(ctx context.Context) (*waiter, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	one, _ := ctx.Value(bookingKey{}).(*waiter)
	if one == nil || !one.booked {
		who, _ := ctx.Value(standingKey{}).(standing)
		var err error
		if one, err = g.book(who); err != nil {
			return nil, err
		}
	}
	g.unbook(one)
	if one.owner != "" {
		g.reserved = append(g.reserved, one)
	} else {
		g.common = append(g.common, one)
	}
	g.next()
	return one, nil
}

// book takes a place in a queue for a caller that does not wait yet, or returns [ErrBusy].
func (g *gate) book(who standing) (*waiter, error) {
	one := &waiter{begin: make(chan struct{}), booked: true}
	length := len(g.common)
	if who.owner != "" && !g.owners[who.owner] && g.networks[who.network] < max(g.queue/8, 1) {
		one.owner, one.network, length = who.owner, who.network, len(g.reserved)
	}
	one.limited = one.owner == "" && (who.stranger || who.owner != "")
	free := g.parallel - g.running
	full := length+g.booked[one.queue()] >= g.queue+free
	if full || one.limited && !g.earn() {
		g.refused++
		return nil, ErrBusy
	}
	g.booked[one.queue()]++
	if one.owner != "" {
		g.owners[one.owner] = true
		g.networks[one.network]++
	}
	return one, nil
}

// unbook ends the booking of a caller, and reports whether there was one.
func (g *gate) unbook(one *waiter) bool {
	was := one.booked
	if was {
		one.booked = false
		g.booked[one.queue()]--
	}
	return was
}

// cancel frees the place of a caller, unless its hash has asked for a permit.
func (g *gate) cancel(one *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.unbook(one) {
		g.forget(one)
	}
}

// forget frees what a caller has beside its place in a queue, because no hash was made for the
// caller: its reserved place, and the hash that was subtracted from the hashes of strangers.
func (g *gate) forget(one *waiter) {
	g.freePlace(one)
	if one.limited {
		g.earned++
	}
}

// next gives free permits to callers that wait.
func (g *gate) next() {
	for g.running < g.parallel && len(g.common)+len(g.reserved) > 0 {
		queue := &g.reserved
		if len(g.reserved) == 0 || g.commonNext && len(g.common) > 0 {
			queue = &g.common
		}
		g.commonNext = queue == &g.reserved
		one := (*queue)[0]
		*queue = (*queue)[1:]
		g.running++
		close(one.begin)
	}
}

// giveUp takes a caller out of its queue, because of the error why. It returns false if the caller
// has its permit already.
func (g *gate) giveUp(one *waiter, why error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-one.begin:
		return false
	default:
	}
	g.common, g.reserved = without(g.common, one), without(g.reserved, one)
	g.forget(one)
	if errors.Is(why, ErrBusy) {
		g.refused++
	}
	return true
}

func without(queue []*waiter, one *waiter) []*waiter {
	for i, other := range queue {
		if other == one {
			return append(queue[:i:i], queue[i+1:]...)
		}
	}
	return queue
}

// leave returns the permit of a caller. The parameter took is the time that the hash has taken.
func (g *gate) leave(one *waiter, took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	g.freePlace(one)
	g.measure(took)
	g.next()
}

// freePlace frees the reserved place of a caller, if it has one.
func (g *gate) freePlace(one *waiter) {
	if one.owner == "" {
		return
	}
	delete(g.owners, one.owner)
	if g.networks[one.network]--; g.networks[one.network] == 0 {
		delete(g.networks, one.network)
	}
}

// measure updates the mean time of a hash with the time that one hash took.
func (g *gate) measure(took time.Duration) {
	const weight = 16 // a hash counts as a sixteenth, so that one that was held up changes little
	if g.mean == 0 {
		g.mean = took
	}
	g.mean += (took - g.mean) / weight
}

// rate returns how many hashes a second this machine does.
func (g *gate) rate() float64 {
	return float64(g.parallel) / max(g.mean, time.Microsecond).Seconds()
}

// earn takes one hash from the hashes that strangers may still ask for, and reports whether one was
// left. Strangers earn hashes over time, at their share of the measured rate. They save up no more
// than what they earn within the longest wait, but at least one hash for each permit.
func (g *gate) earn() bool {
	if g.share == 0 {
		return true
	}
	now, rate := g.now(), g.share*g.rate()
	most := max(rate*g.wait.Seconds(), float64(g.parallel))
	if g.last.IsZero() {
		g.earned = most
	} else if passed := now.Sub(g.last); passed > 0 {
		g.earned += passed.Seconds() * rate
	}
	g.earned, g.last = min(g.earned, most), now
	if g.earned < 1 {
		return false
	}
	g.earned--
	return true
}

// Load says how busy a [Hasher] is at one moment.
type Load struct {
	Running, Most int   // hashes that run, and how many may run at once
	Common        int   // callers that wait in the common queue
	Reserved      int   // callers that wait in the reserved queue
	Refused       int64 // how often a caller got [ErrBusy], since the start
}

// Load returns how busy the hasher is.
func (h *Hasher) Load() Load {
	h.gate.mu.Lock()
	defer h.gate.mu.Unlock()
	return Load{
		Running: h.gate.running, Most: h.gate.parallel, Common: len(h.gate.common), Reserved: len(h.gate.reserved), Refused: h.gate.refused,
	}
}
