package jellyfintest

import (
	"cmp"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type session struct {
	token, userID                     string
	device, deviceID, client, version string
	address                           string
	created, lastActivity             time.Time
	playing                           string // the name of the film that is played, or ""
}

type apiKey struct {
	app     string
	created time.Time
}

// quickConnect is a request of Quick Connect, with the code that a device shows.
type quickConnect struct {
	secret, code                      string
	device, deviceID, client, version string
	address                           string // of a device that signs in with a password
	added                             time.Time
	approved                          bool
}

type signedIn struct {
	at     time.Time
	result answer
}

const codeLife = 10 * time.Minute

// signIn makes a token for a user on a device, as Jellyfin does after a password or a code.
// Jellyfin makes only these checks, so that a disabled user gets a token too. An earlier
// token of the same user and device ends.
func (s *Server) signIn(u *user, q *quickConnect) answer {
	if !q.whole() {
		return exception(http.StatusBadRequest)
	}
	if !u.flag("EnableAllDevices") && !slices.Contains(u.list("EnabledDevices"), q.deviceID) {
		return exception(http.StatusForbidden)
	}
	active := 0
	for _, e := range s.sessions {
		if e.userID == u.id {
			active++
		}
	}
	if most := u.number("MaxActiveSessions"); most >= 1 && active >= most {
		return exception(http.StatusForbidden)
	}
	s.endSessions(func(e *session) bool { return e.userID == u.id && e.deviceID == q.deviceID })
	e := &session{
		token: random(16), userID: u.id, device: q.device, deviceID: q.deviceID, client: q.client, version: q.version,
		address: q.address, created: s.now(), lastActivity: s.now(),
	}
	s.sessions[e.token] = e
	u.activ = s.now()
	return answerJSON(object{"User": s.dto(u), "SessionInfo": s.sessionInfo(e), "AccessToken": e.token, "ServerId": s.id})
}

// whole reports whether a device has sent all four values that Jellyfin requires for a
// sign-in.
func (q *quickConnect) whole() bool {
	return q.deviceID != "" && q.device != "" && q.client != "" && q.version != ""
}

// quickConnectOff returns the refusal of everything that needs Quick Connect while it is
// off.
func quickConnectOff() answer { return said(http.StatusUnauthorized, "Quick connect is disabled") }

func (s *Server) endSessions(which func(*session) bool) {
	maps.DeleteFunc(s.sessions, func(_ string, e *session) bool { return which(e) })
}

func (s *Server) byName(x *exchange) answer {
	var ask struct{ Username, Pw string }
	if !x.read(&ask) {
		return exception(http.StatusBadRequest)
	}
	from := request(x.identity)
	if !from.whole() {
		return exception(http.StatusBadRequest)
	}
	from.address, _, _ = net.SplitHostPort(x.RemoteAddr)
	u := s.named(ask.Username)
	switch {
	case u == nil:
		return exception(http.StatusUnauthorized)
	case u.flag("IsDisabled"): // the answer does not tell whether the password is right
		return exception(http.StatusForbidden)
	case u.password != ask.Pw:
		s.countWrong(u)
		return exception(http.StatusUnauthorized)
	}
	u.set("InvalidLoginAttemptCount", 0)
	if !s.takesLegacy {
		u.login = s.now() // 10.11 keeps no time of a sign-in
	}
	return s.signIn(u, from)
}

// countWrong counts a wrong password. When the count reaches the limit of the policy,
// Jellyfin 12 disables the user and ends its tokens. Jellyfin 10.11 counts, too, but never
// disables the user.
func (s *Server) countWrong(u *user) {
	count := u.number("InvalidLoginAttemptCount") + 1
	u.set("InvalidLoginAttemptCount", count)
	if most := u.number("LoginAttemptsBeforeLockout"); s.version == "12" && most >= 1 && count >= most {
		u.set("IsDisabled", true)
		s.endSessions(func(e *session) bool { return e.userID == u.id })
	}
}

// request returns a request of Quick Connect for the device of a header.
func request(identity map[string]string) *quickConnect {
	return &quickConnect{device: identity["Device"], deviceID: identity["DeviceId"], client: identity["Client"], version: identity["Version"]}
}

func (s *Server) quickEnabled(*exchange) answer { return answerJSON(s.quick) }

// forget deletes codes and sign-ins that nobody has fetched for ten minutes.
func (s *Server) forget() {
	oldest := s.now().Add(-codeLife)
	maps.DeleteFunc(s.codes, func(_ string, q *quickConnect) bool { return q.added.Before(oldest) })
	maps.DeleteFunc(s.signed, func(_ string, in signedIn) bool { return in.at.Before(oldest) })
}

func (s *Server) initiate(x *exchange) answer {
	q := request(x.identity)
	if !q.whole() {
		return exception(http.StatusBadRequest)
	}
	if !s.quick {
		return quickConnectOff()
	}
	s.forget()
	s.counter++
	q.secret, q.code, q.added = strings.ToUpper(random(32)), codeOf(s.counter), s.now()
	s.codes[q.code] = q
	return answerJSON(q.dto())
}

// codeOf returns the code of the n-th request: six digits.
func codeOf(n int) string { return strconv.Itoa(100000 + (n*7919)%900000) }

func (q *quickConnect) dto() object {
	return object{
		"Authenticated": q.approved, "Secret": q.secret, "Code": q.code, "DeviceId": q.deviceID, "DeviceName": q.device,
		"AppName": q.client, "AppVersion": q.version, "DateAdded": date(q.added),
	}
}

func (s *Server) quickState(x *exchange) answer {
	if !s.quick {
		return quickConnectOff()
	}
	s.forget()
	for _, q := range s.codes {
		if q.secret == x.ask("secret") {
			return answerJSON(q.dto())
		}
	}
	return said(http.StatusNotFound, "Unknown secret")
}

func (s *Server) authorize(x *exchange) answer {
	u := x.who.user
	// 10.8 ignores the query and takes the user of the token.
	if id := plainID(x.ask("userId")); id != "" && s.version != "10.8" {
		if !x.who.administrator() && (u == nil || u.id != id) {
			return answer{status: http.StatusForbidden}
		}
		u = s.users[id]
	}
	if !s.quick {
		return quickConnectOff()
	}
	s.forget()
	q := s.codes[x.ask("code")]
	if q == nil {
		return exception(http.StatusNotFound)
	}
	if q.approved {
		return exception(http.StatusInternalServerError)
	}
	if u == nil {
		return exception(http.StatusBadRequest)
	}
	q.added = s.now().Add(time.Minute)
	result := s.signIn(u, q)
	if result.status != http.StatusOK {
		return result
	}
	s.signed[q.secret] = signedIn{at: s.now(), result: result}
	q.approved = true
	return answerJSON(true)
}

func (s *Server) withQuickConnect(x *exchange) answer {
	var ask struct{ Secret *string }
	if !x.read(&ask) || ask.Secret == nil {
		return answer{status: http.StatusBadRequest}
	}
	if !s.quick {
		return quickConnectOff()
	}
	s.forget()
	in, ok := s.signed[*ask.Secret]
	if !ok {
		return exception(http.StatusNotFound)
	}
	return in.result
}

func (s *Server) sessionInfo(e *session) object {
	name := ""
	if u := s.users[e.userID]; u != nil {
		name = u.name
	}
	info := object{
		"PlayState":    object{"CanSeek": false, "IsPaused": false, "IsMuted": false, "RepeatMode": "RepeatNone", "PlaybackOrder": "Default"},
		"Capabilities": capabilities(), "Id": plainID(e.token), "UserId": e.userID, "UserName": name, "Client": e.client,
		"LastActivityDate": date(e.lastActivity), "LastPlaybackCheckIn": "0001-01-01T00:00:00.0000000Z", "DeviceName": e.device,
		"DeviceId": e.deviceID, "ApplicationVersion": e.version, "IsActive": true, "SupportsMediaControl": false, "SupportsRemoteControl": false,
		"HasCustomDeviceName": false, "ServerId": s.id, "PlayableMediaTypes": []string{}, "SupportedCommands": []string{},
		"AdditionalUsers": []object{}, "NowPlayingQueue": []object{},
	}
	if e.playing != "" {
		info["NowPlayingItem"] = object{"Name": e.playing, "Type": "Movie", "MediaType": "Video"}
	}
	if e.address != "" { // "" for a device that was signed in by Quick Connect
		info["RemoteEndPoint"] = e.address
	}
	if s.takesLegacy {
		info["NowPlayingQueueFullItems"] = []object{}
	}
	return info
}

func capabilities() object {
	return object{
		"PlayableMediaTypes": []string{}, "SupportedCommands": []string{}, "SupportsMediaControl": false, "SupportsPersistentIdentifier": true,
	}
}

// newest returns the sessions, the newest first.
func (s *Server) newest() []*session {
	list := slices.Collect(maps.Values(s.sessions))
	slices.SortFunc(list, func(a, b *session) int {
		return cmp.Or(b.created.Compare(a.created), strings.Compare(a.token, b.token))
	})
	return list
}

func (s *Server) listSessions(x *exchange) answer {
	list := []object{}
	for _, e := range s.newest() {
		mine := x.who.administrator() || e.userID == x.who.user.id
		if device := x.ask("deviceId"); mine && (device == "" || device == e.deviceID) {
			list = append(list, s.sessionInfo(e))
		}
	}
	return answerJSON(list)
}

func (s *Server) logout(x *exchange) answer {
	delete(s.sessions, x.identity["Token"])
	return noContent()
}

func (s *Server) listDevices(*exchange) answer {
	items := []object{}
	for _, e := range s.newest() {
		items = append(items, object{
			"Name": e.device, "Id": e.deviceID, "LastUserName": s.users[e.userID].name, "AppName": e.client, "AppVersion": e.version,
			"LastUserId": e.userID, "DateLastActivity": date(e.lastActivity), "Capabilities": capabilities(),
		})
	}
	return answerJSON(object{"Items": items, "TotalRecordCount": len(items), "StartIndex": 0})
}

func (s *Server) deleteDevice(x *exchange) answer {
	ids := x.URL.Query()["id"]
	for _, id := range ids {
		if !slices.ContainsFunc(slices.Collect(maps.Values(s.sessions)), func(e *session) bool { return e.deviceID == id }) {
			if s.version == "12" {
				return problem(http.StatusBadRequest)
			}
			return problem(http.StatusNotFound)
		}
	}
	s.endSessions(func(e *session) bool { return slices.Contains(ids, e.deviceID) })
	return noContent()
}
