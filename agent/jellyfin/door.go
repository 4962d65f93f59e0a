package jellyfin

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// door returns when and how a local user is let in, without the sessions. It returns nil if the policy cannot be
// read in a way that this program knows.
func (u userDto) door(p *policy) *mediaserver.Door {
	hours, err := p.schedules()
	if err != nil {
		return nil
	}
	door := &mediaserver.Door{AnyDevice: p.takesAnyDevice() || p.find("EnableAllDevices") == nil}
	for _, one := range hours {
		door.Hours = append(door.Hours, one.Hours)
	}
	for _, text := range []json.RawMessage{u.LastActivityDate, u.LastLoginDate} {
		var at time.Time
		if mediacall.Present(text) && json.Unmarshal(text, &at) == nil && at.After(door.SeenAt) {
			door.SeenAt = at
		}
	}
	return door
}

// sessionsMost returns how many sessions the local user may have, or 0 for any number.
func (p *policy) sessionsMost() int {
	var most int
	if p.read("MaxActiveSessions", &most) != nil {
		return 0
	}
	return max(most, 0)
}

// fillFull sets [mediaserver.Door.Full] of local users. The parameter most has the largest number of sessions of
// each local user. fillFull asks for the sessions only if somebody has such a limit. If the sessions cannot be
// read, nobody counts as full, because the list of local users is right without them.
func (s *Server) fillFull(ctx context.Context, users []mediaserver.LocalUser, most []int) {
	if !slices.ContainsFunc(most, func(n int) bool { return n > 0 }) {
		return
	}
	var sessions []sessionDto
	if s.admin(ctx, mediacall.Call{Doing: "counting sessions", Method: http.MethodGet, Path: "/Sessions", Into: &sessions}) != nil {
		return
	}
	count := map[string]int{}
	for _, one := range sessions {
		if id, ok := mediacall.ID(one.UserID); ok {
			count[id]++
		}
	}
	for i, u := range users {
		if u.Door != nil && most[i] > 0 {
			u.Door.Full = count[u.ID] >= most[i]
		}
	}
}
