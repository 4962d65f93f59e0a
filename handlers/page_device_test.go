package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// shows returns the code that a TV shows.
func (s *site) shows(t *testing.T) models.DeviceCode {
	t.Helper()
	code, err := s.Store.Devices.Begin(t.Context(), models.DeviceAsk{
		DeviceID: "tv-1", Client: "Example for TV 4.2", Device: "Living <room>", Door: models.DoorAPI,
	}, models.Caller{Address: "203.0.113.9"})
	if err != nil {
		t.Fatal(err)
	}
	s.plant(code.UserCode, code.DeviceCode)
	return code
}

// types sends a right code to /link and returns the page that it leads to.
func (b *browser) types(code string) answer {
	b.t.Helper()
	b.led(b.post("/link", "user_code", code), "/link/code")
	return b.get("/link/code")
}

func (s *site) exchange(t *testing.T, code models.DeviceCode) (models.SignedIn, error) {
	t.Helper()
	s.Clock.Advance(6 * time.Second)
	return s.Store.Devices.Exchange(t.Context(), code.DeviceCode, models.Caller{Address: "203.0.113.9"})
}

// The page names the device and warns the person; only its button approves
//
func TestLinkADevice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	ann := b.join("ann")
	code := s.shows(t)

	// The code is kept while the person signs in; opening the address with the code
	// approves nothing.
	filled := "/link?user_code=" + code.UserCode
	b.led(b.get(filled), "/signin?return_to="+url.QueryEscape(filled))
	b.led(b.post("/signin", "name_or_email", "ann", "password", ann.password, "return_to", filled), filled, `value="`+code.UserCode+`"`)
	if _, err := s.exchange(t, code); err == nil {
		t.Fatal("opening a link approved a device")
	}

	// The language switch keeps the code.
	back := `name="return_to" value="` + filled + `"`
	b.see(b.get(filled), http.StatusOK, back)
	b.see(b.types(code.UserCode), http.StatusOK, `name="return_to" value="/link/code"`)
	b.led(b.post("/language", "language", "en", "return_to", filled), filled, `value="`+code.UserCode+`"`)

	b.wrong(b.post("/link", "user_code", "BCDF-GHJK"), "user_code")
	b.wrong(b.post("/link", "user_code", ""), "user_code")
	typed := strings.ToLower(strings.ReplaceAll(code.UserCode, "-", " "))
	b.see(b.types(typed), http.StatusOK,
		"Living &lt;room&gt;", "Example for TV 4.2", "203.0.113.9", code.UserCode, "Go on only if you see this code on your own TV right now")
	if _, err := s.exchange(t, code); err == nil {
		t.Fatal("looking approved a device")
	}
	b.led(b.post("/link/approve", "user_code", code.UserCode), "/servers", "signs itself in")
	in, err := s.exchange(t, code)
	if err != nil || in.Session.Username != "" && in.Session.Username != "ann" {
		t.Fatalf("exchange: session %+v with the error %v, want one of ann or none", in.Session, err)
	}
	s.plant(in.Token)
	b.says("/account/sessions", "Living &lt;room&gt;", "by its code.")
	b.wrong(b.post("/link/approve", "user_code", code.UserCode), "user_code")

	refused := s.shows(t)
	b.led(b.post("/link/deny", "user_code", refused.UserCode), "/link", "Refused")
	if _, err := s.exchange(t, refused); err == nil {
		t.Error("a refused device was let in")
	}
}

func TestLinkAsksForThePassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	ann := b.join("ann")
	b.signIn(ann)
	s.Clock.Advance(25 * time.Hour)
	code := s.shows(t)
	filled := "/link?user_code=" + code.UserCode
	b.see(b.types(code.UserCode), http.StatusOK)
	b.led(b.post("/link/approve", "user_code", code.UserCode), "/account/confirm-password?return_to="+url.QueryEscape(filled), "Your password, please")
	if _, err := s.exchange(t, code); err == nil {
		t.Fatal("a device was approved without the password")
	}
	b.led(b.post("/account/confirm-password", "current_password", ann.password, "return_to", filled), filled, "Now go on", `value="`+code.UserCode+`"`)
	b.led(b.post("/link/approve", "user_code", code.UserCode), "/servers")
	if _, err := s.exchange(t, code); err != nil {
		t.Error(err)
	}
}

func TestWrongCodesRunOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	var last answer
	for range 60 {
		if last = b.post("/link", "user_code", "BCDF-GHJK"); last.status != http.StatusUnprocessableEntity {
			break
		}
	}
	b.see(last, http.StatusTooManyRequests, "Please wait", `name="user_code"`)
	if last.header.Get("Retry-After") == "" {
		t.Error("the answer has no Retry-After, want one")
	}
	// The limit also holds for right codes: otherwise the answer would tell which codes are
	// right.
	b.see(b.post("/link", "user_code", s.shows(t).UserCode), http.StatusTooManyRequests)
}
