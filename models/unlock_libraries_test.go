package models_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// seeing is a server whose agent tells which libraries a local user sees, and the person who is linked with this local
// user. The link names no libraries.
type seeing struct {
	k     *kit
	owner models.Account
	anna  models.Account
	m     media
	in    models.Report
}

func (k *kit) seeing(sees *models.SeenLibraries) *seeing {
	k.t.Helper()
	s := &seeing{k: k, owner: k.account(), in: report()}
	s.m = k.agent(s.owner)
	s.in.Levels, s.in.Choices = models.LevelsLinked, choices()
	s.in.Libraries = []models.Library{
		{ExternalID: "l-films", Name: "Films", Kind: "movies"}, {ExternalID: "l-series", Name: "Series", Kind: "tvshows"}, {ExternalID: "l-late", Name: "Late", Kind: "movies"},
	}
	s.tell(func(u *models.LocalUser) { u.Sees = sees })
	s.anna = k.linkedWith(s.owner, s.m, s.in.LocalUsers[0].ExternalID)
	k.must(k.PINs.Set(k.t.Context(), s.anna.ID, "", guestPIN, home))
	return s
}

// tell sends a report in which the local user was changed.
func (s *seeing) tell(change func(u *models.LocalUser)) {
	s.k.t.Helper()
	s.in.LocalUsers = slices.Clone(s.in.LocalUsers)
	change(&s.in.LocalUsers[0])
	s.k.report(s.m, s.in)
	s.m = s.k.again(s.m)
}

// offered returns the names that the page of holds offers, and whether it offers tags.
func (s *seeing) offered() (names []string, tags bool) {
	s.k.t.Helper()
	place, err := s.k.Holds.Get(s.k.t.Context(), s.anna.ID, s.anna.ID, s.m.ID)
	s.k.must(err)
	for _, one := range place.Libraries {
		names = append(names, one.Name)
	}
	return names, len(place.Choices.Tags) > 0
}

func (s *seeing) wants(why string, wantTags bool, want ...string) {
	s.k.t.Helper()
	got, tags := s.offered()
	if diff := cmp.Diff(want, got); diff != "" || tags != wantTags {
		s.k.t.Errorf("%s: offered (-want +got):\n%s and tags %t, want %t", why, diff, tags, wantTags)
	}
}

// A person whose link names no libraries puts some that they see behind their own PIN, and no others.
func TestHoldOfALibraryThatIsSeen(t *testing.T) {
	each(t, func(k *kit) {
		s := k.seeing(&models.SeenLibraries{IDs: []string{"l-series", "l-films", "l-unknown"}})
		s.wants("two are seen", false, "Films", "Series")
		set := func(pin string, ids ...string) error {
			return k.Holds.Set(k.t.Context(), s.anna.ID, s.anna.ID, s.m.ID, &models.Level{HiddenLibraries: ids}, pin, home)
		}
		for _, id := range []string{"l-late", "l-unknown"} {
			k.is(set("", id), fieldError("hold.hidden_libraries", "library_unknown"))
		}
		k.must(set("", "l-films"))
		levels := k.levelsOf(s.m, s.anna.ID)
		if levels == nil || levels.Everyday == nil || !slices.Equal(levels.Everyday.HiddenLibraries, []string{"l-films"}) || levels.Unlocked == nil || levels.Unlocked.HiddenLibraries != nil {
			k.t.Errorf("the agent gets %+v, want the films behind the PIN", levels)
		}
		s.wants("the films are behind the PIN", false, "Films", "Series")
		k.is(set("", "l-series"), fieldError("pin", "field_required"))
		s.tell(func(u *models.LocalUser) { u.Sees = &models.SeenLibraries{IDs: []string{"l-series"}} })
		s.wants("the dashboard took the films away", false, "Series")
		k.must(set("", "l-films", "l-series")) // what was named before may stay
		s.tell(func(u *models.LocalUser) { u.Sees = &models.SeenLibraries{All: true} })
		s.wants("all are seen", true, "Films", "Late", "Series")
	})
}

// Nobody learns the names of libraries that only somebody else sees, or that the owner hides.
func TestLibrariesThatAreSeenByOthers(t *testing.T) {
	each(t, func(k *kit) {
		s := k.seeing(&models.SeenLibraries{All: true})
		kid := func(change func(u *models.LocalUser)) {
			s.tell(func(u *models.LocalUser) {
				u.Sees, u.Disabled, u.Administrator, u.NotAllowed = &models.SeenLibraries{All: true}, false, false, false
				change(u)
			})
		}
		kid(func(u *models.LocalUser) { u.Sees = nil })
		s.wants("the agent tells nothing", true)
		kid(func(u *models.LocalUser) { u.Disabled = true })
		s.wants("the local user is disabled", true)
		kid(func(u *models.LocalUser) { u.Administrator = true })
		s.wants("the local user is an administrator", true)
		kid(func(u *models.LocalUser) { u.NotAllowed = true })
		s.wants("nobody is let in as the local user", true)
		kid(func(u *models.LocalUser) { u.Sees = &models.SeenLibraries{} })
		s.wants("nothing is seen", false)
		kid(func(*models.LocalUser) {})
		protect := func(everyday models.Level, unlocked *models.Level) {
			k.must(k.Protections.Set(k.t.Context(), s.owner.ID, s.m.ID, models.Protection{Active: true, Everyday: everyday, Unlocked: unlocked}, home))
		}
		protect(models.Level{HiddenLibraries: []string{"l-late"}}, nil)
		s.wants("the owner hides one", false, "Films", "Series")
		protect(models.Level{HiddenLibraries: []string{"l-late"}}, &models.Level{HiddenLibraries: []string{"l-late", "l-films"}})
		s.wants("the unlocked level hides one more", false, "Films", "Series")
		protect(models.Level{Libraries: []string{}}, &models.Level{Types: []string{"tvshows"}})
		s.wants("the owner shows one type", false, "Series")
		protect(models.Level{Libraries: []string{"l-series"}}, &models.Level{})
		s.wants("all open with the PIN", true, "Films", "Late", "Series")
		s.tell(func(u *models.LocalUser) { u.Sees = &models.SeenLibraries{IDs: []string{"l-films"}} })
		protect(models.Level{Libraries: []string{"l-films", "l-late"}}, nil)
		s.wants("the level names one that the dashboard hides", false, "Films")
		other := k.linkedWith(s.owner, s.m, s.in.LocalUsers[1].ExternalID)
		place, err := k.Holds.Get(k.t.Context(), other.ID, other.ID, s.m.ID)
		k.must(err)
		if len(place.Libraries) != 2 { // the level names them, and the agent tells nothing about this local user
			k.t.Errorf("another person is offered %+v, want the two that the level names", place.Libraries)
		}
	})
}

// A report with libraries of a wrong form is refused, and the same libraries in another order are the same report.
func TestReportOfSeenLibraries(t *testing.T) {
	each(t, func(k *kit) {
		s := k.seeing(&models.SeenLibraries{IDs: []string{"l-series", "l-films"}})
		send := func(ids ...string) (models.Reported, error) {
			in := s.in
			in.LocalUsers = slices.Clone(in.LocalUsers)
			in.LocalUsers[0].Sees = &models.SeenLibraries{IDs: ids}
			return k.Agents.Report(k.t.Context(), s.m.Server, in)
		}
		out, err := send("l-films", "l-series", "l-films")
		k.must(err)
		if out.Changed {
			k.t.Error("the report counts as changed, want it to be the same")
		}
		for _, ids := range [][]string{{"l films"}, {""}, slices.Repeat([]string{"l-films"}, 201)} {
			_, err := send(ids...)
			k.is(err, fieldError("local_users", "local_users_invalid"))
		}
	})
}

// linkedWith returns an account that is linked with a local user of a server by a link that names no libraries.
func (k *kit) linkedWith(owner models.Account, m media, externalID string) models.Account {
	k.t.Helper()
	a := k.account()
	made, err := k.Invites.Create(k.t.Context(), owner.ID, models.NewInvite{
		To: a.Username, Type: models.LinkLinked, Servers: []models.InviteServer{{ServerID: m.ID, LocalUserID: k.localUser(owner, m, externalID).ID}},
	}, home)
	k.must(err)
	k.must(k.Invites.Accept(k.t.Context(), a.ID, made.ID, home))
	return a
}
