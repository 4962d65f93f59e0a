package jellyfintest

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// locked runs f while the fake answers no request.
func (s *Server) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// AddUser makes a local user and returns its id.
func (s *Server) AddUser(name, password string, administrator bool) (id string) {
	s.locked(func() {
		u := s.add(name, password)
		if administrator {
			u.policy["IsAdministrator"] = json.RawMessage("true")
		}
		id = u.id
	})
	return id
}

// User is a local user, for tests to look at.
type User struct {
	ID, Name, Password              string
	Administrator, Disabled, Hidden bool
	Policy                          map[string]json.RawMessage
}

// User returns a local user by id or name, or false.
func (s *Server) User(idOrName string) (found User, ok bool) {
	s.locked(func() {
		u := s.users[idOrName]
		if u == nil {
			u = s.named(idOrName)
		}
		if u == nil {
			return
		}
		found, ok = User{
			ID: u.id, Name: u.name, Password: u.password, Administrator: u.flag("IsAdministrator"), Disabled: u.flag("IsDisabled"),
			Hidden: u.flag("IsHidden"), Policy: maps.Clone(u.policy),
		}, true
	})
	return found, ok
}

// Users returns the names of all local users, sorted.
func (s *Server) Users() []string {
	var names []string
	s.locked(func() {
		for _, u := range s.users {
			names = append(names, u.name)
		}
	})
	slices.Sort(names)
	return names
}

// RemoveUser deletes a local user, as another administrator would.
func (s *Server) RemoveUser(id string) {
	s.locked(func() {
		s.endSessions(func(e *session) bool { return e.userID == id })
		delete(s.users, id)
	})
}

// SetPolicy changes a member of a policy, as another administrator would. A member that the
// version does not have is accepted from then on, as if the version were a newer one.
func (s *Server) SetPolicy(id, member, raw string) {
	s.locked(func() {
		if !s.hasPolicy(member) {
			s.extra[member] = true
		}
		s.users[id].policy[member] = json.RawMessage(raw)
		if member == "IsDisabled" && raw == "true" {
			s.endSessions(func(e *session) bool { return e.userID == id })
		}
	})
}

// Token is a token that has not ended.
type Token struct {
	Value, UserID, DeviceID, Device, Client, Version string
	Playing                                          string // the name of the film that is played, or ""
}

// Tokens returns the tokens of a local user that have not ended, the oldest first.
func (s *Server) Tokens(userID string) []Token {
	var list []*session
	s.locked(func() {
		for _, e := range s.sessions {
			if e.userID == userID {
				list = append(list, e)
			}
		}
	})
	slices.SortFunc(list, func(a, b *session) int { return a.created.Compare(b.created) })
	tokens := make([]Token, 0, len(list))
	for _, e := range list {
		tokens = append(tokens, Token{Value: e.token, UserID: e.userID, DeviceID: e.deviceID, Device: e.device, Client: e.client, Version: e.version, Playing: e.playing})
	}
	return tokens
}

// EndSessions ends the tokens of all local users.
func (s *Server) EndSessions() {
	s.locked(func() { s.endSessions(func(*session) bool { return true }) })
}

// Restart loses what Jellyfin keeps in memory: Quick Connect codes, and the sign-ins that
// they led to.
func (s *Server) Restart() {
	s.locked(func() {
		s.codes, s.signed = map[string]*quickConnect{}, map[string]signedIn{}
	})
}

// SetClock replaces the clock.
func (s *Server) SetClock(now func() time.Time) { s.locked(func() { s.now = now }) }

// SetQuickConnect switches Quick Connect on or off.
func (s *Server) SetQuickConnect(on bool) { s.locked(func() { s.quick = on }) }

// SetLegacy switches legacy authorization on or off.
func (s *Server) SetLegacy(on bool) { s.locked(func() { s.legacy = on }) }

// SetID changes the id, as if another server answered.
func (s *Server) SetID(id string) { s.locked(func() { s.id = id }) }

// ID returns the id of the server.
func (s *Server) ID() (id string) {
	s.locked(func() { id = s.id })
	return id
}

// Version returns the version that the server says it has.
func (s *Server) Version() (version string) {
	s.locked(func() { version = s.told })
	return version
}

// SetTold changes what the server says about itself, but not how it behaves: product,
// version, and whether its first setup is finished.
func (s *Server) SetTold(product, version string, ready bool) {
	s.locked(func() { s.product, s.told, s.ready = product, version, ready })
}

// RevokeKey ends [Server.APIKey].
func (s *Server) RevokeKey() { s.locked(func() { delete(s.keys, s.APIKey) }) }

// ShowCode starts Quick Connect as a device would, and returns its code and secret.
func (s *Server) ShowCode(device, deviceID string) (code, secret string) {
	s.locked(func() {
		s.counter++
		q := &quickConnect{
			secret: random(32), code: codeOf(s.counter), device: device, deviceID: deviceID, client: "Test", version: "1", added: s.now(),
		}
		s.codes[q.code] = q
		code, secret = q.code, q.secret
	})
	return code, secret
}

// Approve approves a code as a local user would in their own app.
func (s *Server) Approve(code, userID string) (ok bool) {
	s.locked(func() {
		q, u := s.codes[code], s.users[userID]
		if q == nil || u == nil || q.approved {
			return
		}
		result := s.signIn(u, q)
		s.signed[q.secret], q.approved = signedIn{at: s.now(), result: result}, true
		ok = true
	})
	return ok
}

// Requests returns the requests so far, the oldest first.
func (s *Server) Requests() (seen []Request) {
	s.locked(func() { seen = slices.Clone(s.seen) })
	return seen
}

// Drift returns the drift so far, for a fake without a test.
func (s *Server) Drift() (drift []string) {
	s.locked(func() { drift = slices.Clone(s.drift) })
	return drift
}

// Before runs f once, before the next request of an operation is answered.
func (s *Server) Before(operation string, f func()) { s.locked(func() { s.before[operation] = f }) }
