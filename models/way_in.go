package models

import (
	"context"
	"slices"
	"time"
)

// The steps that a person needs to get in and watch, in the order in which [Roster.WayIn] checks them.
const (
	WayAccount      = "account"       // the account is confirmed and not disabled
	WayLink         = "link"          // the person has accepted the link
	WayServer       = "server"        // the service lets the server in, and its agent answers
	WayLocalUser    = "local_user"    // the local user exists, and the agent lets them in
	WayPIN          = "pin"           // no PIN is asked for at the door, or it was given
	WayHours        = "hours"         // the media server lets the local user in at this hour
	WaySessions     = "sessions"      // the local user has not as many sessions as they may have
	WayDevices      = "devices"       // the local user may use every device
	WayQuickConnect = "quick_connect" // the media server can make tokens
	WayAddress      = "address"       // devices get an address that works where the person is
)

// The states of a step.
const (
	WayOK      = "ok"
	WayBroken  = "broken"  // it keeps the person out
	WayPartly  = "partly"  // it keeps the person out in some places
	WayUnknown = "unknown" // this service cannot know it
)

// WayStep is one of the steps that a person needs to get in. Reason says why State is not [WayOK];
// it is "" if State is [WayOK].
type WayStep struct{ Name, State, Reason string }

// The reasons of steps. A step about a local user also has the reasons LocalUserGone and others. It may also
// have the reason LocalUserWaiting, followed by a dot and WaitLimit or another reason.
const (
	WayNoAccount     = "no_account"    // nobody is linked to the local user
	WayInvited       = "invited"       // the person has not answered the invite
	WayPending       = "pending"       // the person has not accepted the link
	WayPaused        = "paused"        // the owner has paused the link
	WayNotConfirmed  = "not_confirmed" // the person has not confirmed their address
	WayAccountOff    = "account_off"   // the operator has disabled the account
	WayServerOff     = "server_off"    // the operator has shut the server out
	WayServerAway    = "server_away"   // the agent does not answer
	WayNoAgent       = "no_agent"      // the server has no agent that could tell
	WayNotTold       = "not_told"      // the agent has not told it, because it is too old or has not looked yet
	WayPINAsked      = "pin_asked"     // the person has to give the PIN first
	WayOutsideHours  = "outside_hours"
	WayTooMany       = "too_many"
	WayChosenDevices = "chosen_devices"
	WayQuickOff      = "quick_off"
	WayNoAddress     = "no_address"
	WayOnlyHome      = "only_home"     // every address works only at home
	WayNotFromAway   = "not_from_away" // the local user may not connect from outside
)

// WayIn is the answer to the question why a person cannot get in.
type WayIn struct {
	Server Server
	Entry  RosterEntry
	Steps  []WayStep

	StatesAt time.Time // when the agent told the states of local users last; zero for never
}

// Broken returns the first step that keeps the person out or, without one, the first that keeps them out in some
// places. It returns the zero WayStep if nothing that is known keeps them out.
func (w *WayIn) Broken() WayStep {
	for _, state := range []string{WayBroken, WayPartly} {
		if at := slices.IndexFunc(w.Steps, func(s WayStep) bool { return s.State == state }); at >= 0 {
			return w.Steps[at]
		}
	}
	return WayStep{}
}

// WayIn checks each step that a person or a local user in the roster of an owner's server needs to get in at the
// media server. The parameter id is as in [Roster.Get]. It returns [ErrNotFound].
func (r *Roster) WayIn(ctx context.Context, ownerID, serverID, id int64) (WayIn, error) {
	row, err := r.ownedServer(ctx, r.read(ctx), ownerID, serverID)
	if err != nil {
		return WayIn{}, err
	}
	entry, err := r.rosterEntry(ctx, &row, id)
	if err != nil {
		return WayIn{}, err
	}
	account, err := r.wayAccount(ctx, &entry)
	if err != nil {
		return WayIn{}, err
	}
	pin, err := r.wayPIN(ctx, &entry)
	if err != nil {
		return WayIn{}, err
	}
	addresses, err := r.shownAddresses(ctx, r.read(ctx), serverID)
	if err != nil {
		return WayIn{}, err
	}
	way := WayIn{Server: row.server(), Entry: entry, StatesAt: orZero(row.StatesAt)}
	way.Steps = []WayStep{account, wayLink(&entry), wayServer(&row, r.Now()), wayLocalUser(&row, &entry)}
	if pin.State != "" {
		way.Steps = append(way.Steps, pin)
	}
	if row.Kind == ServerAgent {
		way.Steps = append(way.Steps, wayTold(&row, &entry)...)
	}
	way.Steps = append(way.Steps, wayAddress(&entry, addresses))
	return way, nil
}

// wayAccount returns the step about the account. An owner learns nothing about a person who has not accepted yet,
// because an owner can ask anybody for a link. Only people who have accepted a link let the owner see the state of
// their account.
func (c *core) wayAccount(ctx context.Context, entry *RosterEntry) (WayStep, error) {
	if entry.ID == 0 {
		return WayStep{WayAccount, WayUnknown, WayNoAccount}, nil
	}
	if entry.State == LinkPending {
		return WayStep{WayAccount, WayUnknown, WayPending}, nil
	}
	account, err := c.accountByID(ctx, c.read(ctx), entry.AccountID)
	switch {
	case err != nil:
		return WayStep{}, err
	case account.ConfirmedAt == nil:
		return WayStep{WayAccount, WayBroken, WayNotConfirmed}, nil
	case account.DisabledAt != nil:
		return WayStep{WayAccount, WayBroken, WayAccountOff}, nil
	default:
		return WayStep{WayAccount, WayOK, ""}, nil
	}
}

// wayLink returns the step about the link.
func wayLink(entry *RosterEntry) WayStep {
	switch {
	case entry.ID == 0 && entry.InviteID != 0:
		return WayStep{WayLink, WayBroken, WayInvited}
	case entry.ID == 0:
		return WayStep{WayLink, WayBroken, WayNoAccount}
	case entry.State == LinkPending:
		return WayStep{WayLink, WayBroken, WayPending}
	case entry.Pause.On():
		return WayStep{WayLink, WayBroken, WayPaused}
	default:
		return WayStep{WayLink, WayOK, ""}
	}
}

// wayServer returns the step about the server.
func wayServer(row *serverRow, now time.Time) WayStep {
	switch {
	case row.DisabledAt != nil:
		return WayStep{WayServer, WayBroken, WayServerOff}
	case row.away(now):
		return WayStep{WayServer, WayBroken, WayServerAway}
	case row.Kind != ServerAgent:
		return WayStep{WayServer, WayUnknown, WayNoAgent}
	default:
		return WayStep{WayServer, WayOK, ""}
	}
}

// wayLocalUser returns the step about the local user, as the last report describes them. It judges a local user without a
// linked person in the same way as a local user with one.
func wayLocalUser(row *serverRow, entry *RosterEntry) WayStep {
	state := entry.Person.LocalUserState
	if entry.Pause.On() {
		user := entry.LocalUser
		user.Disabled = user.Disabled && entry.Type != LinkGuest // the pause itself disables a guest
		state = user.state(row.Kind, entry.Type)
	} else if state == "" && entry.LocalUser.ID != 0 {
		state = entry.LocalUser.state(row.Kind, entry.Type)
	}
	switch {
	case state == LocalUserWaiting && entry.WaitsFor != "":
		return WayStep{WayLocalUser, WayBroken, LocalUserWaiting + "." + entry.WaitsFor}
	case state != "":
		return WayStep{WayLocalUser, WayBroken, state}
	case entry.LocalUser.ID == 0 && row.Kind != ServerAgent:
		return WayStep{WayLocalUser, WayUnknown, WayNoAgent}
	case entry.LocalUser.ID == 0:
		return WayStep{WayLocalUser, WayUnknown, WayNotTold}
	default:
		return WayStep{WayLocalUser, WayOK, ""}
	}
}

// wayPIN returns the step about the PIN that the server asks for, or the zero WayStep if the link asks for none.
func (c *core) wayPIN(ctx context.Context, entry *RosterEntry) (WayStep, error) {
	if entry.State != LinkAccepted {
		return WayStep{}, nil
	}
	links, err := c.agentLinks(ctx, entry.ServerID, " AND l.id = ?", entry.ID)
	if err != nil || len(links) == 0 || links[0].Levels == nil || !links[0].Levels.PINRequired {
		return WayStep{}, err
	}
	if links[0].Levels.Unlock == nil {
		return WayStep{WayPIN, WayBroken, WayPINAsked}, nil
	}
	return WayStep{WayPIN, WayOK, ""}, nil
}

// wayTold returns the steps about which only the agent can know.
func wayTold(row *serverRow, entry *RosterEntry) []WayStep {
	known := row.StatesAt != nil
	step := func(name string, known, broken bool, state, reason string) WayStep {
		switch {
		case !known:
			return WayStep{name, WayUnknown, WayNotTold}
		case broken:
			return WayStep{name, state, reason}
		default:
			return WayStep{name, WayOK, ""}
		}
	}
	user := known && entry.LocalUser.ID != 0
	out := func(word string) bool { return slices.Contains(entry.KeptOut, word) }
	return []WayStep{
		step(WayHours, user, out(KeptOutHours), WayBroken, WayOutsideHours),
		step(WaySessions, user, out(KeptOutSessions), WayBroken, WayTooMany),
		step(WayDevices, user, out(KeptOutDevices), WayPartly, WayChosenDevices),
		step(WayQuickConnect, known, row.NeedsQuickConnect && !row.QuickConnect, WayBroken, WayQuickOff),
	}
}

// wayAddress returns the step about the addresses that devices get.
func wayAddress(entry *RosterEntry, addresses []Address) WayStep {
	switch {
	case len(addresses) == 0:
		return WayStep{WayAddress, WayBroken, WayNoAddress}
	case slices.Contains(entry.KeptOut, KeptOutAway):
		return WayStep{WayAddress, WayPartly, WayNotFromAway}
	case !slices.ContainsFunc(addresses, func(a Address) bool { return a.Kind != AddressLAN }):
		return WayStep{WayAddress, WayPartly, WayOnlyHome}
	default:
		return WayStep{WayAddress, WayOK, ""}
	}
}
