package builtin_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// limitsOf returns the limits of a local user as the server tells them.
func (k *kit) limitsOf(user mediaserver.LocalUser) mediaserver.Limits {
	k.t.Helper()
	all, err := k.AllLimits(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	return all[user.ID]
}

// changes returns how often rows of local users were changed since the first call.
func (k *kit) changes() int {
	k.t.Helper()
	for _, statement := range []string{
		"CREATE TABLE IF NOT EXISTS changes (n INTEGER)",
		"CREATE TRIGGER IF NOT EXISTS changed AFTER UPDATE ON local_users BEGIN INSERT INTO changes VALUES (1); END",
	} {
		if _, err := k.Count(k.t.Context(), statement); err != nil {
			k.t.Fatal(err)
		}
	}
	n, err := k.Count(k.t.Context(), "SELECT COUNT(*) FROM changes")
	if err != nil {
		k.t.Fatal(err)
	}
	return n
}

// to returns a change to these limits.
func to(limits mediaserver.Limits) func(mediaserver.Limits) (mediaserver.Limits, error) {
	return func(mediaserver.Limits) (mediaserver.Limits, error) { return limits, nil }
}

// Each limit comes back as it was written, and alone. Written once more it changes nothing, and
// the types of libraries, which levels do not limit, stay.
func TestEachLimit(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	films, one := k.ids(boss)["Films"], strings.Repeat("1", 32)
	usual := mediaserver.Limits{Restriction: mediaserver.Restriction{AllLibraries: true}, LiveTV: true, AllChannels: true, MayDownload: true}
	for name, change := range map[string]func(l *mediaserver.Limits){
		"nothing":        func(*mediaserver.Limits) {},
		"no library":     func(l *mediaserver.Limits) { l.AllLibraries = false },
		"a library":      func(l *mediaserver.Limits) { l.AllLibraries, l.Libraries = false, []string{films} },
		"no television":  func(l *mediaserver.Limits) { l.LiveTV = false },
		"no channels":    func(l *mediaserver.Limits) { l.AllChannels = false },
		"a channel":      func(l *mediaserver.Limits) { l.AllChannels, l.Channels = false, []string{one} },
		"rating":         func(l *mediaserver.Limits) { l.MaxRating = &mediaserver.MaxRating{Value: 10} },
		"rating and sub": func(l *mediaserver.Limits) { l.MaxRating = &mediaserver.MaxRating{Value: 0, Sub: new(0)} },
		"unrated":        func(l *mediaserver.Limits) { l.Unrated = builtin.UnratedKinds(); slices.Sort(l.Unrated) },
		"blocked tags":   func(l *mediaserver.Limits) { l.BlockedTags = []string{"a,b", "ü"} },
		"allowed tags":   func(l *mediaserver.Limits) { l.AllowedTags = []string{"kids"} },
		"hidden folders": func(l *mediaserver.Limits) { l.HiddenFolders = []string{one} },
		"hours": func(l *mediaserver.Limits) {
			l.Hours = []mediaserver.Hours{{Day: "Friday", Start: 1.5, End: 24}, {Day: "Weekend", Start: 0, End: 8}}
		},
		"never":          func(l *mediaserver.Limits) { l.Hours = []mediaserver.Hours{mediaserver.NeverHours()} },
		"delete":         func(l *mediaserver.Limits) { l.MayDelete = true },
		"delete from":    func(l *mediaserver.Limits) { l.DeleteFrom = []string{films} },
		"no download":    func(l *mediaserver.Limits) { l.MayDownload = false },
		"control":        func(l *mediaserver.Limits) { l.MayControl = true },
		"shared devices": func(l *mediaserver.Limits) { l.MayControlShared = true },
		"collections":    func(l *mediaserver.Limits) { l.MayEdit.Collections = true },
		"subtitles":      func(l *mediaserver.Limits) { l.MayEdit.Subtitles = true },
		"lyrics":         func(l *mediaserver.Limits) { l.MayEdit.Lyrics = true },
		"television and more": func(l *mediaserver.Limits) {
			l.LiveTV, l.MayEdit, l.MayDelete = false, mediaserver.Edits{Lyrics: true}, true
		},
	} {
		user, wanted := k.add(name, "x", false), usual
		k.give(user, builtin.Policy{ContentTypes: []string{"movies"}, MayDownload: true})
		change(&wanted)
		var changes []int
		for range 2 {
			before := k.changes()
			if err := k.ChangeLimits(t.Context(), user.ID, to(wanted)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			changes = append(changes, k.changes()-before)
		}
		if changes[0] > 0 != (name != "nothing") || changes[1] > 0 {
			t.Errorf("%s: %v changes of the row, want one write, and none for the same limits", name, changes)
		}
		if diff := cmp.Diff(wanted, k.limitsOf(user)); diff != "" {
			t.Errorf("%s: limits (-want +got):\n%s", name, diff)
		}
		if got, err := k.User(t.Context(), user.ID); err != nil || !slices.Equal(got.Policy.ContentTypes, []string{"movies"}) {
			t.Errorf("%s: types of libraries %v (error %v), want movies", name, got.Policy.ContentTypes, err)
		}
		if err := k.ChangeLimits(t.Context(), user.ID, to(usual)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(usual, k.limitsOf(user)); diff != "" {
			t.Errorf("%s: limits after undoing (-want +got):\n%s", name, diff)
		}
	}
}

// The change gets sorted lists and may do with them what it likes. Its error comes back, and
// nothing is written then. Ids of libraries that do not exist are ignored.
func TestChangeOfLimits(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	user, films := k.add("milo", "x", false), k.ids(boss)["Films"]
	k.give(user, builtin.Policy{Restriction: mediaserver.Restriction{Libraries: []string{films}}, BlockedTags: []string{"b", "a", "b"}, MaxRating: new(10)})
	before, boom := k.changes(), errors.New("boom")
	err := k.ChangeLimits(t.Context(), user.ID, func(now mediaserver.Limits) (mediaserver.Limits, error) {
		now.MayDelete = true
		return now, boom
	})
	if err != boom { //nolint:errorlint // it must be the same
		t.Errorf("error %v, want that of the change", err)
	}
	if err := k.ChangeLimits(t.Context(), user.ID, func(now mediaserver.Limits) (mediaserver.Limits, error) {
		if !slices.Equal(now.BlockedTags, []string{"a", "b"}) {
			t.Errorf("tags %v, want a and b", now.BlockedTags)
		}
		slices.Reverse(now.BlockedTags)
		now.Libraries = []string{strings.ToUpper(films), strings.Repeat("1", 32), "Films"}
		now.DeleteFrom = []string{"Films"}
		return now, nil
	}); err != nil || k.changes() != before {
		t.Errorf("error %v and %d changes, want neither", err, k.changes()-before)
	}
	if err := k.ChangeLimits(t.Context(), user.ID, func(now mediaserver.Limits) (mediaserver.Limits, error) {
		now.BlockedTags[0], now.MaxRating.Value = "c", 7 // also changes what the change was given
		return now, nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := k.limitsOf(user); !slices.Equal(got.BlockedTags, []string{"b", "c"}) || got.MaxRating.Value != 7 {
		t.Errorf("limits %+v, want the tags b and c and the rating 7", got)
	}
}

// If somebody else changes the limits meanwhile, that change is kept, and our own runs again.
func TestLimitsChangedMeanwhile(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user, runs := k.add("milo", "x", false), 0
	hide := func(now mediaserver.Limits) (mediaserver.Limits, error) {
		if runs++; runs == 1 {
			k.give(user, builtin.Policy{MaxRating: new(6), ContentTypes: []string{"movies"}})
		}
		now.BlockedTags = []string{"scary"}
		return now, nil
	}
	if err := k.ChangeLimits(t.Context(), user.ID, hide); err != nil {
		t.Fatal(err)
	}
	got, err := k.User(t.Context(), user.ID)
	want := builtin.Policy{
		Restriction: mediaserver.Restriction{AllLibraries: true}, MaxRating: new(6), ContentTypes: []string{"movies"}, BlockedTags: []string{"scary"},
	}
	if diff := cmp.Diff(want, got.Policy); err != nil || diff != "" || runs != 2 {
		t.Errorf("policy after %d runs (error %v, -want +got):\n%s", runs, err, diff)
	}
	err = k.ChangeLimits(t.Context(), user.ID, func(now mediaserver.Limits) (mediaserver.Limits, error) {
		runs++
		k.give(user, builtin.Policy{MaxRating: new(runs)})
		now.MayDelete = !now.MayDelete
		return now, nil
	})
	if err == nil || k.limitsOf(user).MayDelete {
		t.Errorf("changed without end: error %v and limits %+v, want an error and no change", err, k.limitsOf(user))
	}
}

func TestLimitsOfNobody(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	boss, milo, gus := k.add("boss", "x", true), k.add("milo", "x", false), k.guest("gus")
	never := func(mediaserver.Limits) (mediaserver.Limits, error) {
		t.Error("the change was called")
		return mediaserver.Limits{}, nil
	}
	for id, want := range map[string]error{boss.ID: mediaserver.ErrNotAllowed, strings.Repeat("1", 32): mediaserver.ErrNotFound, "x": mediaserver.ErrNotFound} {
		if err := k.ChangeLimits(t.Context(), id, never); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", id, err, want)
		}
	}
	all, err := k.AllLimits(t.Context())
	open := mediaserver.Limits{Restriction: mediaserver.Restriction{AllLibraries: true}, LiveTV: true, AllChannels: true}
	want := map[string]mediaserver.Limits{milo.ID: open, gus.ID: open}
	downloads := open
	downloads.MayDownload = true
	want[milo.ID] = downloads
	if diff := cmp.Diff(want, all); err != nil || diff != "" {
		t.Errorf("all limits (error %v, -want +got):\n%s", err, diff)
	}
	for name, err := range map[string]error{"say": k.Say(t.Context(), milo.ID, "h", "t"), "stop": k.StopPlaying(t.Context(), milo.ID)} {
		if !errors.Is(err, mediaserver.ErrUnsupported) {
			t.Errorf("%s: error %v, want %v", name, err, mediaserver.ErrUnsupported)
		}
	}
}

// Limits that are not valid are refused as a whole, and a policy that is not understood is not written.
func TestLimitsRefused(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("milo", "x", false)
	before := k.limitsOf(user)
	for name, limits := range map[string]mediaserver.Limits{
		"unknown kind":  {Unrated: []string{"Film"}},
		"empty tag":     {AllowedTags: []string{""}},
		"odd folder":    {HiddenFolders: []string{"Films"}},
		"unknown day":   {Hours: []mediaserver.Hours{{Day: "Funday", Start: 1, End: 2}}},
		"no number":     {Hours: []mediaserver.Hours{{Day: "Sunday", Start: math.NaN(), End: 2}}},
		"never on days": {Hours: []mediaserver.Hours{{Day: "Sunday", Start: 24, End: 24}}},
	} {
		limits.MayDelete = true
		err := k.ChangeLimits(t.Context(), user.ID, to(limits))
		if !errors.Is(err, mediaserver.ErrUnsupported) || !errors.Is(err, builtin.ErrPolicy) {
			t.Errorf("%s: error %v, want %v and %v", name, err, mediaserver.ErrUnsupported, builtin.ErrPolicy)
		}
	}
	if diff := cmp.Diff(before, k.limitsOf(user)); diff != "" {
		t.Errorf("limits (-before +after):\n%s", diff)
	}
	if _, err := k.Count(t.Context(), `UPDATE local_users SET policy = '{"new_limit":true}' WHERE id = ? RETURNING 1`, user.ID); err != nil {
		t.Fatal(err)
	}
	if err := k.ChangeLimits(t.Context(), user.ID, to(mediaserver.Limits{})); err == nil {
		t.Error("a policy that is not understood was changed")
	}
	if all, err := k.AllLimits(t.Context()); err == nil {
		t.Errorf("limits %v beside a policy that is not understood, want an error", all)
	}
}

// Hours that never come shut a local user out, and the token is good again afterwards.
func TestNeverHours(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("milo", "x", false)
	token, limits := k.mint(user), k.limitsOf(user)
	for hours, status := range map[int]int{1: 403, 0: 200} {
		limits.Hours = []mediaserver.Hours{mediaserver.NeverHours()}[:hours]
		if err := k.ChangeLimits(t.Context(), user.ID, to(limits)); err != nil {
			t.Fatal(err)
		}
		want(t, k.get("/Users/Me", token), status)
	}
}

func TestChoices(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	if got, err := k.Choices(t.Context()); err != nil || len(got.Ratings) == 0 || len(got.Tags)+len(got.Folders) > 0 || !got.HidesFolders {
		t.Errorf("without a catalogue: choices %+v (error %v), want the ratings only", got, err)
	}
	k.stock(strings.Replace(house, "libraries:", "ratings: DE\nlibraries:", 1) + `
  - name: More
    tags: [FAMILY]
    items:
      - name: Outer
        type: Folder
        items:
          - name: Inner
            type: Folder
            items: [{name: Deep, tags: [deep]}]
`)
	ids := k.ids(k.mint(k.add("boss", "x", true)))
	got, err := k.Choices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Scary", "deep", "family", "loud"}, got.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	folders := []mediaserver.Folder{
		{ID: ids["Grown-ups"], Name: "Grown-ups", LibraryID: ids["Films"]},
		{ID: ids["Outer"], Name: "Outer", LibraryID: ids["More"]},
		{ID: ids["Inner"], Name: "Outer / Inner", LibraryID: ids["More"]},
	}
	if diff := cmp.Diff(folders, got.Folders); diff != "" || !got.HidesFolders {
		t.Errorf("folders (hides %v, -want +got):\n%s", got.HidesFolders, diff)
	}
	if !slices.Contains(got.Ratings, mediaserver.Rating{Name: "FSK-12", Value: 12}) || slices.ContainsFunc(got.Ratings, func(r mediaserver.Rating) bool { return r.Name == "PG-13" }) {
		t.Errorf("ratings %v, want those of the country", got.Ratings)
	}
	milo := k.add("milo", "x", false)
	limits := k.limitsOf(milo)
	limits.HiddenFolders = []string{folders[1].ID}
	if err := k.ChangeLimits(t.Context(), milo.ID, to(limits)); err != nil {
		t.Fatal(err)
	}
	if seen := k.ids(k.mint(milo)); seen["Deep"] != "" || seen["Quince"] == "" {
		t.Errorf("seen %v, want the folder Outer hidden with what is in it, and nothing else", seen)
	}
}
