package handlers_test

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"
)

// counter counts the statements that the store of a site runs.
type counter struct {
	mu   sync.Mutex
	said []string
}

func (s *site) counter(t *testing.T) *counter {
	t.Helper()
	c := &counter{}
	err := s.Store.Observe(func(text string, _ []any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.said = append(c.said, text)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// take returns the statements since the last call.
func (c *counter) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	said := c.said
	c.said = nil
	return said
}

// A request that every television or agent makes all the time runs a fixed number of
// statements, including the look-up of the token. The number may not grow.
func TestHotRoutesRunFewStatements(t *testing.T) {
	t.Parallel()
	eachBusySite(t, countStatements)
}

func countStatements(t *testing.T, s *site) {
	f := newFixture(t, s)
	own, wire := f.as(f.annToken), f.with(userToken, f.annToken)
	get := func(p *program, path string) func() answer {
		return func() answer { return p.api(http.MethodGet, path, nil) }
	}
	again := func(p *program, path string) func() answer {
		return get(p.with("If-None-Match", p.api(http.MethodGet, path, nil).header.Get("ETag")), path)
	}
	var tv struct{ Pin string }
	f.is(f.form(http.MethodPost, "/service/pin", pairs("deviceId", "tv")), http.StatusOK, &tv)
	attic := own.agent("loft")
	emby := agent{f.as(f.first.key), f.first.id}
	ann, eve, guest, nobody := s.browser(t), s.browser(t), s.browser(t), s.browser(t)
	ann.signIn(f.ann)
	eve.signIn(eve.join("eve"))
	guest.signIn(guest.join("gil"))
	own.invite(offer("gil", "linked", attic.id, nil))
	tries := 0
	signIn := func() answer { // on a device that is new each time, so that a mail is owed
		tries++
		return f.post("/sessions", "name_or_email", "eve", "password", goodPassword, "device_name", "App "+strconv.Itoa(tries))
	}
	beat := url.Values{"id": {f.second.id}, "name": {"attic"}, "systemId": {systemIDOf("attic")}, "url": {"https://attic.example.org"}, "localAddress": {"http://192.168.1.2:8096"}}
	c := s.counter(t)
	for name, row := range map[string]struct {
		want int
		ask  func() answer
		code int // 0 for 200
	}{
		"account":           {1, get(own, "/api/v1/account"), 0},
		"user":              {1, get(wire, "/service/user"), 0},
		"servers":           {2, get(wire, "/service/servers"), 0},
		"servers, API":      {2, get(own, "/api/v1/servers"), 0},
		"landing page":      {0, func() answer { return nobody.get("/") }, 0},
		"sign-in page":      {0, func() answer { return nobody.get("/signin") }, 0},
		"page of servers":   {2, func() answer { return eve.get("/servers") }, 0},
		"page, an owner":    {3, func() answer { return ann.get("/servers") }, 0},   // and the servers that the person owns
		"page, a guest":     {3, func() answer { return guest.get("/servers") }, 0}, // and the count of what waits, because there is an invite
		"same servers":      {1, again(wire, "/service/servers"), http.StatusNotModified},
		"same servers, API": {1, again(own, "/api/v1/servers"), http.StatusNotModified},
		"poll":              {1, get(f.program, "/service/pin?"+url.Values{"deviceId": {"tv"}, "pin": {tv.Pin}}.Encode()), 0},
		"unchanged report":  {1, func() answer { return attic.report(facts("loft")) }, 0},
		"unchanged Emby": {2, func() answer {
			return f.with("X-Connect-Token", f.second.key).form(http.MethodPost, "/service/Servers", beat)
		}, 0},
		"exchange":       {2, func() answer { return emby.exchange(f.annAccessKey, f.annID) }, 0}, // the key of the server, and the link
		"feed":           {1, get(attic.program, "/api/v1/server/changes?after=0"), 0},
		"sign-in, new":   {15, signIn, http.StatusCreated},
		"sign-in, known": {18, func() answer { return eve.post("/signin", "name_or_email", "eve", "password", goodPassword) }, http.StatusSeeOther},
	} {
		row.ask()
		c.take()
		if a := row.ask(); a.status != cmp.Or(row.code, http.StatusOK) {
			t.Errorf("%s: status %d %s, want %d", name, a.status, a.body, cmp.Or(row.code, http.StatusOK))
		}
		if got := c.take(); len(got) != row.want {
			t.Errorf("%s: got %d statements %q, want %d", name, len(got), got, row.want)
		}
	}
}
