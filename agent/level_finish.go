package agent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// warnBefore is how long before the end of an unlock the agent warns the person who is watching.
const warnBefore = 5 * time.Minute

// finish does the work at the end of an unlock: it warns the person some minutes before, and stops what
// is playing after it. It never delays the end of an unlock.
func (l *Levels) finish(ctx context.Context, t *levelTask, plan *levelPlan) error {
	problem := ""
	if goneLibrary(plan.level, plan.libraries) {
		problem = client.LevelProblemLibrary
	}
	warn, until := t.warning()
	row := t.row
	stop := row.StopAtEnd && !plan.unlocked
	row.Problem, row.StopAtEnd = problem, plan.stopAtEnd
	if warn != nil && until.Sub(l.store.now()) <= warnBefore {
		row.Warned = t.warningKey()
	} else {
		warn = nil
	}
	if row == t.row {
		return nil
	}
	// It is written down first, so that it happens once at most.
	if err := l.store.putLevel(ctx, &row); err != nil {
		return l.explainFile(ctx, err)
	}
	t.row = row
	if warn != nil {
		l.attempt(ctx, t, func(ctx context.Context) error {
			return l.opt.MediaServer.Say(ctx, t.link.LocalUserID, warn.Header, warn.Text)
		})
	}
	if stop {
		l.attempt(ctx, t, func(ctx context.Context) error { return l.opt.MediaServer.StopPlaying(ctx, t.link.LocalUserID) })
	}
	return nil
}

// finishDoor stops what plays when the unlock of a link ends that only asks for the PIN, so that no level ends with it.
func (l *Levels) finishDoor(ctx context.Context, t *levelTask) error {
	open := t.now.open()
	stop := !t.held && t.levels.PINRequired && open && t.now.service != nil && t.now.service.StopPlaying
	if t.link.StopAtEnd == stop || t.link.LocalUserID == "" {
		return nil
	}
	// It is written down first, so that it happens once at most.
	news, err := l.store.setStopAtEnd(ctx, t.link.ID, stop)
	if err != nil || !news {
		return l.explainFile(ctx, err)
	}
	if !stop && !open && !t.held {
		l.attempt(ctx, t, func(ctx context.Context) error { return l.opt.MediaServer.StopPlaying(ctx, t.link.LocalUserID) })
	}
	return nil
}

// attempt calls act, which may fail without consequence.
func (l *Levels) attempt(ctx context.Context, t *levelTask, act func(ctx context.Context) error) {
	within, cancel := context.WithTimeout(ctx, l.pace.media)
	defer cancel()
	if err := act(within); err != nil && !errors.Is(err, mediaserver.ErrUnsupported) {
		l.log.LogAttrs(ctx, slog.LevelInfo, "the media server did not show a word or stop what plays at the end of an unlock",
			slog.String("account", t.link.Username), slog.String("local_user", t.link.LocalUserName), causeOf(err))
	}
}

// warning returns the message that warns of the end of what is open, and the time of that end. It
// returns nil for the message if no warning is needed, or if the warning was sent already.
func (t *levelTask) warning() (*client.LevelMessage, time.Time) {
	u := t.now.service
	if u == nil || u.Warning == nil || !t.unlocked() || t.now.until.After(u.EndsAt) || t.row.Warned == t.warningKey() {
		return nil, time.Time{}
	}
	return u.Warning, u.EndsAt
}

// warningKey names the unlock and its end. If the end is moved, the key changes, so that the agent
// warns again.
func (t *levelTask) warningKey() string {
	return unlockKey(t.now.service) + "/" + t.now.service.EndsAt.UTC().Format(time.RFC3339)
}

// end gives a local user back what an administrator has given them, and forgets them: their link has
// ended or has no levels any more, or the setting levels no longer covers them. A guest whose link is not
// in use stays as they are, because they are disabled.
func (l *Levels) end(ctx context.Context, book *levelBook, row *levelRow) error {
	plan := &levelPlan{localUserID: row.LocalUserID, linkID: row.LinkID, chosen: row.Chosen, level: &client.Level{}}
	if book.guests[row.LocalUserID] != nil {
		links, err := readLinks(l.store.read(ctx), "local_user_id = ? AND "+usable, row.LocalUserID, stamp(l.store.now()))
		if err != nil {
			return l.explainFile(ctx, err)
		}
		if len(links) == 0 {
			return nil
		}
		to, err := l.restriction(ctx, &links[0])
		if err != nil {
			return err
		}
		plan.guest = &to
	}
	if row.Bound == "" { // nothing was changed
		return l.explainFile(ctx, l.store.dropLevel(ctx, row.LocalUserID))
	}
	if l.isRefused(plan) {
		return nil
	}
	err := l.write(ctx, row, plan)
	if errors.Is(err, mediaserver.ErrNotFound) {
		err = l.media.check(ctx) // if another media server has taken the place of the registered one, the row stays
	} else if err != nil && isAnswer(err) {
		l.mu.Lock()
		l.refused[plan.localUserID] = refusedLevel{plan.chosen, plan.unlocked, l.store.now().Add(refusedAgain)}
		l.mu.Unlock()
		l.log.LogAttrs(ctx, slog.LevelWarn, "the media server does not take back the limits that a local user had before",
			slog.String("local_user_id", readable(row.LocalUserID)), causeOf(err))
		return nil
	}
	if err != nil {
		return l.media.explain(ctx, err)
	}
	if err := l.store.dropLevel(ctx, row.LocalUserID); err != nil {
		return l.explainFile(ctx, err)
	}
	l.log.LogAttrs(ctx, slog.LevelInfo, "a local user has the limits again that an administrator of the media server gave them",
		slog.String("local_user_id", readable(row.LocalUserID)), slog.String("link_id", row.LinkID))
	return nil
}

// wait returns how long the loop waits that carries out levels: the usual time, or less if something ends
// sooner. The end comes from the agent's own file.
func (l *Levels) wait(usual time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next.IsZero() {
		return usual
	}
	const least = 10 * time.Millisecond
	return min(usual, max(l.next.Sub(l.store.now()), least))
}

// nextOf returns the time when something has to be done about a task, or the zero time. The parameter began is the
// time at which the last round began: that round may have taken an unlock for open that has ended since.
func (t *levelTask) nextOf(began, now time.Time) time.Time {
	if !t.now.open() {
		if t.link.opened(began).open() {
			return now
		}
		return time.Time{}
	}
	if warn, until := t.warning(); warn != nil && until.Add(-warnBefore).After(now) {
		return until.Add(-warnBefore)
	}
	return t.now.until
}
