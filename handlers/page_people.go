package handlers

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/lastday"
	"github.com/latchkey-media/latchkey/models"
)

// personView is a person who uses a server, or who was asked to use it.
type personView struct {
	LinkID, Name, Username string // Name is "" when it is the same as Username
	Guest, Pending         bool
	RequestedBy            string
	Since                  time.Time // when the link was accepted, or else when it was asked for
	LocalUser              string    // "" while it is unknown
	Allow                  string    // the command that allows the local user, if the link waits for it; else ""
	InvitedBy              string    // a username; "" if the server asked
	End                    time.Time // zero for none
	Libraries              []string  // empty if the server decides
	LibraryGone            bool      // the server no longer has one of them
	EndsAt                 Field     // the field "ends_at"
	EndsWas                string    // the hidden field "ends_was": what ends_at held when the page was made
	Choices                []Choice  // the libraries of the server, and libraries of the person that the server no longer has; empty if the server reported no libraries
	LibrariesError         string
	Open                   bool   // the form of the terms has a mistake
	State                  string // what keeps the person out: gone, disabled, administrator, waiting, paused or not_allowed; "" for nothing
	WaitsFor               string // why the agent does not create the local user while State is waiting; "" if it did not say
}

// removePerson answers POST /servers/ID/people/remove: it ends the link of the
// person.
func (s *site) removePerson(c *gin.Context, f form) error {
	return s.onPerson(c, f, func(own owned, _ int64) string { return own.people() }, noticePersonRemoved,
		func(ctx context.Context, own owned, linkID int64) error {
			return s.Store.People.Remove(ctx, own.session.AccountID, own.serverID, linkID)
		})
}

// onPerson calls the function do for the link whose id the form has, and goes on to the page that the function to
// returns. After a mistake it shows the page of the person, or the list of people if the link has ended.
func (s *site) onPerson(c *gin.Context, f form, to func(own owned, linkID int64) string, n notice,
	do func(ctx context.Context, own owned, linkID int64) error,
) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	linkID, err := idOf(f["id"])
	if err == nil {
		err = do(c.Request.Context(), own, linkID)
	}
	if errors.Is(err, models.ErrNotFound) {
		return s.showRoster(c, own, orGone(err))
	}
	if err != nil {
		return s.showRosterEntry(c, own, linkID, f, err)
	}
	return s.leave(c, to(own, linkID), n)
}

// setTerms answers POST /servers/ID/people/terms: when a link ends and which
// libraries it opens. An end that was not changed keeps its time of day.
func (s *site) setTerms(c *gin.Context, f form) error {
	return s.onPerson(c, f, owned.person, noticeTermsSaved, func(ctx context.Context, own owned, linkID int64) error {
		var terms models.Terms
		if f["ends_at"] != f["ends_was"] {
			end, err := endOfDay(f["ends_at"], s.zoneOfForm(c, f))
			if err != nil {
				return err
			}
			terms.EndsAt = &end
		}
		if f["with_libraries"] != "" {
			libraries := librariesIn(f, own.serverID)
			terms.Libraries = &libraries
		}
		return s.Store.People.SetTerms(ctx, own.session.AccountID, own.serverID, linkID, terms)
	})
}

// endOfDay returns the time at which a link ends if its last day in a zone is text, the value
// of a date field. For an empty field endOfDay returns the zero time.
func endOfDay(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	end, err := lastday.End(text, zone)
	if err != nil {
		return time.Time{}, oneMistake("ends_at", "ends_at_invalid")
	}
	return end, nil
}

// newPersonView returns a person, with the form of their terms. The form shows the mistakes
// if it is the form that the owner has sent.
func newPersonView(in *inputs, one models.Person, all []models.Library) personView {
	view := personView{
		LinkID: idText(one.ID), Username: one.Username, Guest: one.Type == models.LinkGuest,
		Pending: one.State == models.LinkPending, RequestedBy: one.RequestedBy, Since: one.AcceptedAt,
		LocalUser: one.LocalUser.Name, Allow: commandToAllow(one.LocalUser), InvitedBy: one.InvitedBy, End: one.EndsAt,
		Libraries: in.base.libraryNames(one.Libraries), LibraryGone: slices.ContainsFunc(one.Libraries, isGone), State: one.LocalUserState, WaitsFor: one.WaitsFor,
	}
	if one.DisplayName != one.Username {
		view.Name = one.DisplayName
	}
	if one.InvitedBy != "" {
		view.RequestedBy = "" // the page already says who invited them
	}
	if view.Pending {
		view.Since = one.CreatedAt
		return view
	}
	if !one.EndsAt.IsZero() {
		view.EndsWas = lastday.Day(one.EndsAt, in.base.zone())
	}
	chosen := func(l models.Library) bool {
		return slices.ContainsFunc(one.Libraries, func(has models.Library) bool { return has.ExternalID == l.ExternalID })
	}
	if _, sent := in.typed["ends_was"]; sent && in.typed["id"] == view.LinkID {
		view.Open = in.wrong.first != "" || in.wrong.problem != ""
		view.LibrariesError = in.wrong.fields["libraries"]
		chosen = func(l models.Library) bool { return in.typed[libraryBox(one.ServerID, l.ExternalID)] != "" }
	} else {
		in.typed, in.wrong = form{"ends_at": view.EndsWas}, mistakes{}
	}
	view.EndsAt = in.endsAt("terms_end")
	gone := slices.DeleteFunc(slices.Clone(one.Libraries), func(l models.Library) bool { return !isGone(l) })
	view.Choices = in.base.libraryChoices("library", one.ServerID, slices.Concat(all, gone), chosen)
	return view
}

// endsAt returns the field of the last day of a link or an invite. The parameter label
// chooses the texts of the field. The hint says of which zone the day is, if that is not the
// zone of the reader.
func (in *inputs) endsAt(label string) Field {
	hint := in.hint("ends_at")
	if in.base.zone() == time.UTC {
		hint = in.hint("ends_at_utc")
	}
	return in.add(Field{Name: "ends_at", Type: "date", Hint: hint, Autocomplete: "off"}, label)
}
