package jellyfintest

import (
	"net/http"
	"slices"
	"strings"
)

// Message is a text that was sent to the device of a local user.
type Message struct {
	UserID, DeviceID, Header, Text string
	TimeoutMs                      int // 0 without a time
}

// Messages returns the messages so far, the oldest first.
func (s *Server) Messages() (sent []Message) {
	s.locked(func() { sent = slices.Clone(s.messages) })
	return sent
}

// Play plays a film on the device with a token, or ends it if the name of the film is "".
func (s *Server) Play(token, film string) {
	s.locked(func() { s.sessions[token].playing = film })
}

// commanded returns the session that a command is for, or nil.
func (s *Server) commanded(x *exchange) *session {
	for _, e := range s.sessions {
		if plainID(e.token) == x.params["sessionId"] {
			return e
		}
	}
	return nil
}

// sendMessage accepts a text for a session, whether or not its device can show one.
func (s *Server) sendMessage(x *exchange) answer {
	var ask struct {
		Header, Text string
		TimeoutMs    int
	}
	if !x.read(&ask) || ask.Text == "" {
		return invalid(object{"Text": []string{"The Text field is required."}})
	}
	e := s.commanded(x)
	if e == nil {
		return exception(http.StatusNotFound)
	}
	s.messages = append(s.messages, Message{UserID: e.userID, DeviceID: e.deviceID, Header: ask.Header, Text: ask.Text, TimeoutMs: ask.TimeoutMs})
	return noContent()
}

// sendPlaystate accepts a command for the player of a session. Stop ends the film at once.
func (s *Server) sendPlaystate(x *exchange) answer {
	e := s.commanded(x)
	if e == nil {
		return exception(http.StatusNotFound)
	}
	if strings.EqualFold(x.params["command"], "Stop") {
		e.playing = ""
	}
	return noContent()
}

// filters answers with the values by which lists of films can be filtered. An API key sees all
// films, and everything here is a film.
func (s *Server) filters(x *exchange) answer {
	u, ok := x.viewer(s)
	if !ok {
		return problem(http.StatusNotFound)
	}
	tags, ratings := []string{}, []string{}
	add := func(list []string, entry string) []string {
		if entry == "" || slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(entry, other) }) {
			return list
		}
		return append(list, entry)
	}
	kinds := x.URL.Query()["includeItemTypes"]
	films := len(kinds) == 0 || slices.Contains(kinds, "Movie")
	for _, l := range s.folders {
		for _, f := range l.films {
			if sees := u == nil || u.mayOpen(&l) && u.maySee(&f); !sees || !films {
				continue
			}
			ratings = add(ratings, f.rating)
			for _, tag := range f.tags {
				tags = add(tags, tag)
			}
		}
	}
	slices.Sort(tags)
	slices.Sort(ratings)
	return answerJSON(object{"Genres": []string{}, "Tags": tags, "OfficialRatings": ratings, "Years": []int{}})
}
