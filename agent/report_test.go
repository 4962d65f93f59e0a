package agent_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

func (d *deployment) usersAtService() (names []string) {
	d.t.Helper()
	for _, u := range must(d.ann.People.LocalUsers(d.t.Context(), d.serverID()))(d.t) {
		names = append(names, u.Name)
	}
	slices.Sort(names)
	return names
}

// TestReportFollowsMediaServer reports changes. Nothing must be reported when the
// media server does not list everything.
func TestReportFollowsMediaServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	eventually(t, "all users", func() bool {
		return slices.Equal(d.usersAtService(), []string{"Aunt", "Homebody", "Kid", "Root", "Shut"})
	})
	server := must(d.asServer().Get(t.Context()))(t)
	if server.Name != "Den" || server.Version != "10.11.1" || len(server.Addresses) != 1 || server.Addresses[0] != (client.Address{Kind: "lan", URL: "http://192.168.1.2:8096"}) {
		t.Errorf("server %+v, want Den 10.11.1 at http://192.168.1.2:8096", server)
	}
	d.fake.set(func() {
		d.fake.users = append(d.fake.users, mediaserver.LocalUser{ID: "u9", Name: "New"})
		d.fake.identity.Name = "Our den"
	})
	eventually(t, "the new one", func() bool {
		return slices.Contains(d.usersAtService(), "New") && must(d.asServer().Get(t.Context()))(t).Name == "Our den"
	})
	for _, call := range []string{"LocalUsers", "Libraries"} {
		d.fake.hook(func(c string) error {
			if c == call {
				return errDown
			}
			return nil
		}, nil)
		d.fake.set(func() { d.fake.users[0].Name = "Kid " + call })
		d.never("a short report", func() bool { return len(d.usersAtService()) != 6 || slices.Contains(d.usersAtService(), "Kid "+call) })
		d.fake.hook(nil, nil)
		eventually(t, "all of it", func() bool { return slices.Contains(d.usersAtService(), "Kid "+call) })
	}
}

// TestReportSaysWhoNeedsAYes reports which local users need a yes. Administrators are not
// among these, because administrators are never let in.
func TestReportSaysWhoNeedsAYes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	notAllowed := func() (names []string) {
		for _, u := range must(d.ann.People.LocalUsers(t.Context(), d.serverID()))(t) {
			if u.NotAllowed {
				names = append(names, u.Name)
			}
		}
		slices.Sort(names)
		return names
	}
	if got := notAllowed(); !slices.Equal(got, []string{"Aunt", "Homebody", "Kid", "Shut"}) {
		t.Errorf("not allowed: %q, want everybody but Root", got)
	}
	d.invite(s.Join(t, "bob"), "bob")
	d.guestOf("bob")
	noError(t, d.Allowances.Allow(t.Context(), "u1"))
	eventually(t, "the yes is known, and the guest needs none", func() bool {
		return slices.Contains(d.usersAtService(), "bob") && slices.Equal(notAllowed(), []string{"Aunt", "Homebody", "Shut"})
	})
	noError(t, d.Allowances.Disallow(t.Context(), "u1"))
	eventually(t, "the end of the yes is known", func() bool { return slices.Contains(notAllowed(), "Kid") })
	d.halt()
	d.options.Policy.AllowAllUsers = true
	d.open()
	d.run()
	eventually(t, "nobody needs a yes", func() bool { return len(notAllowed()) == 0 })
}

// TestReportKeepsLinkedLocalUsers makes more local users than the service accepts. The
// local users with a link must be reported.
func TestReportKeepsLinkedLocalUsers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, func(o *agent.Options) { o.CheckEvery, o.ReportEvery = 200*time.Millisecond, 200*time.Millisecond }).started()
	bob := s.Join(t, "bob")
	d.fake.set(func() {
		d.fake.users = append(d.fake.users, mediaserver.LocalUser{ID: "z", Name: "zzz", RemoteAccess: true})
	})
	eventually(t, "the last one", func() bool { return slices.Contains(d.usersAtService(), "zzz") })
	d.linked(bob, "bob", "z")
	d.fake.set(func() {
		for i := range 5000 {
			d.fake.users = append(d.fake.users, mediaserver.LocalUser{ID: fmt.Sprintf("m%04d", i), Name: fmt.Sprintf("many%04d", i)})
		}
	})
	eventually(t, "one line", func() bool { return d.log.Count("more local users or libraries than the service takes") == 1 })
	eventually(t, "5000 users with the linked one", func() bool {
		names := d.usersAtService()
		return len(names) == 5000 && slices.Contains(names, "zzz") && slices.Contains(names, "many0001") && !slices.Contains(names, "many4999")
	})
	d.fake.set(func() { d.fake.users = d.fake.users[:6] })
	eventually(t, "the end of it", func() bool { return !d.trouble("too_many_local_users") && len(d.usersAtService()) == 6 })
}

// TestReportIsNotSentWithoutChange counts the reports while nothing changes.
func TestReportIsNotSentWithoutChange(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	reports := counted(s, "/report")
	d.never("a report that is not due", func() bool { return reports.Load() > 1 }) // the clock of the site stands still
	s.Clock.Advance(d.options.ReportEvery)
	eventually(t, "one that is", func() bool { return reports.Load() > 0 })
}

// held is a media server that makes some callers wait for the list of libraries: the
// callers whose context says so.
type held struct {
	*fake
	reached, over chan struct{}
}

func (h *held) Libraries(ctx context.Context) ([]mediaserver.Library, error) {
	if ctx.Value(h) != nil {
		close(h.reached)
		<-h.over
	}
	return h.fake.Libraries(ctx)
}

// A report is made for a caller who waits, and the media server changes meanwhile. The loop
// then sends a report that has the change. After that report, the older report must not be
// sent.
func TestOlderReportFollowsNone(t *testing.T) {
	t.Parallel()
	h := &held{reached: make(chan struct{}), over: make(chan struct{})}
	_, d := newRunning(t, rarely, func(o *agent.Options) { h.fake = o.MediaServer.(*fake); o.MediaServer = h })
	done := make(chan error, 1)
	go func() { done <- d.ReportNow(context.WithValue(context.Background(), h, true)) }()
	waittest.Receive(t, h.reached, "a report that is being made")
	d.fake.set(func() {
		d.fake.users = append(d.fake.users, mediaserver.LocalUser{ID: "u9", Name: "New"})
	})
	d.Wake()
	for n := 0; n < 300 && !slices.Contains(d.usersAtService(), "New"); n++ { // the loop has time for its report
		d.WakeOwed()
	}
	close(h.over)
	noError(t, waittest.Receive(t, done, "the end of the older report"))
	eventually(t, "the local user who came", func() bool { return slices.Contains(d.usersAtService(), "New") })
}

// TestTwoAgentsUndoEachOther lets another agent with the same server key undo the reports
// of this agent.
func TestTwoAgentsUndoEachOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	other := newFake()
	other.identity.Name = "Other den"
	stop := make(chan struct{})
	defer close(stop)
	raw := d.asServer()
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = raw.Report(t.Context(), client.Report{Name: "Other den", SystemID: "5ed0"})
				s.Clock.Advance(d.options.ReportEvery)
			}
		}
	}()
	eventually(t, "one line", func() bool { return d.log.Count("another agent uses the same server key, and") == 1 })
}

// TestTwoAgentsAcknowledgeUnseenChanges lets another agent acknowledge changes before this
// agent receives them.
func TestTwoAgentsAcknowledgeUnseenChanges(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/changes") {
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
	d.invite(s.Join(t, "bob"), "bob")
	raw := d.asServer()
	noError(t, raw.Acknowledge(t.Context(), must(raw.Get(t.Context()))(t).ChangeSeq, nil))
	s.Clock.Advance(d.options.ReportEvery)
	eventually(t, "one line", func() bool { return d.log.Count("another agent uses the same server key, and") == 1 })
}

// The service accepts a report, but fails to answer the call after it, which begins a
// trouble. The trouble ends as soon as the service answers that call again, even if there
// is nothing new to report.
func TestTroubleBesideReportEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	eventually(t, "no trouble", func() bool { return len(d.status().Trouble) == 0 })
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/api/v1/server") {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		inner.ServeHTTP(w, r)
	})
	d.fake.set(func() { d.fake.identity.Name = "Attic" })
	eventually(t, "the trouble", func() bool { return len(d.status().Trouble) > 0 })
	s.Up()
	eventually(t, "the end of it", func() bool { return len(d.status().Trouble) == 0 })
}
