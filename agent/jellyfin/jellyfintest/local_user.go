package jellyfintest

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

type user struct {
	id, name     string
	password     string
	policy       map[string]json.RawMessage
	login, activ time.Time
	image        []byte
	imageKind    string
}

func (u *user) flag(name string) bool { return string(u.policy[name]) == "true" }

func (u *user) number(name string) int {
	var n int
	_ = json.Unmarshal(u.policy[name], &n)
	return n
}

// set sets a member of the policy.
func (u *user) set(name string, value any) {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err) // a fault of the fake
	}
	u.policy[name] = raw
}

// hours returns the hours in which the user is let in. An empty list means always.
func (u *user) hours() []schedule {
	var list []schedule
	_ = json.Unmarshal(u.policy["AccessSchedules"], &list)
	return list
}

func (u *user) list(name string) []string {
	var list []string
	_ = json.Unmarshal(u.policy[name], &list)
	return list
}

// defaults returns the values that Jellyfin gives to members of a policy that a request
// leaves out.
func (s *Server) defaults() map[string]json.RawMessage {
	policy := map[string]json.RawMessage{}
	for name, member := range s.schemas["UserPolicy"].Value.Properties {
		kind, nullable := member.Value.Type, member.Value.PermitsNull()
		switch {
		case kind.Is("boolean") && !nullable:
			policy[name] = json.RawMessage("true")
		case kind.Is("array"):
			policy[name] = json.RawMessage("[]")
		case kind.Is("integer") && !nullable:
			policy[name] = json.RawMessage("0")
		}
	}
	for _, name := range []string{
		"IsAdministrator", "IsDisabled", "EnableContentDeletion", "ForceRemoteSourceTranscoding", "EnableRemoteControlOfOtherUsers",
		"EnableCollectionManagement", "EnableSubtitleManagement", "EnableLyricManagement",
	} {
		policy[name] = json.RawMessage("false")
	}
	policy["LoginAttemptsBeforeLockout"] = json.RawMessage("-1")
	policy["SyncPlayAccess"] = json.RawMessage(`"CreateAndJoinGroups"`)
	return policy
}

// hasPolicy reports whether policies of this version have a member.
func (s *Server) hasPolicy(member string) bool {
	return s.schemas["UserPolicy"].Value.Properties[member] != nil
}

// add makes a user as Jellyfin does: hidden, and with all libraries. The first user may
// also delete media and control the devices of others, because the setup wizard makes it.
func (s *Server) add(name, password string) *user {
	u := &user{id: random(16), name: name, password: password, policy: s.defaults()}
	u.set("IsHidden", true)
	u.set("EnableLiveTvManagement", false)
	for _, name := range []string{"EnableContentDeletion", "EnableRemoteControlOfOtherUsers"} {
		u.set(name, len(s.order) == 0)
	}
	u.policy["AuthenticationProviderId"] = json.RawMessage(`"Jellyfin.Server.Implementations.Users.DefaultAuthenticationProvider"`)
	u.policy["PasswordResetProviderId"] = json.RawMessage(`"Jellyfin.Server.Implementations.Users.DefaultPasswordResetProvider"`)
	s.users[u.id] = u
	s.order = append(s.order, u.id)
	return u
}

func (s *Server) named(name string) *user {
	for _, u := range s.users {
		if strings.EqualFold(u.name, name) {
			return u
		}
	}
	return nil
}

func (s *Server) dto(u *user) object {
	dto := object{
		"Name": u.name, "ServerId": s.id, "Id": u.id, "EnableAutoLogin": false, "LastLoginDate": date(u.login), "LastActivityDate": date(u.activ),
		"Policy": maps.Clone(u.policy), "Configuration": configuration(),
	}
	has := u.password != "" || s.version == "12" // version 12 says so about everybody
	dto["HasPassword"], dto["HasConfiguredPassword"], dto["HasConfiguredEasyPassword"] = has, has, false
	if u.image != nil {
		dto["PrimaryImageTag"] = "0123456789abcdef0123456789abcdef"
	}
	return dto
}

func configuration() object {
	return object{
		"PlayDefaultAudioTrack": true, "SubtitleLanguagePreference": "", "DisplayMissingEpisodes": false, "GroupedFolders": []string{},
		"SubtitleMode": "Default", "DisplayCollectionsView": false, "EnableLocalPassword": false, "OrderedViews": []string{},
		"LatestItemsExcludes": []string{}, "MyMediaExcludes": []string{}, "HidePlayedInLatest": true, "RememberAudioSelections": true,
		"RememberSubtitleSelections": true, "EnableNextEpisodeAutoPlay": true, "CastReceiverId": "F007D354",
	}
}

func (s *Server) listed(pick func(*user) bool) answer {
	list := []object{}
	for _, id := range s.order {
		if u := s.users[id]; u != nil && pick(u) {
			list = append(list, s.dto(u))
		}
	}
	slices.SortFunc(list, func(a, b object) int { return strings.Compare(a["Name"].(string), b["Name"].(string)) })
	return answerJSON(list)
}

func (s *Server) listUsers(x *exchange) answer {
	fits := func(u *user, name, member string) bool {
		wanted := strings.ToLower(x.ask(name))
		return wanted == "" || u.flag(member) == (wanted == "true")
	}
	return s.listed(func(u *user) bool { return fits(u, "isHidden", "IsHidden") && fits(u, "isDisabled", "IsDisabled") })
}

func (s *Server) listPublic(*exchange) answer {
	return s.listed(func(u *user) bool { return !u.flag("IsHidden") && !u.flag("IsDisabled") })
}

func (s *Server) me(x *exchange) answer {
	if x.who.user == nil {
		return problem(http.StatusBadRequest)
	}
	return answerJSON(s.dto(x.who.user))
}

func (s *Server) getUser(x *exchange) answer {
	u := s.users[plainID(x.params["userId"])]
	if u == nil {
		return said(http.StatusNotFound, "User not found")
	}
	return answerJSON(s.dto(u))
}

// updateUser changes the name of a user. It ignores all other members of the request.
func (s *Server) updateUser(x *exchange) answer {
	id := plainID(x.ask("userId"))
	if id == "" && x.who.user != nil {
		id = x.who.user.id
	}
	u := s.users[id]
	if u == nil {
		return problem(http.StatusNotFound)
	}
	if !x.who.administrator() && x.who.user != u {
		return said(http.StatusForbidden, "User update not allowed.")
	}
	var ask struct{ Name string }
	if !x.read(&ask) || !s.mayBeNamed(ask.Name, u) {
		return exception(http.StatusBadRequest)
	}
	u.name = ask.Name
	return noContent()
}

// mayBeNamed reports whether the user u may have a name; u is nil for a new user.
func (s *Server) mayBeNamed(name string, u *user) bool {
	if strings.TrimSpace(name) != name || !allowedName.MatchString(name) || s.version == "12" && strings.Trim(name, ".") == "" {
		return false
	}
	other := s.named(name)
	return other == nil || other == u
}

var allowedName = regexp.MustCompile(`^[\p{L}\p{Mn}\p{Nd}\p{Pc} \-'._@+]+$`)

func (s *Server) createUser(x *exchange) answer {
	var ask struct{ Name, Password *string }
	if !x.read(&ask) || ask.Name == nil || *ask.Name == "" {
		return invalid(object{"Name": []string{"The Name field is required."}})
	}
	if !s.mayBeNamed(*ask.Name, nil) {
		return exception(http.StatusBadRequest)
	}
	u := s.add(*ask.Name, "")
	a := answerJSON(s.dto(u)) // the answer is made before the password is set
	if ask.Password != nil {
		u.password = *ask.Password
	}
	return a
}

func (s *Server) updatePolicy(x *exchange) answer {
	var policy map[string]json.RawMessage
	if !x.read(&policy) {
		return problem(http.StatusBadRequest)
	}
	missing := object{}
	for _, name := range []string{"PasswordResetProviderId", "AuthenticationProviderId"} {
		if policy[name] == nil {
			missing[name] = []string{"The " + name + " field is required."}
		}
	}
	if len(missing) > 0 {
		return invalid(missing)
	}
	u := s.users[plainID(x.params["userId"])]
	if u == nil {
		return problem(http.StatusNotFound)
	}
	whole := s.stored(u, policy)
	next := &user{policy: whole}
	switch {
	case u.flag("IsAdministrator") && !next.flag("IsAdministrator") && s.count("IsAdministrator", true) == 1:
		return said(http.StatusForbidden, "There must be at least one user in the system with administrative access.")
	case u.flag("IsAdministrator") && next.flag("IsDisabled"):
		return said(http.StatusForbidden, "Administrators cannot be disabled.")
	case next.flag("IsDisabled") && !u.flag("IsDisabled"):
		if s.count("IsDisabled", false) == 1 {
			return said(http.StatusForbidden, "There must be at least one enabled user in the system.")
		}
		s.endSessions(func(e *session) bool { return e.userID == u.id && e.token != x.identity["Token"] })
	}
	u.policy = whole
	return noContent()
}

func (s *Server) count(flag string, value bool) int {
	n := 0
	for _, u := range s.users {
		if u.flag(flag) == value {
			n++
		}
	}
	return n
}

func (s *Server) updatePassword(x *exchange) answer {
	id := plainID(x.params["userId"])
	if id == "" {
		id = plainID(x.ask("userId"))
	}
	if id == "" && x.who.user != nil {
		id = x.who.user.id
	}
	if !x.who.administrator() && x.who.user.id != id {
		return said(http.StatusForbidden, "User is not allowed to update the password.")
	}
	u := s.users[id]
	if u == nil {
		return said(http.StatusNotFound, "User not found")
	}
	var ask struct {
		CurrentPw, NewPw string
		ResetPassword    bool
	}
	if !x.read(&ask) {
		return said(http.StatusForbidden, "Invalid user or password entered.")
	}
	if ask.ResetPassword {
		u.password = ""
		return noContent()
	}
	if (!x.who.administrator() || x.who.user == u) && ask.CurrentPw != u.password {
		return said(http.StatusForbidden, "Invalid user or password entered.")
	}
	u.password = ask.NewPw
	s.endSessions(func(e *session) bool { return e.userID == u.id && e.token != x.identity["Token"] })
	return noContent()
}

func (s *Server) deleteUser(x *exchange) answer {
	u := s.users[plainID(x.params["userId"])]
	switch {
	case u == nil:
		return problem(http.StatusNotFound)
	case len(s.users) == 1:
		return exception(http.StatusInternalServerError)
	case u.flag("IsAdministrator") && s.count("IsAdministrator", true) == 1:
		return exception(http.StatusBadRequest)
	}
	s.endSessions(func(e *session) bool { return e.userID == u.id })
	delete(s.users, u.id)
	return noContent()
}

// pictured returns the user whose picture a request is about. The query names the user; if
// it does not, the user is the caller.
func (s *Server) pictured(x *exchange) *user {
	id := plainID(x.ask("userId"))
	if id == "" && x.who.user != nil {
		id = x.who.user.id
	}
	return s.users[id]
}

func (s *Server) getImage(x *exchange) answer {
	u := s.pictured(x)
	if u == nil || u.image == nil {
		return problem(http.StatusNotFound)
	}
	return answer{status: http.StatusOK, kind: u.imageKind, body: u.image}
}

func (s *Server) postImage(x *exchange) answer {
	u := s.pictured(x)
	if u == nil {
		return problem(http.StatusNotFound)
	}
	if !x.who.administrator() && x.who.user != u {
		return problem(http.StatusForbidden)
	}
	if !strings.HasPrefix(x.Header.Get("Content-Type"), "image/") {
		return said(http.StatusBadRequest, "Incorrect ContentType.")
	}
	raw, err := base64.StdEncoding.DecodeString(string(x.body))
	if err != nil {
		return exception(http.StatusBadRequest)
	}
	u.image, u.imageKind = raw, x.Header.Get("Content-Type")
	return noContent()
}

func (s *Server) deleteImage(x *exchange) answer {
	u := s.pictured(x)
	if u == nil || !x.who.administrator() && x.who.user != u {
		return problem(http.StatusForbidden)
	}
	u.image = nil
	return noContent()
}
