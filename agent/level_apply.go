package agent

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// refusedLevel is a level that the media server has refused.
type refusedLevel struct {
	chosen   string
	unlocked bool
	until    time.Time // when it is tried again
}

// refusedAgain is the time between two tries of a level that the media server refuses.
const refusedAgain = time.Minute

// closeUnlocks closes what has ended in the agent's own file. That needs neither the service nor the media
// server.
func (l *Levels) closeUnlocks(ctx context.Context) error {
	setBack, err := l.store.closeUnlocks(ctx)
	if setBack > 0 {
		l.log.LogAttrs(ctx, slog.LevelWarn, "the clock of this machine was set back, so that what was unlocked is closed: how long it would have been open cannot be told",
			slog.Int("unlocks", setBack))
	}
	return l.explainFile(ctx, err)
}

// doubt is called when a run begins. If the agent's file was restored from a copy, nobody can tell what the
// media server was last told. Then the limits that the media server has count as the agent's own limits,
// and not as changed by hand. So a wider level that was unlocked after the copy was made does not stay.
func (l *Levels) doubt(ctx context.Context) {
	if !l.copy.current(ctx) {
		_ = l.explainFile(ctx, l.store.doubtLevels(ctx))
	}
}

// settle gives each local user the level that holds now, first those whose unlock has ended. An error with
// one local user does not stop the work for the others. Only one goroutine calls it.
func (l *Levels) settle(ctx context.Context) error {
	if !l.copy.current(ctx) {
		return nil // the levels of the links may have changed
	}
	book, err := l.readBook(ctx)
	if err != nil {
		return l.explainFile(ctx, err)
	}
	slices.SortStableFunc(book.tasks, func(a, b *levelTask) int { return a.urgency() - b.urgency() })
	var failed error
	var refused, gone []string
	for _, task := range book.tasks {
		failed = errors.Join(failed, l.finishDoor(ctx, task))
		if !task.held || task.asleep() {
			continue
		}
		failed = errors.Join(failed, l.apply(ctx, task))
		if errors.Is(failed, ErrMediaServerAway) {
			return failed // the others would wait in vain, too
		}
		switch task.row.Problem {
		case client.LevelProblemRefused:
			refused = append(refused, task.link.Username)
		case client.LevelProblemLibrary:
			gone = append(gone, task.link.Username)
		}
	}
	l.tellTroubles(ctx, refused, gone)
	for i := range book.ending {
		failed = errors.Join(failed, l.end(ctx, book, &book.ending[i]))
		if errors.Is(failed, ErrMediaServerAway) {
			return failed
		}
	}
	return failed
}

// tellTroubles begins and ends the troubles with levels. The parameters are the accounts that have them.
func (l *Levels) tellTroubles(ctx context.Context, refused, gone []string) {
	l.trouble.end(ctx, endedOf(map[string]bool{troubleLevels: len(refused) == 0, troubleLevelLibrary: len(gone) == 0})...)
	if len(refused) > 0 {
		l.trouble.begin(ctx, troubleLevels, "the media server refuses the levels of "+some(refused)+": see its log. Update the media server if it is old, or choose other levels on the server's page")
	}
	if len(gone) > 0 {
		l.trouble.begin(ctx, troubleLevelLibrary, "the levels of "+some(gone)+" name libraries that the media server no longer has. "+
			"A library that is renamed is a new one to the media server: choose the levels again on the server's page")
	}
}

// endedOf returns the names for which ended is true.
func endedOf(ended map[string]bool) (names []string) {
	for name, is := range ended {
		if is {
			names = append(names, name)
		}
	}
	return names
}

// urgency orders tasks: what has to be closed comes first.
func (t *levelTask) urgency() int {
	if t.row.Unlocked && !t.unlocked() {
		return 0
	}
	return 1
}

// planOf returns the plan for a task.
func (l *Levels) planOf(ctx context.Context, t *levelTask, guest *mediaserver.Restriction) (*levelPlan, error) {
	libraries, err := l.media.knownLibraries(ctx)
	if err != nil {
		return nil, err
	}
	return &levelPlan{
		localUserID: t.link.LocalUserID, linkID: t.link.ID, chosen: t.chosenFor(guest), level: t.level(), unlocked: t.unlocked(),
		stopAtEnd: t.unlocked() && t.now.service != nil && t.now.service.StopPlaying, guest: guest, libraries: libraries,
	}, nil
}

// apply gives a local user the level that holds now, unless they have it.
func (l *Levels) apply(ctx context.Context, t *levelTask) error {
	var guest *mediaserver.Restriction
	if t.guest != nil {
		to, err := l.restriction(ctx, t.link)
		if err != nil {
			return err
		}
		guest = &to
	}
	plan, err := l.planOf(ctx, t, guest)
	if err != nil {
		return err
	}
	if t.levels.Odd {
		l.logSometimes(ctx, "the service sent levels that make no sense, and the strictest level holds in their place: the service may have another version than the agent",
			slog.String("account", t.link.Username), slog.String("link_id", t.link.ID))
	}
	if !plan.isDone(&t.row) {
		if l.isRefused(plan) {
			return nil
		}
		l.restricting.Add(1)
		err := l.write(ctx, &t.row, plan)
		l.restricting.Add(1)
		if err != nil {
			return l.refuse(ctx, t, plan, err)
		}
		l.logLevel(ctx, t)
	}
	return l.finish(ctx, t, plan)
}

// write makes the media server have the limits of a plan. If the media server cannot hold them, the strictest level is
// written in their place: what was unlocked must not stay open because what follows is refused. Then the error is
// mediaserver.ErrUnsupported all the same, and row.Done says whether the strictest level holds.
func (l *Levels) write(ctx context.Context, row *levelRow, plan *levelPlan) error {
	err := l.put(ctx, row, plan)
	if !errors.Is(err, mediaserver.ErrUnsupported) {
		return err
	}
	strict := *plan
	strict.level = strictest()
	return errors.Join(err, l.put(ctx, row, &strict))
}

// put makes the media server have the limits of a plan. Before that it writes down what it is about to
// do: if the program is killed at any step, the next run does it again. It returns the error of the media
// server, or of the agent's file.
func (l *Levels) put(ctx context.Context, row *levelRow, plan *levelPlan) error {
	within, cancel := context.WithTimeout(ctx, l.pace.media)
	defer cancel()
	var failed error
	before := *row
	err := l.opt.MediaServer.ChangeLimits(within, plan.localUserID, func(now mediaserver.Limits) (mediaserver.Limits, error) {
		next, target, err := plan.next(before, now)
		if err == nil {
			next.Version = row.Version
			err = l.store.putLevel(ctx, &next)
		}
		if err != nil {
			failed = l.explainFile(ctx, err)
			return now, err
		}
		*row = next
		return target, nil
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	return l.confirm(ctx, row)
}

// confirm reads what the media server has made of the limits that were just written, so that its own form
// of them is not taken for a change by hand, and writes down that it is done.
func (l *Levels) confirm(ctx context.Context, row *levelRow) error {
	within, cancel := context.WithTimeout(ctx, l.pace.media)
	defer cancel()
	var found mediaserver.Limits
	err := l.opt.MediaServer.ChangeLimits(within, row.LocalUserID, func(now mediaserver.Limits) (mediaserver.Limits, error) {
		found = now
		return now, nil
	})
	if err != nil {
		return err
	}
	next := *row
	if next.Found, err = limitsText(found); err != nil {
		return err
	}
	next.Done = true
	if err := l.store.putLevel(ctx, &next); err != nil {
		return l.explainFile(ctx, err)
	}
	*row = next
	return nil
}

// isRefused reports whether the media server has refused the same limits a short time ago.
func (l *Levels) isRefused(plan *levelPlan) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	one, is := l.refused[plan.localUserID]
	return is && one.chosen == plan.chosen && one.unlocked == plan.unlocked && l.store.now().Before(one.until)
}

// refuse handles an error of [Levels.write]. It returns nil for a refusal that concerns this local user
// alone, and notes it.
func (l *Levels) refuse(ctx context.Context, t *levelTask, plan *levelPlan, err error) error {
	if !isAnswer(err) {
		return l.media.explain(ctx, err)
	}
	if errors.Is(err, mediaserver.ErrNotFound) {
		if err := l.media.check(ctx); err != nil {
			return err // another media server, which does not have that local user
		}
	}
	l.mu.Lock()
	l.refused[plan.localUserID] = refusedLevel{plan.chosen, plan.unlocked, l.store.now().Add(refusedAgain)}
	l.mu.Unlock()
	problem := client.LevelProblemRefused
	if errors.Is(err, mediaserver.ErrNotAllowed) {
		problem = client.LevelProblemAdmin
	}
	if t.row.Problem == problem {
		return nil
	}
	t.row.LocalUserID, t.row.LinkID, t.row.Problem = plan.localUserID, plan.linkID, problem
	l.log.LogAttrs(ctx, slog.LevelWarn, "the media server does not take the level of a local user", slog.String("account", t.link.Username),
		slog.String("local_user", t.link.LocalUserName), slog.String("problem", problem), causeOf(err))
	return l.explainFile(ctx, l.store.putLevel(ctx, &t.row))
}

// logLevel logs that a local user has another level.
func (l *Levels) logLevel(ctx context.Context, t *levelTask) {
	text := "the everyday level of a local user holds"
	attrs := []slog.Attr{slog.String("account", t.link.Username), slog.String("link_id", t.link.ID), slog.String("local_user", t.link.LocalUserName)}
	if t.unlocked() {
		text, attrs = "the unlocked level of a local user holds", append(attrs, slog.Time("until", t.now.until))
	}
	l.log.LogAttrs(ctx, slog.LevelInfo, text, attrs...) //nolint:sloglint // both texts are constants
}

// restrict gives a guest who is let in what their link allows: the libraries of the parameter to, and the
// level that holds now, as one policy. Without levels, it is the libraries alone. It returns the errors of
// the media server as they are.
func (l *Levels) restrict(ctx context.Context, link *linkRow, g *guestRow, to mediaserver.Restriction) error {
	task, err := l.guestTask(ctx, link, g)
	if err != nil {
		return err
	}
	if !task.held {
		return l.opt.MediaServer.Restrict(ctx, g.LocalUserID, to)
	}
	plan, err := l.planOf(ctx, task, &to)
	if err != nil {
		return err
	}
	err = l.write(ctx, &task.row, plan)
	if errors.Is(err, mediaserver.ErrUnsupported) {
		if task.row.Done { // the strictest level holds
			return nil
		}
		return l.opt.MediaServer.Restrict(ctx, g.LocalUserID, restrictionBy(to, plan.level, plan.libraries))
	}
	if err == nil {
		l.logLevel(ctx, task)
	}
	return err
}

// guestTask returns the task of a guest who is let in.
func (l *Levels) guestTask(ctx context.Context, link *linkRow, g *guestRow) (*levelTask, error) {
	task := &levelTask{link: link.with(g.LocalUserID), levels: link.levels(), guest: g}
	if task.held = !g.Unsure && l.holds(task.link, task.levels, g); !task.held {
		return task, nil
	}
	db := l.store.read(ctx)
	rows, err := levelRows(db)
	if err == nil {
		task.now, err = l.store.openedNow(db, task.link)
	}
	if err != nil {
		return nil, l.explainFile(ctx, err)
	}
	for _, row := range rows {
		if row.LocalUserID == g.LocalUserID {
			task.row = row
		}
	}
	return task, nil
}
