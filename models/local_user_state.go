package models

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// LocalUserState has facts about a local user that change while people use the server. The agent sends them
// separately from its report, because otherwise the report would have to be sent, and stored, again and again.
type LocalUserState struct {
	ExternalID string    // the media server's id
	SeenAt     time.Time // the last use, by the clock of the media server, without minutes; zero if it is not known
	Devices    int       // on how many devices the local user is signed in
	KeptOut    []string  // KeptOutHours and others, sorted; what keeps the local user out now
}

// The reasons that can keep a local user out, although the media server has them and does not
// disable them.
const (
	KeptOutHours    = "hours"    // the media server lets them in at other hours
	KeptOutSessions = "sessions" // they have as many sessions as they may have
	KeptOutAway     = "away"     // they may not connect from outside the home network
	KeptOutDevices  = "devices"  // they may use only the devices that the administrator has chosen
)

// The bounds of what an agent tells.
const (
	localUserStatesMost = localUsersMax // states in one call
	devicesShown        = 1000          // devices of a local user; more are counted as so many
	agentVersionMax     = 64            // bytes
)

// check returns the state as it is stored. Words that this service does not know are left out: a newer agent may
// know more.
func (s LocalUserState) check() LocalUserState {
	s.Devices = min(max(s.Devices, 0), devicesShown)
	if !s.SeenAt.IsZero() {
		s.SeenAt = s.SeenAt.UTC().Truncate(time.Hour)
	}
	known := []string{KeptOutAway, KeptOutDevices, KeptOutHours, KeptOutSessions}
	s.KeptOut = slices.DeleteFunc(known, func(word string) bool { return !slices.Contains(s.KeptOut, word) })
	return s
}

// AgentFacts are the facts about itself and about its media server that an agent tells with the states of local
// users.
type AgentFacts struct {
	Version           string // of the agent
	NeedsQuickConnect bool   // the media server makes tokens by Quick Connect alone
}

// TellLocalUserStates stores the states of local users that have changed since the agent told them last, and the
// facts about the agent. A local user that the last report did not have is left out. Calls that change something
// are counted by server, together with its reports. It returns an error about the field local_users,
// [ErrThrottled], [ErrNoServer] for a server that was removed meanwhile, or [ErrUnavailable].
func (a *Agents) TellLocalUserStates(ctx context.Context, this Server, facts AgentFacts, states []LocalUserState) error {
	if len(states) > localUserStatesMost {
		return fieldError(KindInvalid, "local_users", "local_users_invalid")
	}
	a.NoteContact(this)
	limit := a.opt.Limits.ReportHour
	if this.OwnerID == 0 {
		limit = a.opt.Limits.ReportUnclaimed
	}
	if err := a.throttle.allow(ctx, a.throttle.key("states", FormatID(this.ID)), limit); err != nil {
		return err
	}
	told := checkedStates(states)
	version := cleanServerName(facts.Version)
	version = strings.ToValidUTF8(version[:min(len(version), agentVersionMax)], "")
	return a.tx(ctx, "store the states of local users", func(tx *gorm.DB) error {
		result := tx.Exec("UPDATE servers SET states_at = ?, agent_version = ?, needs_quick_connect = ? WHERE id = ?", a.Now(), version, facts.NeedsQuickConnect, this.ID)
		if result.Error != nil {
			return result.Error
		}
		if result.RowsAffected == 0 {
			return ErrNoServer
		}
		return tellStates(ctx, tx, this.ID, told)
	})
}

// tellStates stores states of local users of a server, by their id there.
func tellStates(ctx context.Context, tx *gorm.DB, serverID int64, told map[string]LocalUserState) error {
	if len(told) == 0 {
		return nil
	}
	rows, err := database.G[localUserRow](tx).Where("server_id = ?", serverID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for i := range rows {
		one, found := told[rows[i].ExternalID]
		if !found {
			continue
		}
		if err := rows[i].tell(tx, one); err != nil {
			return err
		}
	}
	return nil
}

// checkedStates returns states that make sense, by the id of the local user at its server.
func checkedStates(states []LocalUserState) map[string]LocalUserState {
	told := map[string]LocalUserState{}
	for _, one := range states {
		if isExternalID(one.ExternalID) {
			told[one.ExternalID] = one.check()
		}
	}
	return told
}

// tell stores a state if it differs from the stored one. A last use never becomes earlier or unknown.
func (r *localUserRow) tell(tx *gorm.DB, state LocalUserState) error {
	seen := r.SeenAt
	if cmp.Compare(state.SeenAt.UnixMilli(), orZero(seen).UnixMilli()) > 0 {
		seen = &state.SeenAt
	}
	keptOut := strings.Join(state.KeptOut, " ")
	if orZero(seen).Equal(orZero(r.SeenAt)) && r.Devices == state.Devices && r.KeptOut == keptOut {
		return nil
	}
	return tx.Exec("UPDATE local_users SET seen_at = ?, devices = ?, kept_out = ? WHERE id = ?", seen, state.Devices, keptOut, r.ID).Error
}
