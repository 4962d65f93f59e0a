package secret_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// gateWait is how long the hashers of these tests let a caller wait. It takes no real time, because
// the tests run with the fake clock of synctest.
const gateWait = 2 * time.Second

// gate is a hasher whose work stops until the test lets it finish.
type gate struct {
	*secret.Hasher
	t       *testing.T
	open    chan struct{}
	running atomic.Int64
}

func newGate(t *testing.T, parallel, queue int) *gate {
	t.Helper()
	return &gate{Hasher: hasher(t, oneKey(t), func(o *secret.HasherOptions) {
		o.Parallel, o.Queue, o.Wait = parallel, queue, gateWait
	}), t: t, open: make(chan struct{})}
}

// start makes a new caller ask for work, and returns a channel for its outcome. When start returns,
// the caller waits, or its work has begun, or it was refused.
func (g *gate) start(ctx context.Context) <-chan error {
	told := make(chan error, 1)
	go func() {
		told <- secret.Run(ctx, g.Hasher, func() {
			g.running.Add(1)
			<-g.open
			g.running.Add(-1)
		})
	}()
	synctest.Wait()
	return told
}

// finish lets one piece of work finish.
func (g *gate) finish() {
	g.open <- struct{}{}
	synctest.Wait()
}

func (g *gate) isRunning(want int64) {
	g.t.Helper()
	if got := g.running.Load(); got != want {
		g.t.Errorf("%d hashes run, want %d", got, want)
	}
}

// is checks the outcome of a caller, and how long the caller waited for it.
func (g *gate) is(told <-chan error, want error, after time.Duration) {
	g.t.Helper()
	begin := time.Now()
	if err := <-told; !errors.Is(err, want) {
		g.t.Errorf("told %v, want %v", err, want)
	}
	if waited := time.Since(begin); waited != after {
		g.t.Errorf("told after %v, want %v", waited, after)
	}
}

// TestOnlySoManyHashesRunAtOnce asks for more hashes than may run.
func TestOnlySoManyHashesRunAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, 2, 3)
		var told []<-chan error
		for range 5 {
			told = append(told, g.start(t.Context()))
		}
		g.isRunning(2)
		g.is(g.start(t.Context()), secret.ErrBusy, 0) // the queue is full: refused at once
		for range 3 {                                 // a waiting caller begins as soon as another is done
			g.finish()
			g.isRunning(2)
		}
		g.finish()
		g.isRunning(1)
		g.finish()
		for _, one := range told {
			g.is(one, nil, 0)
		}
	})
}

// TestHashesWaitNoLongerThanTheLimit lets callers wait longer than the limit.
func TestHashesWaitNoLongerThanTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, 1, 1)
		first := g.start(t.Context())
		for range 3 { // callers that were refused have left the queue
			g.is(g.start(t.Context()), secret.ErrBusy, gateWait)
		}
		g.finish()
		g.is(first, nil, 0)
		last := g.start(t.Context())
		g.finish()
		g.is(last, nil, 0)
	})
}

// TestAbandonedHashesLeaveTheQueue lets callers hang up, before their hash runs and while it runs.
func TestAbandonedHashesLeaveTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, 1, 1)
		ctx, hangUp := context.WithCancel(t.Context())
		runs, waits := g.start(ctx), g.start(ctx)
		hangUp()
		g.is(runs, context.Canceled, 0)
		g.is(waits, context.Canceled, 0)
		g.isRunning(1) // the work goes on, and keeps its permit
		g.is(g.start(t.Context()), secret.ErrBusy, gateWait)
		next := g.start(t.Context()) // the place in the queue is free again
		g.isRunning(1)
		g.finish()
		g.isRunning(1)
		g.finish()
		g.is(next, nil, 0)
	})
}

// TestEveryHashGoesThroughTheGate checks that every hash goes through the gate: a new one, a
// comparison, and the pretended comparison for an unknown name.
func TestEveryHashGoesThroughTheGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, 1, 1)
		stored, err := g.Hash(t.Context(), "password", "7", "secret")
		if err != nil {
			t.Fatal(err)
		}
		first := g.start(t.Context())
		for name, ask := range map[string]func() error{
			"hash":           func() error { _, err := g.Hash(t.Context(), "password", "7", "secret"); return err },
			"verify":         func() error { _, _, err := g.Verify(t.Context(), stored, "password", "7", "secret"); return err },
			"verify nothing": func() error { _, _, err := g.Verify(t.Context(), "", "password", "7", "secret"); return err },
		} {
			if err := ask(); !errors.Is(err, secret.ErrBusy) {
				t.Errorf("%s: %v, want ErrBusy", name, err)
			}
		}
		g.finish()
		g.is(first, nil, 0)
	})
}
