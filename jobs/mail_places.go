package jobs

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// The limits for mails that are being sent. The mails that have a place and the mails that are
// set aside together use fewer connections than a mail server usually allows to one client
// (Postfix: 50).
const (
	placesPerDomain = 2                // of the places that Mail.Parallel gives; for a domain about which nothing is known
	placePatience   = 10 * time.Second // after it, a mail that waits for the mail server is set aside
	asideMost       = 40
	asidePerDomain  = 8
	asideRetries    = 12 // the part of asideMost for mails that were tried before
)

// While mails that were never tried wait for a place, mails that take longer than usual are set
// aside much earlier. If too many mails are set aside already, such a mail is broken off.
const (
	rushLeast  = 100 * time.Millisecond
	rushMost   = 200 * time.Millisecond
	breakLeast = 500 * time.Millisecond
)

// The reasons for which the sending of a mail ends before the mail server has the mail.
var (
	errMadeRoom  = errors.New("the server was slow with this mail while others waited, so it is tried again later")
	errLeaseLost = errors.New("the lease of the mail could not be renewed, so that another worker may send it")
)

// places keeps the mails that are being sent. Each mail has a place at first. If the mail server
// needs a long time for a mail, the mail is set aside: it is still being sent, but its place is free for
// other mails. Callers pass the present time to the methods.
//
// A domain has two places. Each mail that the domain accepts without delay gives it one more place,
// up to three quarters of all places. A slow mail reduces the domain to two places again.
type places struct {
	most int

	mu      sync.Mutex
	sending map[int64]*sendingMail
	proven  map[string]int // the number of places of each domain that has accepted mail
	usual   time.Duration  // how long the mail server usually takes over a mail; 0 if that is not known
	freed   chan struct{}  // holds one value if a place was freed
}

// sendingMail is one mail that is being sent.
type sendingMail struct {
	id     int64
	domain string // the domain of the recipient
	first  bool   // whether it was never tried before
	since  time.Time
	talks  time.Time // when the conversation about this mail began; zero while it waits for a connection
	sure   time.Time // until this moment no other worker gets the mail
	aside  bool
	final  bool  // the mail server may have the mail
	broken error // why the mail must not be sent; nil if it may be sent
	stop   context.CancelCauseFunc
}

// breakOff ends the sending of the mail, unless the mail server may have it.
func (s *sendingMail) breakOff(cause error) {
	if s.final {
		return
	}
	s.broken = cause
	s.stop(cause)
}

func newPlaces(most int) *places {
	return &places{most: most, sending: map[int64]*sendingMail{}, proven: map[string]int{}, freed: make(chan struct{}, 1)}
}

// take gives a mail its place.
func (p *places) take(s *sendingMail) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sending[s.id] = s
}

// begin notes that the conversation about a mail has begun.
func (p *places) begin(s *sendingMail, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.talks = now
}

// end reports whether the mail server may be told that a mail is complete: it returns nil, and then
// the mail can no longer be broken off, or the reason why not.
func (p *places) end(s *sendingMail, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.broken == nil && now.After(s.sure) {
		s.broken = errLeaseLost
	}
	s.final = s.broken == nil
	return s.broken
}

// leave frees the place of a mail that is no longer being sent.
func (p *places) leave(s *sendingMail, sent bool, now time.Time) {
	p.mu.Lock()
	delete(p.sending, s.id)
	p.learn(s, sent, now)
	p.mu.Unlock()
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

// learn notes what a mail shows about its domain and the mail server. The mail is no longer being
// sent. The lock is held.
func (p *places) learn(s *sendingMail, sent bool, now time.Time) {
	const domains, weight = 1000, 8
	if !sent || s.aside {
		delete(p.proven, s.domain)
	}
	if !sent || s.talks.IsZero() {
		return
	}
	took := now.Sub(s.talks)
	if p.usual == 0 {
		p.usual = took
	}
	p.usual += (took - p.usual) / weight
	if s.aside {
		return
	}
	if len(p.proven) >= domains {
		clear(p.proven)
	}
	p.proven[s.domain] = min(max(p.proven[s.domain], placesPerDomain)+1, p.most-p.most/4)
}

// free returns how many places are free.
func (p *places) free() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(p.most-p.count((*sendingMail).placed), p.most+asideMost-len(p.sending))
}

// placed reports whether a mail has a place.
func (s *sendingMail) placed() bool { return !s.aside }

// placed returns how many mails have a place.
func (p *places) placed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count((*sendingMail).placed)
}

// retries returns how many more mails that were tried before may get a place ahead of mails that
// were never tried. They get a quarter of the places, so that new mails cannot keep them waiting
// for ever.
func (p *places) retries() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, max(1, p.most/4)-p.count(func(s *sendingMail) bool { return !s.aside && !s.first }))
}

// room returns how many more mails to a domain may get a place. The domain "" stands for mails that
// are sent to nobody. They have no limit, because no mail server can delay them.
func (p *places) room(domain string) int {
	if domain == "" {
		return p.most
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(p.proven[domain], placesPerDomain) - p.count(func(s *sendingMail) bool { return !s.aside && s.domain == domain })
}

// ids returns the ids of the mails that are being sent.
func (p *places) ids() []int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := make([]int64, 0, len(p.sending))
	for id := range p.sending {
		ids = append(ids, id)
	}
	return ids
}

// has reports whether a mail is being sent.
func (p *places) has(id int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sending[id] != nil
}

// renewed notes which leases were renewed: of the mails in asked, this worker has the mails in held
// until the moment sure. The other mails of asked are broken off.
func (p *places) renewed(asked, held []int64, sure time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range asked {
		s := p.sending[id]
		switch {
		case s == nil:
		case slices.Contains(held, id):
			s.sure = sure
		default:
			s.breakOff(errLeaseLost)
		}
	}
}

// rush returns after how much time a mail is set aside while others wait for a place.
func (p *places) rush() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(max(2*p.usual, rushLeast), rushMost)
}

// makeRoom frees the places of mails over which the mail server takes too long: it sets such a mail
// aside. pressed is true if mails that were never tried wait for a place. Then makeRoom sets mails
// aside early. If too many are set aside already, it breaks the mail off instead; that mail is
// tried again later, when fewer mails are waiting. A mail that waits for a connection is not set
// aside early or broken off, because another mail in its place would wait as well.
//
// makeRoom returns the mails that were set aside, beginning with the one that has waited longest.
func (p *places) makeRoom(now time.Time, pressed bool) (aside []sendingMail) {
	rush := p.rush()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.slowest() {
		var talked time.Duration
		if !s.talks.IsZero() {
			talked = now.Sub(s.talks)
		}
		late := now.Sub(s.since) > placePatience || pressed && talked > rush
		switch {
		case late && p.mayStandAside(s):
			s.aside = true
			aside = append(aside, *s)
		case pressed && talked > max(breakLeast, 4*p.usual):
			s.breakOff(errMadeRoom)
		}
	}
	slices.SortFunc(aside, func(a, b sendingMail) int { return a.since.Compare(b.since) })
	return aside
}

// slowest returns the mails that have a place: first those that were tried before, then the others,
// each group with the longest wait first. The lock is held.
func (p *places) slowest() []*sendingMail {
	var all []*sendingMail
	for _, s := range p.sending {
		if !s.aside && s.broken == nil {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *sendingMail) int {
		if a.first != b.first {
			return map[bool]int{true: 1, false: -1}[a.first]
		}
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.id, b.id))
	})
	return all
}

// mayStandAside reports whether the mail s may be set aside as well. The lock is held.
func (p *places) mayStandAside(s *sendingMail) bool {
	among := func(which func(*sendingMail) bool) int {
		return p.count(func(other *sendingMail) bool { return other.aside && which(other) })
	}
	return among(func(*sendingMail) bool { return true }) < asideMost &&
		among(func(other *sendingMail) bool { return other.domain == s.domain }) < asidePerDomain &&
		(s.first || among(func(other *sendingMail) bool { return !other.first }) < asideRetries)
}

// count calls the function which for each mail that is being sent, and returns how often the
// answer was true. The lock is held.
func (p *places) count(which func(*sendingMail) bool) int {
	n := 0
	for _, s := range p.sending {
		if which(s) {
			n++
		}
	}
	return n
}
