package handlers

import (
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// servers answers GET /servers: those that the person may use, and those that
// they run.
func (s *site) servers(c *gin.Context) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	return s.showServers(c, session, nil)
}

func (s *site) showServers(c *gin.Context, session models.Session, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	usable, err := s.Store.Links.List(ctx, session.AccountID, models.LinkAccepted)
	if err != nil {
		return err
	}
	owned, err := s.Store.Servers.Mine(ctx, session.AccountID)
	if err != nil {
		return err
	}
	page := ServersPage{Base: s.base(c, "servers").telling(wrong)}
	page.Waiting = page.Account.Invitations
	for _, one := range usable {
		page.Usable = append(page.Usable, UsableServer{
			ID: idText(one.ServerID), LinkID: idText(one.ID), Name: one.ServerName,
			Guest: one.Type == models.LinkGuest, Since: one.AcceptedAt,
			Disabled: one.ServerDisabled, Owner: one.OwnerUsername, EndsAt: one.EndsAt,
		})
	}
	for _, one := range owned {
		page.Owned = append(page.Owned, OwnedServerView{
			ID: idText(one.ID), Name: one.Name, LastSeenAt: one.LastSeenAt, People: one.People, Pending: one.Pending,
			Disabled: !one.DisabledAt.IsZero(),
		})
	}
	return s.render(c, wrong.status, "servers", page)
}

// leaveServer answers POST /servers/leave.
func (s *site) leaveServer(c *gin.Context, f form) error {
	session, err := s.onLink(c, f, s.Store.Links.Remove)
	if err != nil {
		return s.showServers(c, session, err)
	}
	return s.leave(c, "/servers", noticeServerLeft)
}

// idText is an id as it stands on pages.
func idText(id int64) string { return strconv.FormatInt(id, 10) }

// idOf reads an id that a page of ours was given. What is none is like one that
// does not exist.
func idOf(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, models.ErrNotFound
	}
	return id, nil
}
