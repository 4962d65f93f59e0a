package jellyfin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

func TestChoices(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		fake.AddFilm("Films", "One", "PG", "scary", "kids")
		fake.AddFilm("Shows", "Two", "", "Scary", "with, comma", "ü")
		got, err := s.Choices(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"kids", "scary", "ü"}, got.Tags); diff != "" {
			t.Errorf("tags (-want +got):\n%s", diff)
		}
		if got.HidesFolders || len(got.Folders) > 0 {
			t.Errorf("folders %v, want none", got.Folders)
		}
		if len(got.Ratings) < 40 || got.Ratings[0].Name != "Approved" {
			t.Errorf("ratings %v, want all of them but the first one, Unrated", got.Ratings)
		}
		pg := got.Ratings[slices.IndexFunc(got.Ratings, func(r mediaserver.Rating) bool { return r.Name == "TV-PG-D" })]
		want := mediaserver.Rating{Name: "TV-PG-D", Value: 10, Sub: new(1)}
		if strings.HasSuffix(t.Name(), "/10.9") || strings.HasSuffix(t.Name(), "/10.10") {
			want.Sub = nil
		}
		if diff := cmp.Diff(want, pg); diff != "" {
			t.Errorf("one rating (-want +got):\n%s", diff)
		}
	})
}

// Odd names are left out, and so are names beyond the greatest number of them.
func TestChoicesFromAnOddServer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		ratings := []map[string]any{{"Name": "", "Value": 1}, {"Value": 2}, {"Name": "none", "RatingScore": map[string]any{}}, {"Name": strings.Repeat("x", 201), "Value": 3}}
		tags := []any{"", nil, " ", "a,b", strings.Repeat("x", 201)}
		for i := range 1100 {
			ratings, tags = append(ratings, map[string]any{"Name": fmt.Sprint("r", i), "Value": i}), append(tags, fmt.Sprint("t", i), fmt.Sprint("t", i))
		}
		answer := func(value any) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(value)
			}
		}
		fake.Break("GetParentalRatings", 1, answer(ratings))
		fake.Break("GetQueryFiltersLegacy", 1, answer(map[string]any{"Tags": tags}))
		got, err := s.Choices(t.Context())
		if err != nil || len(got.Ratings) != 1000 || len(got.Tags) != 1000 {
			t.Fatalf("%d ratings and %d tags (error %v), want 1000 of each", len(got.Ratings), len(got.Tags), err)
		}
		if got.Ratings[0] != (mediaserver.Rating{Name: "r0"}) || got.Tags[0] != "t0" || got.Tags[1] != "t1" || got.Tags[2] != "t10" {
			t.Errorf("first rating %v and first tags %v, want r0, t0, t1 and t10", got.Ratings[0], got.Tags[:3])
		}
		for _, operation := range []string{"GetParentalRatings", "GetQueryFiltersLegacy"} {
			for _, odd := range []any{map[string]any{"Tags": 1}, "x", nil} {
				fake.Break(operation, 1, answer(odd))
				if got, err := s.Choices(t.Context()); err == nil {
					t.Errorf("%s answers %v: choices %v, want an error", operation, odd, got)
				}
			}
		}
	})
}
