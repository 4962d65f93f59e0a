package discovery

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"
)

// Nobody outside of the home network is answered, whatever a router lets through.
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
			t.Errorf("%s is answered: %v", from, got)
		}
		if got && saw != netip.AddrPortFrom(asker.Addr().Unmap(), asker.Port()) {
			t.Errorf("%s was asked for as %s", from, saw)
		}
	}
}

func TestLimitOfAll(t *testing.T) {
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
	if got := ask(500); got != atOnceAll {
		t.Errorf("%d answers at once", got)
	}
	now = now.Add(3 * time.Second)
	if got := ask(500); got != 30 {
		t.Errorf("%d answers after three seconds", got)
	}
	ask(10000)
	if len(l.sources) > mostSources {
		t.Errorf("%d sources are remembered", len(l.sources))
	}
	now = now.Add(time.Minute)
	clear(l.sources)
	for len(l.sources) < mostSources {
		source = source.Next()
		l.sources[source] = &bucket{0, now}
	}
	if l.allow(source.Next()) {
		t.Error("more sources are answered than can be remembered")
	}
	now = now.Add(time.Minute)
	if !l.allow(source.Next()) || len(l.sources) != 1 {
		t.Errorf("who comes after a crowd is not answered, or the crowd is remembered: %d", len(l.sources))
	}
	now = now.Add(-time.Hour)
	for range 2 {
		if !l.allow(source.Next()) {
			t.Error("a clock that goes back stops the answers")
		}
	}
}
