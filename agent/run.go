package agent

import (
	"context"
	"sync"
)

// Run registers the server if needed, reports it, and carries out the changes of its links,
// until ctx ends. An outage of the service or of the media server does not end Run. Only
// one Run at a time works on a file: a second Run waits.
func (a *Agent) Run(ctx context.Context) error {
	unlock, ok := a.alone(ctx)
	if !ok {
		return nil
	}
	defer unlock()
	a.trouble.keepAll(ctx)
	a.copy.look(ctx)
	a.Levels.doubt(ctx)
	run, err := a.store.newID()
	if err != nil {
		return err
	}
	a.reports.run.Store(&run)
	var all sync.WaitGroup
	all.Go(func() { a.media.checkLoop(ctx) })
	all.Go(func() { a.owed.settleLoop(ctx) })
	all.Go(func() { a.owed.tellLoop(ctx) })
	all.Go(func() {
		if !a.registration.ensure(ctx) {
			return
		}
		all.Go(func() { a.reports.loop(ctx) })
		all.Go(func() { a.states.loop(ctx) })
		all.Go(func() { a.proofs.loop(ctx, all.Go) })
		all.Go(func() { a.quickConnects.loop(ctx) })
		all.Go(func() { a.localPasswords.loop(ctx) })
		all.Go(func() { a.Opens.checkLoop(ctx) })
		all.Go(func() { a.Checks.loop(ctx) })
		a.feed.loop(ctx)
	})
	all.Wait()
	return nil
}

// alone waits until no other program runs an agent on the same file. It returns
// false when ctx ends first.
func (a *Agent) alone(ctx context.Context) (unlock func(), ok bool) {
	for {
		unlock, ok, err := a.store.lock()
		if ok {
			a.trouble.end(ctx, troubleTwice, troubleStore)
			return unlock, true
		}
		if err != nil {
			_ = a.explainFile(ctx, err) // begins a trouble
		} else {
			a.trouble.begin(ctx, troubleTwice, "another agent runs with this data folder: this one waits until it ends. Stop one of the two")
		}
		if !pause(ctx, a.pace.owed) {
			return nil, false
		}
	}
}

// Ready reports whether the server is registered and the media server answers.
func (a *Agent) Ready() bool {
	if !a.media.ready() {
		return false
	}
	key, err := a.store.serverKey(context.Background())
	return err == nil && key != ""
}
