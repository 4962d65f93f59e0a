package handlers_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models/modelstest"
)

func TestAPIReport(t *testing.T) {
	t.Parallel()
	_, ann, _, den := owners(t)
	report := func(change func(map[string]any)) answer {
		in := facts("den")
		change(in)
		return den.report(in)
	}
	isChanged := func(want bool, a answer) {
		t.Helper()
		var got struct {
			Changed bool
			SeenAs  string `json:"seen_as"`
		}
		den.is(a, http.StatusOK, &got)
		if got.Changed != want || got.SeenAs != "127.0.0.1" {
			t.Errorf("%s, want changed %t", a.body, want)
		}
	}
	for _, step := range []struct {
		run  string
		want bool
	}{{"one", false}, {"one", false}, {"two", true}, {"two", false}} {
		var got struct {
			AnotherRun bool `json:"another_run"`
		}
		a := report(func(in map[string]any) { in["run"] = step.run })
		if den.is(a, http.StatusOK, &got); got.AnotherRun != step.want {
			t.Errorf("the run %s: %s, want another_run %t", step.run, a.body, step.want)
		}
	}
	none := func(map[string]any) {}
	isChanged(false, report(none))
	isChanged(true, report(func(in map[string]any) { in["version"] = "2" }))
	isChanged(true, report(none))
	isChanged(true, report(func(in map[string]any) {
		in["libraries"] = []map[string]any{{"id": "l1", "name": "Movies"}}
		in["addresses"] = []map[string]string{{"kind": "lan", "url": "http://192.168.1.9:8096"}}
	}))
	var detail struct {
		Addresses []struct{ URL string }
		Libraries []struct{ Name string }
	}
	ann.is(ann.get("/servers/"+den.id), http.StatusOK, &detail)
	if len(detail.Libraries) != 1 || detail.Libraries[0].Name != "Movies" || len(detail.Addresses) != 1 || detail.Addresses[0].URL != "http://192.168.1.9:8096" {
		t.Errorf("%+v, want 1 library, name Movies, 1 address, URL http://192.168.1.9:8096", detail)
	}
	address := func(kind, text string) func(map[string]any) {
		return func(in map[string]any) { in["addresses"] = []map[string]string{{"kind": kind, "url": text}} }
	}
	for _, tt := range []struct {
		change      func(map[string]any)
		field, code string
	}{
		{func(in map[string]any) { in["name"] = " " }, "name", "server_name_invalid"},
		{func(in map[string]any) { in["system_id"] = "" }, "system_id", "system_id_invalid"},
		{address("wan", "javascript:1"), "addresses[0].url", "address_invalid"},
		{address("lan", "http://192.168.1.9:8096/emby/%2e%2e"), "addresses[0].url", "address_path_invalid"},
		{address("custom", "https://den.example.org"), "addresses[0].kind", "address_kind_invalid"},
		{func(in map[string]any) { in["addresses"] = make([]map[string]string, 21) }, "addresses", "address_too_many"},
		{func(in map[string]any) { in["local_users"] = []map[string]any{{"id": "a"}, {"id": "a"}} }, "local_users", "local_users_invalid"},
		{func(in map[string]any) { in["local_users"] = []map[string]any{{"id": strings.Repeat("a", 129)}} }, "local_users", "local_users_invalid"},
		{func(in map[string]any) { in["libraries"] = []map[string]any{{"id": "", "name": "x"}} }, "libraries", "libraries_invalid"},
	} {
		den.wrong(report(tt.change), 422, tt.field, tt.code)
	}
	many := func(n int) func(map[string]any) {
		return func(in map[string]any) {
			var users []map[string]any
			for i := range n {
				users = append(users, map[string]any{"id": fmt.Sprintf("%064d", i), "name": fmt.Sprintf("User number %d", i)})
			}
			in["local_users"] = users
		}
	}
	isChanged(true, report(many(5000)))
	den.wrong(report(many(5001)), 422, "local_users", "local_users_invalid")
	if got := ann.localUsers(den.id); len(got) != 5000 {
		t.Errorf("%d local users, want 5000 local", len(got))
	}
	den.refused(report(func(in map[string]any) { in["name"] = strings.Repeat("a", 4<<20) }), http.StatusRequestEntityTooLarge, "body_too_large")
	den.refused(den.api(http.MethodPut, v1+"/server/report", map[string]any{"users": 1}), http.StatusBadRequest, "json_invalid")
}

// A report without changes writes nothing: it succeeds while another connection
// holds the lock for writing.
func TestAPIAgentsWriteNothing(t *testing.T) {
	t.Parallel()
	address, clock := modelstest.SQLite(t), modelstest.NewClock()
	s := siteOf(t, modelstest.Open(t, address, clock, modelstest.Unlimited), clock)
	ann := s.program(t).signedUp("ann")
	den := ann.agent("den")
	clock.Advance(time.Hour)
	db, err := sql.Open("sqlite", strings.TrimPrefix(address, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	holder, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }()
	if _, err := holder.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	for range 50 { // a request that wrote would fail: it waits for the lock until its time is over
		den.is(den.report(facts("den")), http.StatusOK, nil)
		den.is(den.get("/server/changes"), http.StatusOK, nil)
		den.is(den.get("/server"), http.StatusOK, nil)
	}
	if _, err := holder.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
}
