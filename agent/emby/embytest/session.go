package embytest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// session is a token of a local user on a device.
type session struct {
	token, userID, deviceID, device, client, version string
	lastActivity                                     time.Time
}

// principal is the sender of a request.
type principal struct {
	key     bool // an API key
	user    *user
	session *session
}

func (p principal) known() bool { return p.key || p.user != nil }
func (p principal) administrator() bool {
	return p.key || p.user != nil && p.user.flag("IsAdministrator")
}

// deviceOf returns the parts of the header in which a device describes itself.
func deviceOf(r *http.Request) map[string]string {
	header := r.Header.Get("X-Emby-Authorization")
	if header == "" {
		header = r.Header.Get("Authorization")
	}
	parts := map[string]string{}
	_, rest, _ := strings.Cut(header, " ")
	for part := range strings.SplitSeq(rest, ",") {
		name, value, found := strings.Cut(strings.TrimSpace(part), "=")
		if found {
			parts[name] = strings.Trim(value, `"`)
		}
	}
	return parts
}

// authenticate returns the sender of a request. A disabled local user counts as an unknown sender.
func (s *Server) authenticate(r *http.Request, device map[string]string) principal {
	token := r.Header.Get("X-Emby-Token")
	if token == "" {
		token = device["Token"]
	}
	if token == "" {
		token = r.URL.Query().Get("api_key")
	}
	if token != "" && token == s.APIKey {
		return principal{key: true}
	}
	one, ok := s.sessions[token]
	if !ok {
		return principal{}
	}
	u := s.users[one.userID]
	if u == nil || u.flag("IsDisabled") {
		return principal{}
	}
	one.lastActivity = s.now()
	return principal{user: u, session: one}
}

// byName signs a local user in. A local user without a password is let in with the empty one.
func (s *Server) byName(x *exchange) answer {
	var in struct {
		Username string `json:"Username"`
		Pw       string `json:"Pw"`
	}
	if json.Unmarshal(x.body, &in) != nil || x.device["DeviceId"] == "" {
		return refusal(http.StatusBadRequest)
	}
	var u *user
	for _, one := range s.users {
		if strings.EqualFold(one.name, in.Username) {
			u = one
		}
	}
	if u == nil || u.password != in.Pw || u.flag("IsDisabled") || !u.letIn(s.now()) || !u.mayUse(x.device["DeviceId"]) {
		return refusal(http.StatusUnauthorized)
	}
	u.lastLogin = s.now()
	one := s.startSession(u, x.device)
	return answerJSON(object{"AccessToken": one.token, "ServerId": s.id, "User": s.dto(u), "SessionInfo": s.sessionDto(one)})
}

// letIn reports whether the hours of a local user allow a time.
func (u *user) letIn(at time.Time) bool {
	raw, _ := json.Marshal(u.policy["AccessSchedules"])
	var hours []struct {
		DayOfWeek string  `json:"DayOfWeek"`
		StartHour float64 `json:"StartHour"`
		EndHour   float64 `json:"EndHour"`
	}
	_ = json.Unmarshal(raw, &hours)
	now := float64(at.Hour()) + float64(at.Minute())/60
	for _, h := range hours {
		weekend := at.Weekday() == time.Saturday || at.Weekday() == time.Sunday
		day := h.DayOfWeek == "Everyday" || h.DayOfWeek == at.Weekday().String() || h.DayOfWeek == "Weekend" && weekend || h.DayOfWeek == "Weekday" && !weekend
		if day && now >= h.StartHour && now < h.EndHour {
			return true
		}
	}
	return len(hours) == 0
}

func (u *user) mayUse(device string) bool {
	raw, _ := json.Marshal(u.policy["EnabledDevices"])
	var devices []string
	_ = json.Unmarshal(raw, &devices)
	return u.flag("EnableAllDevices") || slices.Contains(devices, device)
}

func (s *Server) startSession(u *user, device map[string]string) *session {
	for token, one := range s.sessions {
		if one.userID != u.id || one.deviceID != device["DeviceId"] {
			continue
		}
		if s.sameToken {
			one.lastActivity = s.now()
			return one
		}
		delete(s.sessions, token)
	}
	one := &session{
		token: random(), userID: u.id, deviceID: device["DeviceId"], device: device["Device"], client: device["Client"], version: device["Version"],
		lastActivity: s.now(),
	}
	s.sessions[one.token] = one
	return one
}

// SignIn signs a local user in on a device, as an app does, and returns the token; "" if it is refused.
func (s *Server) SignIn(name, password, deviceID string) string {
	var token string
	s.locked(func() {
		for _, u := range s.users {
			if strings.EqualFold(u.name, name) && u.password == password && !u.flag("IsDisabled") {
				token = s.startSession(u, map[string]string{"DeviceId": deviceID, "Device": "Television", "Client": "Emby for Android", "Version": "1"}).token
			}
		}
	})
	return token
}

// Tokens returns the tokens of a local user.
func (s *Server) Tokens(userID string) (tokens []string) {
	s.locked(func() {
		for token, one := range s.sessions {
			if one.userID == userID {
				tokens = append(tokens, token)
			}
		}
	})
	return tokens
}

func (s *Server) endTokens(userID string) {
	maps.DeleteFunc(s.sessions, func(_ string, one *session) bool { return one.userID == userID })
}

func (s *Server) sessionDto(one *session) object {
	return object{
		"Id": one.token[:8], "UserId": one.userID, "DeviceId": one.deviceID, "DeviceName": one.device, "Client": one.client,
		"ApplicationVersion": one.version, "LastActivityDate": date(one.lastActivity), "ServerId": s.id,
	}
}

func (s *Server) listSessions(*exchange) answer {
	items := []object{}
	for _, token := range slices.Sorted(maps.Keys(s.sessions)) {
		items = append(items, s.sessionDto(s.sessions[token]))
	}
	return answerJSON(items)
}

func (s *Server) logout(x *exchange) answer {
	if x.who.session != nil {
		delete(s.sessions, x.who.session.token)
	}
	return answer{status: http.StatusOK}
}

// internalID returns the id that Emby gives a device. It is not the one by which the device names
// itself.
func internalID(deviceID string) string { return "device-" + deviceID }

// listDevices lists each device once, with the local user who was the last one there.
func (s *Server) listDevices(*exchange) answer {
	last := map[string]*session{}
	for _, one := range s.sessions {
		if before := last[one.deviceID]; before == nil || before.lastActivity.Before(one.lastActivity) {
			last[one.deviceID] = one
		}
	}
	items := []object{}
	for _, id := range slices.Sorted(maps.Keys(last)) {
		one := last[id]
		entry := object{
			"Id": internalID(id), "ReportedDeviceId": id, "Name": one.device, "AppName": one.client, "AppVersion": one.version,
			"LastUserId": one.userID, "DateLastActivity": date(one.lastActivity),
		}
		if u := s.users[one.userID]; u != nil {
			entry["LastUserName"] = u.name
		}
		items = append(items, entry)
	}
	return answerJSON(object{"Items": items, "TotalRecordCount": len(items)})
}

// deleteDevice signs everybody out on a device.
func (s *Server) deleteDevice(x *exchange) answer {
	before := len(s.sessions)
	maps.DeleteFunc(s.sessions, func(_ string, one *session) bool { return internalID(one.deviceID) == x.URL.Query().Get("Id") })
	if len(s.sessions) == before {
		return refusal(http.StatusNotFound)
	}
	return answer{status: http.StatusOK}
}
