package agent

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/client"
)

// feed follows the changes of the links at the service.
type feed struct {
	*core

	links *Links
	acks  *acknowledgements
	keys  *ServerKeys
	opens *Opens

	compared time.Time // the last comparison of all links; zero to compare at once
	key      string    // the server key at the last round
}

// acknowledgements holds numbers of changes. The service knows that all changes up to such
// a number were carried out.
type acknowledgements struct {
	sent     atomic.Int64 // acknowledged by this agent
	compared atomic.Int64 // acknowledged by any agent with this server key, at the last comparison; -1 before the first comparison
}

// loop fetches changes from the service and carries them out, until ctx ends.
func (f *feed) loop(ctx context.Context) {
	failures := 0
	poll := f.pace.poll
	for {
		err := f.compareNowAndThen(ctx)
		if err == nil {
			err = f.follow(ctx, poll)
		}
		f.service.noteRefusal(ctx, err)
		if poll = f.pace.poll; err != nil {
			poll = 0 // ask without waiting, to notice the end of the trouble soon
		}
		var wait time.Duration
		switch {
		case errors.Is(err, ErrNotRegistered):
			wait = f.pace.shutOut(err)
		case err != nil:
			failures++
			wait = f.pace.backoff(failures)
		default:
			failures = 0
			wait = f.pace.round // limits the questions to a service that answers at once
		}
		if !f.rest(ctx, wait) {
			return
		}
	}
}

// rest waits before the next round. It returns true when the time is over, or earlier when
// somebody has given the agent a new server key. It returns false when ctx has ended.
func (f *feed) rest(ctx context.Context, wait time.Duration) bool {
	for ; wait > f.pace.owed; wait -= f.pace.owed {
		if !pause(ctx, f.pace.owed) {
			return false
		}
		if key, err := f.store.serverKey(ctx); err == nil && key != f.key {
			return true
		}
	}
	return pause(ctx, wait)
}

// compareNowAndThen compares all links with the service when it is time: at the start of the
// agent, after each pace.resync, and when the server key or the owner has changed. As long
// as the agent cannot replace its server key, it compares them after each pace.refused
// instead.
func (f *feed) compareNowAndThen(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := f.noteKey(ctx); err != nil {
		return err
	}
	every := f.pace.resync
	if f.keys.failed {
		every = f.pace.refused
	}
	if now := f.opt.Now(); f.compared.IsZero() || now.Sub(f.compared) >= every || now.Before(f.compared) {
		if err := f.start(ctx); err != nil {
			return err
		}
		f.compared = now
	}
	return nil
}

// noteKey looks whether the server key in the agent's file has changed. If so, all links
// are compared again, and the loops that may be waiting because the service refused the old
// key begin their next round at once.
func (f *feed) noteKey(ctx context.Context) error {
	key, err := f.store.serverKey(ctx)
	if err != nil {
		return f.explainFile(ctx, err)
	}
	if f.key != "" && key != f.key {
		f.compared = time.Time{}
		f.wake.report.now()
		f.wake.service.now()
	}
	f.key = key
	return nil
}

// start compares the number of the service's last change with the agent's. Then it
// compares all links.
func (f *feed) start(ctx context.Context) error {
	service, this, err := f.look(ctx)
	if err != nil {
		return err
	}
	err = f.store.setFacts(ctx, map[string]string{factOwner: readable(this.Owner), factSeenAs: readable(this.SeenAs)})
	if err != nil {
		return f.explainFile(ctx, err)
	}
	seq, err := changeSeq(f.store.read(ctx))
	if err != nil {
		return f.explainFile(ctx, err)
	}
	unlisted := notListed
	var last func(tx *gorm.DB, rows []linkRow) error
	switch {
	case seq < 0: // the first time; the list of links holds all earlier changes except the ends of sessions
		seq, last = this.ChangeSeq, askAll
	case this.ChangeSeq < seq:
		f.logSometimes(ctx, "the service has fewer changes than this agent has seen: a backup of the service was restored. All links are compared, and no link is removed because of it",
			slog.Int64("own_seq", seq), slog.Int64("service_seq", this.ChangeSeq))
		seq, last = this.ChangeSeq, askAll
	case this.AcknowledgedSeq > seq:
		unlisted = endedSince
		f.logSometimes(ctx, "the service has a later change on record than this agent has carried out: the agent's data folder was restored from a backup, and catches up now. "+
			"Sign out at the media server the devices that were signed in since the backup",
			slog.Int64("own_seq", seq), slog.Int64("acknowledged_seq", this.AcknowledgedSeq))
	}
	if err := f.compare(ctx, service, seq, unlisted, last); err != nil {
		return err
	}
	f.acks.sent.Store(this.AcknowledgedSeq)
	f.acks.compared.Store(this.AcknowledgedSeq)
	f.wake.proofs.now()
	f.wake.quickConnects.now()
	f.wake.localPasswords.now()
	return nil
}

// look asks the service what it knows about the server. If the server key has to be
// replaced, look replaces it and asks again with the new key; the use of the new key ends
// the former key.
func (f *feed) look(ctx context.Context) (*client.Agent, client.ThisServer, error) {
	service, this, err := f.lookOnce(ctx)
	if err != nil {
		return nil, this, err
	}
	again, err := f.keys.renewIfOwed(ctx, &this)
	if err == nil && again {
		if err = f.noteKey(ctx); err == nil {
			service, this, err = f.lookOnce(ctx)
		}
	}
	if err == nil {
		f.noteKeyReplaced(ctx, this.KeyExpiresAt)
	}
	return service, this, err
}

// lookOnce does the work of [feed.look] with the present server key.
func (f *feed) lookOnce(ctx context.Context) (*client.Agent, client.ThisServer, error) {
	service, err := f.service.client(ctx)
	if err != nil {
		return nil, client.ThisServer{}, err
	}
	this, err := service.Get(ctx)
	return service, this, f.service.explain(ctx, byFeed, err)
}

// noteKeyReplaced tells the admin when the owner has replaced the server key at the
// service. The parameter until is the end of the old key, or zero if the key was not
// replaced.
func (f *feed) noteKeyReplaced(ctx context.Context, until time.Time) {
	if until.IsZero() {
		f.trouble.end(ctx, troubleKeyReplaced)
		return
	}
	f.trouble.begin(ctx, troubleKeyReplaced, "the server key was replaced at the service: the agent's key works for a day at most. Give the agent the new key with latchkey agent setup --force, where it asks for a claim code",
		slog.Time("until", until))
}

// compare copies all links from the service and continues after the change with the number
// seq. A link that the service does not list stays, and is marked with unlisted. The
// parameter last is passed on to [Links.takeOver]. Afterwards the agent's copy of the links
// counts as confirmed.
func (f *feed) compare(
	ctx context.Context, service *client.Agent, seq int64, unlisted listing, last func(tx *gorm.DB, rows []linkRow) error,
) error {
	list, err := service.Links(ctx)
	if err = f.service.explain(ctx, byFeed, err); err != nil {
		return err
	}
	confirm, err := f.copy.confirm(ctx, seq)
	if err != nil {
		return err
	}
	err = f.links.takeOver(ctx, list, unlisted, func(tx *gorm.DB) (bool, error) { return true, errors.Join(setChangeSeq(tx, seq), confirm(tx)) }, last)
	if err == nil {
		f.copy.isConfirmed(ctx)
	}
	return err
}

// follow asks for the changes after the last one and carries them out. The service waits
// for a change, at most for the time poll.
func (f *feed) follow(ctx context.Context, poll time.Duration) error {
	service, err := f.service.client(ctx)
	if err != nil {
		return err
	}
	after, err := changeSeq(f.store.read(ctx))
	if err != nil {
		return f.explainFile(ctx, err)
	}
	list, err := service.Changes(ctx, max(after, 0), poll)
	if err = f.service.explain(ctx, byFeed, err); err != nil {
		return err
	}
	switch {
	case list.Last < after:
		return f.start(ctx) // a backup of the service was restored meanwhile
	case len(list.Changes) > 0 && list.Changes[0].Seq > after+1:
		return f.skip(ctx, service, after, list.Changes[0].Seq-1)
	case len(list.Changes) == 0 && list.Last > after:
		return f.skip(ctx, service, after, list.Last)
	}
	for i := range list.Changes {
		if err := f.carryOut(ctx, &list.Changes[i]); err != nil {
			return f.explainFile(ctx, err)
		}
	}
	return f.acknowledge(ctx, service)
}

// skip continues after changes that the service no longer has. They were carried
// out before this agent's file was restored from a backup.
func (f *feed) skip(ctx context.Context, service *client.Agent, from, to int64) error {
	f.logSometimes(ctx, "the service no longer has some of the changes: the agent's data folder was restored from an old backup. "+
		"All links are compared; a link that the service does not list is kept, but the service is asked about each of its devices, as about each session that began before",
		slog.Int64("own_seq", from), slog.Int64("next_seq", to+1))
	return f.compare(ctx, service, to, notListed, askAll)
}

// acknowledge tells the service which changes were carried out. If that fails,
// the next changes or the next start send it again.
func (f *feed) acknowledge(ctx context.Context, service *client.Agent) error {
	seq, err := changeSeq(f.store.read(ctx))
	if err != nil {
		return f.explainFile(ctx, err)
	}
	if err := f.copy.notePosition(ctx, seq); err != nil || seq <= f.acks.sent.Load() {
		return err
	}
	if err := f.service.explain(ctx, byFeed, service.Acknowledge(ctx, seq, nil)); err != nil {
		return err
	}
	f.acks.sent.Store(seq)
	return nil
}
