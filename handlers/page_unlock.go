package handlers

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// unlockPage is the data of templates/pages/unlock.html: what the PIN protects for the reader, or for a member
// of the family.
type unlockPage struct {
	Base
	Member   string // the id of the member; "" for the reader
	Name     string // of the member
	Members  []unlockMemberView
	NoPIN    bool // the reader has no PIN yet
	Guarded  bool // the reader is looked after, so a guardian unlocks
	Servers  []unlockView
	Closed   []Choice // servers that can be unlocked, to tick
	Minutes  SelectField
	Stop     Choice // stop what is playing at the end
	PIN      Field
	TimeZone string // of which midnight the last choice speaks; "" without that choice
}

// unlockMemberView is a member for whom the reader can unlock.
type unlockMemberView struct {
	ID, Name string
	Current  bool
}

// unlockView is a server of the person.
type unlockView struct {
	ID, Name   string
	UnlockID   string // "" if nothing is open
	EndsAt     time.Time
	Left       string // how long it is open, in the reader's language
	Everyday   string // what the everyday level leaves to see
	Unlocked   string // what the unlocked level leaves to see; "" if only the door is behind the PIN
	Door       bool   // nobody gets in without an unlock
	Opens      bool   // there is something to unlock
	Stopped    bool
	NotHeld    bool   // the agent does not hold levels for this local user
	AskedBy    string // the device that was refused last
	AskedAt    time.Time
	Television string // what a television shows of a change, for the version that runs there
	HoldPath   string // the page on which things are put behind the PIN
	Waiting    bool   // the media server has not taken the level yet
	OpenServer string // the page that opens the server; "" while nothing is open
	QR         qrView // of OpenServer, for a phone or another screen
}

// unlock answers GET /unlock.
func (s *site) unlock(c *gin.Context) error { return s.showUnlock(c, nil, nil) }

// behindPIN names the reader of a page about unlocks or holds, and the person whom the page concerns.
type behindPIN struct {
	session   models.Session
	accountID int64    // of the reader, or of a member
	member    string   // the id of the member; "" for the reader
	wrong     mistakes // of the form
}

// readBehindPIN reads the person from the form, or else from the address of the page.
func (s *site) readBehindPIN(c *gin.Context, f form, cause error) (out behindPIN, err error) {
	if out.session, err = s.signedIn(c); err != nil {
		return out, err
	}
	if out.wrong, err = s.mistakesOf(c, cause); err != nil {
		return out, err
	}
	out.member = c.Query("member")
	if f != nil {
		out.member = f["member"]
	}
	out.accountID, err = whose(out.member, out.session)
	return out, err
}

func (s *site) showUnlock(c *gin.Context, f form, cause error) error {
	of, err := s.readBehindPIN(c, f, cause)
	if err != nil {
		return err
	}
	session, accountID, wrong := of.session, of.accountID, of.wrong
	ctx := c.Request.Context()
	account, err := s.Store.Accounts.Get(ctx, session.AccountID)
	if err != nil {
		return err
	}
	found, err := s.Store.Unlocks.List(ctx, session.AccountID, accountID)
	if err != nil {
		return err
	}
	page := unlockPage{Base: s.base(c, "unlock").telling(wrong), NoPIN: !account.HasPIN}
	if err := s.fillMembers(c, session, accountID, &page); err != nil {
		return err
	}
	for _, one := range found {
		page.Servers = append(page.Servers, s.viewUnlock(page.Base, one, page.Member))
		if one.Opens() && !one.Stopped {
			page.Closed = append(page.Closed, Choice{
				ID: "server-" + idText(one.ServerID), Name: "server." + idText(one.ServerID), Label: one.ServerName,
				Chosen: f == nil && (one.UnlockID == 0) || f["server."+idText(one.ServerID)] != "",
			})
		}
	}
	in := newInputs(page.Base, f, wrong)
	in.fresh = false
	page.Minutes, page.TimeZone = unlockTimes(page.Base, f["minutes"], account.TimeZone)
	page.Minutes.Error = wrong.fields["minutes"]
	page.Stop = Choice{ID: "stop_playing", Name: "stop_playing", Label: page.T("unlock.stop"), Chosen: f["stop_playing"] != ""}
	page.PIN = in.add(Field{Name: "pin", Type: "password", Autocomplete: "off", InputMode: "numeric", Required: true, Reveal: true}, "unlock_pin")
	if text := wrong.fields["server_ids"]; text != "" {
		page.Problem = text
	}
	return s.render(c, wrong.status, "unlock", page)
}

// fillMembers finds out for whom the reader can unlock, and whose servers the page shows.
func (s *site) fillMembers(c *gin.Context, session models.Session, accountID int64, page *unlockPage) error {
	family, err := s.Store.Families.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	page.Guarded = family.Role == models.RoleMember
	if page.Guarded || family.Role == models.RoleAdult {
		return nil
	}
	for _, one := range family.Members {
		view := unlockMemberView{ID: idText(one.ID), Name: one.DisplayName, Current: one.ID == accountID}
		page.Members = append(page.Members, view)
		if view.Current {
			page.Member, page.Name = view.ID, view.Name
		}
	}
	return nil
}

// viewUnlock returns a server as the page shows it.
func (s *site) viewUnlock(b Base, one models.Unlockable, member string) unlockView {
	out := unlockView{
		ID: idText(one.ServerID), Name: one.ServerName, Everyday: b.levelMeans(one.Everyday, one.Libraries), Door: one.PINRequired, Opens: one.Opens(), Stopped: one.Stopped,
		NotHeld: one.Agent && (one.AgentLevels == "" || one.AgentLevels == models.LevelsOff || one.State == models.LevelNotHeld) || !one.Agent,
		AskedAt: one.AskedAt, Waiting: one.State == models.LevelWaiting, HoldPath: holdPath(idText(one.ServerID), member),
	}
	if one.Unlocked != nil {
		out.Unlocked = b.levelMeans(*one.Unlocked, one.Libraries)
	}
	if !one.AskedAt.IsZero() {
		out.AskedBy = b.device(strings.TrimSpace(one.AskedDevice + " " + one.AskedClient))
	}
	if one.UnlockID != 0 {
		out.UnlockID, out.EndsAt = idText(one.UnlockID), one.EndsAt
		out.Left = s.duration(b.Locale, one.EndsAt.Sub(s.Store.Now()))
		out.OpenServer = "/servers/" + out.ID + "/open"
		out.QR = b.qr(s.origin+out.OpenServer, b.T("unlock.qr"))
	}
	switch {
	case strings.HasPrefix(one.ServerVersion, "12."):
		out.Television = b.T("unlock.television.jellyfin12")
	case strings.HasPrefix(one.ServerVersion, "10."):
		out.Television = b.T("unlock.television.jellyfin10")
	default:
		out.Television = b.T("unlock.television")
	}
	return out
}

// unlockMidnight is the value of the choice that lasts until the end of the day.
const unlockMidnight = "midnight"

// unlockTimes returns the choice of how long something is open. It offers midnight if the time zone of the person is
// known, and returns that zone then.
func unlockTimes(b Base, chosen, zone string) (SelectField, string) {
	out := SelectField{Field: Field{Name: "minutes", Label: b.T("unlock.minutes")}}
	if chosen == "" {
		chosen = "60"
	}
	add := func(value, label string) {
		out.Options = append(out.Options, Option{Value: value, Label: label, Chosen: value == chosen})
	}
	for _, minutes := range []string{"15", "60", "240"} {
		add(minutes, b.T("unlock.minutes."+minutes))
	}
	if zone == "" {
		return out, ""
	}
	if _, err := time.LoadLocation(zone); err != nil {
		return out, ""
	}
	add(unlockMidnight, b.T("unlock.minutes.midnight", "Zone", zone))
	return out, zone
}

// untilMidnight returns the time from now to the next midnight in a time zone, at least a minute.
func untilMidnight(now time.Time, zone string) (time.Duration, error) {
	place, err := time.LoadLocation(zone)
	if err != nil || zone == "" {
		return 0, oneMistake("minutes", "unlock_minutes")
	}
	here := now.In(place)
	midnight := time.Date(here.Year(), here.Month(), here.Day()+1, 0, 0, 0, 0, place)
	return min(max(midnight.Sub(now), time.Minute), models.UnlockLongest), nil
}

// openUnlock answers POST /unlock.
func (s *site) openUnlock(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	in := models.Unlock{PIN: f["pin"], StopPlaying: f["stop_playing"] != "", ServerIDs: tickedServers(f)}
	if in.AccountID, err = whose(f["member"], session); err != nil {
		return err
	}
	if in.For, err = s.unlockTime(c, session, f["minutes"]); err == nil {
		_, err = s.Store.Unlocks.Open(c.Request.Context(), session.AccountID, in, caller(c))
	}
	if err != nil {
		return s.showUnlock(c, f, orGone(err))
	}
	return s.leave(c, unlockPage{Member: f["member"]}.here(), noticeUnlocked)
}

// here returns the address of the page.
func (p unlockPage) here() string {
	if p.Member == "" {
		return unlockPath
	}
	return unlockPath + "?member=" + url.QueryEscape(p.Member)
}

// tickedServers returns the ids of the servers that are ticked.
func tickedServers(f form) []int64 {
	var ids []int64
	for _, text := range tickedBoxes(f, "server.") {
		if id := models.ParseID(text); id != 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// unlockTime returns how long something is to be open. It returns an error about the field minutes.
func (s *site) unlockTime(c *gin.Context, session models.Session, text string) (time.Duration, error) {
	if text != unlockMidnight {
		n, err := strconv.Atoi(text)
		if err != nil {
			return 0, oneMistake("minutes", "unlock_minutes")
		}
		return minutes(n), nil
	}
	account, err := s.Store.Accounts.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return 0, err
	}
	return untilMidnight(s.Store.Now(), account.TimeZone)
}

// closeUnlock answers POST /unlock/close.
func (s *site) closeUnlock(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	id, err := idOf(f["id"])
	if err == nil {
		err = s.Store.Unlocks.Close(c.Request.Context(), session.AccountID, id, caller(c))
	}
	if err != nil && models.KindOf(err) != models.KindNotFound { // it has ended by itself
		return s.showUnlock(c, f, err)
	}
	return s.leave(c, unlockPage{Member: f["member"]}.here(), noticeLocked)
}
