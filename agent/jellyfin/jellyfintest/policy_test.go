package jellyfintest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// These facts follow Jellyfin's source and were not seen at a running server: lists of texts are
// kept as one text with commas, hours get ids of their own, members without a value are left out,
// and the lists of blocked libraries and channels are not written.
func TestPolicyAsItIsKept(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.9", "10.10", "10.11", "12"} {
		fake := jellyfintest.New(t, version)
		anna := fake.AddUser("Anna", "a", false)
		key := `Authorization: MediaBrowser Token="` + fake.APIKey + `"`
		user, _ := fake.User(anna)
		for member, raw := range map[string]string{
			"BlockedTags": `["a,b","c"]`, "AllowedTags": `[""]`, "MaxParentalRating": "null", "BlockedMediaFolders": `["` + strings.Repeat("1", 32) + `"]`,
			"AccessSchedules": `[{"DayOfWeek":"Sunday","StartHour":1,"EndHour":2.5}]`,
		} {
			user.Policy[member] = json.RawMessage(raw)
		}
		whole, err := json.Marshal(user.Policy)
		if err != nil {
			t.Fatal(err)
		}
		var hours []string
		for range 2 {
			if got := ask(t, fake, "POST /Users/"+anna+"/Policy", string(whole), key); got.status != 204 {
				t.Fatalf("%s: %+v, want status 204", version, got)
			}
			body := ask(t, fake, "GET /Users/"+anna, "", key).body
			for _, want := range []string{`"BlockedTags":["a","b","c"]`, `"AllowedTags":[]`, `"BlockedMediaFolders":[]`, `"UserId":"` + anna + `"`, `"EndHour":2.5`} {
				if !strings.Contains(body, want) {
					t.Errorf("%s: user %s, want %s in it", version, body, want)
				}
			}
			if strings.Contains(body, "MaxParentalRating") {
				t.Errorf("%s: user %s, want no greatest rating", version, body)
			}
			user, _ = fake.User(anna)
			hours = append(hours, string(user.Policy["AccessSchedules"]))
		}
		if hours[0] == hours[1] {
			t.Errorf("%s: hours %s twice, want other ids", version, hours[0])
		}
	}
}

// An old list of blocked libraries decides in the place of the newer members.
func TestBlockedLibraries(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.9", "10.10", "10.11", "12"} {
		fake := jellyfintest.New(t, version)
		anna := fake.AddUser("Anna", "a", false)
		token := signInAnna(t, fake)
		fake.SetPolicy(anna, "EnableAllFolders", "false")
		fake.SetPolicy(anna, "BlockedMediaFolders", `["`+fake.Libraries()["Films"]+`"]`)
		if body := ask(t, fake, "GET /UserViews", "", token).body; strings.Contains(body, `"Films"`) || !strings.Contains(body, `"Shows"`) {
			t.Errorf("%s: libraries %s, want all but Films", version, body)
		}
	}
}

// An API key gets the tags and ratings of all films, and a local user those of the films that they see.
func TestFilters(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.9", "10.10", "10.11", "12"} {
		fake := jellyfintest.New(t, version)
		anna := fake.AddUser("Anna", "a", false)
		token := signInAnna(t, fake)
		fake.AddFilm("Films", "One", "PG", "scary", "kids")
		fake.AddFilm("Films", "Two", "R", "Kids")
		fake.SetPolicy(anna, "BlockedTags", `["scary"]`)
		for header, want := range map[string]string{
			`Authorization: MediaBrowser Token="` + fake.APIKey + `"`: `{"Genres":[],"OfficialRatings":["PG","R"],"Tags":["kids","scary"],"Years":[]}`,
			token: `{"Genres":[],"OfficialRatings":["R"],"Tags":["Kids"],"Years":[]}`,
		} {
			if got := ask(t, fake, "GET /Items/Filters?includeItemTypes=Movie&includeItemTypes=Series", "", header); got.status != 200 || got.body != want {
				t.Errorf("%s: %+v, want %s", version, got, want)
			}
		}
		if got := ask(t, fake, "GET /Items/Filters?includeItemTypes=Series", "", token); strings.Contains(got.body, "Kids") {
			t.Errorf("%s: filters of series %s, want none", version, got.body)
		}
	}
}
