package handlers_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

func sha256Of(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// later asks for changes in the background.
func (a agent) later(query string) <-chan answer {
	answers := make(chan answer, 1)
	go func() { answers <- a.get("/server/changes?" + query) }()
	return answers
}

// soon returns an answer that must come within five seconds.
func soon(t *testing.T, answers <-chan answer) answer {
	t.Helper()
	select {
	case a := <-answers:
		return a
	case <-time.After(5 * time.Second):
		t.Fatal("no answer came within five seconds, want one")
		return answer{}
	}
}

// waits fails if an answer comes at once.
func waits(t *testing.T, answers <-chan answer) {
	t.Helper()
	select {
	case a := <-answers:
		t.Fatalf("%s answers at once with %d %s, want it to wait", a.path, a.status, a.body)
	case <-time.After(150 * time.Millisecond):
	}
}

func TestAPIChanges(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	link := den.joins(ann, bob, nil)
	for i := range 4 {
		end := "2026-04-0" + strconv.Itoa(i+1) + "T00:00:00Z"
		ann.done(ann.put("PATCH", "/servers/"+den.id+"/people/"+link, map[string]any{"ends_at": end}))
	}
	if got := den.changes("after=2&wait=25"); len(got.Changes) != 3 || got.Changes[0].Seq != 3 || got.Last != 5 {
		t.Errorf("behind the second: %+v, want 3 changes, seq 3, last 5", got)
	}
	for _, query := range []string{"after=5", "after=5&wait=0", "after=6&wait=25"} { // after=6 is beyond the last change
		if a := den.get("/server/changes?" + query); a.status != 200 || a.body != `{"changes":[],"last":5}` {
			t.Errorf("%s: %d %s, want status 200, body %q", query, a.status, a.body, `{"changes":[],"last":5}`)
		}
	}
	begun := time.Now()
	den.changes("after=5&wait=1")
	if took := time.Since(begun); took < 900*time.Millisecond {
		t.Errorf("waited for %s, want at least 900ms", took)
	}
	for _, bad := range []string{"x", "-1", "1.5", "", "9223372036854775808"} {
		den.wrong(den.get("/server/changes?after="+bad), 422, "after", "after_invalid")
		den.wrong(den.get("/server/changes?wait="+bad), 422, "wait", "wait_invalid")
	}
	den.wrong(den.get("/server/changes?wait=26"), 422, "wait", "wait_invalid")
	den.wrong(den.get("/server/changes?after=1&after=2"), 422, "after", "parameter_invalid")

	acknowledge := func(in map[string]any) answer { return den.put("POST", "/server/changes/acknowledge", in) }
	den.wrong(acknowledge(map[string]any{}), 422, "seq", "field_required")
	den.wrong(acknowledge(map[string]any{"seq": 6}), 422, "seq", "seq_unknown")
	den.wrong(acknowledge(map[string]any{"seq": -1}), 422, "seq", "seq_unknown")
	den.done(acknowledge(map[string]any{"seq": 5}))
	den.done(acknowledge(map[string]any{"seq": 3})) // late, but harmless
	var state struct {
		Acknowledged int64 `json:"acknowledged_seq"`
	}
	den.is(den.get("/server"), http.StatusOK, &state)
	if state.Acknowledged != 5 || den.last() != 5 {
		t.Errorf("acknowledged %d of %d, want acknowledged 5, last 5", state.Acknowledged, den.last())
	}
	// A device signs out: the change names that device and no other.
	var in struct{ Token string }
	bob.is(bob.post("/sessions", "name_or_email", "bob", "password", goodPassword, "client", "TV", "device_id", "tv-1"), http.StatusCreated, &in)
	device := bob.as(in.Token)
	device.done(device.put("DELETE", "/sessions/current", nil))
	got := den.changes("after=5")
	if got.kinds() != "devices_ended" || got.Changes[0].DeviceID == nil || *got.Changes[0].DeviceID != "tv-1" {
		t.Errorf("signed out: %+v, want kinds devices_ended, some device ID, device ID tv-1", got)
	}
	// Many changes at once come in pages.
	for i := range 200 {
		day := time.Date(2026, 5, 1, 0, i, 0, 0, time.UTC).Format(time.RFC3339)
		ann.done(ann.put("PATCH", "/servers/"+den.id+"/people/"+link, map[string]any{"ends_at": day}))
	}
	if got := den.changes("after=0"); len(got.Changes) != 200 || got.Last != 206 {
		t.Errorf("%d changes, last %d, want 200 changes, last 206", len(got.Changes), got.Last)
	}
	if got := den.changes("after=200"); len(got.Changes) != 6 || got.Changes[5].Seq != 206 {
		t.Errorf("the rest: %+v, want 6 changes, seq 206", got)
	}
}

// Waiting keeps nothing from others, and ends when the agent leaves.
func TestAPIChangesWaiting(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	clock := modelstest.NewClock()
	store := modelstest.Open(t, modelstest.SQLite(t), clock, modelstest.Unlimited, func(o *models.Options) { o.Connections = 1 })
	s := siteOf(t, store, clock, func(c *handlers.Server) { c.Stopping = stopping })
	ann := s.program(t).signedUp("ann")
	den := ann.agent("den")
	attic := ann.agent("attic")
	var waiting []<-chan answer
	for range 4 {
		waiting = append(waiting, den.later("wait=25"))
	}
	for _, one := range waiting {
		waits(t, one)
	}
	begun := time.Now()
	den.refused(den.get("/server/changes?wait=25"), http.StatusTooManyRequests, "throttled") // one request too many
	other := attic.later("wait=25")
	waits(t, other)
	ann.is(ann.get("/servers/"+den.id), http.StatusOK, nil) // there is one connection to the database
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("other requests waited for %s, want less than 5s", took)
	}

	// A client that leaves makes room for another.
	ann.signedUp("bob")
	bob := ann.as(ann.token("bob"))
	den.joins(ann, bob, nil)
	for _, one := range waiting {
		den.is(soon(t, one), http.StatusOK, nil)
	}
	query := "after=" + strconv.FormatInt(den.last(), 10) + "&wait="
	gone, leave := context.WithCancel(t.Context())
	left := make(chan error, 4)
	for range 4 {
		request, err := http.NewRequestWithContext(gone, http.MethodGet, s.URL+v1+"/server/changes?"+query+"25", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = den.header
		go func() {
			response, err := s.Client().Transport.RoundTrip(request)
			if err == nil {
				_ = response.Body.Close()
			}
			left <- err
		}()
	}
	select {
	case err := <-left:
		t.Fatalf("a request ended with %v, want it to wait", err)
	case <-time.After(500 * time.Millisecond):
	}
	den.refused(den.get("/server/changes?"+query+"25"), http.StatusTooManyRequests, "throttled")
	leave()
	for range 4 {
		if err := <-left; err == nil {
			t.Error("a client that left got an answer, want an error")
		}
	}
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if a := den.get("/server/changes?" + query + "1"); a.status == http.StatusOK {
			break
		}
		if time.Since(begun) > 5*time.Second {
			t.Fatal("requests whose clients left still wait, want them ended within 5s")
		}
	}

	waits(t, other)
	close(stopping)
	var got changesSeen
	attic.is(soon(t, other), http.StatusOK, &got)
	if len(got.Changes) != 0 || got.Last != 0 {
		t.Errorf("told to stop: %+v, want no changes, last 0", got)
	}
}

// The limits of short requests do not cut off a long wait.
func TestAPIChangesOutlastLimits(t *testing.T) {
	servicetest.SkipIfShort(t, "it waits longer than the limits of the server")
	t.Parallel()
	s, _, _, den := owners(t)
	brisk := httptest.NewUnstartedServer(nil)
	brisk.Config = handlers.NewHTTPServer(s.Server.Config.Handler)
	brisk.Config.ReadTimeout, brisk.Config.WriteTimeout = time.Second, time.Second
	brisk.StartTLS()
	t.Cleanup(brisk.Close)
	ask, err := http.NewRequestWithContext(t.Context(), http.MethodGet, brisk.URL+v1+"/server/changes?wait=3", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	ask.Host, ask.Header = s.Listener.Addr().String(), den.header.Clone()
	begun := time.Now()
	response, err := brisk.Client().Do(ask)
	if err != nil {
		t.Fatalf("after %s: %v, want no error", time.Since(begun), err)
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%d, %v: %s, want status %d", response.StatusCode, err, body, http.StatusOK)
	}
	if took := time.Since(begun); took < 2900*time.Millisecond {
		t.Errorf("the wait ended after %s, want at least 2.9s", took)
	}
}

// If somebody ends the session of an app that signed in over the Emby Connect protocol,
// the agents are told to end the local access tokens of the app's device. This works only
// if the app named its device; the list of sessions marks the apps that did not.
func TestSignOutReachesAConnectDevice(t *testing.T) {
	t.Parallel()
	s, ann, bob, den := owners(t)
	den.joins(ann, bob, nil)
	app := s.program(t)
	in := url.Values{"nameOrEmail": {"bob"}, "rawpw": {goodPassword}}
	app.is(app.form(http.MethodPost, "/service/user/authenticate", in), http.StatusOK, nil)
	named := app.with("X-Emby-Authorization", `MediaBrowser Client="Example TV", Device="Sofa", DeviceId="sofa-1", Version="1"`)
	named.is(named.form(http.MethodPost, "/service/user/authenticate", in), http.StatusOK, nil)
	var list struct {
		Sessions []struct {
			ID            string
			Current       bool
			DeviceUnknown bool `json:"device_unknown"`
		}
	}
	bob.is(bob.get("/sessions"), http.StatusOK, &list)
	told := map[bool][]string{} // the devices that the agent is told, by whether the list says that the device is unknown
	for _, one := range list.Sessions {
		if one.Current {
			continue
		}
		before := den.changes("after=0").Last
		bob.done(bob.put(http.MethodDelete, "/sessions/"+one.ID, nil))
		told[one.DeviceUnknown] = []string{}
		for _, change := range den.changes("after=" + strconv.FormatInt(before, 10)).Changes {
			told[one.DeviceUnknown] = append(told[one.DeviceUnknown], *change.DeviceID)
		}
	}
	if diff := cmp.Diff(map[bool][]string{false: {"sofa-1"}, true: {}}, told); diff != "" {
		t.Errorf("devices whose local tokens end (-want +got):\n%s", diff)
	}
}
