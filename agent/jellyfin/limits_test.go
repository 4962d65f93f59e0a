package jellyfin_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// usual are the limits of a local user whom nobody has limited.
func usual() mediaserver.Limits {
	return mediaserver.Limits{Restriction: mediaserver.Restriction{AllLibraries: true}, LiveTV: true, AllChannels: true, MayDownload: true, MayControlShared: true}
}

// to returns a function for ChangeLimits that replaces all limits by the given ones.
func to(limits mediaserver.Limits) func(mediaserver.Limits) (mediaserver.Limits, error) {
	return func(mediaserver.Limits) (mediaserver.Limits, error) { return limits, nil }
}

// limitsOf returns the limits of a local user as the server tells them.
func limitsOf(t *testing.T, s *jellyfin.Server, id string) mediaserver.Limits {
	t.Helper()
	all, err := s.AllLimits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all[id]
}

// writes returns how often policies were written.
func writes(fake *jellyfintest.Server) int {
	n := 0
	for _, r := range fake.Requests() {
		if r.Operation == "UpdateUserPolicy" {
			n++
		}
	}
	return n
}

// Each limit is written into its members of the policy and into no others, and comes back as it
// was. Written once more, it is not written. Undone, the policy is what it was before.
func TestEachLimit(t *testing.T) {
	t.Parallel()
	one, two := strings.Repeat("1", 32), strings.Repeat("2", 32)
	for name, c := range map[string]struct {
		change func(l *mediaserver.Limits)
		want   map[string]string
	}{
		"no library":     {func(l *mediaserver.Limits) { l.AllLibraries = false }, map[string]string{"EnableAllFolders": "false"}},
		"libraries":      {func(l *mediaserver.Limits) { l.AllLibraries, l.Libraries = false, []string{one, two} }, map[string]string{"EnableAllFolders": "false", "EnabledFolders": `["` + one + `","` + two + `"]`}},
		"no television":  {func(l *mediaserver.Limits) { l.LiveTV = false }, map[string]string{"EnableLiveTvAccess": "false"}},
		"channels":       {func(l *mediaserver.Limits) { l.AllChannels, l.Channels = false, []string{two} }, map[string]string{"EnableAllChannels": "false", "EnabledChannels": `["` + two + `"]`}},
		"rating":         {func(l *mediaserver.Limits) { l.MaxRating = &mediaserver.MaxRating{Value: 10} }, map[string]string{"MaxParentalRating": "10"}},
		"unrated":        {func(l *mediaserver.Limits) { l.Unrated = []string{"Movie", "Series"} }, map[string]string{"BlockUnratedItems": `["Movie","Series"]`}},
		"blocked tags":   {func(l *mediaserver.Limits) { l.BlockedTags = []string{"a b", "ü"} }, map[string]string{"BlockedTags": `["a b","ü"]`}},
		"allowed tags":   {func(l *mediaserver.Limits) { l.AllowedTags = []string{"kids"} }, map[string]string{"AllowedTags": `["kids"]`}},
		"delete":         {func(l *mediaserver.Limits) { l.MayDelete = true }, map[string]string{"EnableContentDeletion": "true"}},
		"delete from":    {func(l *mediaserver.Limits) { l.DeleteFrom = []string{one} }, map[string]string{"EnableContentDeletionFromFolders": `["` + one + `"]`}},
		"no download":    {func(l *mediaserver.Limits) { l.MayDownload = false }, map[string]string{"EnableContentDownloading": "false"}},
		"control":        {func(l *mediaserver.Limits) { l.MayControl = true }, map[string]string{"EnableRemoteControlOfOtherUsers": "true"}},
		"shared devices": {func(l *mediaserver.Limits) { l.MayControlShared = false }, map[string]string{"EnableSharedDeviceControl": "false"}},
		"collections":    {func(l *mediaserver.Limits) { l.MayEdit.Collections = true }, map[string]string{"EnableCollectionManagement": "true"}},
		"subtitles":      {func(l *mediaserver.Limits) { l.MayEdit.Subtitles = true }, map[string]string{"EnableSubtitleManagement": "true"}},
		"lyrics":         {func(l *mediaserver.Limits) { l.MayEdit.Lyrics = true }, map[string]string{"EnableLyricManagement": "true"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
				anna := fake.AddUser("Anna", "a", false)
				before, wanted := policyOf(t, fake, anna), usual()
				c.change(&wanted)
				for range 2 {
					if err := s.ChangeLimits(t.Context(), anna, to(wanted)); err != nil {
						t.Fatal(err)
					}
				}
				if diff := cmp.Diff(c.want, changed(before, policyOf(t, fake, anna))); diff != "" {
					t.Errorf("members of the policy (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(wanted, limitsOf(t, s, anna)); diff != "" {
					t.Errorf("limits read back (-want +got):\n%s", diff)
				}
				if got := writes(fake); got != 1 {
					t.Errorf("%d writes of the same limits, want 1", got)
				}
				if err := s.ChangeLimits(t.Context(), anna, to(usual())); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(usual(), limitsOf(t, s, anna)); diff != "" {
					t.Errorf("limits after undoing (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The whole policy arrives, with what this agent does not know and with what somebody else has
// changed between two changes of the limits.
func TestLimitsLeaveTheRestAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna := fake.AddUser("Anna", "a", false)
		fake.SetPolicy(anna, "AFutureThing", `{"b":1.50,"a":[1e3,"<&>  ",null],"b ":"ü\u00fc"}`)
		fake.SetPolicy(anna, "EnabledDevices", `["x"]`)
		before := policyOf(t, fake, anna)
		narrow := usual()
		narrow.AllLibraries, narrow.BlockedTags = false, []string{"scary"}
		if err := s.ChangeLimits(t.Context(), anna, to(narrow)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"EnableAllFolders": "false", "BlockedTags": `["scary"]`}, changed(before, policyOf(t, fake, anna))); diff != "" {
			t.Errorf("members after the first change (-want +got):\n%s", diff)
		}
		fake.SetPolicy(anna, "MaxActiveSessions", "3")
		fake.SetPolicy(anna, "ALaterThing", `"1.0"`)
		fake.SetPolicy(anna, "EnableContentDownloading", "false")
		if err := s.ChangeLimits(t.Context(), anna, func(now mediaserver.Limits) (mediaserver.Limits, error) {
			if now.MayDownload {
				t.Error("the change by somebody else does not arrive")
			}
			now.AllLibraries, now.BlockedTags = true, nil
			return now, nil
		}); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"MaxActiveSessions": "3", "ALaterThing": `"1.0"`, "EnableContentDownloading": "false"}
		if diff := cmp.Diff(want, changed(before, policyOf(t, fake, anna))); diff != "" {
			t.Errorf("members after the second change (-want +got):\n%s", diff)
		}
	})
}

// A sub-value is written by the versions that have it, and left out by the others, whose ratings
// have none.
func TestSubRatings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna := fake.AddUser("Anna", "a", false)
		has := strings.HasSuffix(t.Name(), "/10.11") || strings.HasSuffix(t.Name(), "/12")
		wanted := usual()
		for _, step := range []struct {
			rating     *mediaserver.MaxRating
			value, sub string
		}{
			{&mediaserver.MaxRating{Value: 10, Sub: new(0)}, "10", "0"},
			{&mediaserver.MaxRating{Value: 10, Sub: new(1)}, "10", "1"},
			{&mediaserver.MaxRating{Value: 7}, "7", ""},
			{&mediaserver.MaxRating{Value: 0, Sub: new(1)}, "0", "1"},
			{nil, "", ""},
		} {
			if !has {
				step.sub = ""
			}
			wanted.MaxRating = step.rating
			for range 2 {
				if err := s.ChangeLimits(t.Context(), anna, to(wanted)); err != nil {
					t.Fatal(err)
				}
			}
			policy := policyOf(t, fake, anna)
			if policy["MaxParentalRating"] != step.value || policy["MaxParentalSubRating"] != step.sub {
				t.Errorf("rating %q with the sub-value %q, want %q and %q", policy["MaxParentalRating"], policy["MaxParentalSubRating"], step.value, step.sub)
			}
		}
		if got, want := writes(fake), map[bool]int{true: 5, false: 4}[has]; got != want {
			t.Errorf("%d writes, want %d", got, want)
		}
		wanted.MaxRating = &mediaserver.MaxRating{Value: 10, Sub: new(-1)}
		if err := s.ChangeLimits(t.Context(), anna, to(wanted)); errors.Is(err, mediaserver.ErrUnsupported) != !has || has && err != nil {
			t.Errorf("a sub-value below every item: error %v, want %v only if the version has no sub-values", err, mediaserver.ErrUnsupported)
		}
	})
}

// Hours that stay keep their other members. Hours that never come shut the local user out, also at midnight.
func TestHours(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna := fake.AddUser("Anna", "a", false)
		fake.SetPolicy(anna, "AccessSchedules", `[{"Id":7,"UserId":"`+anna+`","DayOfWeek":"Weekend","StartHour":8,"EndHour":20.5,"Note":"x"},
			{"Id":8,"UserId":"`+anna+`","DayOfWeek":"Monday","StartHour":1,"EndHour":2,"Note":"y"}]`)
		fake.SetPolicy(anna, "Note", `""`) // a member that the description does not have
		weekend, friday := mediaserver.Hours{Day: "Weekend", Start: 8, End: 20.5}, mediaserver.Hours{Day: "Friday", Start: 0, End: 24}
		wanted := usual()
		wanted.Hours = []mediaserver.Hours{weekend, friday, friday}
		if err := s.ChangeLimits(t.Context(), anna, func(now mediaserver.Limits) (mediaserver.Limits, error) {
			want := []mediaserver.Hours{{Day: "Monday", Start: 1, End: 2}, weekend}
			if diff := cmp.Diff(want, now.Hours); diff != "" {
				t.Errorf("hours (-want +got):\n%s", diff)
			}
			return wanted, nil
		}); err != nil {
			t.Fatal(err)
		}
		requests := fake.Requests()
		sent := string(requests[slices.IndexFunc(requests, func(r jellyfintest.Request) bool { return r.Operation == "UpdateUserPolicy" })].Body)
		if want := `{"Id":7,"UserId":"` + anna + `","DayOfWeek":"Weekend","StartHour":8,"EndHour":20.5,"Note":"x"}`; !strings.Contains(sent, want) || strings.Contains(sent, `"y"`) {
			t.Errorf("sent %s, want %s in it, and not the hours of Monday", sent, want)
		}
		wanted.Hours = []mediaserver.Hours{friday, weekend}
		if diff := cmp.Diff(wanted, limitsOf(t, s, anna)); diff != "" {
			t.Errorf("limits (-want +got):\n%s", diff)
		}
		wanted.Hours = []mediaserver.Hours{mediaserver.NeverHours()}
		for range 2 {
			if err := s.ChangeLimits(t.Context(), anna, to(wanted)); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(wanted, limitsOf(t, s, anna)); diff != "" || writes(fake) != 2 {
			t.Errorf("%d writes, want 2; limits (-want +got):\n%s", writes(fake), diff)
		}
		wanted.Hours = nil
		if err := s.ChangeLimits(t.Context(), anna, to(wanted)); err != nil || policyOf(t, fake, anna)["AccessSchedules"] != "[]" {
			t.Errorf("always let in: error %v, hours %s, want none", err, policyOf(t, fake, anna)["AccessSchedules"])
		}
	})
}

// The list of a local user who may see everything is not read, and stays in the policy. It must not
// come into force when only some libraries are left.
func TestListBehindAllLibraries(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna, films := fake.AddUser("Anna", "a", false), fake.Libraries()["Films"]
		fake.SetPolicy(anna, "EnabledFolders", `["`+films+`"]`)
		if got := limitsOf(t, s, anna).Libraries; got != nil {
			t.Errorf("libraries %v beside all libraries, want none", got)
		}
		none := usual()
		none.AllLibraries = false
		if err := s.ChangeLimits(t.Context(), anna, to(none)); err != nil || policyOf(t, fake, anna)["EnabledFolders"] != "[]" {
			t.Errorf("no libraries: error %v, EnabledFolders %s, want an empty list", err, policyOf(t, fake, anna)["EnabledFolders"])
		}
		none.Libraries = []string{strings.ToUpper(films), "not an id", films[:8] + "-" + films[8:]}
		if err := s.ChangeLimits(t.Context(), anna, to(none)); err != nil || policyOf(t, fake, anna)["EnabledFolders"] != `["`+films+`"]` {
			t.Errorf("one library: error %v, EnabledFolders %s, want %s once", err, policyOf(t, fake, anna)["EnabledFolders"], films)
		}
		if err := s.ChangeLimits(t.Context(), anna, to(usual())); err != nil || policyOf(t, fake, anna)["EnabledFolders"] != `["`+films+`"]` {
			t.Errorf("all libraries: error %v, EnabledFolders %s, want the list as it was", err, policyOf(t, fake, anna)["EnabledFolders"])
		}
	})
}

// The change gets sorted lists and may do with them what it likes. After its error, and after no
// change, nothing is written.
func TestChangeOfLimits(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna := fake.AddUser("Anna", "a", false)
		fake.SetPolicy(anna, "BlockedTags", `["b","a","","b"]`)
		fake.SetPolicy(anna, "MaxParentalRating", "10")
		boom := errors.New("boom")
		err := s.ChangeLimits(t.Context(), anna, func(now mediaserver.Limits) (mediaserver.Limits, error) {
			now.MayDelete = true
			return now, boom
		})
		if err != boom { //nolint:errorlint // it must be the same
			t.Errorf("error %v, want that of the change", err)
		}
		if err := s.ChangeLimits(t.Context(), anna, func(now mediaserver.Limits) (mediaserver.Limits, error) {
			if !slices.Equal(now.BlockedTags, []string{"a", "b"}) {
				t.Errorf("tags %v, want a and b", now.BlockedTags)
			}
			slices.Reverse(now.BlockedTags)
			now.AllowedTags, now.Channels = []string{}, []string{strings.Repeat("1", 32)} // ignored beside all channels
			return now, nil
		}); err != nil || writes(fake) > 0 {
			t.Errorf("error %v and %d writes, want neither", err, writes(fake))
		}
		if err := s.ChangeLimits(t.Context(), anna, func(now mediaserver.Limits) (mediaserver.Limits, error) {
			now.BlockedTags[0], now.MaxRating.Value = "c", 7 // also changes what the change was given
			return now, nil
		}); err != nil {
			t.Fatal(err)
		}
		if policy := policyOf(t, fake, anna); policy["BlockedTags"] != `["b","c"]` || policy["MaxParentalRating"] != "7" {
			t.Errorf("tags %s and rating %s, want b and c, and 7", policy["BlockedTags"], policy["MaxParentalRating"])
		}
	})
}

func TestLimitsOfNobody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna, boss := fake.AddUser("Anna", "a", false), fake.AddUser("Boss", "b", true)
		never := func(mediaserver.Limits) (mediaserver.Limits, error) {
			t.Error("the change was called")
			return mediaserver.Limits{}, nil
		}
		for id, want := range map[string]error{boss: mediaserver.ErrNotAllowed, strings.Repeat("1", 32): mediaserver.ErrNotFound, "x": mediaserver.ErrNotFound} {
			if err := s.ChangeLimits(t.Context(), id, never); !errors.Is(err, want) {
				t.Errorf("%s: error %v, want %v", id, err, want)
			}
		}
		all, err := s.AllLimits(t.Context())
		if diff := cmp.Diff(map[string]mediaserver.Limits{anna: usual()}, all); err != nil || diff != "" {
			t.Errorf("all limits (error %v, -want +got):\n%s", err, diff)
		}
		fake.Before("UpdateUserPolicy", func() { fake.RemoveUser(anna) })
		if err := s.ChangeLimits(t.Context(), anna, to(mediaserver.Limits{})); !errors.Is(err, mediaserver.ErrNotFound) {
			t.Errorf("deleted in the meantime: error %v, want %v", err, mediaserver.ErrNotFound)
		}
	})
}

// The agent refuses limits that Jellyfin cannot keep, before it writes anything.
func TestLimitsUnsupported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(l *mediaserver.Limits)
		says   string
	}{
		"hidden folder":    {func(l *mediaserver.Limits) { l.HiddenFolders = []string{strings.Repeat("1", 32)} }, "no single folders"},
		"comma in a tag":   {func(l *mediaserver.Limits) { l.BlockedTags = []string{"a,b"} }, "comma"},
		"empty tag":        {func(l *mediaserver.Limits) { l.AllowedTags = []string{""} }, "empty"},
		"unknown kind":     {func(l *mediaserver.Limits) { l.Unrated = []string{"Film"} }, "kinds"},
		"unknown day":      {func(l *mediaserver.Limits) { l.Hours = []mediaserver.Hours{{Day: "Funday", Start: 1, End: 2}} }, "days"},
		"blocked library":  {func(l *mediaserver.Limits) { l.AllLibraries = false }, "BlockedMediaFolders"},
		"blocked channels": {func(l *mediaserver.Limits) { l.AllChannels = false }, "BlockedChannels"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
				anna := fake.AddUser("Anna", "a", false)
				for _, old := range []string{"BlockedMediaFolders", "BlockedChannels"} {
					fake.SetPolicy(anna, old, `["`+strings.Repeat("1", 32)+`"]`)
				}
				wanted := usual()
				c.change(&wanted)
				err := s.ChangeLimits(t.Context(), anna, to(wanted))
				if !errors.Is(err, mediaserver.ErrUnsupported) || !strings.Contains(err.Error(), c.says) || writes(fake) > 0 {
					t.Errorf("error %v and %d writes, want %v that says %q, and none", err, writes(fake), mediaserver.ErrUnsupported, c.says)
				}
				wanted = usual()
				wanted.MayDownload = false
				if err := s.ChangeLimits(t.Context(), anna, to(wanted)); err != nil {
					t.Errorf("another limit beside the old lists: error %v, want none", err)
				}
			})
		})
	}
}

// A version that lacks a permission to edit gives it to nobody. A list that it lacks is an error as
// soon as the list is needed.
func TestLimitsThatAVersionLacks(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "10.9")
	s, anna := drive(t, fake.URL, fake.APIKey), fake.AddUser("Anna", "a", false)
	without := func(w http.ResponseWriter, _ *http.Request) {
		user, _ := fake.User(anna)
		delete(user.Policy, "EnableLyricManagement")
		delete(user.Policy, "AllowedTags")
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"Id": anna, "Name": "Anna", "Policy": user.Policy})
	}
	fake.Break("GetUserById", jellyfintest.Forever, without)
	wanted := usual()
	wanted.MayEdit.Lyrics = true
	if err := s.ChangeLimits(t.Context(), anna, to(wanted)); err != nil || writes(fake) > 0 {
		t.Errorf("lyrics: error %v and %d writes, want neither", err, writes(fake))
	}
	wanted.AllowedTags = []string{"kids"}
	if err := s.ChangeLimits(t.Context(), anna, to(wanted)); err == nil || writes(fake) > 0 {
		t.Errorf("allowed tags: error %v and %d writes, want an error and none", err, writes(fake))
	}
}

// Limits that cannot be read are never written, and an incomplete list is never returned.
func TestLimitsUnreadable(t *testing.T) {
	t.Parallel()
	for member, raw := range map[string]string{
		"EnableAllFolders": `"true"`, "EnabledFolders": `"x"`, "EnableLiveTvAccess": "null", "EnableAllChannels": "1", "EnabledChannels": "[1]",
		"MaxParentalRating": "10.5", "MaxParentalSubRating": `"1"`, "BlockUnratedItems": "{}", "BlockedTags": "[[]]", "AllowedTags": "7",
		"AccessSchedules": `[{"DayOfWeek":"Sunday","StartHour":1}]`, "EnableContentDeletion": "[]", "EnableContentDeletionFromFolders": "true",
		"EnableContentDownloading": "null", "EnableRemoteControlOfOtherUsers": `""`, "EnableSharedDeviceControl": "0", "EnableCollectionManagement": `"no"`,
		"EnableSubtitleManagement": "[]", "EnableLyricManagement": "2",
	} {
		t.Run(member, func(t *testing.T) {
			t.Parallel()
			for _, version := range able() {
				fake := jellyfintest.New(t, version, jellyfintest.Report(func(string) {})) // such an answer is drift
				s, anna := drive(t, fake.URL, fake.APIKey), fake.AddUser("Anna", "a", false)
				fake.SetPolicy(anna, member, raw)
				err := s.ChangeLimits(t.Context(), anna, to(mediaserver.Limits{}))
				if err == nil || writes(fake) > 0 {
					t.Errorf("%s: error %v and %d writes, want an error and none", version, err, writes(fake))
				}
				if all, err := s.AllLimits(t.Context()); err == nil || !strings.Contains(err.Error(), anna) {
					t.Errorf("%s: all limits %v (error %v), want an error that names the local user", version, all, err)
				}
			}
		})
	}
	for name, schedules := range map[string]string{"no list": `{}`, "no day": `[{"StartHour":1,"EndHour":2}]`, "odd hour": `[{"DayOfWeek":"Sunday","StartHour":"1","EndHour":2}]`, "null": "[null]"} {
		fake := jellyfintest.New(t, "12", jellyfintest.Report(func(string) {}))
		s, anna := drive(t, fake.URL, fake.APIKey), fake.AddUser("Anna", "a", false)
		fake.SetPolicy(anna, "AccessSchedules", schedules)
		if err := s.ChangeLimits(t.Context(), anna, to(mediaserver.Limits{})); err == nil || writes(fake) > 0 {
			t.Errorf("hours with %s: error %v and %d writes, want an error and none", name, err, writes(fake))
		}
	}
}

// Limits that the server accepts and does not keep are an error.
func TestLimitsThatAreNotKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna := fake.AddUser("Anna", "a", false)
		fake.Break("UpdateUserPolicy", 1, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		narrow := usual()
		narrow.LiveTV = false
		if err := s.ChangeLimits(t.Context(), anna, to(narrow)); err == nil || !strings.Contains(err.Error(), "keep") {
			t.Errorf("error %v, want one that says that the limits are not kept", err)
		}
		if err := s.ChangeLimits(t.Context(), anna, to(narrow)); err != nil {
			t.Errorf("afterwards: error %v, want none", err)
		}
	})
}
