package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// lib returns a library as an agent reports it. kind may be "".
func lib(id, name, kind string) models.Library {
	return models.Library{ExternalID: id, Name: name, Kind: kind}
}

// offered returns the gone libraries of a server, each with the libraries that are offered
// in its place, as in "Films: Movies, Kids".
func (k *kit) offered(owner models.Account, m media) []string {
	k.t.Helper()
	list, err := k.Servers.GoneLibraries(k.t.Context(), owner.ID, m.ID)
	k.must(err)
	var lines []string
	for _, gone := range list {
		var names []string
		for _, l := range gone.Likely {
			names = append(names, l.Name)
		}
		lines = append(lines, gone.Name+": "+strings.Join(names, ", "))
	}
	return lines
}

func (k *kit) wantOffers(owner models.Account, m media, when string, want ...string) {
	k.t.Helper()
	if diff := cmp.Diff(want, k.offered(owner, m)); diff != "" {
		k.t.Errorf("%s: offers (-want +got):\n%s", when, diff)
	}
}

// wantChoice checks the choice of libraries of the only person of a server, in every place
// that shows it.
func (k *kit) wantChoice(owner models.Account, m media, guest models.Account, want ...string) {
	k.t.Helper()
	people, err := k.People.List(k.t.Context(), owner.ID, m.ID, 0, 10)
	k.must(err)
	var seen []string
	for _, p := range people {
		if p.AccountID == guest.ID {
			seen = append(seen, idsOf(p.Libraries))
		}
	}
	for _, l := range k.agentLinks(m) {
		if l.AccountID == guest.ID {
			seen = append(seen, idsOf(l.Libraries))
		}
	}
	ids := strings.Join(want, " ")
	if diff := cmp.Diff([]string{ids, ids}, seen); diff != "" {
		k.t.Errorf("libraries of %s for the owner and the agent (-want +got):\n%s", guest.Username, diff)
	}
}

func idsOf(libraries []models.Library) string {
	var ids []string
	for _, l := range libraries {
		ids = append(ids, l.ExternalID)
	}
	return strings.Join(ids, " ")
}

// A library that is new at about the time at which another one was gone is offered in its
// place, unless the two are of different kinds. If no choice names the library that is gone,
// nothing is offered.
func TestNewLibraryIsOfferedForOneThatIsGone(t *testing.T) {
	films, series := lib("l-films", "Films", "movies"), lib("l-series", "Series", "tvshows")
	for name, test := range map[string]struct {
		reports [][]models.Library // each one the given pause after the one before
		pause   time.Duration
		want    []string
	}{
		"in the same report":         {[][]models.Library{{series, lib("n", "Movies", "movies")}}, 0, []string{"Films: Movies"}},
		"in a later one":             {[][]models.Library{{series}, {series, lib("n", "Movies", "movies")}}, 23 * time.Hour, []string{"Films: Movies"}},
		"much later":                 {[][]models.Library{{series}, {series, lib("n", "Movies", "movies")}}, 25 * time.Hour, []string{"Films: "}},
		"shortly before":             {[][]models.Library{{films, series, lib("n", "Movies", "movies")}, {series, lib("n", "Movies", "movies")}}, 50 * time.Minute, []string{"Films: Movies"}},
		"long before":                {[][]models.Library{{films, series, lib("n", "Movies", "movies")}, {series, lib("n", "Movies", "movies")}}, 2 * time.Hour, []string{"Films: "}},
		"there from the start":       {[][]models.Library{{series}}, 0, []string{"Films: "}},
		"of another kind":            {[][]models.Library{{series, lib("n", "Songs", "music")}}, 0, []string{"Films: "}},
		"of an unknown kind":         {[][]models.Library{{series, lib("n", "Movies", "")}}, 0, []string{"Films: Movies"}},
		"of a kind that is no word":  {[][]models.Library{{series, lib("n", "Movies", "<b>")}}, 0, []string{"Films: Movies"}},
		"the same name comes first":  {[][]models.Library{{lib("n1", "Art", "movies"), lib("n2", "FILMS", "movies"), series}}, 0, []string{"Films: FILMS, Art"}},
		"the nearest one comes next": {[][]models.Library{{series, lib("n2", "B", "movies")}, {series, lib("n1", "A", "movies"), lib("n2", "B", "movies")}}, time.Hour, []string{"Films: B, A"}},
		"at most five": {
			[][]models.Library{{lib("1", "A", ""), lib("2", "B", ""), lib("3", "C", ""), lib("4", "D", ""), lib("5", "E", ""), lib("6", "F", "")}},
			0,
			[]string{"Films: A, B, C, D, E"},
		},
		"one that is gone again": {[][]models.Library{{series, lib("n", "Movies", "movies")}, {series}}, 0, []string{"Films: "}},
		"it has come back":       {[][]models.Library{{series, lib("n", "Movies", "movies")}, {films, series, lib("n", "Movies", "movies")}}, 0, nil},
		"nobody names it":        {[][]models.Library{{films, lib("n", "Shows", "tvshows")}}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			eachInvite(t, func(k *kit) {
				owner := k.account()
				m := k.agent(owner)
				k.guestWith(owner, m, "l-films")
				k.reportLibraries(m, films, series) // with their kinds
				k.wantOffers(owner, m, "before")
				for _, libraries := range test.reports {
					k.clock.Advance(test.pause)
					k.reportLibraries(m, libraries...)
				}
				k.wantOffers(owner, m, "after", test.want...)
			})
		})
	}
}

// When the owner agrees, the service puts the new library in the place of the one that is
// gone, in every link and every pending invite of that server, and nowhere else. The agent
// learns of each link that has changed, and the owner finds it in their history. Before the
// owner agrees, nothing changes.
func TestReplaceLibrary(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m, other := k.agent(owner), k.agent(owner)
		one, both, series := k.guestWith(owner, m, "l-films"), k.guestWith(owner, m, "l-series", "l-films"), k.guestWith(owner, m, "l-series")
		elsewhere := k.guestWith(owner, other, "l-films")
		late := k.account()
		invite := models.NewInvite{To: late.Username, Type: models.LinkGuest, Servers: []models.InviteServer{
			{ServerID: m.ID, Libraries: chosen("l-films")}, {ServerID: other.ID, Libraries: chosen("l-films")},
		}}
		sent, err := k.Invites.Create(ctx, owner.ID, invite, home)
		k.must(err)
		k.reportLibraries(m, lib("l-movies", "Movies", ""), lib("l-series", "Series", ""))
		k.wantOffers(owner, m, "before the yes", "Films: Movies")
		k.wantChoice(owner, m, one, "l-films")
		seq := k.again(m).ChangeSeq

		k.must(k.Servers.ReplaceLibrary(ctx, owner.ID, m.ID, "l-films", "l-movies", home))
		k.wantChoice(owner, m, one, "l-movies")
		k.wantChoice(owner, m, both, "l-series", "l-movies")
		k.wantChoice(owner, m, series, "l-series")
		k.wantChoice(owner, other, elsewhere, "l-films")
		if got := k.changeKinds(m, seq); len(got) != 2 || got[0] != models.ChangeLink || got[1] != models.ChangeLink {
			k.t.Errorf("changes %v, want one for each of two links", got)
		}
		k.wantOffers(owner, m, "after the yes")
		if rows := k.texts("SELECT external_id FROM libraries WHERE server_id = " + fmt.Sprint(m.ID) + " ORDER BY external_id"); len(rows) != 2 {
			k.t.Errorf("libraries %v, want the one that was gone to be forgotten", rows)
		}
		events, err := k.History.List(ctx, owner.ID, 1)
		k.must(err)
		if e := events[0]; e.Kind != models.EventServerLibraryReplaced || e.Subject != "Films → Movies ("+m.Name+")" || e.Address != home.Address {
			k.t.Errorf("got the event %+v, want one that names both libraries and the server", e)
		}
		k.must(k.Invites.Accept(ctx, late.ID, sent.ID, home))
		k.wantChoice(owner, m, late, "l-movies")
		k.wantChoice(owner, other, late, "l-films")
		// A choice that has both libraries names the new one once afterwards.
		k.reportLibraries(m, lib("l-new", "New", ""), lib("l-series", "Series", ""))
		k.must(k.People.SetTerms(ctx, owner.ID, m.ID, k.linkID(one, m), models.Terms{Libraries: new(chosen("l-movies", "l-new"))}))
		k.must(k.Servers.ReplaceLibrary(ctx, owner.ID, m.ID, "l-movies", "l-new", home))
		k.wantChoice(owner, m, one, "l-new")
	})
}

// A library that has replaced one library is not offered in the place of another.
func TestLibraryIsOfferedUntilItReplacesOne(t *testing.T) {
	eachInvite(t, func(k *kit) {
		owner := k.account()
		m := k.agent(owner)
		k.guestWith(owner, m, "l-films", "l-series")
		k.reportLibraries(m, lib("l-movies", "Movies", ""))
		k.wantOffers(owner, m, "before", "Films: Movies", "Series: Movies")
		k.must(k.Servers.ReplaceLibrary(k.t.Context(), owner.ID, m.ID, "l-films", "l-movies", home))
		k.wantOffers(owner, m, "after", "Series: ")
	})
}

// linkID returns the id of the link of an account with a server.
func (k *kit) linkID(a models.Account, m media) int64 {
	k.t.Helper()
	for _, l := range k.located(a, models.LinkAccepted) {
		if l.ServerID == m.ID {
			return l.ID
		}
	}
	k.t.Fatalf("%s has no link with %s", a.Username, m.Name)
	return 0
}

// Each reason for which a library cannot be replaced has an error of its own, and nothing
// changes then.
func TestReplaceLibraryIsRefused(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, stranger := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		guest := k.guestWith(owner, m, "l-films")
		films, movies, series := lib("l-films", "Films", ""), lib("l-movies", "Movies", ""), lib("l-series", "Series", "")
		replace := func(by models.Account, gone, new string) error {
			return k.Servers.ReplaceLibrary(ctx, by.ID, m.ID, gone, new, home)
		}
		refused := func(err, want error) {
			k.t.Helper()
			k.is(err, want)
			k.wantChoice(owner, m, guest, "l-films")
		}
		refused(replace(owner, "l-films", "l-series"), models.ErrLibraryBack) // the library "l-films" was never gone
		k.reportLibraries(m, movies, series)
		refused(replace(stranger, "l-films", "l-movies"), models.ErrNotFound)
		_, err := k.Servers.GoneLibraries(ctx, stranger.ID, m.ID)
		k.is(err, models.ErrNotFound)
		refused(replace(owner, "l-films", "l-never"), models.ErrLibraryGone)
		refused(replace(owner, "l-films", "l-films"), models.ErrLibraryGone)
		refused(replace(owner, "l-other", "l-movies"), models.ErrLibraryUnnamed)
		k.reportLibraries(m, films, movies, series)
		refused(replace(owner, "l-films", "l-movies"), models.ErrLibraryBack)
		k.reportLibraries(m, series)
		refused(replace(owner, "l-films", "l-movies"), models.ErrLibraryGone)
		k.must(k.People.Remove(ctx, owner.ID, m.ID, k.linkID(guest, m)))
		k.is(replace(owner, "l-films", "l-series"), models.ErrLibraryUnnamed)
		if n := k.events(owner)[models.EventServerLibraryReplaced]; n != 0 {
			k.t.Errorf("%d events, want none", n)
		}
	})
}

// A person who accepts an invite at the moment when the owner agrees gets the new library, as
// a person who accepts it before or after that.
func TestReplaceLibraryWhileInvitesAreAccepted(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		guests, ids := make([]models.Account, 12), make([]int64, 12)
		for i := range guests {
			guests[i] = k.account()
			sent, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{
				To: guests[i].Username, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: m.ID, Libraries: chosen("l-films")}},
			}, home)
			k.must(err)
			ids[i] = sent.ID
		}
		k.reportLibraries(m, lib("l-movies", "Movies", ""))
		for _, err := range parallel(len(guests)+1, func(i int) error {
			if i == len(guests)/2 {
				return k.Servers.ReplaceLibrary(ctx, owner.ID, m.ID, "l-films", "l-movies", home)
			}
			at := i
			if i > len(guests)/2 {
				at--
			}
			return k.Invites.Accept(ctx, guests[at].ID, ids[at], home)
		}) {
			k.must(err)
		}
		links := k.agentLinks(m)
		if len(links) != len(guests) {
			k.t.Errorf("%d links, want %d", len(links), len(guests))
		}
		for _, l := range links {
			if got := idsOf(l.Libraries); got != "l-movies" {
				k.t.Errorf("libraries %q of a link, want l-movies", got)
			}
		}
	})
}
