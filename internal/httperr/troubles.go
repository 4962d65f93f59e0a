package httperr

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// repeatEvery is the time for which requests that fail for the same reason are counted
// and not logged one by one.
const repeatEvery = time.Minute

// reasonsMost is the number of reasons that are counted at the same time. Further ones
// are logged each time.
const reasonsMost = 100

// Troubles logs the errors of requests. When many requests fail for one reason, such as
// too much load or a database that does not answer, the log has the first of them at once
// and then one line a minute with their number, so that nobody can fill it. It is safe for
// several goroutines.
type Troubles struct {
	log *slog.Logger

	mu      sync.Mutex
	reasons map[string]*repeats
}

// repeats counts the errors of one reason since the last line.
type repeats struct {
	level   slog.Level
	message string
	times   int
	last    error
}

// NewTroubles returns Troubles that write to log.
func NewTroubles(log *slog.Logger) *Troubles {
	return &Troubles{log: log, reasons: map[string]*repeats{}}
}

// Log logs the error of a request that failed, after the attributes attrs. Errors with the same
// reason are counted together; with the reason "", each error is logged. If the client has left
// before the answer, the line is for debugging only: the operator has nothing to repair.
func (t *Troubles) Log(r *http.Request, reason string, err error, attrs ...slog.Attr) {
	t.note(r, slog.LevelError, "request failed", reason, err, attrs)
}

// Warn logs an error that did not stop the request, as a warning. It counts repeated
// errors as [Troubles.Log] does.
func (t *Troubles) Warn(r *http.Request, message, reason string, err error, attrs ...slog.Attr) {
	t.note(r, slog.LevelWarn, message, reason, err, attrs)
}

func (t *Troubles) note(r *http.Request, level slog.Level, message, reason string, err error, attrs []slog.Attr) {
	if errors.Is(r.Context().Err(), context.Canceled) {
		level = slog.LevelDebug
	} else if reason != "" && t.repeated(level, message, reason, err) {
		return
	}
	t.log.LogAttrs(r.Context(), level, message, append(attrs, slog.Any("err", err))...) //nolint:sloglint // callers pass constants
}

// repeated reports whether errors of this reason are being counted already. If so, it counts the
// error, and the next line of sum includes it. If not, the caller has to log the error, and
// repeated begins to count the reason, unless [reasonsMost] reasons are being counted.
func (t *Troubles) repeated(level slog.Level, message, reason string, err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known := t.reasons[reason]; known != nil {
		*known = repeats{level: level, message: message, times: known.times + 1, last: err}
		return true
	}
	if len(t.reasons) < reasonsMost {
		t.reasons[reason] = &repeats{}
		time.AfterFunc(repeatEvery, func() { t.sum(reason) })
	}
	return false
}

// sum logs how many errors of a reason there were in the last minute. After a minute
// without errors it forgets the reason, so that the next error is logged at once again.
func (t *Troubles) sum(reason string) {
	t.mu.Lock()
	counted := *t.reasons[reason]
	if counted.times == 0 {
		delete(t.reasons, reason)
		t.mu.Unlock()
		return
	}
	t.reasons[reason] = &repeats{}
	t.mu.Unlock()
	time.AfterFunc(repeatEvery, func() { t.sum(reason) })
	t.log.LogAttrs(context.Background(), counted.level, counted.message, //nolint:sloglint // callers pass constants
		slog.String("reason", reason), slog.Int("times_in_a_minute", counted.times), slog.Any("err", counted.last))
}
