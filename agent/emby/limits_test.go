package emby_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// Limits are written as a whole policy in which everything else stays, and are read back.
func TestLimits(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	kid := k.fake.AddUser("Kid", "x", false)
	films, shows := k.fake.Library("Films"), k.fake.Library("Shows")
	choices, err := k.Choices(t.Context())
	noError(t, err)
	if !choices.HidesFolders || len(choices.Folders) != 2 || choices.Folders[0].Name != "Cartoons" || choices.Folders[0].LibraryID != shows || len(choices.Ratings) != 4 {
		t.Fatalf("choices %+v, want two folders and four ratings", choices)
	}
	wanted := mediaserver.Limits{
		Restriction: mediaserver.Restriction{Libraries: []string{films, shows}}, LiveTV: true, AllChannels: true,
		MaxRating: &mediaserver.MaxRating{Value: 7, Sub: new(3)}, Unrated: []string{"Movie", "Game"}, BlockedTags: []string{"war", "blood, and more"},
		HiddenFolders: []string{choices.Folders[1].ID}, Hours: []mediaserver.Hours{{Day: "Weekend", Start: 8, End: 20.5}}, DeleteFrom: []string{films},
		MayControl: true, MayEdit: mediaserver.Edits{Subtitles: true, Lyrics: true},
	}
	before := k.fake.Policy(kid)
	noError(t, k.ChangeLimits(t.Context(), kid, func(now mediaserver.Limits) (mediaserver.Limits, error) {
		if !now.AllLibraries || !now.MayDownload || now.MaxRating != nil || now.Hours != nil {
			t.Errorf("limits %+v, want those of a new local user", now)
		}
		return wanted, nil
	}))
	want := wanted.Sorted()
	want.MaxRating.Sub, want.MayEdit.Lyrics = nil, false // which Emby does not have
	all, err := k.AllLimits(t.Context())
	noError(t, err)
	if diff := cmp.Diff(map[string]mediaserver.Limits{kid: want}, all); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
	policy := k.fake.Policy(kid)
	for _, name := range []string{"AuthenticationProviderId", "EnableMediaPlayback", "SimultaneousStreamLimit", "IsHidden", "RestrictedFeatures"} {
		if diff := cmp.Diff(before[name], policy[name]); diff != "" {
			t.Errorf("%s was changed:\n%s", name, diff)
		}
	}
	noError(t, k.ChangeLimits(t.Context(), kid, func(now mediaserver.Limits) (mediaserver.Limits, error) {
		now.MaxRating, now.Hours, now.AllLibraries = nil, nil, true
		return now, nil
	}))
	policy = k.fake.Policy(kid)
	if hours, _ := policy["AccessSchedules"].([]any); policy["MaxParentalRating"] != nil || len(hours) != 0 || policy["EnableAllFolders"] != true {
		t.Errorf("policy %v, want these limits taken off", policy)
	}
	n := len(k.fake.Seen())
	noError(t, k.ChangeLimits(t.Context(), kid, func(now mediaserver.Limits) (mediaserver.Limits, error) { return now, nil }))
	if after := k.fake.Seen(); len(after) != n+1 {
		t.Errorf("%d requests for the same limits, want one that reads", len(after)-n)
	}
}

// Limits that Emby does not have are refused, and write nothing.
func TestLimitsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		policy map[string]any
		change func(l *mediaserver.Limits)
	}{
		"allowed tags":  {change: func(l *mediaserver.Limits) { l.AllowedTags = []string{"kids"} }},
		"tags inverted": {map[string]any{"IsTagBlockingModeInclusive": true, "BlockedTags": []string{"kids"}}, func(l *mediaserver.Limits) { l.BlockedTags = []string{"war"} }},
		"sub-value":     {change: func(l *mediaserver.Limits) { l.MaxRating = &mediaserver.MaxRating{Value: 7, Sub: new(-1)} }},
		"old list":      {map[string]any{"BlockedMediaFolders": []string{"x"}}, func(l *mediaserver.Limits) { l.AllLibraries = false }},
		"kind":          {change: func(l *mediaserver.Limits) { l.Unrated = []string{"Poem"} }},
		"day":           {change: func(l *mediaserver.Limits) { l.Hours = []mediaserver.Hours{{Day: "Someday", End: 1}} }},
		"empty tag":     {change: func(l *mediaserver.Limits) { l.BlockedTags = []string{" "} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			kid := k.fake.AddUser("Kid", "x", false)
			k.fake.SetPolicy(kid, test.policy)
			before := k.fake.Policy(kid)
			err := k.ChangeLimits(t.Context(), kid, func(l mediaserver.Limits) (mediaserver.Limits, error) {
				test.change(&l)
				return l, nil
			})
			if !errors.Is(err, mediaserver.ErrUnsupported) {
				t.Errorf("%v, want ErrUnsupported", err)
			}
			if diff := cmp.Diff(before, k.fake.Policy(kid)); diff != "" {
				t.Errorf("the policy was changed:\n%s", diff)
			}
		})
	}
}

// The allowed tags of a local user whose tags an administrator has inverted stay as they are.
func TestInvertedTagsStay(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	kid := k.fake.AddUser("Kid", "x", false)
	k.fake.SetPolicy(kid, map[string]any{"IsTagBlockingModeInclusive": true, "BlockedTags": []string{"kids"}})
	noError(t, k.ChangeLimits(t.Context(), kid, func(l mediaserver.Limits) (mediaserver.Limits, error) {
		if diff := cmp.Diff([]string{"kids"}, l.AllowedTags); diff != "" || len(l.BlockedTags) != 0 {
			t.Errorf("limits %+v, want the tags as allowed ones", l)
		}
		l.MayDownload = false
		return l, nil
	}))
	policy := k.fake.Policy(kid)
	if diff := cmp.Diff([]any{"kids"}, policy["BlockedTags"]); diff != "" || policy["IsTagBlockingModeInclusive"] != true || policy["EnableContentDownloading"] != false {
		t.Errorf("policy %v, want the tags unchanged", policy)
	}
}
