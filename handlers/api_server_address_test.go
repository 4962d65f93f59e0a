package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAPIAddresses(t *testing.T) {
	t.Parallel()
	_, ann, _, den := owners(t)
	at := "/servers/" + den.id + "/addresses"
	type address struct {
		ID, Kind, URL string
		Hidden        bool
		ByOwner       bool `json:"by_owner"`
	}
	all := func() (list []address, urls string) {
		t.Helper()
		var detail struct{ Addresses []address }
		ann.is(ann.get("/servers/"+den.id), http.StatusOK, &detail)
		var texts []string
		for _, a := range detail.Addresses {
			texts = append(texts, a.URL)
		}
		return detail.Addresses, strings.Join(texts, " ")
	}
	isOrder := func(want string) {
		t.Helper()
		if _, got := all(); got != want {
			t.Errorf("addresses %s, want %s", got, want)
		}
	}
	ann.wrong(ann.post(at, "url", ""), 422, "url", "field_required")
	ann.wrong(ann.post(at, "url", "javascript:alert(1)"), 422, "url", "address_invalid")
	ann.wrong(ann.post(at, "url", "https://den.example.org"), 409, "url", "address_taken")
	ann.wrong(ann.post(at, "url", "https://den.example.org/jellyfin#!/home"), 422, "url", "address_path_invalid")
	var made address
	ann.is(ann.post(at, "url", "https://Den.example.org.//jelly%66in/"), http.StatusCreated, &made)
	if want := "https://den.example.org:443/jellyfin"; made.URL != want {
		t.Errorf("the address with a path became %s, want %s", made.URL, want)
	}
	ann.wrong(ann.post(at, "url", "https://den.example.org/jellyfin"), 409, "url", "address_taken")
	ann.done(ann.put(http.MethodDelete, at+"/"+made.ID, nil))
	ann.is(ann.post(at, "url", "http://Den.lan:8096/"), http.StatusCreated, &made)
	if diff := cmp.Diff(address{ID: made.ID, Kind: "custom", URL: "http://den.lan:8096", ByOwner: true}, made); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	const reported, own = "https://den.example.org:443", "http://den.lan:8096"
	isOrder(reported + " " + own)
	one := at + "/" + made.ID
	change := func(in map[string]any) answer { return ann.put(http.MethodPatch, one, in) }
	ann.wrong(change(map[string]any{}), 422, "hidden", "field_required")
	ann.wrong(change(map[string]any{"move": "left"}), 422, "move", "move_invalid")
	ann.wrong(change(map[string]any{"move": "", "hidden": true}), 422, "move", "move_invalid")
	ann.done(change(map[string]any{"move": "up"}))
	isOrder(own + " " + reported)
	ann.done(change(map[string]any{"move": "up"}))
	isOrder(own + " " + reported)
	ann.done(change(map[string]any{"move": "down", "hidden": true}))
	isOrder(reported + " " + own)
	if list, _ := all(); !list[1].Hidden || list[0].Hidden {
		t.Errorf("hidden: %+v, want hidden true, hidden false", list)
	}
	var this struct{ Addresses []struct{ URL string } }
	den.is(den.get("/server"), http.StatusOK, &this)
	if len(this.Addresses) != 1 || this.Addresses[0].URL != reported {
		t.Errorf("the agent is told %+v, want 1 address, URL %v", this.Addresses, reported)
	}
	ann.done(change(map[string]any{"hidden": false}))
	if list, _ := all(); list[1].Hidden {
		t.Errorf("still hidden: %+v, want hidden false", list)
	}
	ann.done(ann.put(http.MethodDelete, one, nil))
	isOrder(reported)
	for _, id := range []string{made.ID, "1", "x"} {
		ann.refused(ann.put(http.MethodDelete, at+"/"+id, nil), http.StatusNotFound, "not_found")
		ann.refused(ann.put(http.MethodPatch, at+"/"+id, map[string]any{"hidden": true}), http.StatusNotFound, "not_found")
		ann.refused(ann.put(http.MethodPatch, at+"/"+id, map[string]any{"move": "up"}), http.StatusNotFound, "not_found")
	}
	for i := range 39 {
		ann.is(ann.post(at, "url", fmt.Sprintf("http://den%d.lan", i)), http.StatusCreated, nil)
	}
	ann.wrong(ann.post(at, "url", "http://one.too.many"), 422, "url", "address_too_many")
}
