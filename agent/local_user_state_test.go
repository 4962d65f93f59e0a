package agent_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/client"
)

// entryOf returns the entry of a local user in the roster of the deployment's server.
func (d *deployment) entryOf(externalID string) client.RosterEntry {
	d.t.Helper()
	for one, err := range d.ann.Roster.List(d.t.Context(), d.serverID(), client.RosterAsk{}) {
		noError(d.t, err)
		if one.LocalUser != nil && one.LocalUser.ExternalID == externalID {
			return one
		}
	}
	d.t.Fatalf("there is no entry of %s", externalID)
	return client.RosterEntry{}
}

// wayIn waits until the answer to the question why a local user cannot get in names the step and the reason. "" stands
// for the answer that nothing is wrong.
func (d *deployment) wayIn(externalID, step, reason string) {
	d.t.Helper()
	var last client.WayIn
	eventually(d.t, "the step "+step+" is broken because of "+reason, func() bool {
		last = must(d.ann.Roster.WayIn(d.t.Context(), d.serverID(), d.entryOf(externalID).ID))(d.t)
		if last.Broken == nil {
			return step == "" && !last.StatesAt.IsZero()
		}
		return last.Broken.Name == step && last.Broken.Reason == reason
	}, d.log)
}

// The test breaks, one after the other, each thing at the media server that a local user needs to get in. It uses the
// fakes of 10.11 and 12. The agent tells the service what is broken, and the page of the owner names it. After the repair,
// the page says that nothing is wrong.
func TestWayInOnJellyfin(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.11", "12"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d, fake := onJellyfin(t, s, version, func(o *agent.Options) {
				o.Policy.AllowAllUsers = true
				o.Addresses.Configured = []string{"https://films.example.org"}
			})
			kid := fake.AddUser("Kid", "secret", false)
			d.started()
			bob := s.Join(t, "bob")
			eventually(t, "the service knows the local user", func() bool {
				users := must(d.ann.People.LocalUsers(t.Context(), d.serverID()))(t)
				return len(users) > 0
			}, d.log)
			d.wayIn(kid, "link", "no_account")
			d.linked(bob, "bob", kid)
			d.wayIn(kid, "", "")
			never := `[{"DayOfWeek":"Everyday","StartHour":24,"EndHour":24}]`
			for _, row := range []struct {
				member, broken, whole, step, reason string
			}{
				{"IsDisabled", "true", "false", "local_user", "disabled"},
				{"AccessSchedules", never, "[]", "hours", "outside_hours"},
				{"EnableAllDevices", "false", "true", "devices", "chosen_devices"},
				{"EnableRemoteAccess", "false", "true", "address", "not_from_away"},
			} {
				fake.SetPolicy(kid, row.member, row.broken)
				d.wayIn(kid, row.step, row.reason)
				fake.SetPolicy(kid, row.member, row.whole)
				d.wayIn(kid, "", "")
			}
			signIn(t, fake, "Kid", "secret", "phone")
			fake.SetPolicy(kid, "MaxActiveSessions", "1")
			d.wayIn(kid, "sessions", "too_many")
			entry := d.entryOf(kid)
			if entry.LocalUser.Devices != 1 || entry.LocalUser.SeenAt.IsZero() {
				t.Errorf("the local user has %d devices and was seen at %s, want one, and some time", entry.LocalUser.Devices, entry.LocalUser.SeenAt)
			}
			fake.SetPolicy(kid, "MaxActiveSessions", "0")
			d.wayIn(kid, "", "")
			fake.SetQuickConnect(false)
			d.wayIn(kid, "quick_connect", "quick_off")
			sum := must(d.ann.Servers.Summary(t.Context(), d.serverID()))(t)
			if len(sum.Troubles) != 1 || sum.Troubles[0] != "quick_connect" || sum.AgentVersion != "" {
				t.Errorf("troubles %v, agent %q; want that of Quick Connect alone, and no version of a test", sum.Troubles, sum.AgentVersion)
			}
			fake.SetQuickConnect(true)
			d.wayIn(kid, "", "")
			if drift := fake.Drift(); len(drift) > 0 {
				t.Errorf("the fake has met requests unlike Jellyfin's %q, want none", drift)
			}
		})
	}
}

// signIn signs a local user in at the fake with a password.
func signIn(t *testing.T, fake *jellyfintest.Server, name, password, device string) {
	t.Helper()
	body := strings.NewReader(`{"Username":"` + name + `","Pw":"` + password + `"}`)
	request := must(http.NewRequestWithContext(t.Context(), http.MethodPost, fake.URL+"/Users/AuthenticateByName", body))(t)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", `MediaBrowser Client="Films", Device="Phone", DeviceId="`+device+`", Version="1"`)
	answer := must((&http.Client{}).Do(request))(t)
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("sign in at the fake: %d", answer.StatusCode)
	}
}

// An agent of a service that does not know the call goes on with everything else, and tries the call again after an hour.
func TestOldServiceGetsNoStates(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var calls, reports atomic.Int64
	s.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path == "/api/v1/server/local-users" {
			calls.Add(1)
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"type":"about:blank","title":"Not found","status":404,"code":"not_found"}`)
			return
		}
		if r.URL.Path == "/api/v1/server/report" {
			reports.Add(1)
		}
		next.ServeHTTP(w, r)
	})
	d := newDeployment(t, s).started()
	eventually(t, "the first try", func() bool { return calls.Load() == 1 }, d.log)
	for i, name := range []string{"Anna B.", "Anna C.", "Anna D."} { // each is told by the loop of the reports
		before := reports.Load()
		d.fake.set(func() { d.fake.users[0].Name = name })
		eventually(t, "a report", func() bool { return reports.Load() > before }, d.log)
		if n := calls.Load(); n != 1 {
			t.Fatalf("%d tries after %d reports, want 1", n, i+1)
		}
	}
	s.Up()
	s.Clock.Advance(time.Hour + time.Second)
	eventually(t, "the states are told", func() bool {
		return !must(d.ann.Servers.Summary(t.Context(), d.serverID()))(t).StatesAt.IsZero()
	}, d.log)
}
