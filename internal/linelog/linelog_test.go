package linelog_test

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-media/latchkey/internal/linelog"
)

// out is a log file that counts its writes.
type out struct {
	mu     sync.Mutex
	text   strings.Builder
	writes int
}

func (o *out) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writes++
	return o.text.Write(p)
}

// has fails the test unless the file has these lines, and got them in this number of writes.
func (o *out) has(t *testing.T, when string, writes int, lines ...string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	var got []string
	for line := range strings.Lines(o.text.String()) {
		_, message, _ := strings.Cut(strings.TrimSpace(line), "msg=")
		got = append(got, message)
	}
	if fmt.Sprint(got) != fmt.Sprint(lines) || o.writes != writes {
		t.Errorf("%s: lines %v by %d writes, want %v by %d", when, got, o.writes, lines, writes)
	}
}

func newLog() (*slog.Logger, *linelog.Buffer, *out) {
	o := &out{}
	buffer := linelog.NewBuffer(o)
	return slog.New(linelog.NewHandler(slog.NewTextHandler(buffer, nil), buffer)), buffer, o
}

// Lines wait for other lines for a fifth of a second. A warning does not wait. At the end no line
// is left.
func TestLinesAreWrittenTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, buffer, o := newLog()
		log.Info("one")
		log.With(slog.Int("a", 1)).WithGroup("g").Info("two")
		o.has(t, "at once", 0)
		time.Sleep(201 * time.Millisecond)
		synctest.Wait()
		o.has(t, "after the wait", 1, "one", "two a=1")
		log.Info("three")
		log.Warn("four")
		o.has(t, "after a warning", 2, "one", "two a=1", "three", "four")
		log.Info("five")
		buffer.Flush()
		o.has(t, "at the end", 3, "one", "two a=1", "three", "four", "five")
		time.Sleep(time.Second)
		synctest.Wait()
		o.has(t, "later", 3, "one", "two a=1", "three", "four", "five")
	})
}

// Many lines do not wait: memory is bounded.
func TestManyLinesAreWrittenAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, buffer, o := newLog()
		line := []byte(strings.Repeat("x", 1023) + "\n")
		for range 100 {
			_, _ = buffer.Write(line)
		}
		if o.writes != 3 || o.text.Len() != 3*32<<10 {
			t.Errorf("%d bytes by %d writes, want %d by 3", o.text.Len(), o.writes, 3*32<<10)
		}
		buffer.Flush()
		if got, want := o.text.Len(), 100<<10; got != want {
			t.Errorf("%d bytes at the end, want %d", got, want)
		}
	})
}

// Many goroutines write lines at the same time. No line is missing, and each line is complete.
func TestNoLineIsLost(t *testing.T) {
	t.Parallel()
	log, buffer, o := newLog()
	const writers, each = 8, 500
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for i := range each {
				log.Info("line", slog.Int("number", i))
			}
		})
	}
	all.Wait()
	buffer.Flush()
	whole := 0
	for line := range strings.Lines(o.text.String()) {
		if strings.HasPrefix(line, "time=") && strings.Contains(line, "msg=line number=") {
			whole++
		}
	}
	if whole != writers*each {
		t.Errorf("%d whole lines, want %d", whole, writers*each)
	}
}

func BenchmarkLine(b *testing.B) {
	buffer := linelog.NewBuffer(io.Discard)
	log := slog.New(linelog.NewHandler(slog.NewJSONHandler(buffer, nil), buffer))
	b.ReportAllocs()
	for b.Loop() {
		log.Info("request", slog.String("route", "/service/user"), slog.Int("status", 200))
	}
}
