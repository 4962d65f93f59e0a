package agent

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// localUserStates tells the service what changes about local users while they use the media server: the last use,
// their devices, and what keeps them out. Owners see it in their list of people.
type localUserStates struct {
	*core

	told   map[string]client.LocalUserState // what the service has been told in this run, by the id of the local user
	facts  bool                             // what it was told last about Quick Connect
	toldAt time.Time
	allAt  time.Time // when everything was told
	oldAt  time.Time // when the service did not know the call; the zero time if it does
}

// serviceOldWait is the time after which the agent repeats a call that an older service does not know, because
// the service may have been updated meanwhile.
const serviceOldWait = time.Hour

// loop tells the states again and again, until ctx ends.
func (l *localUserStates) loop(ctx context.Context) {
	const looks = 2 // of the media server, for one of these: it is asked for all devices, too
	for failures := 0; ; {
		wait := looks * l.opt.CheckEvery
		if err := l.tell(ctx); err != nil {
			failures++
			wait = max(wait, l.pace.backoff(failures))
		} else {
			failures = 0
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// tell tells the service what has changed. Without a change it tells after Options.ReportEvery that everything is
// as before, so that the service knows how old its knowledge is.
func (l *localUserStates) tell(ctx context.Context) error {
	now := l.opt.Now()
	if !l.oldAt.IsZero() && now.Sub(l.oldAt) < serviceOldWait {
		return nil
	}
	identity, same := l.media.registered()
	if !same || !l.media.ready() {
		return nil // a report tells what is wrong
	}
	states, err := l.look(ctx)
	if err != nil || states == nil {
		return err
	}
	if now.Sub(l.allAt) >= l.pace.resync || now.Before(l.allAt) {
		l.told = nil
	}
	in := client.LocalUserStates{NeedsQuickConnect: identity.NeedsQuickConnect, LocalUsers: l.news(states)}
	if len(in.LocalUsers) == 0 && in.NeedsQuickConnect == l.facts && now.Sub(l.toldAt) < l.opt.ReportEvery && !now.Before(l.toldAt) {
		return nil
	}
	service, err := l.service.client(ctx)
	if err != nil {
		return err
	}
	err = service.PutLocalUserStates(ctx, in)
	if errors.Is(err, client.ErrNotFound) {
		l.oldAt = now
		return nil
	}
	if err = l.service.explain(ctx, byNobody, err); err != nil {
		return err
	}
	l.keep(states, now)
	l.facts, l.toldAt, l.oldAt = in.NeedsQuickConnect, now, time.Time{}
	return nil
}

// news returns the states that the service was not told yet.
func (l *localUserStates) news(states []client.LocalUserState) (changed []client.LocalUserState) {
	for _, one := range states {
		if before, found := l.told[one.ID]; !found || !sameState(before, one) {
			changed = append(changed, one)
		}
	}
	return changed
}

// keep notes that the service has these states, and no others, at the time now.
func (l *localUserStates) keep(states []client.LocalUserState, now time.Time) {
	if l.told == nil {
		l.allAt = now
	}
	l.told = map[string]client.LocalUserState{}
	for _, one := range states {
		l.told[one.ID] = one
	}
}

func sameState(a, b client.LocalUserState) bool {
	return a.SeenAt.Equal(b.SeenAt) && a.Devices == b.Devices && slices.Equal(a.KeptOut, b.KeptOut)
}

// keepUsers keeps the local users that a report has found, so that the media server need not be
// asked for them again.
func (m *MediaServer) keepUsers(users []mediaserver.LocalUser) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users = slices.Clone(users)
}

// foundUsers returns what keepUsers has kept.
func (m *MediaServer) foundUsers() []mediaserver.LocalUser {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.users
}

// look returns the states of the local users that the last report found, with the devices that the media server has
// now. There are at most as many as a report may have. It returns nil before the first report.
func (l *localUserStates) look(ctx context.Context) ([]client.LocalUserState, error) {
	within, cancel := context.WithTimeout(ctx, l.pace.media)
	defer cancel()
	users := l.media.foundUsers()
	if users == nil {
		return nil, nil
	}
	devices, err := l.opt.MediaServer.SignedIn(within)
	if err != nil && !errors.Is(err, mediaserver.ErrUnsupported) {
		return nil, l.media.explain(ctx, err)
	}
	count, last := map[string]int{}, map[string]time.Time{}
	for _, one := range devices {
		count[one.LocalUserID]++
		if one.SeenAt.After(last[one.LocalUserID]) {
			last[one.LocalUserID] = one.SeenAt
		}
	}
	states := make([]client.LocalUserState, 0, len(users))
	for _, u := range users[:min(len(users), reportedUsersMost)] {
		state := client.LocalUserState{ID: u.ID, Devices: count[u.ID], KeptOut: keptOut(u, l.opt.Now()), SeenAt: last[u.ID]}
		if u.Door != nil && u.Door.SeenAt.After(state.SeenAt) {
			state.SeenAt = u.Door.SeenAt
		}
		state.SeenAt = state.SeenAt.UTC().Truncate(time.Hour) // a time without minutes changes seldom
		if state.SeenAt.Year() < 2000 {
			state.SeenAt = time.Time{} // media servers write such a year if nobody has used the local user
		}
		states = append(states, state)
	}
	return states, nil
}

// keptOut returns what keeps a local user out at a time, in addition to the facts in the report: sorted words of
// the service.
func keptOut(u mediaserver.LocalUser, now time.Time) []string {
	words := []string{}
	if !u.RemoteAccess {
		words = append(words, client.KeptOutAway)
	}
	if u.Door == nil {
		return words
	}
	if !u.Door.AnyDevice {
		words = append(words, client.KeptOutDevices)
	}
	if !openAt(u.Door.Hours, now.Local()) {
		words = append(words, client.KeptOutHours)
	}
	if u.Door.Full {
		words = append(words, client.KeptOutSessions)
	}
	return words
}

// openAt reports whether a time is within hours. The time zone of the time decides what its day and hour are. No
// hours mean always.
func openAt(hours []mediaserver.Hours, at time.Time) bool {
	if len(hours) == 0 {
		return true
	}
	hour := float64(at.Hour()) + float64(at.Minute())/60 + float64(at.Second())/3600
	return slices.ContainsFunc(spansOf(hours)[at.Weekday().String()], func(s span) bool { return hour >= s.start && hour < s.end })
}
