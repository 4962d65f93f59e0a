package jobs

import (
	"slices"
	"sync"
	"time"
)

// The limits of places. All of them together are fewer connections than a mail server
// usually allows to one client (Postfix: 50).
const (
	placesPerDomain = 2                // of the places that Mail.Parallel gives
	placePatience   = 10 * time.Second // after it a mail that waits for the mail server is set aside
	fullPatience    = 2 * time.Second  // the same while no place is free
	asideMost       = 32
	asidePerDomain  = 8
)

// places keeps the mails that are being sent. Each mail has a place at first. If the mail
// server takes long over a mail, the mail is set aside: it is still being sent, but its
// place is free for other mails. Callers pass the present time to the methods.
type places struct {
	most int

	mu      sync.Mutex
	sending map[int64]*sendingMail
	freed   chan struct{} // holds one value if a place was freed
}

// sendingMail is one mail that is being sent.
type sendingMail struct {
	id     int64
	domain string // to which it goes
	since  time.Time
	aside  bool
}

func newPlaces(most int) *places {
	return &places{most: most, sending: map[int64]*sendingMail{}, freed: make(chan struct{}, 1)}
}

// take gives a mail a place.
func (p *places) take(id int64, domain string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sending[id] = &sendingMail{id: id, domain: domain, since: now}
}

// leave frees the place of a mail that is no longer being sent.
func (p *places) leave(id int64) {
	p.mu.Lock()
	delete(p.sending, id)
	p.mu.Unlock()
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

// free returns how many places are free.
func (p *places) free() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.most - p.count(func(s *sendingMail) bool { return !s.aside })
}

// room returns how many more mails to a domain may get a place. The domain "" stands
// for mails that nobody gets. They have no limit, because no mail server can delay them.
func (p *places) room(domain string) int {
	if domain == "" {
		return p.most
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return placesPerDomain - p.count(func(s *sendingMail) bool { return !s.aside && s.domain == domain })
}

// ids returns the mails that are being sent.
func (p *places) ids() []int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := make([]int64, 0, len(p.sending))
	for id := range p.sending {
		ids = append(ids, id)
	}
	return ids
}

// setAside sets aside the mails that have waited too long for the mail server, which frees
// their places, and returns these mails, the one that has waited longest first.
func (p *places) setAside(now time.Time) []sendingMail {
	p.mu.Lock()
	defer p.mu.Unlock()
	patience := placePatience
	if p.count(func(s *sendingMail) bool { return !s.aside }) >= p.most {
		patience = fullPatience
	}
	var moved []sendingMail
	for _, s := range p.sending {
		aside := p.count(func(s *sendingMail) bool { return s.aside })
		ofDomain := p.count(func(other *sendingMail) bool { return other.aside && other.domain == s.domain })
		if !s.aside && now.Sub(s.since) > patience && aside < asideMost && ofDomain < asidePerDomain {
			s.aside = true
			moved = append(moved, *s)
		}
	}
	slices.SortFunc(moved, func(a, b sendingMail) int { return a.since.Compare(b.since) })
	return moved
}

func (p *places) count(which func(*sendingMail) bool) int {
	n := 0
	for _, s := range p.sending {
		if which(s) {
			n++
		}
	}
	return n
}
