package jellyfintest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// cinema is a fake with films of several ratings and tags in the library Films, one film in
// the library Shows, and a local user who may open only Films.
type cinema struct {
	*jellyfintest.Server
	anna  string
	films map[string]string // ids by the name of the film
	as    map[string]string // headers by the caller: nobody, anna, or the agent with its key
}

func newCinema(t *testing.T, version string) *cinema {
	t.Helper()
	c := &cinema{Server: jellyfintest.New(t, version), films: map[string]string{}}
	for name, rating := range map[string]string{"Young": "G", "Older": "TV-PG", "Violent": "TV-PG-V", "Adult": "R", "Unrated": "", "Odd": "no rating at all"} {
		c.films[name] = c.AddFilm("Films", name, rating)
	}
	c.films["Tagged"] = c.AddFilm("Films", "Tagged", "G", "Scary")
	c.films["Show"] = c.AddFilm("Shows", "Show", "G")
	c.anna = c.AddUser("Anna", "a", false)
	c.SetPolicy(c.anna, "EnableAllFolders", "false")
	c.SetPolicy(c.anna, "EnabledFolders", `["`+c.Libraries()["Films"]+`"]`)
	c.as = map[string]string{"anna": signInAnna(t, c.Server), "key": `Authorization: MediaBrowser Token="` + c.APIKey + `"`}
	return c
}

// sees returns the names of the films that an answer lists, in alphabetical order.
func (c *cinema) sees(body string) string {
	var names []string
	for name, id := range c.films {
		if strings.Contains(body, `"`+id+`"`) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// both returns the versions whose behaviour was seen; both behave in the same way, unless
// a row of a table below says otherwise.
func both() []string { return []string{"10.11", "12"} }

// If a highest rating is set, a person still sees films without a rating, and films with a
// rating that Jellyfin does not know, unless BlockUnratedItems names their kind, too. Among
// ratings with the same score, the highest sub-score counts if it is set. A policy can block
// films by their tags, or allow only films with certain tags. A change has an effect on the
// next request.
func TestWhatAPolicyLetsAPersonSee(t *testing.T) {
	t.Parallel()
	const everything = "Adult Odd Older Tagged Unrated Violent Young"
	for _, fact := range []struct {
		policy map[string]string
		want   string
	}{
		{nil, everything},
		{map[string]string{"MaxParentalRating": "null", "MaxParentalSubRating": "null"}, everything},
		{map[string]string{"MaxParentalRating": "10"}, "Odd Older Tagged Unrated Violent Young"},
		{map[string]string{"MaxParentalRating": "10", "MaxParentalSubRating": "0"}, "Odd Older Tagged Unrated Young"},
		{map[string]string{"MaxParentalRating": "10", "MaxParentalSubRating": "1"}, "Odd Older Tagged Unrated Violent Young"},
		{map[string]string{"MaxParentalRating": "13", "MaxParentalSubRating": "0"}, "Odd Older Tagged Unrated Violent Young"},
		{map[string]string{"MaxParentalRating": "0"}, "Odd Tagged Unrated Young"},
		{map[string]string{"MaxParentalRating": "10", "BlockUnratedItems": `["Movie"]`}, "Older Tagged Violent Young"},
		{map[string]string{"MaxParentalRating": "10", "BlockUnratedItems": `["Series","Book"]`}, "Odd Older Tagged Unrated Violent Young"},
		{map[string]string{"BlockUnratedItems": `["Movie"]`}, "Adult Older Tagged Violent Young"},
		{map[string]string{"BlockedTags": `["scary"]`}, "Adult Odd Older Unrated Violent Young"},
		{map[string]string{"AllowedTags": `["scary"]`}, "Tagged"},
		{map[string]string{"AllowedTags": `["scary"]`, "BlockedTags": `["Scary"]`}, ""},
		{map[string]string{"EnabledFolders": `["00000000000000000000000000000000"]`}, ""}, // the id of a library that does not exist
		{map[string]string{"EnableAllFolders": "true"}, "Adult Odd Older Show Tagged Unrated Violent Young"},
	} {
		for _, version := range both() {
			c := newCinema(t, version)
			for member, value := range fact.policy {
				c.SetPolicy(c.anna, member, value)
			}
			for _, request := range []string{"GET /Items?recursive=true", "GET /Users/" + c.anna + "/Items?recursive=true"} {
				if got := ask(t, c.Server, request, "", c.as["anna"]); got.status != 200 || c.sees(got.body) != fact.want {
					t.Errorf("%s: policy %v: %s: status %d and the films %q, want %q", version, fact.policy, request, got.status, c.sees(got.body), fact.want)
				}
			}
		}
	}
}

// Items, playback, downloads, streams in parts and searches obey a policy. The bytes of a film
// and its pictures go to anybody who knows the id.
func TestWhatAPolicyHides(t *testing.T) {
	t.Parallel()
	for _, fact := range []struct {
		fact, request string // the ids of Young (let through), Adult (hidden by the ceiling), Show (in a hidden library), and of libraries replace their names
		as            string
		want          int
		films         string // the films that the answer lists
	}{
		{"an item that is let through", "GET /Items/{Young}", "anna", 200, "Young"},
		{"an item above the ceiling", "GET /Items/{Adult}", "anna", 404, ""},
		{"an item of a hidden library", "GET /Items/{Show}", "anna", 404, ""},
		{"an item that does not exist", "GET /Items/00000000000000000000000000000000", "anna", 404, ""},
		{"an item without a token", "GET /Items/{Young}", "", 401, ""},
		{"an item for the key", "GET /Items/{Show}", "key", 200, "Show"},
		{"an item for the key and a user", "GET /Items/{Adult}?userId={anna}", "key", 404, ""},
		{"the old path of an item", "GET /Users/{anna}/Items/{Young}", "anna", 200, "Young"},
		{"the old path of a hidden item", "GET /Users/{anna}/Items/{Adult}", "anna", 404, ""},
		{"a library that is let through", "GET /Items/{library Films}", "anna", 200, ""},
		{"a hidden library", "GET /Items/{library Shows}", "anna", 404, ""},
		{"the items of a library", "GET /Items?parentId={library Films}", "anna", 200, "Odd Older Tagged Unrated Violent Young"},
		{"the items of a hidden library", "GET /Items?parentId={library Shows}", "anna", 401, ""},
		{"the items of a hidden library for the key, which is not asked for whom", "GET /Items?parentId={library Shows}&userId={anna}", "key", 200, "Show"},
		{"the old path of the items of a hidden library", "GET /Users/{anna}/Items?parentId={library Shows}", "anna", 401, ""},
		{"the items of another user", "GET /Users/{root}/Items", "anna", 404, ""},
		{"a search", "GET /Items?searchTerm=young", "anna", 200, "Young"},
		{"a search for a hidden item", "GET /Items?searchTerm=adult", "anna", 200, ""},
		{"playback", "POST /Items/{Young}/PlaybackInfo", "anna", 200, "Young"},
		{"playback of a hidden item", "POST /Items/{Adult}/PlaybackInfo", "anna", 404, ""},
		{"playback, asked in the other way", "GET /Items/{Show}/PlaybackInfo", "anna", 404, ""},
		{"playback without a token", "POST /Items/{Young}/PlaybackInfo", "", 401, ""},
		{"a download", "GET /Items/{Young}/Download", "anna", 200, ""},
		{"a download of a hidden item", "GET /Items/{Adult}/Download", "anna", 404, ""},
		{"a stream in parts", "GET /Videos/{Young}/master.m3u8?mediaSourceId={Young}", "anna", 200, ""},
		{"a stream in parts of a hidden item", "GET /Videos/{Adult}/master.m3u8?mediaSourceId={Adult}", "anna", 404, ""},
		{"a stream in parts without a token", "GET /Videos/{Young}/master.m3u8?mediaSourceId={Young}", "", 401, ""},
		{"the bytes of a hidden item", "GET /Videos/{Adult}/stream?static=true", "anna", 200, ""},
		{"the bytes of a hidden item without a token", "GET /Videos/{Show}/stream?static=true", "", 200, ""},
		{"the bytes of nothing", "GET /Videos/00000000000000000000000000000000/stream?static=true", "", 404, ""},
		{"a picture of a hidden item without a token", "GET /Items/{Adult}/Images/Primary", "", 200, ""},
		{"a picture of nothing", "GET /Items/00000000000000000000000000000000/Images/Primary", "", 404, ""},
	} {
		for _, version := range both() {
			c := newCinema(t, version)
			c.SetPolicy(c.anna, "MaxParentalRating", "13")
			root, _ := c.User("root")
			request := strings.NewReplacer(
				"{anna}", c.anna, "{root}", root.ID, "{Young}", c.films["Young"], "{Adult}", c.films["Adult"], "{Show}", c.films["Show"],
				"{library Films}", c.Libraries()["Films"], "{library Shows}", c.Libraries()["Shows"]).Replace(fact.request)
			body := ""
			if strings.HasPrefix(request, "POST ") {
				body = "{}"
			}
			got := ask(t, c.Server, request, body, c.as[fact.as])
			if films := c.sees(got.body); got.status != fact.want || films != fact.films {
				t.Errorf("%s: %s: status %d and the films %q, want %d and %q", version, fact.fact, got.status, films, fact.want, fact.films)
			}
		}
	}
}

// When a policy hides a film, the film is hidden from the next request on, with the same
// token. When the policy is changed back, the film is visible again.
func TestPolicyIsFeltAtOnce(t *testing.T) {
	t.Parallel()
	for _, version := range both() {
		c := newCinema(t, version)
		for i, want := range []int{200, 404, 200} {
			c.SetPolicy(c.anna, "BlockedTags", []string{"[]", `["Scary"]`, "[]"}[i])
			if got := ask(t, c.Server, "GET /Items/"+c.films["Tagged"], "", c.as["anna"]); got.status != want {
				t.Errorf("%s: step %d: status %d, want %d", version, i, got.status, want)
			}
		}
	}
}

// The table of ratings has a row without a value for films without a rating, and a score with
// a sub-score for each other rating. A new user has neither a highest rating nor a highest
// sub-score.
func TestRatings(t *testing.T) {
	t.Parallel()
	for _, version := range both() {
		c := newCinema(t, version)
		body := ask(t, c.Server, "GET /Localization/ParentalRatings", "", c.as["key"]).body
		for _, want := range []string{`[{"Name":"Unrated"},`, fmt.Sprintf(`"RatingScore":{"score":%d,"subScore":%d}`, 10, 1)} {
			if !strings.Contains(strings.ReplaceAll(body, " ", ""), want) {
				t.Errorf("%s: ratings %.300s, want %s in them", version, body, want)
			}
		}
		for _, none := range []string{`"MaxParentalRating":`, `"MaxParentalSubRating":`} {
			if user := ask(t, c.Server, "GET /Users/"+c.anna, "", c.as["key"]).body; strings.Contains(user, none) {
				t.Errorf("%s: user %s, want no %s", version, user, none)
			}
		}
	}
}
