package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// A person asks for their servers and the addresses.
func TestAPIServers(t *testing.T) {
	t.Parallel()
	eachBusySite(t, whereAreMyServers)
}

func whereAreMyServers(t *testing.T, s *site) {
	f := newFixture(t, s)
	own := f.as(f.annToken)
	var list struct {
		Servers []struct {
			ID        string
			LinkID    string `json:"link_id"`
			Name      string
			Kind      string
			Type      string
			AccessKey string `json:"access_key"`
			Addresses []struct{ Kind, URL string }
		}
	}
	first := own.api(http.MethodGet, "/api/v1/servers", nil)
	own.is(first, http.StatusOK, &list)
	if len(list.Servers) != 1 || list.Servers[0].ID != f.first.id || list.Servers[0].LinkID != f.accepted ||
		list.Servers[0].AccessKey != f.annAccessKey || list.Servers[0].Kind != "emby" || list.Servers[0].Type != "linked" {
		t.Errorf("list %s, want den as a linked server of Emby's kind with ann's access key", first.body)
	}
	want := []struct{ Kind, URL string }{{"lan", "http://192.168.1.2:8096"}, {"wan", "https://den.example.org:443"}}
	if diff := cmp.Diff(want, list.Servers[0].Addresses); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	tag := first.header.Get("ETag")
	for _, given := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		a := own.with("If-None-Match", given).api(http.MethodGet, "/api/v1/servers", nil)
		if a.status != http.StatusNotModified || a.body != "" || a.header.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d %q, want status %d, no body, ETag %v", given, a.status, a.body, http.StatusNotModified, tag)
		}
	}
	// The tag does not change because time passes and the server sends requests.
	s.Clock.Advance(time.Hour)
	f.is(f.with(serverToken, f.first.key).form(http.MethodGet, "/service/ServerAuthorizations", nil), http.StatusOK, nil)
	if a := own.with("If-None-Match", tag).api(http.MethodGet, "/api/v1/servers", nil); a.status != http.StatusNotModified {
		t.Errorf("after a call of the server: %d, want %d", a.status, http.StatusNotModified)
	}
	own.is(own.api(http.MethodPost, "/api/v1/links/"+f.pending+"/accept", nil), http.StatusNoContent, nil)
	own.is(own.with("If-None-Match", tag).api(http.MethodGet, "/api/v1/servers", nil), http.StatusOK, &list)
	if len(list.Servers) != 2 {
		t.Errorf("%d servers, want 2", len(list.Servers))
	}
	var none struct{ Servers []any }
	bob := f.as(f.bobToken)
	bob.is(bob.api(http.MethodGet, "/api/v1/servers", nil), http.StatusOK, &none)
	if none.Servers == nil || len(none.Servers) != 0 {
		t.Errorf("an empty list is %v, want some servers, no servers", none.Servers)
	}
}

// A list changes when a link ends, although nobody writes anything. Until the link is swept the
// tag is a digest of the answer, which shows correctly whether the list is still the same.
func TestTagsOfAListThatEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f := newFixture(t, s)
	own, wire := f.as(f.annToken), f.with(userToken, f.annToken)
	own.is(own.api(http.MethodPost, "/api/v1/links/"+f.pending+"/accept", nil), http.StatusNoContent, nil)
	end := s.Clock.Now().Add(time.Hour)
	err := s.Store.People.SetTerms(t.Context(), models.ParseID(f.annID), models.ParseID(f.first.id), models.ParseID(f.accepted), models.Terms{EndsAt: &end})
	if err != nil {
		t.Fatal(err)
	}
	tags := map[string]string{}
	ask := func(what string, want int, servers int) {
		t.Helper()
		for path, p := range map[string]*program{"/api/v1/servers": own, "/service/servers": wire} {
			a := p.with("If-None-Match", tags[path]).api(http.MethodGet, path, nil)
			if a.status != want {
				t.Errorf("%s, %s: status %d, want %d", what, path, a.status, want)
			}
			if got := strings.Count(strings.ToLower(a.body), `"name":`); want == http.StatusOK && got != servers {
				t.Errorf("%s, %s: got %d servers, want %d", what, path, got, servers)
			}
			tags[path] = a.header.Get("ETag")
		}
	}
	ask("without a tag", http.StatusOK, 2)
	ask("the same list", http.StatusNotModified, 2)
	s.Clock.Advance(time.Hour)
	ask("a link has ended", http.StatusOK, 1)
	ask("the same list, not swept", http.StatusNotModified, 1)
	if err := s.Store.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask("the first time after the sweep", http.StatusOK, 1)
	ask("the same list after the sweep", http.StatusNotModified, 1)
}
