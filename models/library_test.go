package models_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// chosen returns libraries with only their ids, as an owner chooses them.
func chosen(ids ...string) []models.Library {
	libraries := make([]models.Library, len(ids))
	for i, id := range ids {
		libraries[i].ExternalID = id
	}
	return libraries
}

// guestWith returns an account that has accepted an invite as a guest with some libraries.
func (k *kit) guestWith(owner models.Account, m media, ids ...string) models.Account {
	k.t.Helper()
	a := k.account()
	made, err := k.Invites.Create(k.t.Context(), owner.ID, models.NewInvite{
		To: a.Username, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: m.ID, Libraries: chosen(ids...)}},
	}, home)
	k.must(err)
	k.must(k.Invites.Accept(k.t.Context(), a.ID, made.ID, home))
	return a
}

// reportLibraries sends a report with these libraries.
func (k *kit) reportLibraries(m media, libraries ...models.Library) {
	k.t.Helper()
	in := report()
	in.Libraries = libraries
	k.report(k.again(m), in)
}

// wantLibraries compares the libraries of the only person of a server, in every place that
// names them, and the libraries that the server has now.
func (k *kit) wantLibraries(owner, guest models.Account, m media, named, now []models.Library) {
	k.t.Helper()
	ctx := k.t.Context()
	people, err := k.People.List(ctx, owner.ID, m.ID, 0, 10)
	k.must(err)
	export, err := k.Accounts.Export(ctx, guest.ID, home)
	k.must(err)
	has, err := k.Servers.Libraries(ctx, owner.ID, m.ID)
	k.must(err)
	for _, one := range []struct {
		where     string
		got, want []models.Library
	}{
		{"people", people[0].Libraries, named},
		{"links of the agent", k.agentLinks(m)[0].Libraries, named},
		{"export", export.Terms[0].Libraries, named},
		{"server", has, now},
	} {
		if diff := cmp.Diff(one.want, one.got); diff != "" {
			k.t.Errorf("libraries of the %s (-want +got):\n%s", one.where, diff)
		}
	}
}

// A library that the server no longer has keeps its last name and is shown as gone, as long
// as a link names it. It is no longer gone when a report has it again, and a renamed
// library has its new name everywhere.
func TestGoneLibraryKeepsItsName(t *testing.T) {
	eachInvite(t, func(k *kit) {
		owner := k.account()
		m := k.agent(owner)
		guest := k.guestWith(owner, m, "l-films", "l-series")
		films, movies := models.Library{ExternalID: "l-films", Name: "Films"}, models.Library{ExternalID: "l-films", Name: "Movies"}
		series, gone := models.Library{ExternalID: "l-series", Name: "Series"}, k.Now()
		k.reportLibraries(m, series)
		films.GoneAt = gone
		k.wantLibraries(owner, guest, m, []models.Library{films, series}, []models.Library{series})
		k.clock.Advance(time.Hour)
		k.reportLibraries(m, models.Library{ExternalID: "l-series", Name: "Shows"}, models.Library{ExternalID: "l-new", Name: "New"})
		series.Name = "Shows" // renamed, with the same id; Films is gone since the same moment
		k.wantLibraries(owner, guest, m, []models.Library{films, series}, []models.Library{{ExternalID: "l-new", Name: "New"}, series})
		k.reportLibraries(m, series, movies)
		k.wantLibraries(owner, guest, m, []models.Library{movies, series}, []models.Library{movies, series})
		films = movies
		films.GoneAt = k.Now()
		k.reportLibraries(m, series)
		k.wantLibraries(owner, guest, m, []models.Library{films, series}, []models.Library{series})
	})
}

// A library that is gone cannot be chosen, but a guest who had it keeps it when the owner
// changes something else.
func TestGoneLibraryIsNotChosen(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		had, other := k.guestWith(owner, m, "l-films"), k.guestWith(owner, m, "l-series")
		k.reportLibraries(m, models.Library{ExternalID: "l-series", Name: "Series"})
		set := func(a models.Account, ids ...string) error {
			terms := models.Terms{Libraries: new(chosen(ids...))}
			return k.People.SetTerms(ctx, owner.ID, m.ID, k.located(a, models.LinkAccepted)[0].ID, terms)
		}
		k.must(set(had, "l-films", "l-series", "l-films"))
		k.hasField(set(other, "l-films"), "libraries", "library_unknown")
		_, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{
			To: k.account().Username, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: m.ID, Libraries: chosen("l-films")}},
		}, home)
		k.hasField(err, "libraries", "library_unknown")
		k.must(set(had, "l-series"))
		k.hasField(set(had, "l-films"), "libraries", "library_unknown")
	})
}

// A library that is gone is deleted when no link and no invite names it any longer: by the
// next report that changes something, or by the sweep.
func TestGoneLibraryIsForgotten(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		anna, ben := k.guestWith(owner, m, "l-films"), k.guestWith(owner, m, "l-series")
		sent, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{
			To: k.account().Username, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: m.ID, Libraries: chosen("l-series")}},
		}, home)
		k.must(err)
		k.reportLibraries(m)
		want := func(when string, want ...[]string) {
			k.t.Helper()
			if diff := cmp.Diff(want, k.texts("SELECT external_id FROM libraries ORDER BY external_id")); diff != "" {
				k.t.Errorf("%s: libraries (-want +got):\n%s", when, diff)
			}
		}
		films, series, fresh := []string{"l-films"}, []string{"l-series"}, []string{"l-new"}
		leave := func(a models.Account) {
			k.must(k.People.Remove(ctx, owner.ID, m.ID, k.located(a, models.LinkAccepted)[0].ID))
		}
		k.must(k.Sweep(ctx))
		want("both are named", films, series)
		leave(anna)
		k.reportLibraries(m, models.Library{ExternalID: "l-new", Name: "New"})
		want("after a report", fresh, series)
		leave(ben)
		k.must(k.Sweep(ctx))
		want("named by an invite", fresh, series)
		k.must(k.Invites.Withdraw(ctx, owner.ID, sent.ID, home))
		k.must(k.Sweep(ctx))
		want("after the sweep", fresh)
	})
}
