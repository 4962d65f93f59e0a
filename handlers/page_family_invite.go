package handlers

import (
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// inviteFamilyPage is the data of templates/pages/invite_family.html, on which a guardian answers an
// invite for the whole family.
type inviteFamilyPage struct {
	Base
	Invite      receivedInviteView
	People      []Choice // people who may get a link
	InAlready   []string // the names of those who have everything already
	ChosenError string
}

// familyInvitePath returns the page on which an invite is answered for the family.
func familyInvitePath(id string) string { return "/invites/" + id + "/family" }

// accountBox returns the name of the checkbox of an account.
func accountBox(id string) string { return "account." + id }

// mayChoose reports whether an invite is for the whole family, and the account has a family to choose from.
func (s *site) mayChoose(c *gin.Context, accountID int64, one models.Invite) (bool, error) {
	if !one.Family {
		return false, nil
	}
	people, err := s.Store.Families.OfInvite(c.Request.Context(), accountID, one.ID)
	return len(people) > 1, err
}

// inviteFamily answers GET /invites/ID/family.
func (s *site) inviteFamily(c *gin.Context) error { return s.showInviteFamily(c, nil, nil) }

func (s *site) showInviteFamily(c *gin.Context, f form, cause error) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	people, err := s.Store.Families.OfInvite(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	waiting, err := s.Store.Invites.Received(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(waiting, func(one models.Invite) bool { return one.ID == id })
	if at < 0 {
		return models.ErrNotFound
	}
	page := inviteFamilyPage{Base: s.base(c, "invite_family").telling(wrong), ChosenError: wrong.fields["account_ids"]}
	page.Invite = newReceivedInviteView(page.Base, waiting[at])
	for _, one := range people {
		if one.HasAll {
			page.InAlready = append(page.InAlready, one.DisplayName)
			continue
		}
		box := Choice{ID: "account-" + idText(one.AccountID), Name: accountBox(idText(one.AccountID)), Label: one.DisplayName, Chosen: f == nil}
		if one.Self {
			box.Label = page.T("field.invite_family.self", "Name", one.DisplayName)
		}
		page.People = append(page.People, box)
	}
	return s.render(c, wrong.status, "invite_family", page)
}

// acceptInviteForFamily answers POST /invites/ID/family with a box for each person who gets a link.
func (s *site) acceptInviteForFamily(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	var chosen []int64
	for name, value := range f {
		if text, ok := strings.CutPrefix(name, accountBox("")); ok && value != "" {
			one, err := idOf(text)
			if err != nil {
				return err
			}
			chosen = append(chosen, one)
		}
	}
	slices.Sort(chosen)
	if err := s.Store.Families.AcceptInvite(c.Request.Context(), session.AccountID, id, chosen, caller(c)); err != nil {
		return s.showInviteFamily(c, f, err)
	}
	s.clearCookie(c, linkInvite)
	to := familyPath
	if slices.Contains(chosen, session.AccountID) {
		to = home
	}
	return s.leave(c, to, noticeInvitationAccepted)
}
