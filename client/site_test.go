package client_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/templates"
)

const (
	onePassword   = "quiet-lantern-overpass-47"
	otherPassword = "brisk-teapot-meridian-81"
)

// site is the real service without the worker that sends mails.
type site struct {
	*httptest.Server
	store *models.Store
	clock *modelstest.Clock
}

func newSite(t *testing.T) *site {
	t.Helper()
	store, clock := modelstest.New(t, func(o *models.Options) {
		for _, limit := range reflect.ValueOf(&o.Limits).Elem().Fields() {
			limit.Set(reflect.ValueOf(models.Limit{Hits: 1 << 30, Window: time.Hour}))
		}
	})
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := templates.Pages(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{httptest.NewUnstartedServer(nil), store, clock}
	handler, err := (&handlers.Server{
		Store: store, Log: slog.New(slog.DiscardHandler), Catalogue: catalogue, Pages: pages, Static: templates.Static(),
		Captcha: captcha.Off{}, CaptchaKind: handlers.CaptchaOff, PublicURL: "http://" + s.Listener.Addr().String(), ServiceName: "Latchkey",
		SignUp: models.SignUpOpen, PasswordMinLength: 10, Lives: models.DefaultLives(),
		CursorKey: make([]byte, 32), Ready: store.Ready, Random: rand.Reader, Now: clock.Now,
	}).Handler()
	if err != nil {
		t.Fatal(err)
	}
	s.Config = handlers.NewHTTPServer(handler)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// client is one whose waits move the site's clock on.
func (s *site) client(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(s.URL, client.WithSleep(func(ctx context.Context, d time.Duration) error {
		s.clock.Advance(d)
		return ctx.Err()
	}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// secret takes all owed mails, as the worker would, and returns the secret of the
// one of a kind to somebody.
func (s *site) secret(t *testing.T, kind models.MailKind, to string) string {
	t.Helper()
	owed := must(s.store.Mail.Claim(t.Context(), "test", 100))(t)
	found := ""
	for _, one := range owed {
		letter, _, err := s.store.Mail.Prepare(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		if letter.Kind == kind && letter.To == to {
			found = letter.Secret
		}
		if err := s.store.Mail.Sent(t.Context(), one.ID); err != nil {
			t.Fatal(err)
		}
	}
	if found == "" {
		t.Fatalf("no mail %s to %s", kind, to)
	}
	return found
}

// join makes a confirmed account and signs in.
func (s *site) join(t *testing.T, name string) *client.Client {
	t.Helper()
	c := s.client(t)
	pending := must(c.Accounts.SignUp(t.Context(), client.SignUp{Username: name, Email: name + "@example.org", Password: onePassword}))(t)
	if pending.Username != name || pending.PendingToken == "" {
		t.Errorf("%+v", pending)
	}
	well(t, c.Accounts.Confirm(t.Context(), s.secret(t, models.MailConfirm, name+"@example.org")))
	in := must(c.Sessions.SignIn(t.Context(), client.SignIn{NameOrEmail: name, Password: onePassword, DeviceName: "Den"}))(t)
	if in.Account.Username != name {
		t.Errorf("%+v", in)
	}
	return c.As(in.Token)
}

// must gives the value of a call that must not fail.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		well(t, err)
		return value
	}
}

func well(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// den is a server of somebody's with an agent.
func den(t *testing.T, s *site, owner *client.Client) (*client.Agent, client.ID) {
	t.Helper()
	ctx := t.Context()
	in := client.NewServer{
		ClaimCode: must(owner.Servers.MakeClaimCode(ctx))(t).Code, Name: "Den", SystemID: "5ed", Version: "10.11", IdempotencyKey: "den-0123456789abcdef",
		Addresses: []client.Address{{Kind: "lan", URL: "http://192.168.1.2:8096"}},
	}
	made := must(owner.Servers.Register(ctx, in))(t)
	if again := must(owner.Servers.Register(ctx, in))(t); again != made {
		t.Errorf("repeated: %+v, not %+v", again, made)
	}
	in.Name = "Other"
	_, err := owner.Servers.Register(ctx, in)
	is(t, err, client.ErrIdempotencyMismatch)
	agent := s.client(t).As(made.Key).Agent
	report := client.Report{
		Name: "Den", Version: "10.11", SystemID: "5ed", Addresses: in.Addresses,
		LocalUsers: []client.ReportedLocalUser{{ID: "u1", Name: "Kid"}, {ID: "u2", Name: "Root", Administrator: true}},
		Libraries:  []client.Library{{ID: "l1", Name: "Films"}, {ID: "l2", Name: "Music"}},
	}
	if first := must(agent.Report(ctx, report))(t); !first.Changed {
		t.Errorf("%+v", first)
	}
	if again := must(agent.Report(ctx, report))(t); again.Changed {
		t.Errorf("%+v", again)
	}
	return agent, made.ID
}
