package agent

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// codeLoop approves Quick Connect codes that people have entered at the service.
func (a *Agent) codeLoop(ctx context.Context) {
	failures := 0
	for {
		wait := a.o.ReportEvery // the feed tells of new ones
		switch err := a.approveCodes(ctx); {
		case errors.Is(err, ErrNotRegistered):
			wait = a.pace.shutOut(err)
		case err != nil:
			failures++
			wait = a.pace.backoff(failures)
		default:
			failures = 0
		}
		if !a.codes.wait(ctx, wait) {
			return
		}
	}
}

func (a *Agent) approveCodes(ctx context.Context) error {
	service, err := a.service(ctx)
	if err != nil {
		return err
	}
	open, err := service.QuickConnects(ctx)
	if err = a.heard(ctx, byCodes, err); err != nil {
		return err
	}
	waiting := map[string]bool{}
	for _, one := range open {
		waiting[string(one.ID)] = true
		if failed := a.approveCode(ctx, service, one); failed != nil {
			err = failed // the others do not wait for it
		}
	}
	return errors.Join(err, a.forgetCodes(ctx, waiting))
}

// What is written down of a code, by the id that it has at the service.
const (
	codeTried    = "tried"
	codeApproved = "approved"
)

// forgetCodes forgets what was written down of codes that wait no more.
func (a *Agent) forgetCodes(ctx context.Context, waiting map[string]bool) error {
	a.mu.Lock()
	for id := range a.done {
		if !waiting[id] {
			delete(a.done, id)
		}
	}
	a.mu.Unlock()
	facts, err := a.store.facts(ctx)
	if err != nil {
		return a.ownFile(ctx, err)
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
	return a.ownFile(ctx, a.store.setFacts(ctx, over))
}

// approved reports whether a code was approved, by this run or by another one.
func (a *Agent) approved(ctx context.Context, id string) (bool, error) {
	a.mu.Lock()
	done := a.done[id]
	a.mu.Unlock()
	if done {
		return true, nil
	}
	facts, err := a.store.facts(ctx)
	return facts[factQuickConnect+id] == codeApproved, a.ownFile(ctx, err)
}

// approveCode approves one code and tells the service what became of it. One
// that was approved is never tried again: the media server would say that there
// is no such code.
func (a *Agent) approveCode(ctx context.Context, service *client.Agent, one client.OpenQuickConnect) error {
	id := string(one.ID)
	approved, err := a.approved(ctx, id)
	if err != nil {
		return err
	}
	reason := ""
	if !approved {
		link, why, err := a.tryCode(ctx, one)
		if err != nil {
			return err
		}
		reason = why
		a.sayCode(ctx, one, link, reason)
	}
	if reason == "" {
		a.mu.Lock()
		a.done[id] = true
		a.mu.Unlock()
		err = service.CompleteQuickConnect(ctx, one.ID)
	} else {
		err = service.FailQuickConnect(ctx, one.ID, reason)
	}
	if err = a.heard(ctx, byCodes, err); errors.Is(err, ErrServiceRefused) {
		return nil // it was too late
	}
	return err
}

// sayCode logs what became of a code, and never the code.
func (a *Agent) sayCode(ctx context.Context, one client.OpenQuickConnect, link *linkRow, reason string) {
	attrs := []slog.Attr{slog.String("account_id", readable(string(one.AccountID))), slog.String("link_id", readable(string(one.LinkID)))}
	if link != nil {
		attrs = append(attrs, slog.String("account", link.Username), slog.String("local_user", link.LocalUserName))
	}
	if reason == "" {
		a.log.LogAttrs(ctx, slog.LevelInfo, "a device was signed in by its Quick Connect code", attrs...)
		return
	}
	a.log.LogAttrs(ctx, slog.LevelInfo, "a device was not signed in by a Quick Connect code", append(attrs, slog.String("reason", reason))...)
}

// tryCode approves a code for the local user of its link. It returns the reason
// for which it did not, "" when it did, and an error when the own file cannot be
// read.
func (a *Agent) tryCode(ctx context.Context, one client.OpenQuickConnect) (link *linkRow, reason string, err error) {
	found, err := links(a.store.read(ctx), "id = ?", string(one.LinkID))
	if err != nil {
		return nil, "", a.ownFile(ctx, err)
	}
	now := a.store.now()
	if len(found) == 0 || found[0].AccountID != string(one.AccountID) || !found[0].usable(now) || !one.ExpiresAt.After(now) {
		return nil, client.QuickConnectNotAllowed, nil
	}
	link = &found[0]
	if !isNumber(string(one.ID)) || !isNumber(one.Code) || len(one.Code) > 12 {
		return link, client.CodeWrong, nil
	}
	if !a.tries.take("") { // somebody guesses, maybe the service itself
		return link, client.QuickConnectNotAllowed, nil
	}
	if reason = codeReason(a.confirm(ctx)); reason != "" {
		return link, reason, nil
	}
	// Where the device is only the media server knows, which keeps those out itself
	// who may not come from outside.
	user, err := a.localUserOf(ctx, link, true)
	if reason = codeReason(err); reason != "" {
		return link, reason, nil
	}
	reason, err = a.approve(ctx, one, user.ID)
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
func (a *Agent) approve(ctx context.Context, one client.OpenQuickConnect, userID string) (reason string, err error) {
	name := factQuickConnect + string(one.ID)
	facts, err := a.store.facts(ctx)
	tried := facts[name] != ""
	if err == nil && !tried {
		err = a.store.setFacts(ctx, map[string]string{name: codeTried})
	}
	if err != nil {
		return "", a.ownFile(ctx, err)
	}
	within, cancel := context.WithTimeout(ctx, a.pace.media)
	defer cancel()
	err = a.o.MediaServer.ApproveCode(within, one.Code, userID)
	switch {
	case err == nil:
		// If that fails it is known for as long as this run lasts.
		_ = a.ownFile(ctx, a.store.setFacts(context.WithoutCancel(ctx), map[string]string{name: codeApproved}))
		return "", nil
	case errors.Is(err, mediaserver.ErrCodeWrong) && !tried:
		return client.CodeWrong, nil
	case errors.Is(err, mediaserver.ErrNotFound), errors.Is(err, mediaserver.ErrNotAllowed):
		return client.QuickConnectNotAllowed, nil
	case errors.Is(err, mediaserver.ErrCodeWrong): // maybe it is approved
	default:
		_ = a.mediaServer(ctx, err) // it has been told
	}
	return client.QuickConnectUnavailable, nil
}
