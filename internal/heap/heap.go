// Package heap decides when the garbage collector runs and when memory goes back to the system, for
// a program whose live heap is small and whose garbage comes in bursts.
//
// Go's collector lets the heap grow to twice its live part. So it reads a live heap of 17 MiB after
// each 17 MiB of garbage, which is less than one hash of a password makes: the collector took a
// sixth of the time of a sign-in. A larger fixed percentage would also apply to a large live heap,
// for example while many agents wait. So the heap may always grow to [Least], and beyond that to
// about twice its live part, as Go does it.
//
// A collection often runs while there are some hashes and some hundred connections, and counts
// their memory as live, although it is freed a moment later. The heap does not grow further because
// of that memory. Before that rule, the heap took 220 MiB in a storm of sign-ins.
package heap

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

const mib = 1 << 20

// Least is the size up to which the heap may grow before the collector runs.
const Least = 72 * mib

// leastGrowth is the garbage that a larger heap may always hold before the collector runs: more
// than one hash makes. It is also the memory that the connections of a storm are assumed to take.
const leastGrowth = 24 * mib

const (
	lookEvery   = 10 * time.Second
	quietBytes  = 4 * mib  // a program that allocates less between two looks is at rest
	worthReturn = 12 * mib // garbage that is worth a collection
)

// state holds the figures of the Go runtime about the memory of this process, in bytes.
type state struct {
	live      uint64 // found alive by the last collection
	roots     uint64 // stacks and globals, which the collector reads as well
	allocated uint64 // since the start
}

func look() state {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/gc/scan/stack:bytes"},
		{Name: "/gc/scan/globals:bytes"},
		{Name: "/gc/heap/allocs:bytes"},
	}
	metrics.Read(samples)
	value := func(i int) uint64 {
		if samples[i].Value.Kind() != metrics.KindUint64 {
			return 0 // a later version of Go that no longer has this name
		}
		return samples[i].Value.Uint64()
	}
	return state{live: value(0), roots: value(1) + value(2), allocated: value(3)}
}

// percent returns the value for [debug.SetGCPercent]. With it the heap may always grow to the size
// least. It may also grow by [leastGrowth], or by the memory that lives longer than a storm if that
// is more. The parameter hashes is the memory of the hashes that may run at once.
func (s state) percent(least, hashes uint64) int {
	if s.live == 0 {
		return 100 // as Go does it
	}
	read := s.live + s.roots // what a collection reads, and what Go lets the heap grow by
	growth := max(leastGrowth, read-min(read, hashes+leastGrowth), least-min(s.live, least))
	return int(growth * 100 / read) //nolint:gosec // at most a few thousand
}

// resting reports whether the program has allocated little since a short time ago, but much since
// memory last went back to the system; earlier and returned are the figures of these two moments.
// What the last collection found alive does not matter here: it may have run during a hash, and then
// counted the memory of the hash as live.
func (s state) resting(earlier, returned state) bool {
	return s.allocated-earlier.allocated < quietBytes && s.allocated-returned.allocated > worthReturn
}

// limit returns the soft limit of all memory of the runtime, in bytes. The percentage of [state.percent]
// alone is not enough when a thousand requests come at once. The goroutine that sets a new percentage
// after each collection may then wait long for its turn. Until it has its turn, the collector uses
// the old percentage, which was computed for a smaller heap, and lets the heap grow too much.
func (s state) limit(least, hashes uint64) int64 {
	read := s.live + s.roots
	return int64(hashes + max(least, 2*(read-min(read, hashes)))) //nolint:gosec // no machine has so much memory
}

// Manage lets the heap grow to [Least] before the collector runs, and returns unused memory to the
// system when the program is at rest. The parameter hashes is the memory of the hashes of passwords
// that may run at once, in bytes. Manage works until ctx ends.
func Manage(ctx context.Context, hashes uint64) {
	watch(ctx, hashes)
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var returned state // the memory that the start of the program left has not been returned yet
	for earlier := look(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := look()
		if now.resting(earlier, returned) {
			debug.FreeOSMemory()
			now = look()
			returned = now
		}
		earlier = now
	}
}

// sentinel is an object that nothing refers to, so that each collection finds it dead.
type sentinel struct{ _ [16]byte }

// watch sets the percentage and the limit now and after each collection, until ctx ends.
func watch(ctx context.Context, hashes uint64) {
	most := debug.SetMemoryLimit(-1) // the limit that the operator set, see Limit
	set := func() {
		s := look()
		debug.SetGCPercent(s.percent(Least, hashes))
		debug.SetMemoryLimit(min(most, s.limit(Least, hashes)))
	}
	set()
	var again func(*sentinel)
	again = func(*sentinel) {
		if ctx.Err() != nil {
			return
		}
		set()
		runtime.SetFinalizer(&sentinel{}, again)
	}
	runtime.SetFinalizer(&sentinel{}, again)
}

// Limit sets the soft memory limit of the runtime: above it the collector works harder. mebibytes
// is the limit; 0 means nine tenths of the limit of the container. Nothing changes then if the
// container has no limit, or if given is true: the environment has GOMEMLIMIT.
func Limit(mebibytes int, given bool) {
	switch {
	case mebibytes > 0:
		debug.SetMemoryLimit(int64(mebibytes) * mib)
	case given:
	default:
		content, err := os.ReadFile("/sys/fs/cgroup/memory.max")
		if err != nil {
			return // no container, or an older kernel
		}
		if most := share(string(content)); most > 0 {
			debug.SetMemoryLimit(most)
		}
	}
}

// share returns nine tenths of the limit of a container in bytes, and 0 for "max".
func share(text string) int64 {
	most, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || most <= 0 {
		return 0
	}
	return most / 10 * 9
}
