package builtin_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// house is a small catalogue. Each name says why an item is there.
const house = `
libraries:
  - name: Films
    type: movies
    items:
      - {name: Apple, rating: G, year: 2001, minutes: 60, tags: [family], genres: [Comedy], added: 2026-01-03, overview: About apples.}
      - {name: Pear, rating: PG-13, year: 2003, minutes: 90, tags: [Scary], added: 2026-01-01}
      - {name: Plum, year: 2002, added: 2026-01-02}
      - name: Grown-ups
        type: Folder
        items:
          - {name: Quince, rating: R}
  - name: Shows
    type: tvshows
    items:
      - name: Kettle
        rating: TV-Y7
        tags: [family]
        items:
          - name: Season 1
            number: 1
            items:
              - {name: Steam, number: 1}
              - {name: Boil, number: 2, rating: TV-MA}
      - name: Gallows
        rating: TV-14
        items:
          - {name: Rope, number: 1, rating: TV-Y}
  - name: Songs
    type: music
    tags: [loud]
    items:
      - name: Band
        items:
          - name: Album
            items: [{name: Track, number: 1}]
`

type itemAnswer struct {
	Name, ID, ParentID, Type, CollectionType, OfficialRating string
	SeriesName, SeasonName, Album, AlbumArtist, Overview     string
	ChildCount, RecursiveItemCount, ParentIndexNumber        int
	RunTimeTicks                                             int64
	CanDelete, CanDownload                                   bool
	Tags                                                     []string
}

type itemsAnswer struct {
	Items                        []itemAnswer
	TotalRecordCount, StartIndex int
}

func (a itemsAnswer) names() string {
	names := []string{}
	for _, i := range a.Items {
		names = append(names, i.Name)
	}
	return strings.Join(names, " ")
}

// newHouse returns a server with the catalogue house, and the token of an administrator.
func newHouse(t testing.TB) (k *kit, boss string) {
	t.Helper()
	k = newKit(t)
	k.stock(house)
	return k, k.mint(k.add("boss", "x", true))
}

// stock starts the server again with another catalogue.
func (k *kit) stock(text string) {
	k.t.Helper()
	catalogue, err := builtin.ParseCatalogue(text)
	if err != nil {
		k.t.Fatal(err)
	}
	k.opt.Catalogue = catalogue
	k.restart()
}

func (k *kit) items(path, token string) itemsAnswer {
	k.t.Helper()
	return decoded[itemsAnswer](k.t, k.get(path, token))
}

// ids returns the ids of all libraries and items by their names, as an administrator sees them.
func (k *kit) ids(boss string) map[string]string {
	k.t.Helper()
	ids := map[string]string{}
	for _, path := range []string{"/UserViews", "/Items?Recursive=true"} {
		for _, i := range k.items(path, boss).Items {
			ids[i.Name] = i.ID
		}
	}
	return ids
}

// give sets a policy. If the policy names no libraries, it allows all libraries.
func (k *kit) give(user mediaserver.LocalUser, p builtin.Policy) {
	k.t.Helper()
	p.AllLibraries = p.Libraries == nil
	if err := k.SetPolicy(k.t.Context(), user.ID, p); err != nil {
		k.t.Fatal(err)
	}
}

func TestPolicyFiltersTheCatalogue(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	ids := k.ids(boss)
	milo := k.add("milo", "x", false)
	token := k.mint(milo)
	const all = "Apple Pear Plum Grown-ups Quince Kettle Season 1 Steam Boil Gallows Rope Band Album Track"
	for name, c := range map[string]struct {
		policy builtin.Policy
		views  string
		want   string
	}{
		"everything":            {builtin.Policy{}, "Films Shows Songs", all},
		"one library":           {builtin.Policy{Restriction: mediaserver.Restriction{Libraries: []string{ids["Songs"]}}}, "Songs", "Band Album Track"},
		"no library":            {builtin.Policy{Restriction: mediaserver.Restriction{Libraries: []string{}}}, "", ""},
		"a type of libraries":   {builtin.Policy{ContentTypes: []string{"music", "tvshows"}}, "Shows Songs", "Kettle Season 1 Steam Boil Gallows Rope Band Album Track"},
		"rating 10":             {builtin.Policy{MaxRating: new(10)}, "Films Shows Songs", "Apple Plum Kettle Season 1 Steam Band Album Track"}, // no folder without films, no episode above its series
		"rating 13":             {builtin.Policy{MaxRating: new(13)}, "Films Shows Songs", "Apple Pear Plum Kettle Season 1 Steam Band Album Track"},
		"rating 17 sub 0":       {builtin.Policy{MaxRating: new(17), MaxSubRating: new(0)}, "Films Shows Songs", strings.Replace(all, "Boil ", "", 1)},
		"rating 17 sub 1":       {builtin.Policy{MaxRating: new(17), MaxSubRating: new(1)}, "Films Shows Songs", all},
		"unrated films":         {builtin.Policy{BlockUnrated: []string{"Movie"}}, "Films Shows Songs", strings.Replace(all, "Plum ", "", 1)},
		"unrated music":         {builtin.Policy{BlockUnrated: []string{"Music", "Series"}}, "Films Shows", "Apple Pear Plum Grown-ups Quince Kettle Season 1 Steam Boil Gallows Rope"}, // episodes have the rating of their series
		"a blocked tag":         {builtin.Policy{BlockedTags: []string{"sCARY"}}, "Films Shows Songs", strings.Replace(all, "Pear ", "", 1)},
		"a tag of a series":     {builtin.Policy{BlockedTags: []string{"family"}}, "Films Shows Songs", "Pear Plum Grown-ups Quince Gallows Rope Band Album Track"},
		"a tag of a library":    {builtin.Policy{BlockedTags: []string{"loud"}}, "Films Shows", "Apple Pear Plum Grown-ups Quince Kettle Season 1 Steam Boil Gallows Rope"},
		"an allowed tag":        {builtin.Policy{AllowedTags: []string{"FAMILY"}}, "Films Shows", "Apple Kettle Season 1 Steam Boil"},
		"allowed and blocked":   {builtin.Policy{AllowedTags: []string{"family", "scary"}, BlockedTags: []string{"scary"}}, "Films Shows", "Apple Kettle Season 1 Steam Boil"},
		"a blocked folder":      {builtin.Policy{BlockedFolders: []string{ids["Grown-ups"]}}, "Films Shows Songs", strings.Replace(all, "Grown-ups Quince ", "", 1)},
		"a blocked series":      {builtin.Policy{BlockedFolders: []string{ids["Kettle"]}}, "Films Shows Songs", strings.Replace(all, "Kettle Season 1 Steam Boil ", "", 1)},
		"a blocked library":     {builtin.Policy{BlockedFolders: []string{ids["Films"]}}, "Shows Songs", strings.Replace(all, "Apple Pear Plum Grown-ups Quince ", "", 1)},
		"all that a folder has": {builtin.Policy{BlockedFolders: []string{ids["Quince"]}}, "Films Shows Songs", strings.Replace(all, "Grown-ups Quince ", "", 1)},
	} {
		k.give(milo, c.policy)
		views := k.items("/Users/"+milo.ID+"/Views", token)
		if got := views.names(); got != c.views || views.TotalRecordCount != len(views.Items) {
			t.Errorf("%s: libraries %q (count %d), want %q", name, got, views.TotalRecordCount, c.views)
		}
		items := k.items("/Users/"+milo.ID+"/Items?Recursive=true", token)
		if got := items.names(); got != c.want || items.TotalRecordCount != len(items.Items) {
			t.Errorf("%s: items %q (count %d), want %q", name, got, items.TotalRecordCount, c.want)
		}
		if got := k.items("/Users/"+milo.ID+"/Items?Recursive=true", boss); !cmp.Equal(got, items) {
			t.Errorf("%s: an administrator who asks for that local user sees %q, want %q", name, got.names(), c.want)
		}
		k.hidesTheRest(name, token, boss)
	}
	if got := k.items("/Items?Recursive=true", boss).names(); got != all {
		t.Errorf("an administrator sees %q, want %q", got, all)
	}
}

// hidesTheRest checks that what a token's local user does not see is treated everywhere as if it did
// not exist.
func (k *kit) hidesTheRest(name, token, boss string) {
	k.t.Helper()
	seen := map[string]string{}
	for _, path := range []string{"/UserViews", "/Items?Recursive=true"} {
		for _, i := range k.items(path, token).Items {
			seen[i.Name] = i.ID
		}
	}
	never := strings.Repeat("0", 32)
	for title, id := range k.ids(boss) {
		if seen[title] != "" {
			want(k.t, k.get("/Items/"+id, token), 200)
			continue
		}
		for _, path := range []string{"/Items/ID", "/Items?ParentId=ID", "/Items?Recursive=true&ParentId=ID", "/Items?Ids=ID", "/Items?Recursive=true&SearchTerm=" + title} {
			got, none := k.get(strings.ReplaceAll(strings.ReplaceAll(path, "ID", id), " ", "%20"), token), k.get(strings.NewReplacer("ID", never, title, "zzz", " ", "%20").Replace(path), token)
			if got.Code != none.Code || got.Body.String() != none.Body.String() {
				k.t.Errorf("%s: %s of the hidden %s: status %d and %s, want the answer for an unknown id: %d and %s", name, path, title, got.Code, got.Body, none.Code, none.Body)
			}
		}
		for _, path := range []string{"/Items?Fields=ChildCount,RecursiveItemCount&Recursive=true", "/UserViews", "/Library/VirtualFolders", "/Library/MediaFolders"} {
			if body := k.get(path, token).Body.String(); strings.Contains(body, id) || strings.Contains(body, `"`+title+`"`) {
				k.t.Errorf("%s: %s names the hidden %s", name, path, title)
			}
		}
	}
}

// Counts leave out what is hidden.
func TestCountsOfTheCatalogue(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	milo := k.add("milo", "x", false)
	token := k.mint(milo)
	counts := func(token string) map[string][2]int {
		got := map[string][2]int{}
		for _, path := range []string{"/Items?Fields=ChildCount,RecursiveItemCount", "/Items?Recursive=true&Fields=ChildCount,RecursiveItemCount&IsFolder=true"} {
			for _, i := range k.items(path, token).Items {
				got[i.Name] = [2]int{i.ChildCount, i.RecursiveItemCount}
			}
		}
		return got
	}
	all := map[string][2]int{
		"Films": {4, 4}, "Grown-ups": {1, 1}, "Shows": {2, 3}, "Kettle": {1, 2}, "Season 1": {2, 2}, "Gallows": {1, 1}, "Songs": {1, 1}, "Band": {1, 1}, "Album": {1, 1},
	}
	if diff := cmp.Diff(all, counts(boss)); diff != "" {
		t.Errorf("counts for an administrator (-want +got):\n%s", diff)
	}
	k.give(milo, builtin.Policy{MaxRating: new(10)})
	some := map[string][2]int{"Films": {2, 2}, "Shows": {1, 1}, "Kettle": {1, 1}, "Season 1": {1, 1}, "Songs": {1, 1}, "Band": {1, 1}, "Album": {1, 1}}
	if diff := cmp.Diff(some, counts(token)); diff != "" {
		t.Errorf("counts up to the rating 10 (-want +got):\n%s", diff)
	}
	root := decoded[itemAnswer](t, k.get("/Users/"+milo.ID+"/Items/Root", token))
	if root.ChildCount != 3 || root.Type != "UserRootFolder" {
		t.Errorf("root %+v, want a folder with three libraries", root)
	}
	if got := decoded[itemAnswer](t, k.get("/Items/"+root.ID, token)); !cmp.Equal(got, root) {
		t.Errorf("root by its id %+v, want %+v", got, root)
	}
}

func TestCatalogueAccess(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	milo, rosa := k.add("milo", "x", false), k.add("rosa", "x", false)
	token, nobody := k.mint(milo), strings.Repeat("0", 32)
	apple := k.ids(boss)["Apple"]
	for path, status := range map[string][3]int{ // without a token, milo, an administrator
		"/Items": {401, 200, 200}, "/Items/" + apple: {401, 200, 200}, "/Items/xyz": {401, 404, 404}, "/Items/" + nobody: {401, 404, 404},
		"/UserViews": {401, 200, 200}, "/Library/VirtualFolders": {401, 200, 200}, "/Localization/ParentalRatings": {401, 200, 200},
		"/Users/" + milo.ID + "/Views": {401, 200, 200}, "/Users/" + rosa.ID + "/Views": {401, 403, 200}, "/Users/" + nobody + "/Views": {401, 403, 404},
		"/Users/" + milo.ID + "/Items": {401, 200, 200}, "/Users/" + rosa.ID + "/Items": {401, 403, 200}, "/Users/xyz/Items": {401, 403, 404},
		"/Users/" + rosa.ID + "/Items/" + apple: {401, 403, 200}, "/Items?userId=" + rosa.ID: {401, 403, 200}, "/Items?USERID=" + nobody: {401, 403, 404},
		"/Items/" + apple + "?userId=" + milo.ID: {401, 200, 200}, "/UserViews?userId=" + rosa.ID: {401, 403, 200}, "/Items?userId=": {401, 200, 200},
		"/Items?ParentId=xyz": {401, 404, 404},
	} {
		for i, token := range []string{"", token, boss} {
			if w := k.get(path, token); w.Code != status[i] {
				t.Errorf("%s as caller %d: status %d, want %d: %s", path, i, w.Code, status[i], w.Body)
			}
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		want(t, k.do(ask{method: method, path: "/Items/" + apple, header: map[string]string{"X-Emby-Token": boss}}), http.StatusMethodNotAllowed)
	}
}

// Without a catalogue there are the same paths, and nothing in them.
func TestWithoutACatalogue(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	token := k.mint(k.add("boss", "x", true))
	for _, path := range []string{"/UserViews", "/Items", "/Items?Recursive=true"} {
		if got := k.items(path, token); got.Items == nil || got.TotalRecordCount != 0 {
			t.Errorf("%s: %+v, want an empty list", path, got)
		}
	}
}

// Ids stay the same when the server starts again, when lines move, and when an entry is changed.
func TestIDsOfTheCatalogueStay(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	before := k.ids(boss)
	k.stock(`
libraries:
  - {name: Songs, type: music}
  - name: films
    type: movies
    items:
      - {name: Grown-ups, type: Folder, items: [{name: Quince, rating: G}]}
      - {name: Apple}
`)
	after := k.ids(boss)
	for name, id := range after {
		if name == "films" {
			name = "Films"
		}
		if before[name] != id {
			t.Errorf("%s has the id %s, want %s as before", name, id, before[name])
		}
	}
	if len(after) != 5 {
		t.Errorf("%d things, want 5: %v", len(after), after)
	}
}

// The agent reads the libraries with their types. A library that the catalogue loses is left out, and
// people see it again when it comes back.
func TestLibrariesOfTheCatalogue(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	if _, err := k.AddLibrary(t.Context(), "By hand"); err != nil {
		t.Fatal(err)
	}
	ids := k.ids(boss)
	guest, err := k.CreateGuest(t.Context(), "gus", guestSecret, mediaserver.Restriction{Libraries: []string{ids["Songs"]}})
	if err != nil {
		t.Fatal(err)
	}
	token := k.mint(guest)
	names := func() []string {
		libraries, err := k.Libraries(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, l := range libraries {
			names = append(names, l.Name+" "+l.Kind)
		}
		return names
	}
	if got, want := names(), []string{"By hand ", "Films movies", "Shows tvshows", "Songs music"}; !slices.Equal(got, want) {
		t.Errorf("libraries %q, want %q", got, want)
	}
	k.stock("libraries: [{name: Films, type: movies}]")
	if got := k.items("/UserViews", token).names(); got != "" {
		t.Errorf("the guest sees %q, want no library", got)
	}
	if got, want := names(), []string{"By hand ", "Films movies"}; !slices.Equal(got, want) {
		t.Errorf("libraries %q, want %q", got, want)
	}
	if songs, err := k.AddLibrary(t.Context(), "songs"); err != nil || songs.ID != ids["Songs"] || len(names()) != 3 {
		t.Errorf("library %+v (error %v) and libraries %q, want Songs again with its old id", songs, err, names())
	}
	k.stock("libraries: [{name: Films, type: movies}]")
	k.opt.Catalogue = nil // as an agent opens the file that runs beside the media server
	k.restart()
	if got, want := names(), []string{"By hand ", "Films movies"}; !slices.Equal(got, want) {
		t.Errorf("libraries in a process without the catalogue: %q, want %q", got, want)
	}
	k.stock(house)
	if got := k.items("/UserViews", token).names(); got != "Songs" {
		t.Errorf("the guest sees %q, want Songs again", got)
	}
}

// A policy does not hold for an administrator, whatever it says.
func TestAdministratorsSeeEverything(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	all := k.items("/Items?Recursive=true", boss).names()
	const limit = `UPDATE local_users SET all_libraries = FALSE, policy = '{"max_rating":0,"hours":[{"day":"Monday","start":1,"end":2}],"may_delete":false,"may_download":false,"may_control":false}' WHERE administrator RETURNING 1`
	if n, err := k.Count(t.Context(), limit); err != nil || n != 1 {
		t.Fatalf("%d rows (error %v), want 1", n, err)
	}
	if got := k.items("/Items?Recursive=true", boss).names(); got != all {
		t.Errorf("an administrator with a policy sees %q, want %q", got, all)
	}
}
