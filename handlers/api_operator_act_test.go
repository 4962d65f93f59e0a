package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
)

// Everything that the console does is in the API, too.
func TestAPIOperatesEverything(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(h *handlers.Server) {
		h.Version = "1.4.0-test"
		h.Settings = []handlers.Setting{{Name: "secret-key", Value: "••••", Origin: "file"}}
		h.WriteMail = func(l models.Letter) (string, string, error) { return "A subject", "A text with " + l.Secret, nil }
	})
	s.browser(t).join("bob")
	s.browser(t).join("rita")
	op := s.program(t).operator("rita")
	act := func(method, path string) answer { return op.api(method, v1+"/operator"+path, nil) }
	var overview struct {
		Version  string
		Accounts int
		Days     []struct{ Date string }
	}
	op.is(op.get("/operator/overview"), http.StatusOK, &overview)
	if overview.Version != "1.4.0-test" || overview.Accounts != 2 || len(overview.Days) != 30 || overview.Days[29].Date != "2026-03-04" {
		t.Errorf("the overview is %+v, want two accounts and 30 days", overview)
	}
	if settings := op.get("/operator/settings"); !strings.Contains(settings.body, `{"name":"secret-key","value":"••••","origin":"file","changeable":false}`) {
		t.Errorf("the settings are %s", settings.body)
	}
	if state := op.get("/operator/health"); !strings.Contains(state.body, `"name":"reader"`) {
		t.Errorf("the health is %s, want how this request arrived", state.body)
	}
	var accounts struct{ Items []struct{ ID string } }
	op.is(op.get("/operator/accounts?prefix=bob&state=active"), http.StatusOK, &accounts)
	op.wrong(op.get("/operator/accounts?state=x"), 422, "state", "parameter_invalid")
	bob := "/accounts/" + accounts.Items[0].ID
	for _, path := range []string{"/unlock", "/send-reset", "/end-sessions"} {
		op.done(act(http.MethodPost, bob+path))
	}
	op.refused(act(http.MethodPost, bob+"/confirm"), http.StatusGone, "token_expired")
	op.done(act(http.MethodPut, bob+"/operator"))
	op.done(act(http.MethodDelete, bob+"/operator"))
	op.is(op.get("/operator/accounts?state=operators"), http.StatusOK, &accounts)
	rita := "/accounts/" + accounts.Items[0].ID
	op.refused(act(http.MethodDelete, rita+"/operator"), http.StatusConflict, "last_operator")
	op.refused(act(http.MethodPost, rita+"/disable"), http.StatusConflict, "operator_self")

	var mails struct {
		Items []struct{ ID, Kind, State string }
	}
	op.is(op.get("/operator/mails?state=waiting"), http.StatusOK, &mails)
	mail := "/mails/"
	for _, one := range mails.Items {
		if one.Kind == "password_reset" {
			mail += one.ID
		}
	}
	if shown := op.get("/operator" + mail); !strings.Contains(shown.body, `"recipient":"bob@example.org","subject":"A subject","text":"A text with left-out"`) {
		t.Errorf("the mail is %s", shown.body)
	}
	op.done(act(http.MethodPost, mail+"/retry"))
	op.done(act(http.MethodDelete, mail))
	op.refused(act(http.MethodDelete, mail), http.StatusNotFound, "not_found")

	op.wrong(op.get("/operator/throttles"), 422, "subject", "subject_missing")
	for _, path := range []string{"/operator/throttles?subject=192.0.2.1", "/operator" + bob + "/throttles"} {
		if none := op.get(path); none.body != `{"throttles":[]}` {
			t.Errorf("%s: %s, want none", path, none.body)
		}
	}
	op.done(op.api(http.MethodPost, v1+"/operator/throttles/lift", map[string]any{"subject": "bob"}))
	op.wrong(op.api(http.MethodPost, v1+"/operator/throttles/lift", map[string]any{"subject": " "}), 422, "subject", "subject_missing")

	op.done(act(http.MethodDelete, bob))
	var acts struct {
		Items []struct {
			Kind, By  string
			AccountID *string `json:"account_id"`
		}
	}
	op.is(op.get("/operator/acts?limit=2"), http.StatusOK, &acts)
	if len(acts.Items) != 2 || acts.Items[0].Kind != "account_deleted" || acts.Items[0].By != "rita" || acts.Items[0].AccountID != nil ||
		acts.Items[1].Kind != "throttle_lifted" {
		t.Errorf("the acts are %+v, want the deletion and the lifting by rita", acts.Items)
	}
}
