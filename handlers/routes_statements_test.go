package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
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
	ann := s.browser(t)
	ann.signIn(f.ann)
	c := s.counter(t)
	for name, row := range map[string]struct {
		want int
		ask  func() answer
	}{
		"account":           {1, get(own, "/api/v1/account")},
		"user":              {1, get(wire, "/service/user")},
		"servers":           {2, get(wire, "/service/servers")},
		"servers, API":      {2, get(own, "/api/v1/servers")},
		"page of servers":   {4, func() answer { return ann.get("/servers") }},
		"same servers":      {1, again(wire, "/service/servers")},
		"same servers, API": {1, again(own, "/api/v1/servers")},
		"poll":              {1, get(f.program, "/service/pin?"+url.Values{"deviceId": {"tv"}, "pin": {tv.Pin}}.Encode())},
		"unchanged report":  {1, func() answer { return attic.report(facts("loft")) }},
		"exchange":          {2, func() answer { return emby.exchange(f.annAccessKey, f.annID) }}, // the key of the server, and the link
		"feed":              {1, get(attic.program, "/api/v1/server/changes?after=0")},
	} {
		row.ask()
		c.take()
		want := http.StatusOK
		if strings.HasPrefix(name, "same") {
			want = http.StatusNotModified
		}
		if a := row.ask(); a.status != want {
			t.Errorf("%s: status %d %s, want %d", name, a.status, a.body, want)
		}
		if got := c.take(); len(got) != row.want {
			t.Errorf("%s: got %d statements %q, want %d", name, len(got), got, row.want)
		}
	}
}
