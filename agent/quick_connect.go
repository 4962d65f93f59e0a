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
)

// quickConnects approve Quick Connect codes at the media server.
type quickConnects struct {
	*core

	exchanges *Exchanges
	attempts  *limit // codes that this run has tried

	mu       sync.Mutex
	approved map[string]bool // ids of codes that this run has approved, until the service has heard
}

func newQuickConnects(c *core, exchanges *Exchanges) *quickConnects {
	return &quickConnects{core: c, exchanges: exchanges, attempts: newLimit(c.opt.Now, 30, time.Hour), approved: map[string]bool{}}
}

// loop approves Quick Connect codes that people have entered at the service.
func (q *quickConnects) loop(ctx context.Context) {
	failures := 0
	for {
		wait := q.opt.ReportEvery // the feed tells of new ones
		switch err := q.handleAll(ctx); {
		case errors.Is(err, ErrNotRegistered):
			wait = q.pace.shutOut(err)
		case err != nil:
			failures++
			wait = q.pace.backoff(failures)
		default:
			failures = 0
		}
		if !q.wake.quickConnects.wait(ctx, wait) {
			return
		}
	}
}

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
			err = failed // the others do not wait for it
		}
	}
	return errors.Join(err, q.forget(ctx, waiting))
}

// What is written down of a code, by the id that it has at the service.
const (
	codeTried    = "tried"
	codeApproved = "approved"
)

// forget forgets what was written down of codes that wait no more.
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

// isApproved reports whether a code was approved, by this run or by another one.
func (q *quickConnects) isApproved(ctx context.Context, id string) (bool, error) {
	q.mu.Lock()
	done := q.approved[id]
	q.mu.Unlock()
	if done {
		return true, nil
	}
	facts, err := q.store.facts(ctx)
	return facts[factQuickConnect+id] == codeApproved, q.explainFile(ctx, err)
}

// handle approves one code and tells the service what became of it. One
// that was approved is never tried again: the media server would say that there
// is no such code.
func (q *quickConnects) handle(ctx context.Context, service *client.Agent, one client.OpenQuickConnect) error {
	id := string(one.ID)
	approved, err := q.isApproved(ctx, id)
	if err != nil {
		return err
	}
	reason := ""
	if !approved {
		link, why, err := q.try(ctx, one)
		if err != nil {
			return err
		}
		reason = why
		q.logCode(ctx, one, link, reason)
	}
	if reason == "" {
		q.mu.Lock()
		q.approved[id] = true
		q.mu.Unlock()
		err = service.CompleteQuickConnect(ctx, one.ID)
	} else {
		err = service.FailQuickConnect(ctx, one.ID, reason)
	}
	if err = q.service.explain(ctx, byQuickConnects, err); errors.Is(err, ErrServiceRefused) {
		return nil // it was too late
	}
	return err
}

// logCode logs what became of a code, and never the code.
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

// try approves a code for the local user of its link. It returns the reason
// for which it did not, "" when it did, and an error when the own file cannot be
// read.
func (q *quickConnects) try(ctx context.Context, one client.OpenQuickConnect) (link *linkRow, reason string, err error) {
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
	if !q.attempts.take("") { // somebody guesses, maybe the service itself
		return link, client.QuickConnectNotAllowed, nil
	}
	if reason = codeReason(q.media.confirm(ctx)); reason != "" {
		return link, reason, nil
	}
	// Where the device is only the media server knows, which keeps those out itself
	// who may not come from outside.
	user, err := q.exchanges.localUserOf(ctx, link, true)
	if reason = codeReason(err); reason != "" {
		return link, reason, nil
	}
	reason, err = q.approve(ctx, one, user.ID)
	return link, reason, err
}

// codeReason is the reason that stands for an error from before a code is tried, ""
// for none.
func codeReason(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrLocalUserRefused):
		return client.QuickConnectNotAllowed
	default:
		return client.QuickConnectUnavailable
	}
}

// approve has the media server approve a code, and returns as [Agent.tryCode] does.
// That it is tried is written down first: to a run after a crash in between the
// media server says that there is no such code, and that is then no word about
// what the person has typed.
func (q *quickConnects) approve(ctx context.Context, one client.OpenQuickConnect, userID string) (reason string, err error) {
	name := factQuickConnect + string(one.ID)
	facts, err := q.store.facts(ctx)
	tried := facts[name] != ""
	if err == nil && !tried {
		err = q.store.setFacts(ctx, map[string]string{name: codeTried})
	}
	if err != nil {
		return "", q.explainFile(ctx, err)
	}
	within, cancel := context.WithTimeout(ctx, q.pace.media)
	defer cancel()
	err = q.opt.MediaServer.ApproveCode(within, one.Code, userID)
	switch {
	case err == nil:
		// If that fails it is known for as long as this run lasts.
		_ = q.explainFile(ctx, q.store.setFacts(context.WithoutCancel(ctx), map[string]string{name: codeApproved}))
		return "", nil
	case errors.Is(err, mediaserver.ErrCodeWrong) && !tried:
		return client.CodeWrong, nil
	case errors.Is(err, mediaserver.ErrNotFound), errors.Is(err, mediaserver.ErrNotAllowed):
		return client.QuickConnectNotAllowed, nil
	case errors.Is(err, mediaserver.ErrCodeWrong): // maybe it is approved
	default:
		_ = q.media.explain(ctx, err) // it has been told
	}
	return client.QuickConnectUnavailable, nil
}
