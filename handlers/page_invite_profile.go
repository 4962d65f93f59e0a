package handlers

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/lastday"
	"github.com/latchkey-media/latchkey/models"
)

// inviteProfileView is a profile on the page server_invite: a link that fills the form, and
// the forms that rename and delete it.
type inviteProfileView struct {
	ID, Name  string
	Chosen    bool     // the form is filled with its choices
	Uses      int      // how many people may accept
	Life      string   // how long the invite can be accepted: "14 days"
	LinkLife  string   // after which time a link ends; "" for no end
	Libraries []string // empty if the server decides
	Rename    Field
	Open      bool        // the form that renames has a mistake
	Copy      SelectField // the other servers of the owner; without options there are none
}

const day = 24 * time.Hour

// daysUntil returns the number of days until a moment: 1 until 24 hours from now, 2 until 48
// hours. So a profile that is used on the day on which it was saved fills in the same last day
// that the form had then.
func daysUntil(moment, now time.Time) int { return int((moment.Sub(now) + day - 1) / day) }

// lastDayIn returns the last of a number of days. The first of them is today in the zone of now.
func lastDayIn(days int, now time.Time) string {
	return lastday.Day(now.AddDate(0, 0, days-1), now.Location())
}

// fillProfile finds the profile that the address names, and writes its choices into the form.
func (s *site) fillProfile(c *gin.Context, own owned, f form) error {
	text := queryValue(c, "profile")
	if text == "" {
		return nil
	}
	profile, err := s.inviteProfile(c.Request.Context(), own, text)
	if err != nil {
		return err
	}
	now := s.Store.Now().In(s.zoneOfForm(c, f))
	f["profile"], f["link"], f["uses"] = text, "on", strconv.Itoa(profile.Uses)
	f["expires_at"] = lastDayIn(profile.InviteDays, now)
	if profile.LinkDays > 0 {
		f["ends_at"] = lastDayIn(profile.LinkDays, now)
	}
	for _, one := range profile.Libraries {
		f[libraryBox(own.serverID, one.ExternalID)] = "on"
	}
	return nil
}

// inviteProfile returns a profile of the server by the text of its id. It returns
// [models.ErrNotFound].
func (s *site) inviteProfile(ctx context.Context, own owned, text string) (models.InviteProfile, error) {
	id, err := idOf(text)
	if err != nil {
		return models.InviteProfile{}, err
	}
	all, err := s.Store.InviteProfiles.List(ctx, own.session.AccountID, own.serverID)
	if err != nil {
		return models.InviteProfile{}, err
	}
	at := slices.IndexFunc(all, func(one models.InviteProfile) bool { return one.ID == id })
	if at < 0 {
		return models.InviteProfile{}, models.ErrNotFound
	}
	return all[at], nil
}

// addProfiles writes the profiles of the server into the page.
func (s *site) addProfiles(c *gin.Context, own owned, page *serverInvitePage, in *inputs, mine []models.OwnedServer) error {
	profiles, err := s.Store.InviteProfiles.List(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return err
	}
	in.fresh = false
	page.ProfileName = in.add(Field{Name: "profile_name", Type: "text", Hint: in.hint("profile_name"), Autocomplete: "off"}, "profile_name")
	for _, one := range profiles {
		id := idText(one.ID)
		view := inviteProfileView{
			ID: id, Name: one.Name, Chosen: in.typed["profile"] == id, Uses: one.Uses,
			Life: s.life(page.Locale, time.Duration(one.InviteDays)*day), Libraries: page.libraryNames(one.Libraries),
		}
		if one.LinkDays > 0 {
			view.LinkLife = s.life(page.Locale, time.Duration(one.LinkDays)*day)
		}
		view.Rename, view.Open = in.profileRename(one)
		view.Copy = in.profileCopy(id, own, mine)
		page.Profiles = append(page.Profiles, view)
	}
	return s.addNotCopied(c, own, page, profiles)
}

// profileRename returns the field with the name of a profile, and whether it has a mistake.
func (in *inputs) profileRename(one models.InviteProfile) (field Field, wrong bool) {
	id := idText(one.ID)
	field = Field{Name: "name", ID: "name-" + id, Type: "text", Label: in.base.T("field.profile_rename"), Value: one.Name, Autocomplete: "off", Required: true}
	if in.typed["id"] == id && in.wrong.fields["name"] != "" {
		field.Value, field.Error, field.Focus = in.typed["name"], in.wrong.fields["name"], true
	}
	return field, field.Error != ""
}

// makeInviteProfile answers POST /servers/ID/invite/profiles. The second button in the form of
// an invite sends the form there. It saves the choices, but not the person who is invited.
func (s *site) makeInviteProfile(c *gin.Context, f form) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	in, err := s.newInviteProfile(f, own, s.zoneOfForm(c, f))
	var made models.InviteProfile
	if err == nil {
		made, err = s.Store.InviteProfiles.Make(c.Request.Context(), own.session.AccountID, in)
		err = underNames(err, map[string]string{"name": "profile_name", "invite_days": "expires_at", "link_days": "ends_at"})
	}
	if err != nil {
		return s.showServerInvite(c, own, f, err)
	}
	return s.leave(c, own.to+"/invite?profile="+idText(made.ID), noticeInviteProfile)
}

// newInviteProfile reads the choices of the form of an invite. Days in the form become
// numbers of days, because a date would be over soon.
func (s *site) newInviteProfile(f form, own owned, zone *time.Location) (models.InviteProfile, error) {
	var reach models.NewInvite
	wrongReach := readReach(f, zone, &reach)
	end, wrongEnd := endOfDay(f["ends_at"], zone)
	now := s.Store.Now()
	in := models.InviteProfile{
		ServerID: own.serverID, Name: f["profile_name"], Libraries: librariesIn(f, own.serverID),
		Uses: max(reach.Uses, 1), InviteDays: int(inviteLife / day),
	}
	if !reach.ExpiresAt.IsZero() {
		in.InviteDays = daysUntil(reach.ExpiresAt, now)
	}
	if !end.IsZero() {
		if in.LinkDays = daysUntil(end, now); in.LinkDays < 1 {
			wrongEnd = oneMistake("ends_at", "ends_at_invalid")
		}
	}
	return in, joinMistakes(wrongReach, wrongEnd)
}

// renameInviteProfile answers POST /servers/ID/invite/profiles/rename.
func (s *site) renameInviteProfile(c *gin.Context, f form) error {
	return s.onInviteProfile(c, f, noticeInviteProfile, func(ctx context.Context, own owned, profile models.InviteProfile) error {
		profile.Name = f["name"]
		_, err := s.Store.InviteProfiles.Change(ctx, own.session.AccountID, profile)
		return err
	})
}

// deleteInviteProfile answers POST /servers/ID/invite/profiles/delete.
func (s *site) deleteInviteProfile(c *gin.Context, f form) error {
	return s.onInviteProfile(c, f, noticeInviteProfileGone, func(ctx context.Context, own owned, profile models.InviteProfile) error {
		return s.Store.InviteProfiles.Delete(ctx, own.session.AccountID, own.serverID, profile.ID)
	})
}

// onInviteProfile calls the function do for the profile whose id the form has, and goes back
// to the form of an invite, which shows the notice n.
func (s *site) onInviteProfile(
	c *gin.Context, f form, n notice, do func(ctx context.Context, own owned, profile models.InviteProfile) error,
) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	profile, err := s.inviteProfile(ctx, own, f["id"])
	if err == nil {
		err = do(ctx, own, profile)
	}
	if err != nil {
		f[serverBox(own.serverID)], f["key"] = "on", s.random()
		return s.showServerInvite(c, own, f, orGone(err))
	}
	return s.leave(c, own.to+"/invite", n)
}
