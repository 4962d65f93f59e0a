// Package backoff says how long to wait after failures in a row.
package backoff

import (
	"encoding/binary"
	"io"
	"time"
)

// Wait returns how long to wait after a number of failures in a row (1 or more). The parameter first
// is the wait after one failure. Each further failure doubles it, up to longest. Then a number from
// random shortens the wait by up to a half, so that programs that failed together do not come back
// together. If random cannot be read, the wait is not shortened.
func Wait(random io.Reader, first, longest time.Duration, failures int) time.Duration {
	wait := first
	for i := 1; i < failures && wait < longest; i++ {
		wait *= 2
	}
	wait = min(wait, longest)
	var chance [8]byte
	if _, err := io.ReadFull(random, chance[:]); err != nil {
		return wait
	}
	half := wait / 2
	return wait - half + time.Duration(binary.BigEndian.Uint64(chance[:])%uint64(half+1)) //nolint:gosec // less than a wait
}
