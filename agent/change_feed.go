package agent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/client"
)

// feedLoop follows what becomes of the links at the service, and carries it out.
func (a *Agent) feedLoop(ctx context.Context) {
	failures := 0
	var compared time.Time
	poll := a.pace.poll
	for {
		err := a.compareAgain(ctx, &compared)
		if err == nil {
			err = a.follow(ctx, poll)
		}
		a.odd(ctx, err)
		if poll = a.pace.poll; err != nil {
			poll = 0 // so that it is known soon when the trouble is over
		}
		var wait time.Duration
		switch {
		case errors.Is(err, ErrNotRegistered):
			wait = a.pace.shutOut(err)
		case err != nil:
			failures++
			wait = a.pace.backoff(failures)
		default:
			failures = 0
			wait = a.pace.round // a service that never waits is not asked all the time
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// compareAgain compares all links with the service when the agent starts, and
// now and then.
func (a *Agent) compareAgain(ctx context.Context, compared *time.Time) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if now := a.o.Now(); compared.IsZero() || now.Sub(*compared) >= a.pace.resync || now.Before(*compared) {
		if err := a.begin(ctx); err != nil {
			return err
		}
		*compared = now
	}
	return nil
}

// begin compares where the service and the agent stand.
func (a *Agent) begin(ctx context.Context) error {
	service, err := a.service(ctx)
	if err != nil {
		return err
	}
	this, err := service.Get(ctx)
	if err = a.heard(ctx, byFeed, err); err != nil {
		return err
	}
	err = a.store.setFacts(ctx, map[string]string{factOwner: readable(this.Owner), factSeenAs: readable(this.SeenAs)})
	if err != nil {
		return a.ownFile(ctx, err)
	}
	a.noteKey(ctx, this.KeyExpiresAt)
	seq, err := changeSeq(a.store.read(ctx))
	if err != nil {
		return a.ownFile(ctx, err)
	}
	switch {
	case seq < 0: // for the first time: everything before is in the list
		seq = this.ChangeSeq
	case this.ChangeSeq < seq:
		a.warn(ctx, "the service stands before what it had told already: a backup of it was brought back. All links are compared, none is removed for that",
			slog.Int64("own_seq", seq), slog.Int64("service_seq", this.ChangeSeq))
		seq = this.ChangeSeq
	case this.AcknowledgedSeq > seq:
		a.warn(ctx, "the service was told of more than this agent has carried out: its data directory was brought back from a backup, "+
			"or another agent uses the same server key. If it was a backup, sign out at the media server which devices were signed in since",
			slog.Int64("own_seq", seq), slog.Int64("acknowledged_seq", this.AcknowledgedSeq))
	}
	if err := a.compare(ctx, service, seq); err != nil {
		return err
	}
	a.acknowledged.Store(this.AcknowledgedSeq)
	a.ahead.Store(this.AcknowledgedSeq)
	a.proofs.now()
	a.codes.now()
	return nil
}

// noteKey says so when the owner has replaced the server key at the service.
func (a *Agent) noteKey(ctx context.Context, until time.Time) {
	if until.IsZero() {
		a.trouble.end(ctx, troubleKeyReplaced)
		return
	}
	a.trouble.begin(ctx, troubleKeyReplaced, "the server key was replaced at the service: the agent's own works only for a while, and then no change arrives any more",
		slog.Time("until", until))
}

// warn logs what may come again and again, a few times an hour.
func (a *Agent) warn(ctx context.Context, text string, attrs ...slog.Attr) {
	if a.lines.take(text) {
		a.log.LogAttrs(ctx, slog.LevelWarn, text, attrs...) //nolint:sloglint // all its texts are constants
	}
}

// compare takes all links of the service over and goes on behind the change seq.
// A link that the service does not name is kept, and marked.
func (a *Agent) compare(ctx context.Context, service *client.Agent, seq int64) error {
	list, err := service.Links(ctx)
	if err = a.heard(ctx, byFeed, err); err != nil {
		return err
	}
	return a.takeOver(ctx, list, func(tx *gorm.DB) (bool, error) { return true, setChangeSeq(tx, seq) })
}

// takeOver writes all links of the service, if first says so inside of the
// transaction.
func (a *Agent) takeOver(ctx context.Context, list []client.AgentLink, first func(tx *gorm.DB) (bool, error)) error {
	rows, odd := rowsOf(list)
	var over []linkRow
	err := a.store.tx(ctx, "compare the links", func(tx *gorm.DB) error {
		if ok, err := first(tx); err != nil || !ok {
			return err
		}
		// Those that are named below are not missing.
		if err := tx.Exec("UPDATE links SET missing = 1").Error; err != nil {
			return err
		}
		var err error
		over, err = a.store.putLinks(tx, rows)
		return err
	})
	if err == nil {
		a.owed.now()
	}
	if odd = append(odd, over...); len(odd) > 0 {
		a.oddLink(ctx, odd[0])
	} else {
		a.trouble.end(ctx, troubleLinks)
	}
	return a.ownFile(ctx, err)
}

// rowsOf are the links of the service that make sense, and those that do not.
func rowsOf(list []client.AgentLink) (rows, odd []linkRow) {
	rows = make([]linkRow, 0, len(list))
	for i := range list {
		row, err := rowOf(&list[i])
		if err != nil {
			odd = append(odd, row)
			continue
		}
		rows = append(rows, row)
	}
	return rows, odd
}

func (a *Agent) oddLink(ctx context.Context, row linkRow) {
	a.trouble.begin(ctx, troubleLinks, "the service tells of a link that makes no sense, which is passed over: is the service of another version?",
		slog.String("link_id", readable(row.ID)))
}

// follow asks for the changes behind the last one, waits for some as long as poll
// says, and carries them out.
func (a *Agent) follow(ctx context.Context, poll time.Duration) error {
	service, err := a.service(ctx)
	if err != nil {
		return err
	}
	after, err := changeSeq(a.store.read(ctx))
	if err != nil {
		return a.ownFile(ctx, err)
	}
	list, err := service.Changes(ctx, max(after, 0), poll)
	if err = a.heard(ctx, byFeed, err); err != nil {
		return err
	}
	switch {
	case list.Last < after:
		return a.begin(ctx) // a backup of the service was brought back meanwhile
	case len(list.Changes) > 0 && list.Changes[0].Seq > after+1:
		return a.bridge(ctx, service, after, list.Changes[0].Seq-1)
	case len(list.Changes) == 0 && list.Last > after:
		return a.bridge(ctx, service, after, list.Last)
	}
	for i := range list.Changes {
		if err := a.carryOut(ctx, &list.Changes[i]); err != nil {
			return a.ownFile(ctx, err)
		}
	}
	return a.acknowledge(ctx, service)
}

// bridge goes on behind changes that the service has forgotten, because they
// were carried out before this agent's file was brought back from a backup.
func (a *Agent) bridge(ctx context.Context, service *client.Agent, from, to int64) error {
	a.warn(ctx, "changes are missing that the service tells no more: the agent's data directory was brought back from an old backup. "+
		"All links are compared; a link that the service does not name is kept, but each device is asked about there",
		slog.Int64("own_seq", from), slog.Int64("next_seq", to+1))
	return a.compare(ctx, service, to)
}

// acknowledge tells the service what was carried out. If that fails it is told
// again with the next changes, or after a restart.
func (a *Agent) acknowledge(ctx context.Context, service *client.Agent) error {
	seq, err := changeSeq(a.store.read(ctx))
	if err != nil || seq <= a.acknowledged.Load() {
		return a.ownFile(ctx, err)
	}
	if err := a.heard(ctx, byFeed, service.Acknowledge(ctx, seq)); err != nil {
		return err
	}
	a.acknowledged.Store(seq)
	return nil
}

// note is a line for the log, written once the transaction is committed.
type note struct {
	text string
	link *linkRow
	more []slog.Attr
}

func (a *Agent) say(ctx context.Context, n note) {
	attrs := []slog.Attr{
		slog.String("account", n.link.Username), slog.String("link_id", n.link.ID), slog.String("local_user", n.link.LocalUserName),
	}
	a.log.LogAttrs(ctx, slog.LevelInfo, n.text, append(attrs, n.more...)...) //nolint:sloglint // the texts of notes are constants
}

// carryOut writes what a change means for the own copy, with its number. The
// work at the media server that follows from it is owed from then on.
func (a *Agent) carryOut(ctx context.Context, change *client.Change) error {
	var row linkRow
	var odd error
	if change.Link != nil {
		if row, odd = rowOf(change.Link); odd == nil && change.Link.ID != change.LinkID {
			odd = errLinkOdd
		}
	}
	var told *note
	err := a.store.tx(ctx, "carry out a change", func(tx *gorm.DB) error {
		told = nil
		seq, err := changeSeq(tx)
		if err != nil || seq >= change.Seq {
			return err
		}
		if odd == nil {
			told, err = a.effect(tx, change, row)
		}
		if errors.Is(err, errLinkOdd) {
			odd, err = err, nil // and the next one
		}
		if err != nil {
			return err
		}
		return setChangeSeq(tx, change.Seq)
	})
	switch {
	case err != nil:
		return err
	case odd != nil:
		a.oddLink(ctx, row)
	case told != nil:
		a.say(ctx, *told)
	}
	a.wake(change.Kind)
	return nil
}

// effect writes what a change means; row is its link, if it has one.
func (a *Agent) effect(tx *gorm.DB, change *client.Change, row linkRow) (*note, error) {
	switch {
	case change.Kind == client.LinkChanged && change.Link != nil:
		return a.linkChanged(tx, row)
	case change.Kind == client.LinkRemoved:
		return a.linkRemoved(tx, string(change.LinkID))
	case change.Kind == client.DevicesEnded:
		return nil, a.devicesEnded(tx, string(change.AccountID), change.DeviceID)
	default:
		return nil, nil
	}
}

// wake wakes up who has to do something about a change.
func (a *Agent) wake(kind string) {
	switch kind {
	case client.LinkChanged, client.LinkRemoved, client.DevicesEnded:
		a.owed.now()
	case client.ProofAsked:
		a.proofs.now()
	case client.QuickConnectAsked:
		a.codes.now()
	}
}

func (a *Agent) linkChanged(tx *gorm.DB, row linkRow) (*note, error) {
	before, err := a.store.putLink(tx, row)
	if err != nil {
		return nil, err
	}
	now := a.store.now()
	was, is := before != nil && before.usable(now), row.usable(now)
	switch {
	case !was && is:
		return &note{text: "a link is in use from now on", link: &row}, nil
	case was && !is:
		return &note{text: "a link is shut from now on", link: &row}, nil
	case was && before.AccessKeySHA256 != row.AccessKeySHA256:
		return &note{text: "the access key of a link was replaced", link: &row}, nil
	default:
		return nil, nil
	}
}

func (a *Agent) linkRemoved(tx *gorm.DB, id string) (*note, error) {
	gone, err := a.store.dropLink(tx, id)
	if err != nil || gone == nil {
		return nil, err
	}
	return &note{text: "a link was removed", link: gone}, nil
}

// devicesEnded marks the tokens of one device of an account, or of all.
func (a *Agent) devicesEnded(tx *gorm.DB, accountID, deviceID string) error {
	if accountID == "" {
		return nil
	}
	if deviceID == "" {
		return a.store.oweTokens(tx, "account_id = ?", accountID)
	}
	return a.store.oweTokens(tx, "account_id = ? AND device_id = ?", accountID, deviceID)
}
