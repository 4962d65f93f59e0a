package agent

import (
	"context"
	"sync"
)

// Run registers the server if it is not, reports it, follows what becomes of its
// links and carries it out, until ctx is over. No outage ends it, of whatever.
// Only one Run at a time works with a file: another one waits.
func (a *Agent) Run(ctx context.Context) error {
	unlock, ok := a.alone(ctx)
	if !ok {
		return nil
	}
	defer unlock()
	a.trouble.keepAll(ctx)
	var all sync.WaitGroup
	all.Go(func() { a.lookLoop(ctx) })
	all.Go(func() { a.owedLoop(ctx) })
	all.Go(func() { a.tellLoop(ctx) })
	all.Go(func() {
		if !a.ensureRegistered(ctx) {
			return
		}
		all.Go(func() { a.reportLoop(ctx) })
		all.Go(func() { a.proofLoop(ctx, all.Go) })
		all.Go(func() { a.codeLoop(ctx) })
		a.feedLoop(ctx)
	})
	all.Wait()
	return nil
}

// alone waits until no other program runs an agent on the same file. It returns
// false when ctx is over.
func (a *Agent) alone(ctx context.Context) (unlock func(), ok bool) {
	for {
		unlock, ok, err := a.store.lock()
		if ok {
			a.trouble.end(ctx, troubleTwice, troubleStore)
			return unlock, true
		}
		if err != nil {
			_ = a.ownFile(ctx, err) // it has been told
		} else {
			a.trouble.begin(ctx, troubleTwice, "another agent runs with this data directory: this one waits until that one ends. Stop one of the two")
		}
		if !pause(ctx, a.pace.owed) {
			return nil, false
		}
	}
}

// Ready reports whether the server is registered, and the media server there.
func (a *Agent) Ready() bool {
	a.mu.Lock()
	seen := a.seen
	a.mu.Unlock()
	if !seen.known || seen.away || seen.other {
		return false
	}
	key, err := a.store.serverKey(context.Background())
	return err == nil && key != ""
}
