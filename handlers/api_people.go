package handlers

import (
	"encoding/json"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// personObject is a link as the owner of its server sees it.
type personObject struct {
	ID          string          `json:"id"` // the id of the link
	Username    string          `json:"username"`
	DisplayName string          `json:"display_name"`
	Picture     string          `json:"picture"`    // its address without the host; "" for none
	Type        string          `json:"type"`       // linked or guest
	Status      string          `json:"status"`     // pending or accepted
	LocalUser   *localUserRef   `json:"local_user"` // with the id that Latchkey uses; null while it is unknown
	Libraries   []libraryObject `json:"libraries"`  // null if the server decides
	EndsAt      *time.Time      `json:"ends_at"`
	InvitedBy   string          `json:"invited_by"`
	RequestedBy string          `json:"requested_by"` // as the server tells it
	CreatedAt   time.Time       `json:"created_at"`
	AcceptedAt  *time.Time      `json:"accepted_at"`
	Pause       *pauseObject    `json:"pause"`     // null for a link that is not paused
	WaitsFor    string          `json:"waits_for"` // why the agent does not create the local user of a guest
}

func personOf(p models.Person) personObject {
	return personObject{
		ID: idText(p.ID), Username: p.Username, DisplayName: p.DisplayName, Picture: pictureAddress(p.Picture), Type: p.Type, Status: p.State,
		LocalUser: ownLocalUser(p.LocalUser.ID, p.LocalUser.Name), Libraries: choiceOf(p.Libraries), EndsAt: moment(p.EndsAt),
		InvitedBy: p.InvitedBy, RequestedBy: p.RequestedBy, CreatedAt: p.CreatedAt.UTC(), AcceptedAt: moment(p.AcceptedAt),
		WaitsFor: p.WaitsFor, Pause: pauseOf(p.Pause),
	}
}

// ownLocalUser returns a local user with the id that Latchkey uses, or nil for
// the id 0.
func ownLocalUser(id int64, name string) *localUserRef {
	if id == 0 {
		return nil
	}
	return &localUserRef{idText(id), name}
}

// apiPeople answers GET /api/v1/servers/{id}/people, in the order in which the
// links were asked for.
func (s *site) apiPeople(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	asked, err := s.pageAsked(c, "people", idText(id))
	if err != nil {
		return err
	}
	found, err := s.Store.People.List(c.Request.Context(), session.AccountID, id, asked.afterID(), asked.more())
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, personOf, func(p models.Person) string { return idText(p.ID) })
}

// member is a member of a body that may be absent, null or a value.
type member[T any] struct {
	given bool
	value *T // nil for null
}

// UnmarshalJSON reads the value, and records that the member was there.
func (m *member[T]) UnmarshalJSON(text []byte) error {
	m.given = true
	return json.Unmarshal(text, &m.value)
}

// endOf returns the end of a link in a body, or the zero time for null. It
// refuses the zero time itself.
func endOf(given *time.Time) (time.Time, error) { return momentIn("ends_at", given) }

// momentIn returns the time in a member of a request, or the zero time if the member is absent.
func momentIn(member string, given *time.Time) (time.Time, error) {
	switch {
	case given == nil:
		return time.Time{}, nil
	case given.IsZero():
		return time.Time{}, oneMistake(member, member+"_invalid")
	default:
		return *given, nil
	}
}

// apiChangePerson answers PATCH /api/v1/servers/{id}/people/{link_id}. Absent
// members do not change.
func (s *site) apiChangePerson(c *gin.Context, session models.Session) error {
	id, linkID, err := part(c, "link_id")
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		EndsAt    member[time.Time] `json:"ends_at"`
		Libraries member[[]string]  `json:"libraries"`
	}](c)
	if err != nil {
		return err
	}
	var terms models.Terms
	if in.EndsAt.given {
		end, err := endOf(in.EndsAt.value)
		if err != nil {
			return err
		}
		terms.EndsAt = &end
	}
	if in.Libraries.given {
		var chosen []models.Library
		if in.Libraries.value != nil {
			if chosen, err = chosenLibraries(*in.Libraries.value); err != nil {
				return err
			}
		}
		terms.Libraries = &chosen
	}
	return done(c, s.Store.People.SetTerms(c.Request.Context(), session.AccountID, id, linkID, terms))
}

// apiRemovePerson answers DELETE /api/v1/servers/{id}/people/{link_id}.
func (s *site) apiRemovePerson(c *gin.Context, session models.Session) error {
	id, linkID, err := part(c, "link_id")
	if err != nil {
		return err
	}
	return done(c, s.Store.People.Remove(c.Request.Context(), session.AccountID, id, linkID))
}
