package embytest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// user is a local user of the fake.
type user struct {
	id, name, password string
	policy             object
	created, lastLogin time.Time
}

func (u *user) flag(name string) bool {
	is, _ := u.policy[name].(bool)
	return is
}

// newPolicy returns the policy that a new local user has: everything is allowed except to administer
// and to delete.
func newPolicy() object {
	policy := object{
		"AccessSchedules": []any{}, "BlockUnratedItems": []any{}, "BlockedMediaFolders": []any{}, "BlockedTags": []any{}, "EnabledChannels": []any{},
		"EnabledDevices": []any{}, "EnabledFolders": []any{}, "EnableContentDeletionFromFolders": []any{}, "ExcludedSubFolders": []any{},
		"IncludeTags": []any{}, "RestrictedFeatures": []any{},
		"AuthenticationProviderId": "Emby.Server.Implementations.Library.DefaultAuthenticationProvider",
		"InvalidLoginAttemptCount": 0, "LockedOutDate": 0, "RemoteClientBitrateLimit": 0, "SimultaneousStreamLimit": 0,
	}
	for _, name := range []string{
		"AllowCameraUpload", "EnableAllChannels", "EnableAllDevices", "EnableAllFolders", "EnableAudioPlaybackTranscoding", "EnableContentDownloading",
		"EnableLiveTvAccess", "EnableMediaConversion", "EnableMediaPlayback", "EnablePlaybackRemuxing", "EnablePublicSharing", "EnableRemoteAccess",
		"EnableSharedDeviceControl", "EnableSyncTranscoding", "EnableUserPreferenceAccess", "EnableVideoPlaybackTranscoding", "IsHiddenRemotely",
	} {
		policy[name] = true
	}
	for _, name := range []string{
		"AllowSharingPersonalItems", "AllowTagOrRating", "EnableContentDeletion", "EnableLiveTvManagement", "EnableRemoteControlOfOtherUsers",
		"EnableSubtitleDownloading", "EnableSubtitleManagement", "IsAdministrator", "IsDisabled", "IsHidden", "IsHiddenFromUnusedDevices",
		"IsTagBlockingModeInclusive",
	} {
		policy[name] = false
	}
	return policy
}

// AddUser adds a local user and returns the id. A local user with an empty password has none.
func (s *Server) AddUser(name, password string, administrator bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.newUser(name)
	u.password = password
	u.policy["IsAdministrator"] = administrator
	return u.id
}

func (s *Server) newUser(name string) *user {
	u := &user{id: random(), name: name, policy: newPolicy(), created: s.now()}
	s.users[u.id] = u
	s.order = append(s.order, u.id)
	return u
}

// SetPolicy changes members of the policy of a local user, as an administrator does in the dashboard.
func (s *Server) SetPolicy(id string, members map[string]any) {
	s.locked(func() {
		maps.Copy(s.users[id].policy, members)
		if !s.keepTokens && s.users[id].flag("IsDisabled") {
			s.endTokens(id)
		}
	})
}

// Policy returns the policy of a local user, or nil if there is no such local user.
func (s *Server) Policy(id string) (policy map[string]any) {
	s.locked(func() {
		if u := s.users[id]; u != nil {
			raw, _ := json.Marshal(u.policy)
			_ = json.Unmarshal(raw, &policy)
		}
	})
	return policy
}

// Named returns the ids of the local users whose names begin with a text.
func (s *Server) Named(prefix string) (ids []string) {
	s.locked(func() {
		for _, id := range s.order {
			if strings.HasPrefix(s.users[id].name, prefix) {
				ids = append(ids, id)
			}
		}
	})
	return ids
}

// Password returns the password of a local user.
func (s *Server) Password(id string) (password string) {
	s.locked(func() {
		if u := s.users[id]; u != nil {
			password = u.password
		}
	})
	return password
}

// SetPassword gives a local user another password, as the local user can do in an app.
func (s *Server) SetPassword(id, password string) {
	s.locked(func() { s.users[id].password = password })
}

// RemoveUser deletes a local user, as an administrator does in the dashboard.
func (s *Server) RemoveUser(id string) { s.locked(func() { s.remove(id) }) }

func (s *Server) remove(id string) {
	delete(s.users, id)
	s.order = slices.DeleteFunc(s.order, func(other string) bool { return other == id })
	s.endTokens(id)
}

func (s *Server) byID(x *exchange) *user { return s.users[strings.ToLower(x.params["Id"])] }

func (s *Server) dto(u *user) object {
	dto := object{
		"Id": u.id, "Name": u.name, "ServerId": s.id, "HasPassword": u.password != "", "HasConfiguredPassword": u.password != "",
		"DateCreated": date(u.created), "Policy": u.policy, "Configuration": object{"PlayDefaultAudioTrack": true, "ResumeRewindSeconds": 0},
	}
	if !u.lastLogin.IsZero() {
		dto["LastLoginDate"], dto["LastActivityDate"] = date(u.lastLogin), date(u.lastLogin)
	}
	return dto
}

func (s *Server) listUsers(*exchange) answer {
	items := []object{}
	for _, id := range s.order {
		items = append(items, s.dto(s.users[id]))
	}
	return answerJSON(object{"Items": items, "TotalRecordCount": len(items)})
}

func (s *Server) listPublic(*exchange) answer {
	items := []object{}
	for _, id := range s.order {
		if u := s.users[id]; !u.flag("IsHidden") && !u.flag("IsDisabled") {
			items = append(items, s.dto(u))
		}
	}
	return answerJSON(items)
}

func (s *Server) getUser(x *exchange) answer {
	u := s.byID(x)
	if u == nil {
		return refusal(http.StatusNotFound)
	}
	return answerJSON(s.dto(u))
}

// nameTaken reports whether a local user other than except has a name.
func (s *Server) nameTaken(name, except string) bool {
	for id, u := range s.users {
		if id != except && strings.EqualFold(u.name, name) {
			return true
		}
	}
	return false
}

// named is a body that has a name.
type named struct {
	Name string `json:"Name"`
}

func (s *Server) createUser(x *exchange) answer {
	var in named
	if json.Unmarshal(x.body, &in) != nil || strings.TrimSpace(in.Name) == "" || s.nameTaken(in.Name, "") {
		return refusal(http.StatusBadRequest)
	}
	return answerJSON(s.dto(s.newUser(in.Name)))
}

// updateUser changes the name of a local user. The policy in the body does not count, as in Emby's own
// dashboard, which sends it in a call of its own.
func (s *Server) updateUser(x *exchange) answer {
	u := s.byID(x)
	if u == nil {
		return refusal(http.StatusNotFound)
	}
	var in named
	switch {
	case !x.who.administrator() && x.who.user != u:
		return refusal(http.StatusForbidden)
	case json.Unmarshal(x.body, &in) != nil, strings.TrimSpace(in.Name) == "", s.nameTaken(in.Name, u.id):
		return refusal(http.StatusBadRequest)
	}
	u.name = in.Name
	return answer{status: http.StatusOK}
}

func (s *Server) updatePassword(x *exchange) answer {
	u := s.byID(x)
	if u == nil {
		return refusal(http.StatusNotFound)
	}
	var in struct {
		NewPw         string `json:"NewPw"`
		ResetPassword bool   `json:"ResetPassword"`
	}
	switch {
	case json.Unmarshal(x.body, &in) != nil:
		return refusal(http.StatusBadRequest)
	case !x.who.administrator():
		return refusal(http.StatusForbidden)
	case in.ResetPassword:
		in.NewPw = ""
	}
	u.password = in.NewPw
	if !s.keepTokens {
		s.endTokens(u.id)
	}
	return answer{status: http.StatusOK}
}

// updatePolicy replaces the policy as a whole. Members that the body lacks get their defaults.
func (s *Server) updatePolicy(x *exchange) answer {
	u := s.byID(x)
	if u == nil {
		return refusal(http.StatusNotFound)
	}
	in := object{}
	if json.Unmarshal(x.body, &in) != nil {
		return refusal(http.StatusBadRequest)
	}
	policy := newPolicy()
	for name, value := range in {
		if value == nil {
			delete(policy, name)
			continue
		}
		policy[name] = value
	}
	u.policy = policy
	if !s.keepTokens && u.flag("IsDisabled") {
		s.endTokens(u.id)
	}
	return answer{status: http.StatusOK}
}

func (s *Server) deleteUser(x *exchange) answer {
	u := s.byID(x)
	if u == nil {
		return refusal(http.StatusNotFound)
	}
	s.remove(u.id)
	return answer{status: http.StatusOK}
}
