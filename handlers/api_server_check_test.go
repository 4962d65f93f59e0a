package handlers_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

// The owner reads the results that the agent of the server told. Nobody else reads them.
func TestAPIServerChecks(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	told := map[string]any{"checks": []map[string]any{
		{"name": "key", "state": "ok", "reason": "ok"},
		{"name": "address", "subject": "https://den.example.org", "state": "wrong", "reason": "certificate_expired", "until": "2026-02-01T00:00:00Z"},
		{"name": "a later check", "state": "wrong", "reason": "something"},
	}}
	den.is(den.api(http.MethodPut, v1+"/server/checks", told), http.StatusNoContent, nil)
	var got struct {
		Checks []struct {
			Name, Subject, State, Reason string
			Until                        *time.Time
			Since                        time.Time
		}
		CheckedAt *time.Time `json:"checked_at"`
		AskedAt   *time.Time `json:"asked_at"`
	}
	ann.is(ann.get("/servers/"+den.id+"/checks"), http.StatusOK, &got)
	if len(got.Checks) != 2 || got.Checks[0].Reason != "certificate_expired" || got.Checks[0].Until == nil || got.Checks[1].Until != nil || got.CheckedAt == nil || got.AskedAt != nil {
		t.Errorf("the owner reads %+v, want the certificate first, then the key", got)
	}
	bob.refused(bob.get("/servers/"+den.id+"/checks"), http.StatusNotFound, "not_found")
	bob.refused(bob.api(http.MethodPost, v1+"/servers/"+den.id+"/checks", nil), http.StatusNotFound, "not_found")
	ann.is(ann.api(http.MethodPost, v1+"/servers/"+den.id+"/checks", nil), http.StatusAccepted, nil)
	ann.is(ann.get("/servers/"+den.id+"/checks"), http.StatusOK, &got)
	if got.AskedAt == nil {
		t.Error("the question is not shown, want its time")
	}
	many := make([]map[string]any, 101)
	for i := range many {
		many[i] = map[string]any{"name": "key", "state": "ok", "reason": "ok"}
	}
	den.refused(den.api(http.MethodPut, v1+"/server/checks", map[string]any{"checks": many}), http.StatusUnprocessableEntity, "invalid")
}

// A try goes to a public address only, and names what is wrong at the server itself.
func TestAPITries(t *testing.T) {
	t.Parallel()
	s, ann, bob, den := owners(t)
	id := "0000"
	media := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"Id":"` + id + `"}`)) }))
	t.Cleanup(media.Close)
	s.Config.Outside.Resolve = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("93.184.215.14")}, nil
	}
	s.Config.Outside.Dial = func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", media.Listener.Addr().String())
	}
	s.Config.Outside.Patience = waittest.Patience
	in := facts("den")
	in["addresses"] = []map[string]string{{"kind": "wan", "url": "http://den.example.org"}}
	den.is(den.report(in), http.StatusOK, nil)
	var got struct {
		Tries []struct{ Address, Finding string }
	}
	ann.is(ann.get("/servers/"+den.id+"/tries"), http.StatusOK, &got)
	if len(got.Tries) != 1 || got.Tries[0].Finding != "" {
		t.Errorf("before a try: %+v, want the address alone", got)
	}
	id = "5ed0b3f6"
	ann.is(ann.api(http.MethodPost, v1+"/servers/"+den.id+"/tries", nil), http.StatusOK, &got)
	if len(got.Tries) != 1 || got.Tries[0].Finding != "fine" || got.Tries[0].Address != "http://den.example.org:80" {
		t.Errorf("a try: %+v, want fine", got)
	}
	bob.refused(bob.api(http.MethodPost, v1+"/servers/"+den.id+"/tries", nil), http.StatusNotFound, "not_found")
	s.Config.Outside = nil
	ann.refused(ann.api(http.MethodPost, v1+"/servers/"+den.id+"/tries", nil), http.StatusForbidden, "tries_off")
}

// Every result and every finding has words in every language, and the catalogue has no words for
// other results.
func TestChecksHaveWords(t *testing.T) {
	t.Parallel()
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for name, reasons := range models.CheckReasons() {
		want["check.name."+name] = true
		for _, reason := range reasons {
			want["check."+name+"."+reason] = true
		}
	}
	for _, state := range []string{models.CheckOK, models.CheckWarning, models.CheckWrong, models.CheckUnchecked} {
		want["check.state."+state] = true
	}
	for _, finding := range models.TryFindings() {
		want["try."+finding] = true
	}
	params := map[string]any{"Date": "D", "Version": "V", "Duration": "U", "Megabytes": "M"}
	for _, language := range catalogue.Languages() {
		for key := range want {
			if said := catalogue.Say(language.Code, key, params); said == key || strings.Contains(said, "no value") {
				t.Errorf("%s in %s is %q, want a text in checks.json", key, language.Code, said)
			}
		}
	}
	for _, key := range foundIn(t, "../templates/locales/en/checks.json", `"((?:check|try)\.[a-z_.]+)":`) {
		if base := strings.TrimSuffix(strings.TrimSuffix(key, ".do"), ".until"); !want[base] {
			t.Errorf("nothing says the text %s: remove it", key)
		}
	}
}
