package handlers_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
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

// waitWatch counts the requests of a site that have begun to wait for a change. The watch
// recognises such a request because the site gives its connection a later deadline.
type waitWatch struct {
	mu          sync.Mutex
	begun       int
	read, write time.Time // the deadlines of the connection of the latest such request
}

// watchWaits watches the requests that the site gets from now on.
func (s *site) watchWaits() *waitWatch {
	watch := &waitWatch{}
	s.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(watchedWriter{w, watch}, r)
	})
	return watch
}

// begins waits until n requests in all have begun to wait, and fails if an answer in
// answers has already arrived.
func (w *waitWatch) begins(t *testing.T, n int, answers ...<-chan answer) {
	t.Helper()
	waittest.Eventually(t, strconv.Itoa(n)+" requests wait", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.begun >= n
	})
	waits(t, answers...)
}

// waits fails if one of the requests was answered already, although nothing has happened
// yet.
func waits(t *testing.T, answers ...<-chan answer) {
	t.Helper()
	for _, one := range answers {
		select {
		case a := <-one:
			t.Fatalf("%s answers at once with %d %s, want it to wait", a.path, a.status, a.body)
		default:
		}
	}
}

// watchedWriter is the answer to a request that a waitWatch watches.
type watchedWriter struct {
	http.ResponseWriter
	watch *waitWatch
}

func (w watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w watchedWriter) SetReadDeadline(at time.Time) error {
	w.watch.mu.Lock()
	w.watch.read = at
	w.watch.mu.Unlock()
	return http.NewResponseController(w.ResponseWriter).SetReadDeadline(at)
}

func (w watchedWriter) SetWriteDeadline(at time.Time) error {
	w.watch.mu.Lock()
	w.watch.begun++
	w.watch.write = at
	w.watch.mu.Unlock()
	return http.NewResponseController(w.ResponseWriter).SetWriteDeadline(at)
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
	// A device signs out: the change names only that device.
	var in struct{ Token string }
	bob.is(bob.post("/sessions", "name_or_email", "bob", "password", goodPassword, "client", "TV", "device_id", "tv-1"), http.StatusCreated, &in)
	device := bob.as(in.Token)
	device.done(device.put("DELETE", "/sessions/current", nil))
	got := den.changes("after=5")
	if got.kinds() != "devices_ended session_ended" || got.Changes[0].DeviceID == nil || *got.Changes[0].DeviceID != "tv-1" {
		t.Errorf("signed out: %+v, want kinds devices_ended and session_ended, some device ID, device ID tv-1", got)
	}
	// Many changes at once come in pages.
	for i := range 200 {
		day := time.Date(2026, 5, 1, 0, i, 0, 0, time.UTC).Format(time.RFC3339)
		ann.done(ann.put("PATCH", "/servers/"+den.id+"/people/"+link, map[string]any{"ends_at": day}))
	}
	if got := den.changes("after=0"); len(got.Changes) != 200 || got.Last != 207 {
		t.Errorf("%d changes, last %d, want 200 changes, last 207", len(got.Changes), got.Last)
	}
	if got := den.changes("after=200"); len(got.Changes) != 7 || got.Changes[6].Seq != 207 {
		t.Errorf("the rest: %+v, want 7 changes, seq 207", got)
	}
}

// A request that waits does not hinder other requests, and ends when the agent leaves.
func TestAPIChangesWaiting(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	clock := modelstest.NewClock()
	store := modelstest.Open(t, modelstest.SQLite(t), clock, modelstest.Unlimited, func(o *models.Options) { o.Connections = 1 })
	s := siteOf(t, store, clock, func(c *handlers.Server) { c.Stopping = stopping })
	ann := s.program(t).signedUp("ann")
	den := ann.agent("den")
	attic := ann.agent("attic")
	watch := s.watchWaits()
	var waiting []<-chan answer
	for range 4 {
		waiting = append(waiting, den.later("wait=25"))
	}
	watch.begins(t, 4, waiting...)
	den.refused(den.get("/server/changes?wait=25"), http.StatusTooManyRequests, "throttled") // one request too many
	other := attic.later("wait=25")
	watch.begins(t, 5, other)
	ann.is(ann.get("/servers/"+den.id), http.StatusOK, nil) // the site has one connection to the database, and requests that wait do not hold it
	waits(t, append(waiting, other)...)

	// A client that leaves makes room for another.
	ann.signedUp("bob")
	bob := ann.as(ann.token("bob"))
	den.joins(ann, bob, nil)
	for _, one := range waiting {
		den.is(waittest.Receive(t, one, "the change"), http.StatusOK, nil)
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
	watch.begins(t, 9)
	den.refused(den.get("/server/changes?"+query+"25"), http.StatusTooManyRequests, "throttled")
	leave()
	for range 4 {
		if err := <-left; err == nil {
			t.Error("a client that left got an answer, want an error")
		}
	}
	waittest.Eventually(t, "the requests whose clients left have ended", func() bool {
		return den.get("/server/changes?"+query+"1").status == http.StatusOK
	})

	waits(t, other)
	close(stopping)
	var got changesSeen
	attic.is(waittest.Receive(t, other, "the end of the wait"), http.StatusOK, &got)
	if len(got.Changes) != 0 || got.Last != 0 {
		t.Errorf("told to stop: %+v, want no changes, last 0", got)
	}
}

// The limits of short requests do not cut off a long wait: its connection may be read and
// written as long as the request may take, including the wait.
func TestAPIChangesOutlastLimits(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	s := newSite(t, func(c *handlers.Server) { c.Stopping = stopping })
	den := s.program(t).signedUp("ann").agent("den")
	watch := s.watchWaits()
	begun := time.Now()
	waiting := den.later("wait=25")
	watch.begins(t, 1, waiting)
	for what, at := range map[string]time.Time{"read": watch.read, "written": watch.write} {
		if lasts := at.Sub(begun); lasts < 25*time.Second+s.Server.Config.ReadHeaderTimeout {
			t.Errorf("the connection may be %s for %s, want 25s and some time for the answer", what, lasts)
		}
	}
	close(stopping)
	den.is(waittest.Receive(t, waiting, "the end of the wait"), http.StatusOK, nil)
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
			if change.DeviceID != nil { // the change about the end of the session itself has no device
				told[one.DeviceUnknown] = append(told[one.DeviceUnknown], *change.DeviceID)
			}
		}
	}
	if diff := cmp.Diff(map[bool][]string{false: {"sofa-1"}, true: {}}, told); diff != "" {
		t.Errorf("devices whose local tokens end (-want +got):\n%s", diff)
	}
}

// TestAPIWaitingGuests lets an agent report the reason why a guest waits, when it acknowledges
// changes. The owner and the guest see the reason. An empty list removes it, and a request
// without a list changes nothing.
func TestAPIWaitingGuests(t *testing.T) {
	t.Parallel()
	_, ann, bob, den := owners(t)
	bob.done(bob.put(http.MethodPost, "/invites/"+ann.invite(offer("bob", "guest", den.id, nil))+"/accept", nil))
	link := den.links()[0].ID
	seen := func(want string) {
		t.Helper()
		var mine struct {
			Links []struct {
				WaitsFor string `json:"waits_for"`
			}
		}
		var people struct {
			Items []struct {
				WaitsFor string `json:"waits_for"`
			}
		}
		bob.is(bob.get("/links"), http.StatusOK, &mine)
		ann.is(ann.get("/servers/"+den.id+"/people"), http.StatusOK, &people)
		if len(mine.Links) != 1 || len(people.Items) != 1 || mine.Links[0].WaitsFor != want || people.Items[0].WaitsFor != want {
			t.Errorf("got the links %+v and the people %+v, want one each that waits for %q", mine.Links, people.Items, want)
		}
	}
	tell := func(in map[string]any) { den.done(den.put("POST", "/server/changes/acknowledge", in)) }
	seen("")
	tell(map[string]any{"seq": 0, "waiting": []any{
		map[string]any{"link_id": link, "reason": "guest_limit"}, map[string]any{"link_id": "x", "reason": "guests_off"},
	}})
	seen("guest_limit")
	tell(map[string]any{"seq": 0})
	seen("guest_limit")
	tell(map[string]any{"seq": 0, "waiting": []any{}})
	seen("")
}
