package handlers

import (
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// profileCopy returns the field with the other servers of the owner, to which a profile can be copied.
func (in *inputs) profileCopy(id string, own owned, mine []models.OwnedServer) SelectField {
	field := SelectField{Field: Field{Name: "server_id", ID: "copy-to-" + id, Label: in.base.T("field.profile_copy"), Hint: in.base.T("field.profile_copy.hint")}}
	if in.typed["id"] == id && in.wrong.fields["server_id"] != "" {
		field.Error, field.Focus = in.wrong.fields["server_id"], true
	}
	for _, one := range mine {
		if one.ID != own.serverID && one.DisabledAt.IsZero() {
			to := idText(one.ID)
			field.Options = append(field.Options, Option{Value: to, Label: one.Name, Chosen: in.typed["server_id"] == to})
		}
	}
	return field
}

// copyInviteProfile answers POST /servers/ID/invite/profiles/copy, and leads to the form of an invite to the
// other server, which is filled with the copy.
func (s *site) copyInviteProfile(c *gin.Context, f form) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	profile, to, err := idPair(f["id"], f["server_id"])
	var made models.InviteProfileCopy
	if err == nil {
		made, err = s.Store.InviteProfiles.Copy(c.Request.Context(), own.session.AccountID, own.serverID, profile, to)
	}
	if err != nil {
		f[serverBox(own.serverID)], f["key"] = "on", s.random()
		return s.showServerInvite(c, own, f, orGone(underNames(err, map[string]string{"name": "server_id"})))
	}
	address := "/servers/" + idText(to) + "/invite?profile=" + idText(made.Profile.ID)
	if len(made.Missing) > 0 {
		address += "&from=" + idText(own.serverID) + "-" + idText(profile)
	}
	return s.leave(c, address, noticeInviteProfileCopy)
}

// idPair reads two ids.
func idPair(first, second string) (a, b int64, err error) {
	if a, err = idOf(first); err != nil {
		return 0, 0, err
	}
	b, err = idOf(second)
	return a, b, err
}

// addNotCopied writes into the page the libraries that a profile has lost when it was copied to this server.
// The address names the profile from which it was copied.
func (s *site) addNotCopied(c *gin.Context, own owned, page *serverInvitePage, profiles []models.InviteProfile) error {
	server, profile, found := strings.Cut(queryValue(c, "from"), "-")
	at := slices.IndexFunc(page.Profiles, func(one inviteProfileView) bool { return one.Chosen })
	if !found || at < 0 {
		return nil
	}
	serverID, err := idOf(server)
	if err != nil {
		return err
	}
	from, err := s.inviteProfile(c.Request.Context(), owned{session: own.session, serverID: serverID}, profile)
	if err != nil {
		return err
	}
	for _, one := range from.Libraries {
		has := func(here models.Library) bool {
			return strings.EqualFold(strings.TrimSpace(here.Name), strings.TrimSpace(one.Name))
		}
		if !slices.ContainsFunc(profiles[at].Libraries, has) {
			page.NotCopied = append(page.NotCopied, one.Name)
		}
	}
	return nil
}
