package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// wayInPage is the data of templates/pages/way_in.html: why a person cannot get in at a server.
type wayInPage struct {
	Base
	Server, Back string // Back is the address of the person's page
	Name         string
	Broken       *wayStepView // what keeps the person out; nil if nothing is known
	Steps        []wayStepView
	Agent        bool // whether the server runs our agent
	LastSeenAt   time.Time
	StatesAt     time.Time // zero for never
}

// wayStepView is one of the steps that a person needs to get in. Texts are in the reader's
// language.
type wayStepView struct {
	Name     string // what was looked at
	State    string // ok, broken, partly or unknown
	Text, Do string // what is so, and what the owner can do; "" for a step that is in order
	Command  string // to be typed at the machine of the media server; "" for none
}

// wayIn answers GET /servers/ID/people/ENTRY/way-in.
func (s *site) wayIn(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("link_id"))
	if err != nil {
		return err
	}
	way, err := s.Store.Roster.WayIn(c.Request.Context(), own.session.AccountID, own.serverID, id)
	if err != nil {
		return err
	}
	row := newRosterEntryView(own, &way.Entry)
	page := wayInPage{
		Base: s.base(c, "way_in"), Server: way.Server.Name, Back: row.Href, Name: row.Name, Agent: way.Server.Kind == models.ServerAgent,
		LastSeenAt: way.Server.LastSeenAt, StatesAt: way.StatesAt,
	}
	for _, step := range way.Steps {
		page.Steps = append(page.Steps, page.wayStep(step, &way.Entry))
	}
	if broken := way.Broken(); broken.Name != "" {
		view := page.wayStep(broken, &way.Entry)
		page.Broken = &view
	}
	return s.render(c, http.StatusOK, "way_in", page)
}

// wayStep returns a step with its texts.
func (b Base) wayStep(step models.WayStep, entry *models.RosterEntry) wayStepView {
	view := wayStepView{Name: b.T(wayNames()[step.Name]), State: step.State}
	if step.Reason == "" {
		return view
	}
	reason := wayReasons()[step.Reason]
	view.Text, view.Command = b.T(reason.text), reason.command
	if reason.do != "" {
		view.Do = b.T(reason.do)
	}
	if step.Reason == models.LocalUserNotAllowed {
		view.Command = commandToAllow(entry.LocalUser)
	}
	return view
}

// wayNames returns the texts that name the steps.
func wayNames() map[string]string {
	return map[string]string{
		models.WayAccount: "way_in.account", models.WayLink: "way_in.link", models.WayServer: "way_in.server",
		models.WayLocalUser: "way_in.local_user", models.WayPIN: "way_in.pin", models.WayHours: "way_in.hours",
		models.WaySessions: "way_in.sessions", models.WayDevices: "way_in.devices", models.WayQuickConnect: "way_in.quick_connect",
		models.WayAddress: "way_in.address",
	}
}

// wayReason has the texts of a reason: what is so, and what to do. The command is for the machine of the media
// server.
type wayReason struct{ text, do, command string }

// wayReasons returns the texts of all reasons.
func wayReasons() map[string]wayReason {
	const status = "sudo latchkey agent status"
	waiting := func(why string) string { return models.LocalUserWaiting + "." + why }
	return map[string]wayReason{
		models.WayNoAccount:     {"way_in.no_account", "way_in.no_account.do", ""},
		models.WayInvited:       {"way_in.invited", "way_in.invited.do", ""},
		models.WayPending:       {"way_in.pending", "way_in.pending.do", ""},
		models.WayPaused:        {"way_in.paused", "way_in.paused.do", ""},
		models.WayNotConfirmed:  {"way_in.not_confirmed", "way_in.not_confirmed.do", ""},
		models.WayAccountOff:    {"way_in.account_off", "way_in.account_off.do", ""},
		models.WayServerOff:     {"page.server_owner.disabled", "trouble.disabled.text", ""},
		models.WayServerAway:    {"trouble.away", "trouble.away.do", status},
		models.WayNoAgent:       {"way_in.no_agent", "", ""},
		models.WayNotTold:       {"way_in.not_told", "", ""},
		models.WayPINAsked:      {"way_in.pin_asked", "way_in.pin_asked.do", ""},
		models.WayOutsideHours:  {"way_in.outside_hours", "way_in.outside_hours.do", ""},
		models.WayTooMany:       {"way_in.too_many", "way_in.too_many.do", ""},
		models.WayChosenDevices: {"way_in.chosen_devices", "way_in.chosen_devices.do", ""},
		models.WayQuickOff:      {"trouble.quick_connect", "trouble.quick_connect.do", ""},
		models.WayNoAddress:     {"trouble.no_address", "trouble.address.do", ""},
		models.WayOnlyHome:      {"trouble.only_home", "trouble.address.do", ""},
		models.WayNotFromAway:   {"way_in.not_from_away", "way_in.not_from_away.do", ""},

		models.LocalUserGone:          {"way_in.gone", "way_in.gone.do", ""},
		models.LocalUserDisabled:      {"way_in.disabled", "way_in.disabled.do", ""},
		models.LocalUserAdministrator: {"page.server_owner.person.administrator", "", ""},
		models.LocalUserNotAllowed:    {"trouble.not_allowed", "trouble.not_allowed.do", ""},
		models.LocalUserWaiting:       {"page.server_owner.person.waiting", "", ""},
		waiting(models.WaitGuestsOff): {"page.server_owner.person.waiting.guests_off", "", ""},
		waiting(models.WaitLimit):     {"page.server_owner.person.waiting.guest_limit", "", ""},
		waiting(models.WaitHourly):    {"page.server_owner.person.waiting.guests_hourly", "", ""},
		waiting(models.WaitRefused):   {"page.server_owner.person.waiting.guest_refused", "", ""},
		waiting(models.WaitNameTaken): {"page.server_owner.person.waiting.guest_name_taken", "", ""},
	}
}
