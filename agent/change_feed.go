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
}

// acknowledgements hold numbers of changes: all changes up to that number are
// known to the service as carried out.
type acknowledgements struct {
	sent     atomic.Int64 // by this agent
	compared atomic.Int64 // by any agent with this server key, at the last comparison
}

// loop fetches changes from the service and carries them out, until ctx ends.
func (f *feed) loop(ctx context.Context) {
	failures := 0
	var compared time.Time
	poll := f.pace.poll
	for {
		err := f.compareNowAndThen(ctx, &compared)
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
		if !pause(ctx, wait) {
			return
		}
	}
}

// compareNowAndThen compares all links with the service: at the start of the
// agent, and again after pace.resync.
func (f *feed) compareNowAndThen(ctx context.Context, compared *time.Time) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if now := f.opt.Now(); compared.IsZero() || now.Sub(*compared) >= f.pace.resync || now.Before(*compared) {
		if err := f.start(ctx); err != nil {
			return err
		}
		*compared = now
	}
	return nil
}

// start compares the number of the service's last change with the agent's. Then it
// compares all links.
func (f *feed) start(ctx context.Context) error {
	service, err := f.service.client(ctx)
	if err != nil {
		return err
	}
	this, err := service.Get(ctx)
	if err = f.service.explain(ctx, byFeed, err); err != nil {
		return err
	}
	err = f.store.setFacts(ctx, map[string]string{factOwner: readable(this.Owner), factSeenAs: readable(this.SeenAs)})
	if err != nil {
		return f.explainFile(ctx, err)
	}
	f.noteKeyReplaced(ctx, this.KeyExpiresAt)
	seq, err := changeSeq(f.store.read(ctx))
	if err != nil {
		return f.explainFile(ctx, err)
	}
	switch {
	case seq < 0: // the first time: the list of links holds everything before
		seq = this.ChangeSeq
	case this.ChangeSeq < seq:
		f.logSometimes(ctx, "the service has fewer changes than this agent has seen: a backup of the service was restored. All links are compared, and no link is removed because of it",
			slog.Int64("own_seq", seq), slog.Int64("service_seq", this.ChangeSeq))
		seq = this.ChangeSeq
	case this.AcknowledgedSeq > seq:
		f.logSometimes(ctx, "the service has a later change on record than this agent has carried out: the agent's data folder was restored from a backup, "+
			"or another agent uses the same server key. After a restored backup, sign out at the media server the devices that were signed in since the backup",
			slog.Int64("own_seq", seq), slog.Int64("acknowledged_seq", this.AcknowledgedSeq))
	}
	if err := f.compare(ctx, service, seq); err != nil {
		return err
	}
	f.acks.sent.Store(this.AcknowledgedSeq)
	f.acks.compared.Store(this.AcknowledgedSeq)
	f.wake.proofs.now()
	f.wake.quickConnects.now()
	return nil
}

// noteKeyReplaced tells the admin when the owner has replaced the server key at the
// service. until is the end of the old key, or zero if the key was not replaced.
func (f *feed) noteKeyReplaced(ctx context.Context, until time.Time) {
	if until.IsZero() {
		f.trouble.end(ctx, troubleKeyReplaced)
		return
	}
	f.trouble.begin(ctx, troubleKeyReplaced, "the server key was replaced at the service: the agent's key works only for a while, and then the agent has to be registered again",
		slog.Time("until", until))
}

// compare takes over all links of the service and continues after change seq. A
// link that the service does not list is kept and marked as missing.
func (f *feed) compare(ctx context.Context, service *client.Agent, seq int64) error {
	list, err := service.Links(ctx)
	if err = f.service.explain(ctx, byFeed, err); err != nil {
		return err
	}
	return f.links.takeOver(ctx, list, func(tx *gorm.DB) (bool, error) { return true, setChangeSeq(tx, seq) })
}

// follow asks for the changes after the last one and carries them out. The
// service waits up to poll for a change.
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
		"All links are compared; a link that the service does not list is kept, but the service is asked about each of its devices",
		slog.Int64("own_seq", from), slog.Int64("next_seq", to+1))
	return f.compare(ctx, service, to)
}

// acknowledge tells the service which changes were carried out. If that fails,
// the next changes or the next start send it again.
func (f *feed) acknowledge(ctx context.Context, service *client.Agent) error {
	seq, err := changeSeq(f.store.read(ctx))
	if err != nil || seq <= f.acks.sent.Load() {
		return f.explainFile(ctx, err)
	}
	if err := f.service.explain(ctx, byFeed, service.Acknowledge(ctx, seq)); err != nil {
		return err
	}
	f.acks.sent.Store(seq)
	return nil
}
