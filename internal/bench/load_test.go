package bench_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/bench"
)

// steps returns a clock that moves on by a millisecond each time it is read. It starts at the
// present time, because connections take their deadlines from it.
func steps() func() time.Time {
	began := time.Now()
	var reads atomic.Int64
	return func() time.Time { return began.Add(time.Duration(reads.Add(1)) * time.Millisecond) }
}

// loadOn returns a load of one connection on a server that answers with h.
func loadOn(t *testing.T, h http.HandlerFunc) *bench.Load {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &bench.Load{
		Address: strings.TrimPrefix(server.URL, "http://"), Connections: 1, Want: http.StatusOK, Now: steps(),
		Request: func(b []byte, random *rand.Rand) []byte {
			return fmt.Appendf(b, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", random.IntN(1000))
		},
	}
}

func TestLoadCountsAnswers(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	load := loadOn(t, func(w http.ResponseWriter, r *http.Request) {
		switch n := asked.Add(1); n % 3 {
		case 0: // chunks
			_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, r.URL.Path)
		case 1:
			_, _ = io.WriteString(w, r.URL.Path)
		default:
			w.WriteHeader(http.StatusOK) // no body
		}
	})
	used := time.Duration(0)
	load.CPU = func() time.Duration { used += time.Second; return used }
	result, err := load.Run(t.Context(), 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if got := int(asked.Load()) - 1; result.Done != got || got == 0 || len(result.Times) != got {
		t.Errorf("got %d answers and %d times, want %d: all but the first", result.Done, len(result.Times), got)
	}
	if result.CPU != time.Second || result.Took < 100*time.Millisecond {
		t.Errorf("got %v of CPU in %v, want the difference of two readings, 1s, in 100ms or more", result.CPU, result.Took)
	}
}

func TestLoadKeepsShedAnswersApart(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	load := loadOn(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1)%2 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	load.Later = []int{http.StatusServiceUnavailable}
	result, err := load.Run(t.Context(), 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if result.Done == 0 || result.Shed == 0 || len(result.Times) != result.Done {
		t.Errorf("got %d done with %d times and %d shed, want some of both, and times of the done ones", result.Done, len(result.Times), result.Shed)
	}
}

func TestLoadRefusesAnotherStatus(t *testing.T) {
	t.Parallel()
	load := loadOn(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	if _, err := load.Run(t.Context(), time.Second); !errors.Is(err, bench.ErrStatus) {
		t.Errorf("got %v, want %v", err, bench.ErrStatus)
	}
}
