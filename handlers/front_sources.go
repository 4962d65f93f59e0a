package handlers

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	challengesAtOnce = 30
	challengesEach   = time.Second // one more
	maxSources       = 4096
)

// sources bounds how often each source of requests may do something. It
// forgets those that have not asked for longest: what it protects is cheap,
// and what matters is counted in the database.
type sources struct {
	atOnce int
	each   time.Duration

	mu     sync.Mutex
	byNet  map[netip.Prefix]*list.Element
	recent *list.List // of source, the latest first
}

type source struct {
	net   netip.Prefix
	limit *rate.Limiter
}

func newSources(atOnce int, each time.Duration) *sources {
	return &sources{atOnce: atOnce, each: each, byNet: map[netip.Prefix]*list.Element{}, recent: list.New()}
}

// allow counts one request of address and reports whether it may go on.
func (s *sources) allow(address netip.Addr, now time.Time) bool {
	net := networkOf(address)
	s.mu.Lock()
	defer s.mu.Unlock()
	element, ok := s.byNet[net]
	if ok {
		s.recent.MoveToFront(element)
	} else {
		element = s.recent.PushFront(source{net, rate.NewLimiter(rate.Every(s.each), s.atOnce)})
		s.byNet[net] = element
		s.forget()
	}
	known, ok := element.Value.(source)
	return ok && known.limit.AllowN(now, 1)
}

// forget drops the source that asked last of all, if there are too many.
func (s *sources) forget() {
	oldest := s.recent.Back()
	if s.recent.Len() <= maxSources {
		return
	}
	if gone, ok := s.recent.Remove(oldest).(source); ok {
		delete(s.byNet, gone.net)
	}
}

// networkOf is what one asker can change about an address at will: nothing of
// an IPv4 address, the lower half of an IPv6 address. All unknown addresses
// are one.
func networkOf(address netip.Addr) netip.Prefix {
	bits := 32
	if address.Is6() {
		bits = 64
	}
	net, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return net
}
