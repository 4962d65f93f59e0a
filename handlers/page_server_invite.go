package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/lastday"
	"github.com/latchkey-media/latchkey/models"
)

// serverInvitePage is the data of templates/pages/server_invite.html. Its form is
// sent to POST /invites.
type serverInvitePage struct {
	Base
	ServerID, Name string
	Key            string // the hidden field "key": a form that is sent twice makes one invite
	Reports        bool   // the server reports its local users
	LocalUser      SelectField
	To             Field
	Link           Choice // make a link
	Family         Choice // for the whole family
	FamilyError    string
	Greeting       Field
	Uses           Field
	Until          Field // the last day of the invite itself
	Servers        []serverChoice
	ServersError   string
	ServersFocus   bool
	Libraries      bool // at least one of the servers reports its libraries
	LibrariesError string
	EndsAt, Note   Field
	Life           string // how long the invite can be answered: "14 days"
	Profiles       []inviteProfileView
	ProfileName    Field    // the name under which the choices of the form are saved
	NotCopied      []string // the libraries that a profile has lost when it was copied to this server
}

// serverChoice is a server of the owner to which a guest may be invited.
type serverChoice struct {
	Choice
	Libraries []Choice // empty if the server reported none
}

// sentInviteView is an invite as its owner sees it. To is the text that the owner typed.
// partials/sent_invite.html draws it.
type sentInviteView struct {
	Base
	ID, To, LocalUser    string // To is "" for a link alone, LocalUser for a guest
	Greeting             string
	Link, Family         bool
	Uses, Used           int
	Others               []string
	Libraries            []string // empty if the server decides
	Note                 string
	EndsAt               time.Time // zero for none
	CreatedAt, ExpiresAt time.Time
	UsedBy               []inviteUseView // the people who have accepted it, the first one first
}

// newSentInviteView returns the invite as the page of one of its servers shows
// it.
func newSentInviteView(b Base, one models.Invite, serverID int64) sentInviteView {
	view := sentInviteView{Base: b, ID: idText(one.ID), To: one.To, Note: one.Note, CreatedAt: one.CreatedAt, ExpiresAt: one.ExpiresAt}
	view.Greeting, view.Link, view.Family, view.Uses, view.Used = one.Greeting, one.Link, one.Family, one.Uses, one.Used
	for _, offer := range one.Servers {
		if offer.ServerID != serverID {
			view.Others = append(view.Others, offer.ServerName)
			continue
		}
		view.LocalUser, view.EndsAt, view.Libraries = offer.LocalUserName, offer.EndsAt, b.libraryNames(offer.Libraries)
	}
	if one.Circle != nil {
		for _, server := range one.Circle.Servers {
			if server.ServerID != serverID {
				view.Others = append(view.Others, server.Name)
			}
		}
	}
	for _, use := range one.UsedBy {
		view.UsedBy = append(view.UsedBy, inviteUseView{Name: use.Username, At: use.At})
	}
	return view
}

// serverInviteForm answers GET /servers/ID/invite. With the parameter
// local_user the invite is for the person behind that local user, and otherwise
// for a guest. With the parameter to=all all servers of the owner are chosen. With the parameter profile the form has the choices of that
// profile.
func (s *site) serverInviteForm(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	f := form{"local_user_id": queryValue(c, "local_user"), serverBox(own.serverID): "on", "key": s.random()}
	if queryValue(c, "to") == "all" {
		mine, err := s.Store.Servers.Mine(c.Request.Context(), own.session.AccountID)
		if err != nil {
			return err
		}
		tickServers(f, mine)
	}
	if err := s.fillProfile(c, own, f); err != nil {
		return err
	}
	return s.showServerInvite(c, own, f, nil)
}

// tickServers chooses as many servers as one invite may have.
func tickServers(f form, mine []models.OwnedServer) {
	const most = 20 // the rule itself is in models
	for _, one := range mine {
		if one.DisabledAt.IsZero() && len(serversIn(f)) < most {
			f[serverBox(one.ID)] = "on"
		}
	}
}

// inviteLife is the time in which an invite can be answered, for the text on the
// page. The rule itself is in models.
const inviteLife = 14 * 24 * time.Hour

// serverBox returns the name of the checkbox of a server.
func serverBox(serverID int64) string { return "server." + idText(serverID) }

// createInvite answers POST /invites, and goes back to the page of the server
// on which the form was.
func (s *site) createInvite(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	id, err := idOf(f["server"])
	if err != nil {
		return err
	}
	own := owned{session: session, serverID: id, to: "/servers/" + idText(id)}
	in, err := newInvite(f, own, s.zoneOfForm(c, f))
	var made models.Invite
	if err == nil {
		made, err = s.Store.Invites.Create(c.Request.Context(), session.AccountID, in, caller(c))
	}
	if err != nil {
		return s.showServerInvite(c, own, f, err)
	}
	if in.Link {
		return s.leave(c, own.to+"/invites/"+idText(made.ID), noticeInviteLinkMade)
	}
	return s.leave(c, own.to, noticeInviteSent)
}

// newInvite reads the form. It finds the mistakes that no operation of models
// could find. Days in the form are days of the zone.
func newInvite(f form, own owned, zone *time.Location) (models.NewInvite, error) {
	in := models.NewInvite{
		To: strings.TrimSpace(f["to"]), Type: models.LinkGuest, Note: f["note"], IdempotencyKey: inviteKey(f),
		Link: f["link"] != "", Family: f["family"] != "", Greeting: f["greeting"],
	}
	end, wrongEnd := endOfDay(f["ends_at"], zone)
	wrongReach := readReach(f, zone, &in)
	servers := serversIn(f)
	var wrongTo, wrongUser, wrongServers error
	if in.To == "" && !in.Link {
		wrongTo = oneMistake("to", "to_missing")
	}
	if f["local_user_id"] == "" {
		for _, id := range servers {
			in.Servers = append(in.Servers, models.InviteServer{ServerID: id, Libraries: librariesIn(f, id), EndsAt: end})
		}
		return in, joinMistakes(wrongTo, wrongReach, wrongEnd)
	}
	in.Type = models.LinkLinked
	localUserID, err := idOf(f["local_user_id"])
	if err != nil {
		wrongUser = oneMistake("local_user_id", "local_user_unknown")
	}
	if slices.ContainsFunc(servers, func(id int64) bool { return id != own.serverID }) {
		wrongServers = oneMistake("servers", "servers_of_guests")
	}
	in.Servers = []models.InviteServer{{ServerID: own.serverID, LocalUserID: localUserID, EndsAt: end}}
	return in, joinMistakes(wrongTo, wrongReach, wrongUser, wrongServers, wrongEnd)
}

// readReach reads how many people may accept the invite, and until which day of the zone.
func readReach(f form, zone *time.Location, in *models.NewInvite) error {
	var wrongUses, wrongUntil error
	if text := strings.TrimSpace(f["uses"]); text != "" {
		uses, err := strconv.Atoi(text)
		if err != nil || uses < 1 {
			wrongUses = oneMistake("uses", "uses_invalid")
		}
		in.Uses = uses
	}
	if f["expires_at"] != "" {
		until, err := lastday.End(f["expires_at"], zone)
		if err != nil {
			wrongUntil = oneMistake("expires_at", "expires_at_invalid")
		}
		in.ExpiresAt = until
	}
	return joinMistakes(wrongUses, wrongUntil)
}

// serversIn returns the servers whose boxes are ticked.
func serversIn(f form) []int64 {
	var ids []int64
	for name, value := range f {
		if text, ok := strings.CutPrefix(name, "server."); ok && value != "" {
			if id, err := idOf(text); err == nil {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// inviteKey returns the idempotency key of the form. A form that is sent twice
// makes one invite; a form that was changed in between makes another.
func inviteKey(f form) string {
	if f["key"] == "" {
		return ""
	}
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(f)) {
		_, _ = hash.Write([]byte(strconv.Quote(name) + "=" + strconv.Quote(f[name]) + "\n"))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func (s *site) showServerInvite(c *gin.Context, own owned, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	ctx, ownerID := c.Request.Context(), own.session.AccountID
	users, err := s.Store.Servers.LocalUsers(ctx, ownerID, own.serverID) // it also finds out whether the server belongs to the person
	if err != nil {
		return err
	}
	mine, err := s.Store.Servers.Mine(ctx, ownerID)
	if err != nil {
		return err
	}
	page := serverInvitePage{Base: s.base(c, "server_invite"), ServerID: idText(own.serverID), Key: f["key"], Reports: len(users) > 0}
	page.Base = page.telling(wrong)
	page.Life = s.life(page.Locale, inviteLife)
	in := newInputs(page.Base, f, wrong.inOrder("local_user_id", "to", "family", "greeting", "uses", "expires_at", "servers", "libraries", "ends_at", "note", "profile_name"))
	page.LocalUser = in.localUser(users)
	page.To = in.to()
	page.Link = Choice{ID: "link", Name: "link", Label: page.T("field.invite_with_link"), Chosen: f["link"] != ""}
	page.Family = Choice{ID: "family", Name: "family", Label: page.T("field.invite_family"), Chosen: f["family"] != "", Focus: in.wrong.first == "family"}
	page.FamilyError = in.wrong.fields["family"]
	page.Greeting = in.add(Field{Name: "greeting", Type: "text", Hint: in.hint("invite_greeting"), Autocomplete: "off"}, "invite_greeting")
	page.Uses = in.add(Field{Name: "uses", Type: "text", Hint: in.hint("invite_uses"), Autocomplete: "off", InputMode: "numeric"}, "invite_uses")
	page.Until = in.add(Field{Name: "expires_at", Type: "date", Hint: in.hint("invite_until", "Life", page.Life), Autocomplete: "off"}, "invite_until")
	page.ServersError, page.LibrariesError = in.wrong.fields["servers"], in.wrong.fields["libraries"]
	page.ServersFocus = in.wrong.first == "servers" || in.wrong.first == "libraries"
	if err := s.fillServers(c, own, &page, mine, f); err != nil {
		return err
	}
	page.EndsAt = in.endsAt("invite_end")
	page.Note = in.note()
	if err := s.addProfiles(c, own, &page, in, mine); err != nil {
		return err
	}
	return s.render(c, wrong.status, "server_invite", page)
}

// inOrder returns the mistakes with the focus on the first of these fields that
// has one.
func (m mistakes) inOrder(names ...string) mistakes {
	for _, name := range names {
		if m.fields[name] != "" {
			m.first = name
			break
		}
	}
	return m
}

// fillServers writes into the page the servers to which a guest may be invited. The
// server in the address is the first one.
func (s *site) fillServers(c *gin.Context, own owned, page *serverInvitePage, mine []models.OwnedServer, f form) error {
	for _, one := range mine {
		here := one.ID == own.serverID
		if here {
			page.Name = one.Name
		}
		if !one.DisabledAt.IsZero() && !here {
			continue
		}
		libraries, err := s.Store.Servers.Libraries(c.Request.Context(), own.session.AccountID, one.ID)
		if err != nil {
			return err
		}
		page.Libraries = page.Libraries || len(libraries) > 0
		id := idText(one.ID)
		choice := serverChoice{
			Choice:    Choice{ID: "server-" + id, Name: serverBox(one.ID), Label: one.Name, Chosen: f[serverBox(one.ID)] != ""},
			Libraries: page.libraryChoices("library-"+id, one.ID, libraries, func(l models.Library) bool { return f[libraryBox(one.ID, l.ExternalID)] != "" }),
		}
		if page.Servers = append(page.Servers, choice); here {
			last := len(page.Servers) - 1
			page.Servers[0], page.Servers[last] = page.Servers[last], page.Servers[0]
		}
	}
	if len(page.Servers) > 0 {
		page.Servers[0].Focus = page.ServersFocus
	}
	return nil
}

// localUser returns the select that offers a new local user for a guest, and
// the local users that nobody is linked to.
func (in *inputs) localUser(users []models.LocalUser) SelectField {
	chosen := in.typed["local_user_id"]
	field := SelectField{Options: []Option{{Value: "", Label: in.base.T("field.local_user.guest"), Chosen: chosen == ""}}}
	fresh := in.fresh
	in.fresh = false // the first field to type into is the one above
	field.Field = in.add(Field{Name: "local_user_id", Hint: in.hint("local_user")}, "local_user")
	in.fresh = fresh
	for _, one := range users {
		if one.LinkedTo == "" && one.GoneAt.IsZero() {
			id := idText(one.ID)
			field.Options = append(field.Options, Option{Value: id, Label: one.Name, Chosen: id == chosen})
		}
	}
	return field
}

func (in *inputs) to() Field {
	return in.add(Field{Name: "to", Type: "text", Hint: in.hint("invite_to"), Autocomplete: "off"}, "invite_to")
}

func (in *inputs) note() Field {
	return in.add(Field{Name: "note", Hint: in.hint("invite_note")}, "invite_note")
}
