package handlers_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
	// A server that only runs does not change the tag.
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
