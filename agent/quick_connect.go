package agent

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/limit"
)

// quickConnects approve the Quick Connect codes that people enter at the service.
type quickConnects struct {
	*core

	exchanges *Exchanges
	attempts  *limit.Bucket // limits the codes that this run tries

	mu       sync.Mutex
	approved map[string]quickNote // by the ids of codes that this run has approved, until the service knows
}

func newQuickConnects(c *core, exchanges *Exchanges) *quickConnects {
	return &quickConnects{core: c, exchanges: exchanges, attempts: limit.NewBucket(c.opt.Now, 30, time.Hour), approved: map[string]quickNote{}}
}

// loop handles the codes that people enter at the service, until ctx ends.
func (q *quickConnects) loop(ctx context.Context) {
	q.repeat(ctx, q.wake.quickConnects, q.opt.ReportEvery, func() error { return q.handleAll(ctx) }) // a change wakes the loop sooner
}

// handleAll handles all codes that wait at the service.
func (q *quickConnects) handleAll(ctx context.Context) error {
	service, err := q.service.client(ctx)
	if err != nil {
		return err
	}
	open, err := service.QuickConnects(ctx)
	if err = q.service.explain(ctx, byQuickConnects, err); err != nil {
		return err
	}
	waiting := map[string]bool{}
	for _, one := range open {
		waiting[string(one.ID)] = true
		if failed := q.handle(ctx, service, one); failed != nil {
			err = failed // the other codes are still handled
		}
	}
	return errors.Join(err, q.forget(ctx, waiting))
}

// forget removes the facts of codes that no longer wait at the service. The parameter waiting holds the ids
// of the codes that still wait.
func (q *quickConnects) forget(ctx context.Context, waiting map[string]bool) error {
	q.mu.Lock()
	for id := range q.approved {
		if !waiting[id] {
			delete(q.approved, id)
		}
	}
	q.mu.Unlock()
	facts, err := q.store.facts(ctx)
	if err != nil {
		return q.explainFile(ctx, err)
	}
	over := map[string]string{}
	for name := range facts {
		if id, is := strings.CutPrefix(name, factQuickConnect); is && !waiting[id] {
			over[name] = ""
		}
	}
	if len(over) == 0 {
		return nil
	}
	return q.explainFile(ctx, q.store.setFacts(ctx, over))
}

// handle approves one code and tells the service the result. A code that was
// approved is never tried again, because the media server would answer that it
// does not know the code.
func (q *quickConnects) handle(ctx context.Context, service *client.Agent, one client.OpenQuickConnect) error {
	id := string(one.ID)
	note, _, err := q.noteOf(ctx, id)
	if err != nil {
		return err
	}
	reason := ""
	if !note.Approved {
		link, why, err := q.try(ctx, one, &note)
		if err != nil {
			return err // the code waits if it is ErrNotYet: another round follows soon
		}
		reason = why
		q.logCode(ctx, one, link, reason)
	}
	if reason == "" {
		q.mu.Lock()
		q.approved[id] = note
		q.mu.Unlock()
		err = q.tellArrived(ctx, service, one, note.Device)
	} else {
		err = service.FailQuickConnect(ctx, one.ID, reason)
		if wrong, is := errors.AsType[*client.Error](err); is {
			if _, unknown := wrong.Field("reason"); unknown { // a service that is older than the reason
				err = service.FailQuickConnect(ctx, one.ID, olderReason(reason))
			}
		}
	}
	if err = q.service.explain(ctx, byQuickConnects, err); errors.Is(err, ErrServiceRefused) {
		return nil // the service had ended the code before
	}
	return err
}

// olderReason returns the reason that a service gets which is older than the given one.
func olderReason(reason string) string {
	if reason == client.QuickConnectPINRequired {
		return client.QuickConnectNotAllowed
	}
	return client.QuickConnectUnavailable
}

// logCode logs the result of a code, and never the code itself.
func (q *quickConnects) logCode(ctx context.Context, one client.OpenQuickConnect, link *linkRow, reason string) {
	attrs := []slog.Attr{slog.String("account_id", readable(string(one.AccountID))), slog.String("link_id", readable(string(one.LinkID)))}
	if link != nil {
		attrs = append(attrs, slog.String("account", link.Username), slog.String("local_user", link.LocalUserName))
	}
	if reason == "" {
		q.log.LogAttrs(ctx, slog.LevelInfo, "a device was signed in by its Quick Connect code", attrs...)
		return
	}
	q.log.LogAttrs(ctx, slog.LevelInfo, "a device was not signed in by a Quick Connect code", append(attrs, slog.String("reason", reason))...)
}

// try approves a code for the local user of its link, and completes the note. It returns the reason if the
// code is not approved, and otherwise "". It returns [ErrNotYet] for a code that has to wait until the local
// user is created, and other errors only for the agent's own file.
func (q *quickConnects) try(ctx context.Context, one client.OpenQuickConnect, note *quickNote) (link *linkRow, reason string, err error) {
	found, err := readLinks(q.store.read(ctx), "id = ?", string(one.LinkID))
	if err != nil {
		return nil, "", q.explainFile(ctx, err)
	}
	now := q.store.now()
	if len(found) == 0 || found[0].AccountID != string(one.AccountID) || !found[0].usable(now) || !one.ExpiresAt.After(now) {
		return nil, client.QuickConnectNotAllowed, nil
	}
	link = &found[0]
	if !isNumber(string(one.ID)) || !isNumber(one.Code) || len(one.Code) > 12 {
		return link, client.CodeWrong, nil
	}
	if err := q.exchanges.checkGuest(ctx, link); errors.Is(err, ErrNotYet) {
		return link, "", err
	}
	if !q.attempts.Allow() { // this many codes look like guessing, perhaps by the service itself
		q.logSometimes(ctx, "more Quick Connect codes were entered within an hour than the agent tries: the others are refused. If you did not expect that, check the service")
		return link, client.QuickConnectTooMany, nil
	}
	if reason = codeReason(q.media.check(ctx)); reason != "" {
		return link, reason, nil
	}
	// Only the media server knows where the device is, and it refuses by itself a
	// local user who may not connect from outside.
	user, err := q.exchanges.localUserOf(ctx, link, true)
	q.exchanges.askForPIN(ctx, link, mediaserver.Device{}, err)
	if reason = codeReason(err); reason != "" {
		return link, reason, nil
	}
	if may, err := q.askerMay(ctx, one, link, user); err != nil || !may {
		return link, client.QuickConnectNotAllowed, err
	}
	reason, err = q.approve(ctx, one, link, user.ID, note)
	return link, reason, err
}

// codeReason returns the reason that the service gets for an error before the
// code was tried, or "" for nil.
func codeReason(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrNotYet), errors.Is(err, ErrGuestWaits):
		return client.QuickConnectNoLocalUser
	case errors.Is(err, ErrLocalUserRefused), errors.Is(err, ErrLocalUserNotAllowed):
		return client.QuickConnectNotAllowed
	case errors.Is(err, ErrPINRequired):
		return client.QuickConnectPINRequired
	default:
		return client.QuickConnectUnavailable
	}
}

// approve asks the media server to approve a code, and returns the same results as [quickConnects.try]. It
// first writes down that it tries the code, and which devices the local user has. If the agent crashes after
// the media server has approved the code, the media server no longer knows the code at the next try, and
// that must not be reported as a mistake of the person. If the local user certainly has a new device by
// then, the code was approved.
func (q *quickConnects) approve(ctx context.Context, one client.OpenQuickConnect, link *linkRow, userID string, note *quickNote) (reason string, err error) {
	name := factQuickConnect + string(one.ID)
	facts, err := q.store.facts(ctx)
	_, tried := readQuickNote(facts[name])
	if err == nil && !tried {
		note.Before = q.devicesBefore(ctx, userID)
		err = q.store.setFacts(ctx, map[string]string{name: note.text()})
	}
	if err != nil {
		return "", q.explainFile(ctx, err)
	}
	within, cancel := context.WithTimeout(ctx, q.pace.media)
	defer cancel()
	err = q.opt.MediaServer.ApproveCode(within, one.Code, userID)
	if err == nil || errors.Is(err, mediaserver.ErrCodeWrong) && tried {
		note.Device = q.findArrived(ctx, note.Before, userID)
	}
	switch {
	case err == nil, note.Device != nil && note.Device.Certain:
		note.Approved, note.Before = true, nil
		q.keepArrived(ctx, link, userID, name, *note)
		return "", nil
	case errors.Is(err, mediaserver.ErrCodeWrong) && !tried:
		return client.CodeWrong, nil
	case errors.Is(err, mediaserver.ErrNotFound), errors.Is(err, mediaserver.ErrNotAllowed):
		return client.QuickConnectNotAllowed, nil
	case errors.Is(err, mediaserver.ErrCodeWrong): // it may have been approved before a crash
	default:
		_ = q.media.explain(ctx, err) // begins a trouble
	}
	return client.QuickConnectUnavailable, nil
}
