package jellyfin_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// spoils returns bad answers, each with words that the error must contain.
func spoils() map[string]struct {
	spoil http.HandlerFunc
	want  string
} {
	type day = struct {
		spoil http.HandlerFunc
		want  string
	}
	return map[string]day{
		"garbage":  {jellyfintest.Garbage, "not what Jellyfin answers"},
		"half":     {jellyfintest.Half, "not what Jellyfin answers"},
		"null":     {jellyfintest.Null, "not what Jellyfin answers"},
		"other":    {jellyfintest.Other, "not what Jellyfin answers"},
		"page":     {jellyfintest.Page, "sign-in page"},
		"huge":     {jellyfintest.Huge, "larger than 8 MiB"},
		"hang up":  {jellyfintest.HangUp, "connection broke"},
		"500":      {jellyfintest.Status(500), "Jellyfin's own log"},
		"502":      {jellyfintest.Status(502), "(502)"},
		"503":      {jellyfintest.Status(503), "starting"},
		"418":      {jellyfintest.Status(418), "(418)"},
		"429":      {jellyfintest.Status(429), "limits the agent"},
		"403":      {jellyfintest.Status(403), ""},
		"404":      {jellyfintest.Status(404), ""},
		"401":      {jellyfintest.Status(401), ""},
		"redirect": {jellyfintest.Redirect("https://media.example/secret-path?code=secret-query"), "set media-server-url to https://media.example"},
		"loop": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.String(), http.StatusPermanentRedirect)
		}, "media-server-url"},
	}
}

// asks returns all methods of the driver, each with the operations of Jellyfin that it
// calls.
func asks(s *jellyfin.Server, anna string, secret string) map[string]struct {
	operations string
	do         func(ctx context.Context) error
} {
	type ask = struct {
		operations string
		do         func(ctx context.Context) error
	}
	return map[string]ask{
		"Identity": {"GetPublicSystemInfo GetSystemInfo GetQuickConnectEnabled", func(ctx context.Context) error {
			_, err := s.Identity(ctx)
			return err
		}},
		"LocalUsers": {"GetUsers", func(ctx context.Context) error {
			_, err := s.LocalUsers(ctx)
			return err
		}},
		"LocalUser": {"GetUserById", func(ctx context.Context) error {
			_, err := s.LocalUser(ctx, anna)
			return err
		}},
		"Libraries": {"GetMediaFolders", func(ctx context.Context) error {
			_, err := s.Libraries(ctx)
			return err
		}},
		"CreateGuest": {"GetUsers CreateUserByName GetUserById UpdateUserPolicy", func(ctx context.Context) error {
			_, err := s.CreateGuest(ctx, "Guest", guestSecret, mediaserver.Restriction{})
			return err
		}},
		"Restrict": {"GetUserById UpdateUserPolicy", func(ctx context.Context) error {
			return s.Restrict(ctx, anna, mediaserver.Restriction{})
		}},
		"SetDisabled": {"GetUserById UpdateUserPolicy", func(ctx context.Context) error {
			return s.SetDisabled(ctx, anna, true)
		}},
		"Delete": {"GetUserById DeleteUser", func(ctx context.Context) error { return s.Delete(ctx, anna) }},
		"Mint": {"GetUserById InitiateQuickConnect AuthorizeQuickConnect AuthenticateWithQuickConnect", func(ctx context.Context) error {
			_, err := s.Mint(ctx, anna, tv())
			return err
		}},
		"Revoke":      {"ReportSessionEnded", func(ctx context.Context) error { return s.Revoke(ctx, "secret-token") }},
		"StartProof":  {"InitiateQuickConnect", func(ctx context.Context) error { _, err := s.StartProof(ctx, "anna"); return err }},
		"CheckProof":  {"GetQuickConnectState AuthenticateWithQuickConnect", func(ctx context.Context) error { _, err := s.CheckProof(ctx, secret); return err }},
		"ApproveCode": {"GetUserById AuthorizeQuickConnect", func(ctx context.Context) error { return s.ApproveCode(ctx, "123456", anna) }},
	}
}

// silent reports whether Jellyfin always answers an operation without a body. An answer with
// a body is then not from Jellyfin.
func silent(operation string) bool {
	return operation == "ReportSessionEnded" || operation == "UpdateUserPolicy" || operation == "DeleteUser"
}

func TestBadAnswers(t *testing.T) {
	t.Parallel()
	for _, version := range able() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			for day, spoil := range spoils() {
				if day == "huge" && version != "12" {
					continue // 8 MiB each time
				}
				fake := jellyfintest.New(t, version)
				s := drive(t, fake.URL, fake.APIKey)
				for name := range asks(s, "", "") {
					anna := fake.AddUser("Anna "+day+name, "a", false)
					code, secret := fake.ShowCode("TV", "tv "+day+name)
					fake.Approve(code, anna)
					ask := asks(s, anna, secret)[name]
					for operation := range strings.FieldsSeq(ask.operations) {
						fake.Break(operation, jellyfintest.Forever, spoil.spoil)
						err := ask.do(t.Context())
						fake.Mend()
						if err == nil {
							if operation != "ReportSessionEnded" || day != "401" { // the token has ended
								t.Errorf("%s, %s, %s: no error, want one", name, operation, day)
							}
							continue
						}
						want := spoil.want
						if silent(operation) && strings.Contains("garbage half null other page huge", day) {
							want = "sign-in page"
						}
						clear := clearError(err, fake, secret)
						if clear != "" {
							t.Errorf("%s, %s, %s: %s: %v", name, operation, day, clear, err)
						}
						if mapped := errors.Is(err, mediaserver.ErrCodeWrong) || errors.Is(err, mediaserver.ErrNotAllowed) ||
							errors.Is(err, mediaserver.ErrKeyRefused); !mapped && !strings.Contains(err.Error(), want) {
							t.Errorf("%s, %s, %s: error %v, want %q in it", name, operation, day, err, want)
						}
						if errors.Is(err, mediaserver.ErrNotFound) {
							t.Errorf("%s, %s, %s: error %v, which says that the local user does not exist", name, operation, day, err)
						}
					}
				}
			}
		})
	}
}

// clearError returns the faults of an error's text: secrets in it, more than one line, or a
// repeated prefix. It returns "" for a text that has no fault.
func clearError(err error, fake *jellyfintest.Server, secrets ...string) string {
	text := err.Error()
	for _, secret := range append(secrets, fake.APIKey, "secret-token", "secret-body", "secret-query", "secret-path", "api_key", "Token=", "code=") {
		if secret != "" && strings.Contains(text, secret) {
			return "it contains " + secret
		}
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return "it wraps the address of the request"
	}
	if len(text) > 400 || strings.ContainsAny(text, "\n\r") || !strings.HasPrefix(text, "jellyfin: ") {
		return "it is not one clear line"
	}
	if strings.Count(text, "jellyfin: ") > 1 {
		return "its prefix is doubled"
	}
	return ""
}

func TestSlow(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "10.11")
	s, err := jellyfin.New(jellyfin.Options{
		URL: fake.URL, APIKey: fake.APIKey, Now: clock, Random: strings.NewReader(strings.Repeat("x", 4096)), HTTP: &http.Client{Timeout: 50 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	anna := fake.AddUser("Anna", "a", false)
	for name, ask := range asks(s, anna, "secret-secret") {
		for operation := range strings.FieldsSeq(ask.operations) {
			if operation != "GetQuickConnectState" && name == "CheckProof" {
				continue
			}
			fake.Break(operation, 1, jellyfintest.Slow)
			err := ask.do(t.Context())
			if err == nil || !strings.Contains(err.Error(), "in time") || clearError(err, fake, "secret-secret") != "" {
				t.Errorf("%s, %s: error %v, want one clear line about the time", name, operation, err)
			}
		}
	}
	// A body that never ends counts as slow, too.
	fake.Break("GetUsers", 1, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("["))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	if _, err := s.LocalUsers(t.Context()); err == nil || !strings.Contains(err.Error(), "took too long") {
		t.Errorf("error %v, want one that says that it took too long", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.LocalUsers(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	t.Cleanup(elsewhere.Close)
	fake := jellyfintest.New(t, "12", jellyfintest.Base("/jellyfin"))
	tests := []struct {
		url      string
		location string
		want     string
	}{
		{fake.URL, elsewhere.URL + "/x?api_key=" + fake.APIKey, "set media-server-url to " + elsewhere.URL},
		{fake.URL, "https://media.example/media/Users", "set media-server-url to https://media.example/media"},
		{fake.URL, "https://media.example/media/web/index.html", "set media-server-url to https://media.example/media"},
		{fake.URL, "https://user:secret@media.example/Users", "set media-server-url to https://media.example"},
		{fake.URL, "https://" + strings.Repeat("x", 300) + ".example/Users", "the address that it redirects to"},
		{fake.URL, "", "the address that it redirects to"},
		{strings.TrimSuffix(fake.URL, "/jellyfin"), "", "set media-server-url to " + fake.URL},
	}
	for _, test := range tests {
		if test.url == fake.URL {
			fake.Break("GetUsers", 1, func(w http.ResponseWriter, _ *http.Request) {
				if test.location != "" {
					w.Header().Set("Location", test.location)
				}
				w.WriteHeader(http.StatusMovedPermanently)
			})
		}
		_, err := drive(t, test.url, fake.APIKey).LocalUsers(t.Context())
		if err == nil || !strings.HasSuffix(err.Error(), test.want) || strings.Contains(err.Error(), "secret") || clearError(err, fake) != "" {
			t.Errorf("redirect to %s: error %v, want %q at its end and no secret", test.location, err, test.want)
		}
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	_ = listener.Close()
	fake := jellyfintest.New(t, "12")
	secure := httptest.NewTLSServer(fake)
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = nil
	tests := map[string]string{
		"http://" + closed: "refuses the connection",
		"https://" + strings.TrimPrefix(fake.URL, "http://"): "does not speak TLS",
		secure.URL: "certificate is not trusted",
		"http://" + strings.TrimPrefix(secure.URL, "https://"): "(400)",
	}
	for address, want := range tests {
		_, err := drive(t, address, fake.APIKey).Identity(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || clearError(err, fake) != "" {
			t.Errorf("%s: error %v, want one clear line with %q", address, err, want)
		}
	}
}

// If the server signs in another local user than the agent has asked for, the agent does not
// use the token, and ends it.
func TestSignedInAnother(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna, ben := fake.AddUser("Anna", "a", false), fake.AddUser("Ben", "b", false)
		code, _ := fake.ShowCode("TV", "tv")
		fake.Approve(code, ben)
		token := fake.Tokens(ben)[0].Value
		fake.Break("AuthenticateWithQuickConnect", 1, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"AccessToken":%q,"User":{"Id":%q,"Name":"Ben"}}`, token, ben)
		})
		if got, err := s.Mint(t.Context(), anna, tv()); err == nil || got.Value != "" || strings.Contains(err.Error(), token) {
			t.Errorf("token %+v (error %v), want an error without the token", got, err)
		}
		if left := fake.Tokens(ben); len(left) > 0 {
			t.Errorf("tokens %+v are left, want none", left)
		}
	})
}

// A proxy that answers 401 for Jellyfin does not mean that a token has ended.
func TestRevokeBehindAProxy(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		fake.Break("", jellyfintest.Forever, jellyfintest.Status(401))
		if err := s.Revoke(t.Context(), "secret-token"); !errors.Is(err, mediaserver.ErrKeyRefused) {
			t.Errorf("error %v, want %v", err, mediaserver.ErrKeyRefused)
		}
	})
}

func TestListsAreWholeOrNothing(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "10.11")
	s := drive(t, fake.URL, fake.APIKey)
	policy := `{"IsAdministrator":true,"IsDisabled":false,"IsHidden":false,"EnableRemoteAccess":true}`
	good := `{"Id":"0123456789abcdef0123456789abcdef","Name":"a","Policy":` + policy + `}`
	answers := map[string]bool{
		"[" + good + "]":      true,
		"[]":                  false,
		"[" + good + `,{}]`:   false,
		"[" + good + `,null]`: false,
		"[" + good + `,{"Id":"1","Name":"b","Policy":` + policy + `}]`:                                    false,
		"[" + good + `,{"Id":"1123456789abcdef0123456789abcdef","Policy":` + policy + `}]`:                false,
		"[" + good + `,{"Id":"1123456789abcdef0123456789abcdef","Name":"b"}]`:                             false,
		"[" + good + `,{"Id":"1123456789abcdef0123456789abcdef","Name":"b","Policy":{"IsHidden":true}}]`:  false,
		"[" + good + `,{"Id":"1123456789abcdef0123456789abcdef","Name":"b","Policy":[]}]`:                 false,
		"[" + good + `,{"Id":"1123456789abcdef0123456789abcdef","Name":"b","Policy":{"a":1,"a":2}}]`:      false,
		"[" + good + `,{"Id":"1123456789abcdef0123456789abcdef","Name":"b","Policy":{"IsHidden":"no"}}] `: false,
	}
	for answer, ok := range answers {
		fake.Break("GetUsers", 1, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(answer))
		})
		if users, err := s.LocalUsers(t.Context()); (err == nil) != ok || err != nil && users != nil {
			t.Errorf("%s: users %v (error %v), want a list: %v", answer, users, err, ok)
		}
	}
	fake.Break("GetUserById", 1, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(good))
	})
	if user, err := s.LocalUser(t.Context(), "1123456789abcdef0123456789abcdef"); err == nil {
		t.Errorf("local user %+v, want an error because it has another id", user)
	}
	for _, answer := range []string{`{}`, `{"Items":null}`, `{"Items":[{"Name":"x"}]}`, `{"Items":[{"Id":"x","Name":"x"}]}`} {
		fake.Break("GetMediaFolders", 1, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(answer))
		})
		if list, err := s.Libraries(t.Context()); err == nil {
			t.Errorf("%s: libraries %v, want an error", answer, list)
		}
	}
}
