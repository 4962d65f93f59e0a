package builtin_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/builtin"
)

// testdata/ratings_us.json is the list that Jellyfin 10.11.11 answers with, member for member.
func TestRatingsAreThoseOfJellyfin(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	source, err := os.ReadFile("testdata/ratings_us.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []any
	if err := json.Unmarshal(source, &want); err != nil {
		t.Fatal(err)
	}
	token := k.mint(k.add("alice", "x", false))
	w := k.get("/Localization/ParentalRatings", token)
	got := decoded[[]any](t, w)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ratings (-want +got):\n%s", diff)
	}
	readTable(t).check(t, "ratings", "[ParentalRating]", got)
}

func TestShownRatingsOfACountry(t *testing.T) {
	t.Parallel()
	for country, want := range map[string]string{
		"DE": "0, FSK 0, FSK-0, Educational, Infoprogramm, 6, FSK 6, FSK-6, 10, 12, FSK 12, FSK-12, 13, 14, 16, FSK 16, FSK-16, 18, FSK 18, FSK-18, 21, XXX, Banned",
		"UK": "0+, All, E, G, U, 6+, 7+, PG, 9, 10, 12A, 12PG, 12, 12+, 13+, Teen, 14+, 15, 16, 18, Caution, Mature, Adult, R18, Banned",
	} {
		var names []string
		for _, r := range builtin.ShownRatings(country) {
			names = append(names, r.Name)
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("%s: %s, want %s", country, got, want)
		}
	}
}

func TestFindRating(t *testing.T) {
	t.Parallel()
	type value struct {
		Value int
		Sub   any
	}
	for _, c := range []struct {
		country, name string
		want          value
	}{
		{"US", "PG", value{10, 0}},
		{"UK", "PG", value{8, 0}},
		{"US", "UK: PG", value{8, 0}},
		{"US", "uk:pg", value{8, 0}},
		{"DE", "PG", value{10, 0}},
		{"US", "fsk-12", value{12, nil}},
		{"US", "FSK 18", value{18, nil}},
		{"US", "TV-MA-LSV", value{17, 1}},
		{"US", "TV-PG-DLSV", value{10, 1}},
		{"UK", "15", value{15, nil}}, // Jellyfin takes a number for an age
		{"US", "UK: 15", value{15, 3}},
		{"DE", "0", value{0, nil}},
		{"US", "R18", value{1000, 0}},
	} {
		found, err := builtin.FindRating(c.country, c.name)
		got := value{Value: found.Value}
		if found.Sub != nil {
			got.Sub = *found.Sub
		}
		if err != nil || got != c.want {
			t.Errorf("%s in %s: %+v (error %v), want %+v", c.name, c.country, got, err, c.want)
		}
	}
	for _, name := range []string{"", "PG-14", "FSK-13", "99", "-1", "FR: 12", "UK: R"} {
		_, err := builtin.FindRating("US", name)
		if err == nil || !strings.Contains(err.Error(), "known are US: Approved, G") || !strings.Contains(err.Error(), "FSK-12") {
			t.Errorf("%q: error %v, want one that lists the known ratings", name, err)
		}
	}
}
