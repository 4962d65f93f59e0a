package jellyfintest

import (
	"net/http"
	"net/url"
	"strings"
)

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

// readParts reads the members of an authorization header as Jellyfin does: quotes open and
// close a value, a comma outside of quotes ends it, the letter case of names counts, and a
// "+" in a value is a blank. The scheme does not matter.
func readParts(header string) map[string]string {
	parts := map[string]string{}
	_, rest, found := strings.Cut(header, " ")
	if !found {
		return parts
	}
	quoted, start, name := false, 0, ""
	add := func(end int) {
		if start < end {
			value := strings.Trim(rest[start:end], `"`)
			if decoded, err := url.QueryUnescape(value); err == nil {
				value = decoded
			}
			parts[name] = value
			name = ""
		}
	}
	for i := range len(rest) {
		switch {
		case rest[i] == '"':
			quoted = !quoted
		case rest[i] == ',' && !quoted:
			add(i)
			start = i + 1
		case rest[i] == '=' && !quoted:
			name = strings.TrimSpace(rest[start:i])
			start = i + 1
		}
	}
	add(len(rest))
	return parts
}

// identify reads the device and the token of a request, in the ways that this version
// accepts.
func (s *Server) identify(r *http.Request) map[string]string {
	header := r.Header.Get("Authorization")
	if header == "" && s.legacy {
		header = r.Header.Get("X-Emby-Authorization")
	}
	scheme, _, _ := strings.Cut(header, " ")
	parts := map[string]string{}
	if strings.EqualFold(scheme, "MediaBrowser") || s.legacy && strings.EqualFold(scheme, "Emby") {
		parts = readParts(header)
	}
	query := r.URL.Query()
	others := []string{query.Get("ApiKey")}
	if s.legacy {
		others = []string{r.Header.Get("X-Emby-Token"), r.Header.Get("X-MediaBrowser-Token"), query.Get("ApiKey"), query.Get("api_key")}
	}
	for _, token := range others {
		if parts["Token"] == "" {
			parts["Token"] = token
		}
	}
	return parts
}

// authenticate returns the sender of a request. A disabled local user counts as an unknown
// sender.
func (s *Server) authenticate(identity map[string]string) principal {
	token := identity["Token"]
	if token == "" {
		return principal{}
	}
	if _, ok := s.keys[token]; ok {
		return principal{key: true}
	}
	session, ok := s.sessions[token]
	if !ok {
		return principal{}
	}
	u := s.users[session.userID]
	if u == nil || u.flag("IsDisabled") {
		return principal{}
	}
	session.lastActivity = s.now()
	return principal{user: u, session: session}
}
