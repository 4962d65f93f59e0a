// Package open answers browsers below the path /latchkey/ of an address of the media server. It serves
// the page by which Open signs a person in at the web app, and answers the requests of the script of
// that page.
package open

import (
	"crypto/rand"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/peer"
	"github.com/latchkey-media/latchkey/internal/printable"
	"github.com/latchkey-media/latchkey/templates"
)

//go:embed static
var files embed.FS

// Options hold what a [Handler] needs.
type Options struct {
	Door           *agent.Door
	Builtin        bool           // the media server is the agent's own, which has no web app
	Bases          []string       // escaped paths below which people reach the media server: "/jellyfin"
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Log            *slog.Logger
}

// server answers the requests.
type server struct {
	Options

	catalogue *templates.Catalogue
	page      *template.Template
	script    []byte
	style     []byte
	icon      []byte
}

// Handler answers the requests that belong to Open, and passes every other request to next.
func Handler(o Options, next http.Handler) (http.Handler, error) {
	s := &server{Options: o}
	var err error
	if s.catalogue, err = templates.NewCatalogue(); err != nil {
		return nil, err
	}
	if s.page, err = template.ParseFS(files, "static/open.html"); err != nil {
		return nil, err
	}
	if s.script, err = files.ReadFile("static/open.js"); err != nil {
		return nil, err
	}
	if s.style, err = files.ReadFile("static/open.css"); err != nil {
		return nil, err
	}
	if s.icon, err = files.ReadFile("static/open.svg"); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base, name, ok := s.cut(r.URL.EscapedPath())
		if !ok || !s.answer(w, r, base, name) {
			next.ServeHTTP(w, r)
		}
	}), nil
}

// cut splits a path below [agent.OpenPath] into the base before it and the name after it. It returns
// false for any other path.
func (s *server) cut(path string) (base, name string, ok bool) {
	for _, base := range append([]string{""}, s.Bases...) {
		if name, found := strings.CutPrefix(path, base+agent.OpenPath); found {
			return base, name, true
		}
	}
	return "", "", false
}

// answer answers a request, and reports whether it belongs to Open.
func (s *server) answer(w http.ResponseWriter, r *http.Request, base, name string) bool {
	asks := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case asks && (name == "" || name == "open"):
		s.show(w, r, base)
	case asks && name == "open.js":
		send(w, "text/javascript; charset=utf-8", s.script)
	case asks && name == "open.css":
		send(w, "text/css; charset=utf-8", s.style)
	case asks && name == "open.svg":
		send(w, "image/svg+xml", s.icon)
	case asks && name == "check":
		said, err := s.Door.OfServer(r.Context(), r.URL.Query().Get("server")).Opens.Check(r.Context())
		s.reply(w, r, said, err)
	case r.Method == http.MethodPost && (name == "begin" || name == "who" || name == "mint"):
		s.step(w, r, name)
	default:
		return false
	}
	return true
}

// guard sets the headers that every answer has.
func guard(w http.ResponseWriter) http.Header {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	return h
}

// send answers with a file.
func send(w http.ResponseWriter, kind string, content []byte) {
	guard(w).Set("Content-Type", kind)
	_, _ = w.Write(content)
}

// says returns the names of the texts that the script may show. In the catalogue, the key of such a text
// is open.say.NAME.
func says() []string {
	return []string{
		"opening", "storage", "over", "disabled", "hours", "sessions", "device", "quick_connect_off", "not_connected", "away", "not_set_up",
		"refused", "not_allowed", "wait", "too_often", "elsewhere", "pin", "paused",
	}
}

// page is the data of static/open.html.
type page struct {
	catalogue *templates.Catalogue

	Language, Nonce, Base, Service string
	Builtin                        bool
	Texts                          []string
}

// T returns a text in the language of the page. The parameter pairs has the names and values of its
// placeholders.
func (p page) T(key string, pairs ...string) string {
	values := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return p.catalogue.Say(p.Language, key, values)
}

// show answers with the page. The script is a file of its own, because such a script still runs if the
// admin's proxy adds a policy. The policy of the page allows images of this origin only because of the
// icon: Firefox applies the policy to icons, too. If the page had no icon of its own, browsers would ask
// the media server for one.
func (s *server) show(w http.ResponseWriter, r *http.Request, base string) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(rand.Reader, raw); err != nil {
		s.reply(w, r, nil, err)
		return
	}
	nonce := base64.RawURLEncoding.EncodeToString(raw)
	h := guard(w)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-"+nonce+"'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	_ = s.page.Execute(w, page{
		catalogue: s.catalogue, Language: s.catalogue.Match(r.Header.Get("Accept-Language")), Nonce: nonce, Base: base,
		Service: s.Door.OfServer(r.Context(), r.URL.Query().Get("server")).Opens.ServicePage(""), Builtin: s.Builtin, Texts: says(),
	})
}

// asked is the body of a request of the script.
type asked struct {
	Server   string `json:"server"` // the id that the service gave the server; "" from a service that is older than it
	Flow     string `json:"flow"`
	State    string `json:"state"`
	Code     string `json:"code"`
	DeviceID string `json:"device_id"`
	Device   string `json:"device"`
	Version  string `json:"version"`
}

// The longest texts that are taken from a browser, in bytes.
const (
	bodyMost     = 8 << 10
	deviceIDMost = 255
	nameMost     = 64
)

// step carries out one step of the script.
func (s *server) step(w http.ResponseWriter, r *http.Request, name string) {
	if !s.ownPage(r) {
		refuse(w, http.StatusForbidden, "refused")
		return
	}
	var in asked
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMost))
	if err != nil || json.Unmarshal(raw, &in) != nil || len(in.DeviceID) > deviceIDMost {
		refuse(w, http.StatusBadRequest, "refused")
		return
	}
	address, local := peer.Address(r.RemoteAddr, r.Header, s.TrustedProxies)
	switch name {
	case "begin":
		begun, err := s.Door.OfServer(r.Context(), in.Server).Opens.Begin(r.Context(), address)
		s.reply(w, r, struct {
			Flow string `json:"flow"`
			URL  string `json:"url"`
		}{begun.Flow, begun.URL}, err)
	case "who":
		as, err := s.Door.OfFlow(in.Flow).Opens.Who(r.Context(), in.Flow, in.State, in.Code, local)
		s.reply(w, r, struct {
			UserID string `json:"user_id"`
			Name   string `json:"name"`
		}{as.LocalUserID, as.Name}, err)
	case "mint":
		if in.DeviceID == "" || s.Builtin {
			refuse(w, http.StatusBadRequest, "refused")
			return
		}
		made, err := s.Door.OfFlow(in.Flow).Opens.Mint(r.Context(), in.Flow, mediaserver.Device{
			Client: "Jellyfin Web", Name: shown(in.Device, "Web Browser"), ID: in.DeviceID, Version: shown(in.Version, "0"), Address: address,
		}, local)
		s.reply(w, r, struct {
			UserID      string `json:"user_id"`
			AccessToken string `json:"access_token"`
		}{made.LocalUserID, made.AccessToken}, err)
	}
}

// shown returns a text in a form that may stand in a header, or the text other if no character is left.
func shown(text, other string) string {
	text = strings.NewReplacer(`"`, "", `\`, "", ",", "", "=", "").Replace(printable.ASCII(text))
	if text = printable.Cut(strings.TrimSpace(text), nameMost); text == "" {
		return other
	}
	return text
}

// ownPage reports whether a request comes from the page of this package. The check is only about
// browsers: another program can send any header, but it does not have the flow of somebody else.
func (s *server) ownPage(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if site != "" && site != "same-origin" || strings.TrimSpace(kind) != "application/json" {
		return false
	}
	origin := r.Header.Get("Origin")
	if u, err := url.Parse(origin); err == nil && origin != "" && site == "same-origin" && strings.EqualFold(u.Host, r.Host) {
		return true
	}
	return s.Door.First().Opens.Allowed(origin)
}

// refusal is an error that has a text of its own.
type refusal struct {
	err    error
	status int
	name   string // of the text
}

// refusals returns the errors that have a text of their own. If an error of the list wraps other
// errors of the list, it comes before them.
func refusals() []refusal {
	return []refusal{
		{agent.ErrOpenOver, http.StatusGone, "over"},
		{agent.ErrAccessKeyWrong, http.StatusGone, "over"},
		{agent.ErrLocalUserDisabled, http.StatusForbidden, "disabled"},
		{agent.ErrOutsideHours, http.StatusForbidden, "hours"},
		{mediaserver.ErrTooManySessions, http.StatusForbidden, "sessions"},
		{mediaserver.ErrDeviceNotAllowed, http.StatusForbidden, "device"},
		{mediaserver.ErrQuickConnectOff, http.StatusForbidden, "quick_connect_off"},
		{agent.ErrLocalUserNotAllowed, http.StatusForbidden, "not_allowed"},
		{agent.ErrLocalUserRefused, http.StatusForbidden, "refused"},
		{agent.ErrPINRequired, http.StatusForbidden, "pin"},
		{agent.ErrStayPaused, http.StatusForbidden, "paused"},
		{agent.ErrNotYet, http.StatusServiceUnavailable, "wait"},
		{agent.ErrGuestWaits, http.StatusServiceUnavailable, "wait"},
		{agent.ErrOpenTooOften, http.StatusTooManyRequests, "too_often"},
		{agent.ErrMediaServerAway, http.StatusServiceUnavailable, "away"},
		{agent.ErrServiceAway, http.StatusServiceUnavailable, "away"},
		{agent.ErrNotRegistered, http.StatusServiceUnavailable, "not_connected"},
	}
}

// reply answers with value, or with the name of the text for an error.
func (s *server) reply(w http.ResponseWriter, r *http.Request, value any, err error) {
	for _, known := range refusals() {
		if err != nil && errors.Is(err, known.err) {
			s.Log.LogAttrs(r.Context(), slog.LevelInfo, "a browser was not signed in", slog.String("reason", known.name))
			if errors.Is(err, agent.ErrPINRequired) {
				w.Header().Set("X-Application-Error-Code", "ParentalControl") // as at an exchange
			}
			refuse(w, known.status, known.name)
			return
		}
	}
	if err != nil {
		s.Log.LogAttrs(r.Context(), slog.LevelError, "a browser could not be signed in", slog.Any("err", err))
		refuse(w, http.StatusInternalServerError, "away")
		return
	}
	answer(w, http.StatusOK, value)
}

// refuse answers with the name of a text.
func refuse(w http.ResponseWriter, status int, name string) {
	answer(w, status, struct {
		Error string `json:"error"`
	}{name})
}

// answer answers with JSON.
func answer(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"away"}`)
	}
	guard(w).Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
