package heap

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
)

func TestTheHeapMayGrowToTheLeastSize(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		live, roots, hashes uint64
		want                int
	}{
		{18 * mib, 0, 0, 300},
		{18 * mib, 2 * mib, 0, 270}, // the percentage counts the roots as well
		{36 * mib, 0, 0, 100},
		{60 * mib, 0, 0, 60},
		{500 * mib, 0, 0, 95}, // many agents wait: about as Go does it
		{0, 0, 0, 100},        // nothing is known before the first collection
		{18 * mib, 0, 40 * mib, 300},
		{64 * mib, 0, 40 * mib, 37},   // 40 MiB of it may be hashes that end in a moment
		{128 * mib, 0, 40 * mib, 50},  // more than half of it lives longer than a storm
		{500 * mib, 0, 40 * mib, 87},  // beside many agents the hashes hardly count
		{100 * mib, 0, 200 * mib, 24}, // a heap of hashes alone
	} {
		if got := (state{live: test.live, roots: test.roots}).percent(Least, test.hashes); got != test.want {
			t.Errorf("live %d MiB, roots %d MiB, hashes %d MiB: got %d percent, want %d", test.live/mib, test.roots/mib, test.hashes/mib, got, test.want)
		}
	}
}

// The limit leaves room for the hashes and, beside them, for the least size or for twice the memory
// that lives longer, whichever is more.
func TestTheLimitFollowsTheLiveHeap(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ live, roots, hashes, want uint64 }{
		{10, 1, 0, 72}, {10, 1, 38, 110}, {66, 16, 38, 126}, {500, 300, 38, 1562}, {20, 0, 38, 110},
	} {
		if got := (state{live: test.live * mib, roots: test.roots * mib}).limit(Least, test.hashes*mib); got != int64(test.want*mib) {
			t.Errorf("live %d MiB, roots %d MiB, hashes %d MiB: got %d MiB, want %d", test.live, test.roots, test.hashes, got/mib, test.want)
		}
	}
}

func TestMemoryGoesBackAtRest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		returned, earlier, now uint64 // MiB allocated up to that look
		want                   bool
	}{
		"after the start":       {0, 30, 31, true},
		"after a burst":         {100, 900, 901, true},
		"at work":               {100, 900, 950, false},
		"nothing new since":     {100, 102, 103, false},
		"a little, many times":  {100, 112, 113, true},
		"a little, a few times": {100, 110, 111, false},
	} {
		at := func(allocated uint64) state { return state{allocated: allocated * mib} }
		if got := at(test.now).resting(at(test.earlier), at(test.returned)); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

// The runtime must know every name that look asks for; a later version of Go could rename one.
func TestTheRuntimeSaysWhatItHolds(t *testing.T) { //nolint:paralleltest // it collects garbage
	runtime.GC()
	got := look()
	if got.live == 0 || got.roots == 0 || got.allocated < got.live {
		t.Errorf("got %+v, want every value, and no more alive than was allocated", got)
	}
}

// kept holds the memory that the test below allocates, so that the compiler does not optimise it
// away.
var kept []byte

func TestEachCollectionSetsThePercentage(t *testing.T) { //nolint:paralleltest // it changes the collector of the whole process
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1000 * mib))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	watch(ctx, 0)
	small := becomes(t, func(percent uint64) bool { return percent > 100 })
	narrow := debug.SetMemoryLimit(-1)
	kept = make([]byte, 2*Least)
	becomes(t, func(percent uint64) bool { return percent <= 100 })
	if large := debug.SetMemoryLimit(-1); narrow > 2*Least || large < 4*Least {
		t.Errorf("got the limits %d MiB for a small heap and %d MiB for one of %d MiB, want at most %d and at least %d", narrow/mib, large/mib, 2*Least/mib, 2*Least/mib, 4*Least/mib)
	}
	kept = nil
	becomes(t, func(percent uint64) bool { return percent > 100 })
	if small > 100_000 {
		t.Errorf("got %d percent, want no more than the least size needs", small)
	}
}

// becomes collects garbage until wanted returns true for the percentage, and returns that
// percentage. If that does not happen, becomes goes on until the deadline of the test.
func becomes(t *testing.T, wanted func(uint64) bool) uint64 {
	t.Helper()
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	for t.Context().Err() == nil {
		runtime.GC()
		runtime.Gosched()
		if metrics.Read(sample); wanted(sample[0].Value.Uint64()) {
			return sample[0].Value.Uint64()
		}
	}
	t.Fatal("the percentage was not set, want it after a collection")
	return 0
}

func TestShareOfAContainer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"1073741824\n": 966367638, "max\n": 0, "": 0, "-5": 0} {
		if got := share(text); got < want-10 || got > want+10 {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}
