package servicetest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

func TestServiceRunsOnEveryEngine(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		s := servicetest.New(t, servicetest.Options{Database: database})
		ann, bob := s.Join(t, "ann"), s.Join(t, "bob")
		den := s.Register(t, ann, servicetest.Den())
		info := servicetest.Must(den.Agent.Get(t.Context()))(t)
		if info.ID != den.ID || info.Owner != "ann" {
			t.Errorf("server %s of %q, want %s of ann", info.ID, info.Owner, den.ID)
		}
		if users := servicetest.Must(ann.People.LocalUsers(t.Context(), den.ID))(t); len(users) != 2 {
			t.Errorf("%d local users, want the 2 of the report", len(users))
		}
		_, err := bob.Servers.Get(t.Context(), den.ID)
		servicetest.IsError(t, err, client.ErrNotFound)
		lone := s.Register(t, nil, client.Report{Name: "Lone", SystemID: "10e"})
		if info := servicetest.Must(lone.Agent.Get(t.Context()))(t); info.Owner != "" {
			t.Errorf("owner %q, want none", info.Owner)
		}
	})
}

func TestOptionsChangeStoreHandlersAndScheme(t *testing.T) {
	t.Parallel()
	s := servicetest.New(t, servicetest.Options{
		TLS:    true,
		Adjust: func(o *models.Options) { o.Limits.SignUpSource = models.Limit{Hits: 1, Window: time.Hour} },
		Change: func(h *handlers.Server) { h.ServiceName = "Our door" },
	})
	if !strings.HasPrefix(s.URL, "https://") || s.Config.PublicURL != s.URL {
		t.Errorf("address %s and public URL %s, want both the same with https", s.URL, s.Config.PublicURL)
	}
	response := servicetest.Must(s.Client().Get(s.URL + "/signin"))(t)
	defer response.Body.Close()
	if page := string(servicetest.Must(io.ReadAll(response.Body))(t)); !strings.Contains(page, "Our door") {
		t.Errorf("the sign-in page does not contain the name %q", "Our door")
	}
	s.SignUp(t, "ann")
	_, err := s.NewClient(t, client.WithRetries(1, 0)).Accounts.SignUp(t.Context(), client.SignUp{Username: "bob", Email: "bob@example.org", Password: servicetest.Password})
	servicetest.IsError(t, err, client.ErrThrottled)
}

func TestClockMovesTheService(t *testing.T) {
	t.Parallel()
	s := servicetest.New(t, servicetest.Options{})
	ann := s.Join(t, "ann")
	s.Clock.Advance(366 * 24 * time.Hour)
	_, err := ann.Accounts.Get(t.Context())
	servicetest.IsError(t, err, client.ErrSessionEnded)
	servicetest.Must(s.SignIn(t, "ann").Accounts.Get(t.Context()))(t)
}

func TestMailboxKeepsLettersInOrder(t *testing.T) {
	t.Parallel()
	s := servicetest.New(t, servicetest.Options{})
	var seen []string
	s.Mailbox.OnLetter = func(l models.Letter) { seen = append(seen, l.To) }
	s.SignUp(t, "ann")
	if got := s.Mailbox.Deliver(t); len(got) != 1 || got[0].Kind != models.MailConfirm {
		t.Errorf("delivered %v, want one letter to confirm", got)
	}
	if got := s.Mailbox.Deliver(t); len(got) != 0 {
		t.Errorf("delivered %v once more, want nothing", got)
	}
	s.SignUp(t, "bob")
	if got := s.Mailbox.Letters(t); len(got) != 2 || got[1].To != servicetest.Email("bob") {
		t.Errorf("letters %v, want bob's after ann's", got)
	}
	if want := servicetest.Email("ann") + " " + servicetest.Email("bob"); strings.Join(seen, " ") != want {
		t.Errorf("OnLetter saw letters to %q, want %s", seen, want)
	}
	got := failure(t, func(t testing.TB) { s.Mailbox.Letter(t, models.MailPasswordReset, "ann@example.org") })
	if want := `there are ["confirm to ann@example.org" "confirm to bob@example.org"]`; !strings.Contains(got, want) {
		t.Errorf("failed with %q, want it to name what is there: %s", got, want)
	}
}

func TestFaultsReachOnlyTheirClients(t *testing.T) {
	t.Parallel()
	s := servicetest.New(t, servicetest.Options{FaultsFor: "agent"})
	ann := s.Join(t, "ann")
	hit := s.NewClient(t, client.WithUserAgent("agent/1"), client.WithRetries(1, 0), client.WithTimeout(servicetest.Patience)).As(token(t, s))
	get := func() error { _, err := hit.Accounts.Get(t.Context()); return err }
	servicetest.NoError(t, get())

	s.Down()
	if err := get(); err == nil || client.CodeOf(err) != "" {
		t.Errorf("got the error %v while the service is down, want one without a code", err)
	}
	servicetest.Must(ann.Accounts.Get(t.Context()))(t)
	s.Up()
	servicetest.NoError(t, get())

	s.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		_, _ = io.WriteString(w, strings.Replace(answer.Body.String(), `"ann"`, `"eve"`, 1))
	})
	if account := servicetest.Must(hit.Accounts.Get(t.Context()))(t); account.Username != "eve" {
		t.Errorf("username %q, want eve: the answer was changed on its way", account.Username)
	}

	release := s.Hold()
	answered := make(chan error, 1)
	go func() { answered <- get() }()
	servicetest.Must(ann.Accounts.Get(t.Context()))(t)
	select {
	case err := <-answered:
		t.Errorf("an answer with the error %v came while answers are held, want none yet", err)
	default:
	}
	release()
	servicetest.NoError(t, waittest.Receive(t, answered, "the answer that was held"))

	hanging := make(chan struct{})
	s.Intercept(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { close(hanging); servicetest.Hang(r) })
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-hanging; leave() }()
	_, err := hit.Accounts.Get(ctx)
	servicetest.IsError(t, err, context.Canceled)
}

// token returns the token of a session of ann.
func token(t *testing.T, s *servicetest.Service) string {
	t.Helper()
	in := client.SignIn{NameOrEmail: "ann", Password: servicetest.Password}
	return servicetest.Must(s.NewClient(t).Sessions.SignIn(t.Context(), in))(t).Token
}

func TestReopenServesAnOlderCopy(t *testing.T) {
	t.Parallel()
	s := servicetest.New(t, servicetest.Options{})
	s.Join(t, "ann")
	servicetest.NoError(t, s.Store.Close())
	file := strings.TrimPrefix(s.Database(), "sqlite:")
	copied := servicetest.Must(os.ReadFile(file))(t)
	s.Reopen(t)
	s.Join(t, "bob")
	servicetest.NoError(t, s.Store.Close())
	for _, side := range []string{"-wal", "-shm"} {
		if err := os.Remove(file + side); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	servicetest.NoError(t, os.WriteFile(file, copied, 0o600))
	s.Reopen(t)
	s.SignIn(t, "ann")
	_, err := s.NewClient(t).Sessions.SignIn(t.Context(), client.SignIn{NameOrEmail: "bob", Password: servicetest.Password})
	servicetest.IsError(t, err, client.ErrSignInWrong)
}
