package agent_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// full returns a level that says something about each field.
func full() *client.Level {
	return &client.Level{
		Libraries: []string{"l2"}, MaxRating: &client.LevelRating{Value: 6}, Unrated: []string{"Movie"}, BlockedTags: []string{"horror"},
		AllowedTags: []string{"kids"}, HiddenFolders: []string{"f1"}, Hours: []client.LevelHours{{Day: "Everyday", From: 480, To: 1200}},
		MayNot: []string{"delete", "download", "control", "edit"},
	}
}

// TestChangesByHandStay changes each field in the dashboard, to something wider than the level. The field
// stays as it is at every level, and the service hears about the change. After a new choice of levels, the
// new level holds again, within the limits that the administrator has set. When the link ends, the change by
// hand stays.
func TestChangesByHandStay(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		told   string
		change func(l *mediaserver.Limits)
	}{
		"libraries":       {"libraries", func(l *mediaserver.Limits) { l.Restriction = mediaserver.Restriction{AllLibraries: true} }},
		"one library":     {"libraries", func(l *mediaserver.Limits) { l.Restriction = mediaserver.Restriction{Libraries: []string{"l1"}} }},
		"live television": {"types", func(l *mediaserver.Limits) { l.LiveTV, l.AllChannels = true, true }},
		"channels":        {"types", func(l *mediaserver.Limits) { l.LiveTV, l.AllChannels, l.Channels = false, false, []string{"c1"} }},
		"hidden folders":  {"hidden_folders", func(l *mediaserver.Limits) { l.HiddenFolders = nil }},
		"rating":          {"max_rating", func(l *mediaserver.Limits) { l.MaxRating = nil }},
		"lower rating":    {"max_rating", func(l *mediaserver.Limits) { l.MaxRating = rating(0) }},
		"unrated":         {"unrated", func(l *mediaserver.Limits) { l.Unrated = nil }},
		"blocked tags":    {"blocked_tags", func(l *mediaserver.Limits) { l.BlockedTags = []string{"war"} }},
		"allowed tags":    {"allowed_tags", func(l *mediaserver.Limits) { l.AllowedTags = nil }},
		"hours":           {"hours", func(l *mediaserver.Limits) { l.Hours = nil }},
		"delete":          {"may_not", func(l *mediaserver.Limits) { l.MayDelete, l.DeleteFrom = false, []string{"l1"} }},
		"download":        {"may_not", func(l *mediaserver.Limits) { l.MayDownload = true }},
		"control":         {"may_not", func(l *mediaserver.Limits) { l.MayControl, l.MayControlShared = true, true }},
		"edit": {"may_not", func(l *mediaserver.Limits) {
			l.MayEdit = mediaserver.Edits{Collections: true, Subtitles: true, Lyrics: true}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d, service, bob, link := newLevels(t)
			levels := &client.AgentLevels{Everyday: full(), Unlocked: &client.Level{}}
			service.send(d, link.ID, levels)
			d.isState(service, link.ID, client.LevelEveryday)
			want := d.limits()
			d.fake.byHand("u1", test.change)
			test.change(&want)
			eventually(t, "it is told", func() bool { return slices.Equal(service.state(link.ID).ByHand, []string{test.told}) }, d.log)
			d.limited(want)

			service.send(d, link.ID, open(levels, "7", s.Clock.Now(), time.Hour))
			d.isState(service, link.ID, client.LevelUnlocked)
			unlocked := everything()
			test.change(&unlocked)
			d.limited(agent.LimitsOf(unlocked, &client.Level{}, nil))
			if got := service.state(link.ID); !slices.Equal(got.ByHand, []string{test.told}) {
				t.Errorf("changed by hand %q while it is unlocked, want %q", got.ByHand, test.told)
			}

			again := &client.AgentLevels{Everyday: full(), Unlocked: &client.Level{BlockedTags: []string{"x"}}}
			service.send(d, link.ID, again)
			eventually(t, "nothing is by hand", func() bool {
				got := service.state(link.ID)
				return len(got.ByHand) == 0 && got.State == client.LevelEveryday
			}, d.log)
			d.limited(agent.LimitsOf(unlocked, full(), []mediaserver.Library{{ID: "l1"}, {ID: "l2"}}))
			noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
			d.limited(agent.LimitsOf(unlocked, &client.Level{}, nil))
		})
	}
}

// TestChangeByHandIsNoticedBeforeAWrite changes a field while no report is sent, right before an unlock: it is
// noticed, and not overwritten. A hand that only says the same in another form changes nothing.
func TestChangeByHandIsNoticedBeforeAWrite(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t, func(o *agent.Options) { o.ReportEvery, o.CheckEvery = time.Hour, time.Hour })
	service.send(d, link.ID, kids())
	d.limited(everydayKid())
	d.fake.byHand("u1", func(l *mediaserver.Limits) { l.MaxRating, l.Hours = rating(9), nil })
	service.send(d, link.ID, open(kids(), "7", s.Clock.Now(), time.Hour))
	d.isState(service, link.ID, client.LevelUnlocked)
	want := unlockedKid()
	want.MaxRating = rating(9)
	d.limited(want)
	if got := service.state(link.ID).ByHand; !slices.Equal(got, []string{"max_rating"}) {
		t.Errorf("changed by hand %q, want max_rating", got)
	}
}

// TestFormOfTheMediaServerIsNoHand has a media server that writes limits in a form of its own.
func TestFormOfTheMediaServerIsNoHand(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t)
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "Limits u1") {
			d.fake.byHand("u1", func(l *mediaserver.Limits) {
				if l.MaxRating != nil {
					l.MaxRating.Sub = new(0)
				}
				l.DeleteFrom = nil
			})
		}
		return nil
	})
	service.send(d, link.ID, kids())
	d.isState(service, link.ID, client.LevelEveryday)
	d.rounds(3)
	service.send(d, link.ID, open(kids(), "7", s.Clock.Now(), time.Hour))
	d.isState(service, link.ID, client.LevelUnlocked)
	if got := service.state(link.ID); len(got.ByHand) > 0 {
		t.Errorf("changed by hand %q, want nothing", got.ByHand)
	}
	if got := d.limits(); got.MaxRating == nil || got.MaxRating.Value != 12 {
		t.Errorf("rating %+v, want 12", got.MaxRating)
	}
}

// TestBoundFollowsDashboard has a local user who was limited before: no level gives more, and exactly the
// same is back when levels no longer hold.
func TestBoundFollowsDashboard(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	service := levelled(s)
	d := newDeployment(t, s, whose(client.LevelsLinked))
	before := mediaserver.Limits{
		Restriction: mediaserver.Restriction{AllLibraries: true, Libraries: []string{"l1"}}, AllChannels: true, Channels: []string{"c1"},
		MaxRating: rating(10), MayDelete: true, DeleteFrom: []string{"l1"}, Hours: []mediaserver.Hours{{Day: "Weekday", Start: 8, End: 20}, {Day: "Weekday", Start: 19, End: 21}},
	}
	d.fake.set(func() { d.fake.setPolicy("u1", before) })
	d.started()
	link := d.linked(s.Join(t, "bob"), "bob", "u1")
	service.send(d, link.ID, open(kids(), "7", s.Clock.Now(), time.Hour))
	d.isState(service, link.ID, client.LevelUnlocked)
	if got := d.fake.policyOf("u1"); got.MaxRating.Value != 10 || got.LiveTV || got.MayDownload || !got.MayDelete {
		t.Errorf("limits %+v, want no more than before", got)
	}
	s.Clock.Advance(time.Hour)
	d.isState(service, link.ID, client.LevelEveryday)
	if got := d.fake.policyOf("u1"); got.MaxRating.Value != 6 || got.AllLibraries || got.MayDelete {
		t.Errorf("limits %+v, want the everyday level", got)
	}
	service.send(d, link.ID, nil)
	eventually(t, "the row is gone", func() bool { return must(d.store.Levelled(t.Context()))(t) == 0 })
	if diff := cmp.Diff(before, d.fake.policyOf("u1")); diff != "" {
		t.Errorf("limits after the levels (-want +got):\n%s", diff)
	}
}

// TestSettingLevels checks for whom levels hold, also when the setting changes at a restart.
func TestSettingLevels(t *testing.T) {
	t.Parallel()
	_, d, service, _, link := newLevels(t)
	service.send(d, link.ID, kids())
	d.limited(everydayKid())
	for _, setting := range []string{client.LevelsGuests, client.LevelsOff, ""} {
		d.options.Policy.Levels = setting
		d.restart()
		d.limited(everything())
		d.isState(service, link.ID, client.LevelNotHeld)
		d.options.Policy.Levels = client.LevelsLinked
		d.restart()
		d.limited(everydayKid())
	}
	must(d.Allowances.List(t.Context()))(t)
	noError(t, d.Allowances.Disallow(t.Context(), "u1"))
	d.limited(everything())
}

// TestHostileLevelsTouchNobody sends levels for local users whom nobody has allowed, and for the link of a
// "guest" with a local user who was there before.
func TestHostileLevelsTouchNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	service := levelled(s)
	d := newDeployment(t, s, whose(client.LevelsLinked)).started()
	link := d.linkedByService(s.Join(t, "bob"), "bob", "u1")
	service.send(d, link.ID, kids())
	d.never("u1 is limited", func() bool { return !cmp.Equal(everything(), d.limits()) })
	d.isState(service, link.ID, client.LevelNotHeld)
	d.options.Policy.Levels = client.LevelsGuests
	d.restart()
	d.allow("u1")
	d.never("u1 is limited", func() bool { return !cmp.Equal(everything(), d.limits()) })
}

// TestLevelOfAdministrator links an administrator, whom no limit holds.
func TestLevelOfAdministrator(t *testing.T) {
	t.Parallel()
	_, d, service, _, link := newLevels(t, func(o *agent.Options) { o.Policy.AllowAdmins = true })
	d.fake.set(func() { d.fake.find("u1").Administrator = true })
	service.send(d, link.ID, kids())
	if got := d.isState(service, link.ID, client.LevelNotHeld); got.Problem != client.LevelProblemAdmin {
		t.Errorf("told %+v, want the problem %s", got, client.LevelProblemAdmin)
	}
	if calls := d.fake.callsOf("Limits"); len(calls) > 0 {
		t.Errorf("calls %q, want no change", calls)
	}
	service.send(d, link.ID, nil)
	eventually(t, "the row is gone", func() bool { return must(d.store.Levelled(t.Context()))(t) == 0 })
}

// TestLevelThatIsRefused has a media server that refuses a level. It is tried again after a while.
func TestLevelThatIsRefused(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t)
	var refuse atomic.Bool
	refuse.Store(true)
	d.fake.hook(func(call string) error {
		if strings.HasPrefix(call, "Limits") && refuse.Load() {
			return mediaserver.ErrUnsupported
		}
		return nil
	}, nil)
	service.send(d, link.ID, kids())
	if got := d.isState(service, link.ID, client.LevelWaiting); got.Problem != client.LevelProblemRefused {
		eventually(t, "the problem", func() bool { return service.state(link.ID).Problem == client.LevelProblemRefused })
	}
	eventually(t, "the trouble", func() bool { return d.trouble("levels_refused") })
	tries := d.fake.begun("Limits")
	d.rounds(3)
	if now := d.fake.begun("Limits"); now != tries {
		t.Errorf("%d more tries within a minute, want none", now-tries)
	}
	refuse.Store(false)
	s.Clock.Advance(time.Minute)
	d.limited(everydayKid())
	if got := d.isState(service, link.ID, client.LevelEveryday); got.Problem != "" {
		t.Errorf("told %+v, want no problem", got)
	}
	eventually(t, "no trouble", func() bool { return !d.trouble("levels_refused") })
}

// TestLibraryOfLevelVanishes removes a library that a level names. The other libraries stay hidden, and
// the agent tells the service about the missing library.
func TestLibraryOfLevelVanishes(t *testing.T) {
	t.Parallel()
	_, d, service, _, link := newLevels(t)
	service.send(d, link.ID, kids())
	d.limited(everydayKid())
	d.fake.set(func() {
		d.fake.libraries = []mediaserver.Library{{ID: "l1", Name: "Films"}, {ID: "l7", Name: "Music 2"}}
	})
	eventually(t, "it is told", func() bool { return service.state(link.ID).Problem == client.LevelProblemLibrary }, d.log)
	want := everydayKid()
	want.Restriction = mediaserver.Restriction{}
	d.limited(want)
	eventually(t, "the trouble", func() bool { return d.trouble("level_library_gone") })
	d.fake.set(func() { d.fake.libraries = append(d.fake.libraries, mediaserver.Library{ID: "l2", Name: "Music"}) })
	d.limited(everydayKid())
	d.isState(service, link.ID, client.LevelEveryday)
	eventually(t, "no trouble", func() bool { return !d.trouble("level_library_gone") })
}

// TestChoicesAreReported sends the names that levels can use. An error with them stops no report, and a
// service that is older than levels gets a report without them and is told no state.
func TestChoicesAreReported(t *testing.T) {
	t.Parallel()
	s, d, service, _, link := newLevels(t)
	many := make([]string, 1500)
	for i := range many {
		many[i] = strings.Repeat("t", 1+i%7)
	}
	d.fake.set(func() {
		d.fake.choices = mediaserver.Choices{
			Ratings: []mediaserver.Rating{{Name: "FSK-12", Value: 12, Sub: new(1)}}, Tags: many,
			Folders: []mediaserver.Folder{{ID: "f1", Name: "A", LibraryID: "l1"}}, HidesFolders: true,
		}
	})
	reported := func() client.Report {
		service.mu.Lock()
		defer service.mu.Unlock()
		return service.report
	}
	eventually(t, "the choices", func() bool { c := reported().Choices; return c != nil && len(c.Tags) == 1000 })
	got := reported()
	got.Choices.Tags = nil
	want := &client.LevelChoices{
		Ratings: []client.LevelRating{{Name: "FSK-12", Value: 12, Sub: new(1)}}, Folders: []client.ReportedFolder{{ID: "f1", Name: "A", LibraryID: "l1"}}, HidesFolders: true,
	}
	if diff := cmp.Diff(want, got.Choices); diff != "" || got.Levels != client.LevelsLinked {
		t.Errorf("levels %q, choices (-want +got):\n%s", got.Levels, diff)
	}
	d.fake.hook(func(call string) error {
		if call == "Choices" || call == "AllLimits" {
			return errDown
		}
		return nil
	}, nil)
	service.mu.Lock()
	service.report.Levels = ""
	service.mu.Unlock()
	s.Clock.Advance(time.Minute)
	eventually(t, "a report without choices", func() bool { return reported().Levels != "" && reported().Choices == nil })

	service.mu.Lock()
	service.older = true
	service.mu.Unlock()
	d.restart()
	before := d.status().LastReport
	s.Clock.Advance(time.Minute)
	eventually(t, "a report to an older service", func() bool { return d.status().LastReport.After(before) })
	service.mu.Lock()
	tells := service.tells
	service.mu.Unlock()
	service.send(d, link.ID, kids())
	d.limited(everydayKid())
	d.rounds(2)
	service.mu.Lock()
	defer service.mu.Unlock()
	if service.tells > tells+1 {
		t.Errorf("an older service was told %d times, want once at most", service.tells-tells)
	}
}
