package builtin_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent/builtin"
)

// queries has queries with the names of the items that answer them, in their order. A name in braces
// stands for an id. Jellyfin's libraries repeat a name to write a list.
const queries = ` => Films Shows Songs
ParentId={root} => Films Shows Songs
ParentId={Films} => Apple Pear Plum Grown-ups
parentid={Films}&recursive=TRUE => Apple Pear Plum Grown-ups Quince
ParentId={Season 1} => Steam Boil
ParentId={Apple} =>
Recursive=true&IncludeItemTypes=Movie => Apple Pear Plum Quince
Recursive=true&IncludeItemTypes=movie,series => Apple Pear Plum Quince Kettle Gallows
recursive=true&includeItemTypes=Movie&includeItemTypes=Series => Apple Pear Plum Quince Kettle Gallows
Recursive=true&ExcludeItemTypes=Movie,Episode,Audio => Grown-ups Kettle Season 1 Gallows Band Album
Recursive=true&MediaTypes=Audio => Track
Recursive=true&Filters=IsFolder => Grown-ups Kettle Season 1 Gallows Band Album
Recursive=true&Filters=IsNotFolder => Apple Pear Plum Quince Steam Boil Rope Track
Recursive=true&IsFolder=false&Limit=2 => Apple Pear
Recursive=true&Filters=IsFavorite =>
Recursive=true&Filters=IsUnplayed&Limit=1 => Apple
SearchTerm=PL => Apple Plum
SearchTerm=pl&ParentId={Shows} =>
SearchTerm=season%201 => Season 1
Recursive=true&NameStartsWith=p => Pear Plum
Ids={Track},{Apple},{Track} => Track Apple
Ids={Track}&Ids={Films} => Track Films
Ids={Track},{Apple}&IncludeItemTypes=Movie => Apple
ParentId={Films}&SortBy=SortName => Apple Grown-ups Pear Plum
ParentId={Films}&SortBy=SortName&SortOrder=Descending => Plum Pear Grown-ups Apple
ParentId={Films}&SortBy=IsFolder,SortName&SortOrder=Ascending => Grown-ups Apple Pear Plum
ParentId={Films}&SortBy=IsFolder&SortBy=SortName&SortOrder=Ascending,Descending => Grown-ups Plum Pear Apple
ParentId={Films}&SortBy=ProductionYear,SortName => Grown-ups Apple Plum Pear
ParentId={Films}&SortBy=DateCreated&SortOrder=Descending&IncludeItemTypes=Movie => Apple Plum Pear
ParentId={Films}&SortBy=Runtime&SortOrder=Descending&Limit=2 => Pear Apple
Recursive=true&SortBy=OfficialRating&SortOrder=Descending&IsFolder=false&Limit=2 => Boil Quince
Recursive=true&SortBy=SeriesSortName,IndexNumber&IncludeItemTypes=Episode => Rope Steam Boil
Recursive=true&SortBy=ParentIndexNumber,IndexNumber&IncludeItemTypes=Episode => Rope Steam Boil
Recursive=true&SortBy=AlbumArtist,Album,IndexNumber&IncludeItemTypes=Audio,MusicAlbum => Album Track
ParentId={Films}&SortBy=Sparkle => Apple Pear Plum Grown-ups
ParentId={Films}&StartIndex=1&Limit=2 => Pear Plum
ParentId={Films}&StartIndex=9 =>
ParentId={Films}&Limit=0 =>
Recursive=true&Genres=comedy => Apple
Recursive=true&Tags=family|scary => Apple Pear Kettle
Recursive=true&OfficialRatings=R|TV-Y => Quince Rope
Recursive=true&Years=2001,2002 => Apple Plum
Recursive=true&UnknownParameter=1&Limit=1 => Apple`

func TestQueriesOfTheCatalogue(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	ids := k.ids(boss)
	fill := []string{}
	for name, id := range ids {
		fill = append(fill, "{"+name+"}", id)
	}
	ids["root"] = k.items("/UserViews", boss).Items[0].ParentID
	filler := strings.NewReplacer(append(fill, "{root}", ids["root"])...)
	for line := range strings.Lines(queries) {
		query, want, _ := strings.Cut(strings.TrimSpace(line), "=>")
		query, want = strings.TrimSpace(query), strings.TrimSpace(want)
		if got := k.items("/Items?"+filler.Replace(query), boss).names(); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	page := k.items("/Items?ParentId="+ids["Films"]+"&StartIndex=1&Limit=2", boss)
	if page.TotalRecordCount != 4 || page.StartIndex != 1 {
		t.Errorf("a page: count %d from %d, want 4 from 1", page.TotalRecordCount, page.StartIndex)
	}
	if got := k.items("/Items?Recursive=true&SortBy=Random", boss); got.TotalRecordCount != 14 || len(strings.Fields(got.names())) != 15 {
		t.Errorf("at random: %q, want all 14 items", got.names())
	}
}

func TestQueriesThatAreRefused(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	long := strings.Repeat("a,", 501)
	for query, says := range map[string]string{
		"Limit=many": "limit must be a whole number", "StartIndex=-1": "startindex must be a whole number", "Limit=1.5": "limit must be",
		"SearchTerm=" + strings.Repeat("a", 201): "the search term is too long", "Ids=" + long: "a list is too long: at most 500", "Tags=" + url.QueryEscape(strings.ReplaceAll(long, ",", "|")): "a list is too long",
	} {
		w := k.get("/Items?"+query, boss)
		if w.Code != 400 || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%.40s: status %d and %s, want 400 and %q", query, w.Code, w.Body, says)
		}
	}
}

// One answer has at most a thousand items, and says how many there are.
func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.stock("libraries:\n- name: A\n  items:\n" + numbered(1200))
	token := k.mint(k.add("boss", "x", true))
	for query, want := range map[string]int{"": 1000, "&Limit=5000": 1000, "&StartIndex=1000": 200, "&Limit=7": 7} {
		got := k.items("/Items?Recursive=true"+query, token)
		if len(got.Items) != want || got.TotalRecordCount != 1200 {
			t.Errorf("%q: %d items of %d, want %d of 1200", query, len(got.Items), got.TotalRecordCount, want)
		}
	}
}

// A client gets the members of items that it names; a single item has all of them.
func TestFieldsOfItems(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	milo := k.add("milo", "x", false)
	token, ids := k.mint(milo), k.ids(boss)
	plain := k.items("/Items?Ids="+ids["Apple"], token).Items[0]
	if plain.Overview != "" || plain.Tags != nil || plain.OfficialRating != "G" || plain.RunTimeTicks != 36_000_000_000 {
		t.Errorf("%+v, want the rating and the hour without overview and tags", plain)
	}
	fuller := k.items("/Items?fields=overview&fields=Tags&Ids="+ids["Apple"], token).Items[0]
	single := decoded[itemAnswer](t, k.get("/Items/"+ids["Apple"], token))
	for _, got := range []itemAnswer{fuller, single} {
		if got.Overview != "About apples." || fmt.Sprint(got.Tags) != "[family]" {
			t.Errorf("%+v, want overview and tags", got)
		}
	}
	if boil := decoded[itemAnswer](t, k.get("/Items/"+ids["Boil"], token)); boil.SeriesName != "Kettle" || boil.SeasonName != "Season 1" || boil.ParentIndexNumber != 1 || boil.Type != "Episode" {
		t.Errorf("%+v, want an episode with its series and season", boil)
	}
	if track := decoded[itemAnswer](t, k.get("/Items/"+ids["Track"], token)); track.Album != "Album" || track.AlbumArtist != "Band" {
		t.Errorf("%+v, want a track with its album and artist", track)
	}
	for token, want := range map[string][2]bool{token: {false, true}, boss: {true, true}} {
		if got := k.items("/Items?Ids="+ids["Apple"], token).Items[0]; got.CanDelete != want[0] || got.CanDownload != want[1] {
			t.Errorf("can be deleted %v and downloaded %v, want %v", got.CanDelete, got.CanDownload, want)
		}
	}
}

// A local user who may delete from some libraries may do so only there, at any depth.
func TestDeleteFromALibrary(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	milo := k.add("milo", "x", false)
	token, ids := k.mint(milo), k.ids(boss)
	k.give(milo, builtin.Policy{DeleteFrom: []string{ids["Films"]}})
	for name, want := range map[string]bool{"Apple": true, "Quince": true, "Grown-ups": false, "Boil": false, "Track": false} {
		if got := k.items("/Items?Ids="+ids[name], token).Items[0]; got.CanDelete != want {
			t.Errorf("%s can be deleted: %v, want %v", name, got.CanDelete, want)
		}
	}
}

func TestGoldenCatalogue(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	identity, err := k.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ids := k.ids(boss)
	known := map[string]string{identity.ID: "SERVER", k.items("/UserViews", boss).Items[0].ParentID: "ROOT"}
	for name, id := range ids {
		known[id] = strings.ToUpper(name)
	}
	k.golden("views", "QueryResult_BaseItemDto", k.get("/UserViews", boss), known)
	k.golden("items", "QueryResult_BaseItemDto", k.get("/Items?ParentId="+ids["Films"]+"&Limit=2", boss), known)
	k.golden("items_none", "QueryResult_BaseItemDto", k.get("/Items?ParentId="+ids["Apple"], boss), known)
	k.golden("item", "BaseItemDto", k.get("/Items/"+ids["Apple"], boss), known)
	k.golden("item_episode", "BaseItemDto", k.get("/Items/"+ids["Steam"], boss), known)
	k.golden("item_track", "BaseItemDto", k.get("/Items/"+ids["Track"], boss), known)
	k.golden("virtual_folders", "[VirtualFolderInfo]", k.get("/Library/VirtualFolders", boss), known)
}
