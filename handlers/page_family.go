package handlers

import (
	"cmp"
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// familyPage is the data of templates/pages/family.html.
type familyPage struct {
	Base
	Guards      bool // the reader is a guardian
	First       bool // and the first one
	Adult       bool
	LookedAfter bool
	Alone       bool // nobody else is in the family
	Guardians   []familyPersonView
	People      []familyPersonView
	Members     []memberView
	Invitations []familyInvitationView
	Limit       int
	Room        bool // for another member
	AskSecond   bool // the reader may ask a second guardian

	Username, DisplayName, Password Field // of POST /family/members
	Person                          Field // "username" of POST /family/people, with "role"
}

// familyPersonView is a guardian or a grown person.
type familyPersonView struct {
	ID       string
	Name     string
	Username string
	Face     face
	Guardian bool
	Asked    bool // has not answered yet
	Self     bool
	Removes  bool // the reader may remove the person
}

// memberView is somebody who is looked after.
type memberView struct {
	ID, Name, Username  string
	Face                face
	HasPassword, HasPIN bool
	PINOff, Disabled    bool
}

// familyInvitationView is a family that has asked the reader to join it.
type familyInvitationView struct {
	ID       string // of the family
	From     string
	Username string
	Guardian bool // as its second guardian
}

// family answers GET /family.
func (s *site) family(c *gin.Context) error { return s.showFamily(c, familyForms{}, nil) }

// familyForms are the forms of the page of the family that were sent.
type familyForms struct{ member, person form }

func (s *site) showFamily(c *gin.Context, sent familyForms, cause error) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	family, err := s.Store.Families.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	page := viewFamily(s.base(c, "family").telling(wrong), family, session.AccountID)
	member, person := wrong, mistakes{status: http.StatusSeeOther} // no field of the second form takes the focus
	if sent.person != nil {
		member, person = mistakes{status: http.StatusSeeOther}, wrong
	}
	in := newInputs(page.Base, sent.member, member)
	in.fresh = false
	page.Username, page.DisplayName = in.username(), in.displayName()
	page.Username.Hint, page.DisplayName.Hint = page.T("field.member_username.hint"), page.T("field.member_display_name.hint")
	page.Password = in.newPassword("member_password", s.PasswordMinLength)
	page.Password.Required = false
	in = newInputs(page.Base, sent.person, person)
	page.Person = in.add(Field{Name: "username", ID: "person_username", Type: "text", Hint: in.hint("person_username"), Autocomplete: "off", Required: true}, "person_username")
	return s.render(c, wrong.status, "family", page)
}

// viewFamily returns the page without its fields.
func viewFamily(base Base, family models.Family, readerID int64) familyPage {
	page := familyPage{
		Base: base, First: family.Role == models.RoleFirst, Adult: family.Role == models.RoleAdult, LookedAfter: family.Role == models.RoleMember,
		Limit: family.Limit, Room: len(family.Members) < family.Limit,
	}
	page.Guards = page.First || family.Role == models.RoleGuardian
	page.AskSecond = page.First && len(family.Guardians) == 1
	for _, one := range family.Guardians {
		view := viewFamilyPerson(one, readerID)
		view.Removes = page.First && one.Role == models.RoleGuardian
		page.Guardians = append(page.Guardians, view)
	}
	for _, one := range family.People {
		view := viewFamilyPerson(one, readerID)
		view.Removes = page.First || one.Role == models.RoleAdult
		page.AskSecond = page.AskSecond && one.Role != models.RoleGuardian
		page.People = append(page.People, view)
	}
	for _, one := range family.Members {
		page.Members = append(page.Members, viewMember(one))
	}
	for _, one := range family.Invitations {
		page.Invitations = append(page.Invitations, familyInvitationView{
			ID: idText(one.FamilyID), From: one.FromDisplayName, Username: one.FromUsername, Guardian: one.Role == models.RoleGuardian,
		})
	}
	page.Alone = page.First && len(page.Guardians) == 1 && len(page.People)+len(page.Members) == 0
	return page
}

func viewFamilyPerson(one models.FamilyPerson, readerID int64) familyPersonView {
	name := cmp.Or(one.DisplayName, one.Username)
	return familyPersonView{
		ID: idText(one.AccountID), Name: name, Username: one.Username, Face: faceOf(name, one.AccountID, pictureAddress(one.Picture)),
		Guardian: one.Role != models.RoleAdult, Asked: one.State == models.FamilyAsked, Self: one.AccountID == readerID,
	}
}

func viewMember(one models.Member) memberView {
	return memberView{
		ID: idText(one.ID), Name: one.DisplayName, Username: one.Username, Face: faceOf(one.DisplayName, one.ID, pictureAddress(one.Picture)),
		HasPassword: one.HasPassword, HasPIN: one.HasPIN, PINOff: one.PINOff, Disabled: one.Disabled,
	}
}

// addMember answers POST /family/members.
func (s *site) addMember(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	if err = missing(f, "username"); err == nil {
		_, err = s.Store.Families.AddMember(c.Request.Context(), session.AccountID,
			models.NewMember{Username: f["username"], DisplayName: f["display_name"], Password: f["password"]}, caller(c))
	}
	if err != nil {
		return s.showFamily(c, familyForms{member: f}, err)
	}
	return s.leave(c, familyPath, noticeMemberAdded)
}

// askIntoFamily answers POST /family/people.
func (s *site) askIntoFamily(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	if err = missing(f, "username"); err == nil {
		err = s.Store.Families.Ask(c.Request.Context(), session.AccountID, f["username"], f["role"])
	}
	if err != nil {
		return s.showFamily(c, familyForms{person: f}, err)
	}
	return s.leave(c, familyPath, noticeFamilyAsked)
}

// removeFromFamily answers POST /family/people/remove.
func (s *site) removeFromFamily(c *gin.Context, f form) error {
	return s.onFamily(c, f, noticeFamilyRemoved, func(ctx context.Context, accountID, personID int64) error {
		return s.Store.Families.Remove(ctx, accountID, personID, caller(c))
	})
}

// acceptFamily answers POST /family/accept.
func (s *site) acceptFamily(c *gin.Context, f form) error {
	return s.onFamily(c, f, noticeFamilyJoined, func(ctx context.Context, accountID, familyID int64) error {
		return s.Store.Families.Accept(ctx, accountID, familyID, caller(c))
	})
}

// declineFamily answers POST /family/decline.
func (s *site) declineFamily(c *gin.Context, f form) error {
	return s.onFamily(c, f, noticeFamilyDeclined, s.Store.Families.Decline)
}

// leaveFamily answers POST /family/leave.
func (s *site) leaveFamily(c *gin.Context, _ form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	if err := s.Store.Families.Leave(c.Request.Context(), session.AccountID, caller(c)); err != nil {
		return s.showFamily(c, familyForms{}, orGone(err))
	}
	return s.leave(c, familyPath, noticeFamilyLeft)
}

// onFamily calls do with the account of the session and the id of the form, and leads back to the page of
// the family.
func (s *site) onFamily(c *gin.Context, f form, n notice, do func(ctx context.Context, accountID, id int64) error) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	id, err := idOf(f["id"])
	if err == nil {
		err = do(c.Request.Context(), session.AccountID, id)
	}
	if err != nil {
		return s.showFamily(c, familyForms{}, orGone(err))
	}
	return s.leave(c, familyPath, n)
}
