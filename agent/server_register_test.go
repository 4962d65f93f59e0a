package agent_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/latchkey-media/latchkey/agent"
)

// owned returns the number of servers that ann owns.
func (d *deployment) owned() int {
	d.t.Helper()
	return len(must(d.ann.Servers.Owned(d.t.Context()))(d.t))
}

func isRegistration(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/api/v1/servers"
}

// TestRegistrationIsRepeatedSafely loses the answers to the first registrations, which were
// carried out. Only one server may exist afterwards.
func TestRegistrationIsRepeatedSafely(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s)
	var lost atomic.Int32
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if isRegistration(r) && lost.Add(1) <= 3 {
			inner.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
	d.started()
	if d.owned() != 1 || lost.Load() != 4 {
		t.Errorf("%d servers after %d registrations, want 1 after 4", d.owned(), lost.Load())
	}
}

// TestRegistrationAfterCrash ends the program after the service's answer arrived and before
// it was written down. The next run must get the same server, although the media server's
// name has changed.
func TestRegistrationAfterCrash(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s)
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		inner.ServeHTTP(w, r)
		if isRegistration(r) {
			_ = d.store.Close()
		}
	})
	d.run()
	eventually(t, "the registration", func() bool { return d.owned() == 1 })
	d.stop()
	s.Up()
	d.fake.set(func() { d.fake.identity.Name = "Other" })
	d.open()
	d.started()
	if d.owned() != 1 {
		t.Errorf("%d servers, want 1", d.owned())
	}
}

// TestRegistrationWithWrongClaimCodes starts without a claim code, then with a
// wrong one, then with the right one.
func TestRegistrationWithWrongClaimCodes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	right := ""
	d := newDeployment(t, s, func(o *agent.Options) { right, o.ClaimCode = o.ClaimCode, "" })
	d.run()
	eventually(t, "one line", func() bool { return d.log.Count("not registered yet") == 1 })
	d.meets("Identity", 4) // it tries to register about as often as it asks for the identity
	d.never("another line, or a server", func() bool { return d.log.Count("not registered yet") > 1 || d.owned() > 0 })
	d.halt()
	d.options.ClaimCode = "WRONG-CODE"
	d.open()
	d.run()
	eventually(t, "one line", func() bool { return d.log.Count("refuses to register") == 1 })
	more(t, "the registrations", counted(s, "/servers"), 3)
	d.never("another line", func() bool { return d.log.Count("refuses to register") > 1 })
	if _, err := d.Exchanges.Exchange(t.Context(), agent.ExchangeAsk{AccessKey: "x"}); !errors.Is(err, agent.ErrNotRegistered) {
		t.Errorf("error %v, want %v", err, agent.ErrNotRegistered)
	}
	d.halt()
	d.options.ClaimCode = right
	d.open()
	d.started()
	if d.owned() != 1 || d.trouble("registration") {
		t.Errorf("%d servers, trouble %+v; want 1 and no registration", d.owned(), d.status().Trouble)
	}
	if strings.Contains(d.log.String(), right) || strings.Contains(d.log.String(), "WRONG-CODE") {
		t.Errorf("got a claim code in the log, want none; log:\n%s", d.log)
	}
}

// TestRegistrationWithNewClaimCode gives the agent another claim code while the outcome of
// the first registration is unknown. The agent must first repeat the first request, and
// only then use the other code.
func TestRegistrationWithNewClaimCode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s)
	s.Down()
	d.run()
	eventually(t, "trouble", func() bool { return d.trouble("service_away") })
	d.halt()
	// This replaces the first code, which was never used.
	d.options.ClaimCode = must(d.ann.Servers.MakeClaimCode(t.Context()))(t).Code
	s.Up()
	d.open()
	d.started()
	if d.owned() != 1 {
		t.Errorf("%d servers, want 1", d.owned())
	}
}
