package discovery

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"
)

// TestWhoIsAnswered checks that only the home network gets answers, also if a
// router lets other datagrams through.
func TestWhoIsAnswered(t *testing.T) {
	t.Parallel()
	var saw netip.AddrPort
	o := &Options{
		Address: func(from netip.AddrPort) string { saw = from; return "http://192.168.1.2:8096" },
		ID:      func() string { return "id" }, Name: func() string { return "Den" }, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	for from, want := range map[string]bool{
		"192.168.1.9:5000": true, "10.1.2.3:5000": true, "172.16.1.1:5000": true, "[fd00::1]:5000": true, "[fe80::1%eth0]:5000": true, "169.254.1.1:5000": true,
		"127.0.0.1:5000": true, "[::1]:5000": true, "[::ffff:192.168.1.9]:5000": true,
		"203.0.113.5:5000": false, "[2001:db8::1]:5000": false, "[::ffff:203.0.113.5]:5000": false, "0.0.0.0:5000": false, "255.255.255.255:5000": false,
		"224.0.0.1:5000": false, "100.64.1.1:5000": false, "192.168.1.9:0": false,
	} {
		asker := netip.MustParseAddrPort(from)
		saw = netip.AddrPort{}
		got := o.answer(newLimits(time.Now), []byte("who is EmbyServer?"), asker) != nil
		if got != want {
			t.Errorf("%s: answered %v, want %v", from, got, want)
		}
		if got && saw != netip.AddrPortFrom(asker.Addr().Unmap(), asker.Port()) {
			t.Errorf("Address was called with %s, want %s", saw, from)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	l := newLimits(func() time.Time { return now })
	source := netip.MustParseAddr("10.0.0.1")
	ask := func(times int) (answers int) {
		for range times {
			source = source.Next()
			if l.allow(source) {
				answers++
			}
		}
		return answers
	}
	if got := ask(500); got != answersOfAll {
		t.Errorf("%d answers at once, want %d", got, answersOfAll)
	}
	now = now.Add(3 * time.Second)
	if got := ask(500); got != 30 {
		t.Errorf("%d answers after three seconds, want 30", got)
	}
	ask(10000)
	if got := l.sources.Len(); got > sourcesMost {
		t.Errorf("%d sources are remembered, want at most %d", got, sourcesMost)
	}
	now = now.Add(time.Minute)
	if got := ask(1); got != 1 {
		t.Errorf("%d answers to a source that comes after the crowd, want 1", got)
	}
	now = now.Add(-time.Hour) // the clock was set back
	if got := ask(2); got != 2 {
		t.Errorf("%d answers after the clock was set back, want 2", got)
	}
}

// TestLimitOfSource checks that a source does not get more answers when many other sources
// ask.
func TestLimitOfSource(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	l := newLimits(func() time.Time { return now })
	one, other := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.1.0.0")
	answers := 0
	for range 10_000 {
		if l.allow(one) {
			answers++
		}
		other = other.Next()
		l.allow(other)
	}
	if answers != answersOfSource {
		t.Errorf("%d answers to one source, want %d", answers, answersOfSource)
	}
}
