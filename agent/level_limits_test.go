package agent_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// shelf are the libraries of the tests of limits.
func shelf() []mediaserver.Library {
	return []mediaserver.Library{
		{ID: "l1", Name: "Films", Kind: "movies"}, {ID: "l2", Name: "Music", Kind: "music"}, {ID: "l3", Name: "Kids", Kind: "movies"}, {ID: "l4", Name: "Mixed"},
	}
}

// everything are the limits of a local user who may see and do everything.
func everything() mediaserver.Limits {
	return mediaserver.Limits{
		Restriction: mediaserver.Restriction{AllLibraries: true}, LiveTV: true, AllChannels: true, MayDelete: true, MayDownload: true, MayControl: true,
		MayControlShared: true, MayEdit: mediaserver.Edits{Collections: true, Subtitles: true, Lyrics: true},
	}
}

// bounded returns everything with a change.
func bounded(change func(l *mediaserver.Limits)) mediaserver.Limits {
	l := everything()
	change(&l)
	return l
}

func rating(value int, sub ...int) *mediaserver.MaxRating {
	r := &mediaserver.MaxRating{Value: value}
	if len(sub) > 0 {
		r.Sub = &sub[0]
	}
	return r
}

// TestLimitsAreTheStricterInEachField combines bounds and levels, field by field, in both directions: also a
// service that asks for more than the bound gets the bound.
func TestLimitsAreTheStricterInEachField(t *testing.T) {
	t.Parallel()
	type limits = mediaserver.Limits
	some := func(ids ...string) mediaserver.Restriction { return mediaserver.Restriction{Libraries: ids} }
	at := func(day string, start, end float64) mediaserver.Hours {
		return mediaserver.Hours{Day: day, Start: start, End: end}
	}
	none := func(l *limits) { l.LiveTV, l.AllChannels = false, false }
	for name, test := range map[string]struct {
		bound func(l *limits)
		level client.Level
		want  func(l *limits)
	}{
		"nothing":                {func(*limits) {}, client.Level{}, func(*limits) {}},
		"libraries":              {func(*limits) {}, client.Level{Libraries: []string{"l3", "l1"}}, func(l *limits) { none(l); l.Restriction = some("l1", "l3") }},
		"no libraries":           {func(*limits) {}, client.Level{Libraries: []string{}}, func(l *limits) { none(l); l.Restriction = some() }},
		"more libraries":         {func(l *limits) { l.Restriction = some("l1") }, client.Level{Libraries: []string{"l1", "l2"}}, func(l *limits) { none(l); l.Restriction = some("l1") }},
		"all of some":            {func(l *limits) { l.Restriction = some("l1") }, client.Level{}, func(l *limits) { l.Restriction = some("l1") }},
		"unknown library":        {func(*limits) {}, client.Level{Libraries: []string{"l9"}}, func(l *limits) { none(l); l.Restriction = some() }},
		"hidden libraries":       {func(*limits) {}, client.Level{HiddenLibraries: []string{"l1", "l9"}}, func(l *limits) { l.AllChannels = false; l.Restriction = some("l2", "l3", "l4") }},
		"types":                  {func(*limits) {}, client.Level{Types: []string{"Movies"}}, func(l *limits) { none(l); l.Restriction = some("l1", "l3") }},
		"types and more":         {func(l *limits) { l.Restriction = some("l2", "l3") }, client.Level{Types: []string{"movies"}, Libraries: []string{"l1", "l3"}}, func(l *limits) { none(l); l.Restriction = some("l3") }},
		"live television":        {func(*limits) {}, client.Level{Types: []string{"livetv"}}, func(l *limits) { l.AllChannels = false; l.Restriction = some() }},
		"no live television":     {func(l *limits) { l.LiveTV = false }, client.Level{Types: []string{"livetv"}}, func(l *limits) { none(l); l.Restriction = some() }},
		"channels":               {func(l *limits) { l.AllChannels, l.Channels = false, []string{"c1"} }, client.Level{}, func(l *limits) { l.AllChannels, l.Channels = false, []string{"c1"} }},
		"channels of a type":     {func(l *limits) { l.AllChannels, l.Channels = false, []string{"c1"} }, client.Level{HiddenLibraries: []string{"l9"}}, func(l *limits) { l.AllChannels = false; l.Restriction = some("l1", "l2", "l3", "l4") }},
		"rating":                 {func(*limits) {}, client.Level{MaxRating: &client.LevelRating{Value: 12, Sub: new(1)}}, func(l *limits) { l.MaxRating = rating(12, 1) }},
		"lower rating":           {func(l *limits) { l.MaxRating = rating(16) }, client.Level{MaxRating: &client.LevelRating{Value: 12}}, func(l *limits) { l.MaxRating = rating(12) }},
		"higher rating":          {func(l *limits) { l.MaxRating = rating(6) }, client.Level{MaxRating: &client.LevelRating{Value: 12}}, func(l *limits) { l.MaxRating = rating(6) }},
		"every rating":           {func(l *limits) { l.MaxRating = rating(6) }, client.Level{}, func(l *limits) { l.MaxRating = rating(6) }},
		"lower sub-value":        {func(l *limits) { l.MaxRating = rating(12, 2) }, client.Level{MaxRating: &client.LevelRating{Value: 12, Sub: new(1)}}, func(l *limits) { l.MaxRating = rating(12, 1) }},
		"higher sub-value":       {func(l *limits) { l.MaxRating = rating(12, 1) }, client.Level{MaxRating: &client.LevelRating{Value: 12, Sub: new(2)}}, func(l *limits) { l.MaxRating = rating(12, 1) }},
		"no sub-value":           {func(l *limits) { l.MaxRating = rating(12, 1) }, client.Level{MaxRating: &client.LevelRating{Value: 12}}, func(l *limits) { l.MaxRating = rating(12, 1) }},
		"a sub-value":            {func(l *limits) { l.MaxRating = rating(12) }, client.Level{MaxRating: &client.LevelRating{Value: 12, Sub: new(0)}}, func(l *limits) { l.MaxRating = rating(12, 0) }},
		"unrated":                {func(l *limits) { l.Unrated = []string{"Movie"} }, client.Level{Unrated: []string{"Book", "Movie"}}, func(l *limits) { l.Unrated = []string{"Book", "Movie"} }},
		"no unrated":             {func(l *limits) { l.Unrated = []string{"Movie"} }, client.Level{Unrated: []string{}}, func(l *limits) { l.Unrated = []string{"Movie"} }},
		"blocked tags":           {func(l *limits) { l.BlockedTags = []string{"a"} }, client.Level{BlockedTags: []string{"b"}}, func(l *limits) { l.BlockedTags = []string{"a", "b"} }},
		"no blocked tags":        {func(l *limits) { l.BlockedTags = []string{"a"} }, client.Level{}, func(l *limits) { l.BlockedTags = []string{"a"} }},
		"allowed tags":           {func(*limits) {}, client.Level{AllowedTags: []string{"b", "a"}}, func(l *limits) { l.AllowedTags = []string{"a", "b"} }},
		"common tags":            {func(l *limits) { l.AllowedTags = []string{"A", "c"} }, client.Level{AllowedTags: []string{"a", "b"}}, func(l *limits) { l.AllowedTags = []string{"A"} }},
		"no common tag":          {func(l *limits) { l.AllowedTags = []string{"c"} }, client.Level{AllowedTags: []string{"a"}}, func(l *limits) { l.AllowedTags = []string{agent.NothingTag} }},
		"no tags":                {func(*limits) {}, client.Level{AllowedTags: []string{}}, func(l *limits) { l.AllowedTags = []string{agent.NothingTag} }},
		"every tag":              {func(l *limits) { l.AllowedTags = []string{"c"} }, client.Level{}, func(l *limits) { l.AllowedTags = []string{"c"} }},
		"hidden folders":         {func(l *limits) { l.HiddenFolders = []string{"f1"} }, client.Level{HiddenFolders: []string{"f2"}}, func(l *limits) { l.HiddenFolders = []string{"f1", "f2"} }},
		"no hidden folders":      {func(l *limits) { l.HiddenFolders = []string{"f1"} }, client.Level{HiddenFolders: []string{}}, func(l *limits) { l.HiddenFolders = []string{"f1"} }},
		"hours":                  {func(*limits) {}, client.Level{Hours: []client.LevelHours{{Day: "Everyday", From: 90, To: 1200}}}, func(l *limits) { l.Hours = []mediaserver.Hours{at("Everyday", 1.5, 20)} }},
		"never":                  {func(*limits) {}, client.Level{Hours: []client.LevelHours{}}, func(l *limits) { l.Hours = []mediaserver.Hours{mediaserver.NeverHours()} }},
		"always of some":         {func(l *limits) { l.Hours = []mediaserver.Hours{at("Monday", 8, 9)} }, client.Level{}, func(l *limits) { l.Hours = []mediaserver.Hours{at("Monday", 8, 9)} }},
		"never of some":          {func(l *limits) { l.Hours = []mediaserver.Hours{at("Monday", 8, 9)} }, client.Level{Hours: []client.LevelHours{}}, func(l *limits) { l.Hours = []mediaserver.Hours{mediaserver.NeverHours()} }},
		"always of never":        {func(l *limits) { l.Hours = []mediaserver.Hours{mediaserver.NeverHours()} }, client.Level{Hours: []client.LevelHours{{Day: "Everyday", From: 0, To: 1440}}}, func(l *limits) { l.Hours = []mediaserver.Hours{mediaserver.NeverHours()} }},
		"common hours":           {func(l *limits) { l.Hours = []mediaserver.Hours{at("Weekend", 8, 12), at("Monday", 7, 9)} }, client.Level{Hours: []client.LevelHours{{Day: "Sunday", From: 600, To: 1440}, {Day: "Weekday", From: 480, To: 500}, {Day: "Monday", From: 490, To: 510}}}, func(l *limits) { l.Hours = []mediaserver.Hours{at("Sunday", 10, 12), at("Monday", 8, 8.5)} }},
		"hours of another day":   {func(l *limits) { l.Hours = []mediaserver.Hours{at("Weekend", 8, 12)} }, client.Level{Hours: []client.LevelHours{{Day: "Weekday", From: 480, To: 600}}}, func(l *limits) { l.Hours = []mediaserver.Hours{mediaserver.NeverHours()} }},
		"may not delete":         {func(*limits) {}, client.Level{MayNot: []string{"delete"}}, func(l *limits) { l.MayDelete = false }},
		"may not delete in some": {func(l *limits) { l.MayDelete, l.DeleteFrom = false, []string{"l1"} }, client.Level{MayNot: []string{"delete"}}, func(l *limits) { l.MayDelete = false }},
		"may delete in some":     {func(l *limits) { l.MayDelete, l.DeleteFrom = false, []string{"l1"} }, client.Level{}, func(l *limits) { l.MayDelete, l.DeleteFrom = false, []string{"l1"} }},
		"may not download":       {func(*limits) {}, client.Level{MayNot: []string{"download"}}, func(l *limits) { l.MayDownload = false }},
		"may download":           {func(l *limits) { l.MayDownload = false }, client.Level{}, func(l *limits) { l.MayDownload = false }},
		"may not control":        {func(*limits) {}, client.Level{MayNot: []string{"control"}}, func(l *limits) { l.MayControl, l.MayControlShared = false, false }},
		"may control":            {func(l *limits) { l.MayControl, l.MayControlShared = false, false }, client.Level{}, func(l *limits) { l.MayControl, l.MayControlShared = false, false }},
		"may not edit":           {func(*limits) {}, client.Level{MayNot: []string{"edit"}}, func(l *limits) { l.MayEdit = mediaserver.Edits{} }},
		"may edit":               {func(l *limits) { l.MayEdit.Lyrics = false }, client.Level{}, func(l *limits) { l.MayEdit.Lyrics = false }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := agent.LimitsOf(bounded(test.bound), &test.level, shelf())
			if diff := cmp.Diff(agent.LimitsOf(bounded(test.want), &client.Level{}, shelf()), got); diff != "" {
				t.Errorf("limits (-want +got):\n%s", diff)
			}
		})
	}
}
