package models_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// Two levels that hold together make one level that has the stricter limit in every field. Their
// order makes no difference.
func TestLevelsTogether(t *testing.T) {
	t.Parallel()
	type l = models.Level
	hours := func(day string, from, to int) models.LevelHours {
		return models.LevelHours{Day: day, From: from, To: to}
	}
	for name, row := range map[string]struct{ a, b, want l }{
		"nothing":         {l{}, l{}, l{}},
		"libraries":       {l{Libraries: []string{"a", "b"}}, l{Libraries: []string{"b", "c"}}, l{Libraries: []string{"b"}}},
		"no library":      {l{Libraries: []string{"a"}}, l{Libraries: []string{"b"}}, l{Libraries: []string{}}},
		"all libraries":   {l{}, l{Libraries: []string{"b"}}, l{Libraries: []string{"b"}}},
		"hidden":          {l{HiddenLibraries: []string{"a"}, HiddenFolders: []string{"f"}}, l{HiddenLibraries: []string{"a", "b"}}, l{HiddenLibraries: []string{"a", "b"}, HiddenFolders: []string{"f"}}},
		"types":           {l{Types: []string{"movies"}}, l{Types: []string{"movies", "music"}}, l{Types: []string{"movies"}}},
		"rating":          {l{MaxRating: &models.LevelRating{Name: "R", Value: 17}}, l{MaxRating: &models.LevelRating{Value: 12}}, l{MaxRating: &models.LevelRating{Value: 12}}},
		"sub-rating":      {l{MaxRating: &models.LevelRating{Value: 14, Sub: new(1)}}, l{MaxRating: &models.LevelRating{Value: 14, Sub: new(0)}}, l{MaxRating: &models.LevelRating{Value: 14, Sub: new(0)}}},
		"every sub":       {l{MaxRating: &models.LevelRating{Value: 14, Sub: new(3)}}, l{MaxRating: &models.LevelRating{Value: 14}}, l{MaxRating: &models.LevelRating{Value: 14, Sub: new(3)}}},
		"unrated":         {l{Unrated: []string{"Movie"}}, l{Unrated: []string{"Book"}}, l{Unrated: []string{"Book", "Movie"}}},
		"blocked tags":    {l{BlockedTags: []string{"war"}}, l{BlockedTags: []string{"blood"}}, l{BlockedTags: []string{"blood", "war"}}},
		"no allowed tag":  {l{AllowedTags: []string{"x"}}, l{AllowedTags: []string{"y"}}, l{AllowedTags: []string{}}},
		"hours":           {l{Hours: []models.LevelHours{hours("Everyday", 480, 1200)}}, l{Hours: []models.LevelHours{hours("Saturday", 600, 1440)}}, l{Hours: []models.LevelHours{hours("Saturday", 600, 1200)}}},
		"weekend":         {l{Hours: []models.LevelHours{hours("Weekend", 0, 1440)}}, l{Hours: []models.LevelHours{hours("Weekday", 0, 1440)}}, l{Hours: []models.LevelHours{}}},
		"never":           {l{Hours: []models.LevelHours{}}, l{}, l{Hours: []models.LevelHours{}}},
		"what may not be": {l{MayNot: []string{"edit"}}, l{MayNot: []string{"delete", "edit"}}, l{MayNot: []string{"delete", "edit"}}},
	} {
		for _, got := range []l{models.LevelsTogether(row.a, row.b), models.LevelsTogether(row.b, row.a)} {
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("%s (-want +got): %s", name, diff)
			}
		}
	}
}

// If two levels have many hours each, the list of their common hours is not longer than both lists
// together.
func TestHoursDoNotMultiply(t *testing.T) {
	t.Parallel()
	var a, b models.Level
	for i := range 50 {
		a.Hours = append(a.Hours, models.LevelHours{Day: "Everyday", From: i, To: 1440 - i})
		b.Hours = append(b.Hours, models.LevelHours{Day: "Everyday", From: 20 * i, To: 20*i + 10})
	}
	if got := len(models.LevelsTogether(a, b).Hours); got > 7*51 {
		t.Errorf("%d common hours, want at most %d", got, 7*51)
	}
}
