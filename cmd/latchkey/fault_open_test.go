package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/internal/porttest"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// opener is a person who opens the films in a browser, as the script of the agent's page does it.
type opener struct {
	*resident

	h        *house
	listen   string // where the agent answers browsers
	owner    *resident
	server   client.ID
	jellyfin *jellyfintest.Server
	grandma  string // the person's local user
	browser  *visitor
	browsers int

	flow, page, code, state string // of the opening that is going on
}

// openSteps are the steps of Open in their order.
func openSteps() []string { return []string{"press", "begin", "authorize", "who", "mint"} }

// newOpener builds a town with a media server whose address leads to the agent.
func newOpener(t *testing.T) *opener {
	t.Helper()
	jellyfin := jellyfintest.New(t, "10.11")
	o := &opener{jellyfin: jellyfin, grandma: jellyfin.AddUser("Grandma", "local password", false), listen: porttest.Free(t)}
	w := newTown(t, "--trusted-proxies=127.0.0.1")
	o.owner, o.resident = w.signUp("anna"), w.signUp("rosa")
	o.h = &house{t: t, folder: filepath.Join(t.TempDir(), "agent"), local: jellyfin.URL}
	command(t, strings.Join([]string{w.url(), o.owner.claimCode(), "", jellyfin.URL, jellyfin.APIKey, "http://" + o.listen}, "\n")+"\n",
		"agent", "setup", "--data-dir="+o.h.folder, "--listen="+o.listen)
	command(t, "", "agent", "allow", "--data-dir="+o.h.folder, "--listed")
	o.startAgent()
	var users map[string]client.ID
	o.server, users = o.owner.owns("Grandma")
	o.owner.invites(o.resident, o.server, users["Grandma"])
	o.freshBrowser()
	within(t, patience, "the films open", func() bool { return o.open() == http.StatusOK })
	return o
}

func (o *opener) startAgent() {
	o.w.t.Helper()
	o.h.agent = startAgent(o.w.t, o.h.folder, "--listen="+o.listen)
}

// freshBrowser signs the person in with another browser.
func (o *opener) freshBrowser() {
	o.w.t.Helper()
	o.browsers++
	o.browser = newVisitor(o.w.address, o.browsers)
	o.browser.signIn(o.w.t, o.name)
}

// open goes through all steps, and returns the status of the last one that was answered.
func (o *opener) open() (status int) {
	for _, name := range openSteps() {
		if status = o.step(name); status >= http.StatusBadRequest || status == 0 {
			return status
		}
	}
	return status
}

// step takes one step, and returns its status; 0 if nobody answered.
func (o *opener) step(name string) int {
	switch name {
	case "press":
		a, _ := o.browser.do("/servers/"+string(o.server)+"/open", url.Values{})
		return a.status
	case "authorize":
		a, _ := o.browser.do(o.page, nil)
		if _, fragment, found := strings.Cut(a.location, "#"); found {
			values, _ := url.ParseQuery(fragment)
			o.code, o.state = values.Get("code"), values.Get("state")
		}
		return a.status
	}
	status, said := o.ask(name, map[string]string{"flow": o.flow, "state": o.state, "code": o.code, "device_id": "b1", "device": "Firefox", "version": "1"})
	if name == "begin" && status == http.StatusOK {
		o.flow, o.page = said["flow"], strings.TrimPrefix(said["url"], o.w.url())
	}
	return status
}

// ask asks the agent as the page does.
func (o *opener) ask(name string, in map[string]string) (status int, said map[string]string) {
	body, err := json.Marshal(in)
	if err != nil {
		o.w.t.Error(err)
		return 0, nil
	}
	r, err := http.NewRequestWithContext(o.w.t.Context(), http.MethodPost, "http://"+o.listen+"/latchkey/"+name, strings.NewReader(string(body)))
	if err != nil {
		o.w.t.Error(err)
		return 0, nil
	}
	r.Header.Set("Content-Type", "application/json")
	c := oneShot()
	c.Timeout = patience
	answer, err := c.Do(r)
	if err != nil {
		return 0, nil
	}
	defer answer.Body.Close()
	_ = json.NewDecoder(answer.Body).Decode(&said)
	return answer.StatusCode, said
}

// isWhole checks that the films open again, with one token, and that this token is known: it ends
// when the person signs out everywhere, and then no token is left.
func (o *opener) isWhole(after string) {
	t := o.w.t
	t.Helper()
	within(t, patience, "the films open again after "+after, func() bool { return o.open() == http.StatusOK })
	if n := len(o.jellyfin.Tokens(o.grandma)); n != 1 {
		t.Errorf("after %s: %d tokens, want the new one alone", after, n)
	}
	if err := o.Sessions.EndAll(t.Context()); err != nil {
		t.Fatalf("after %s: %v", after, err)
	}
	within(t, patience, "no token is left after "+after, func() bool { return len(o.jellyfin.Tokens(o.grandma)) == 0 })
	o.signIn()
	o.freshBrowser()
}

// TestFaultKillWhileOpening kills the agent or the service between the steps of Open, and in the
// middle of them. Nobody is half signed in, and the agent knows every token that is left.
func TestFaultKillWhileOpening(t *testing.T) {
	t.Parallel()
	o, kills := newOpener(t), 0
	o.isWhole("the first opening")
	restart := map[string]func(){
		"agent":   func() { o.h.agent.kill(); o.startAgent() },
		"service": func() { o.w.service.kill(); o.w.open() },
	}
	for who, again := range restart {
		for i := range openSteps() {
			for _, name := range openSteps()[:i+1] {
				o.step(name)
			}
			again()
			kills++
			for _, name := range openSteps()[i+1:] { // the page goes on, and knows nothing of it
				if status := o.step(name); status == http.StatusInternalServerError {
					t.Errorf("the %s was killed after %s: %s is answered with %d, want a refusal or success", who, openSteps()[i], name, status)
				}
			}
			o.isWhole("the " + who + " was killed after " + openSteps()[i])
		}
	}
	for _, name := range openSteps() { // the service, at any moment of a step
		for _, before := range openSteps() {
			if before == name {
				break
			}
			o.step(before)
		}
		done := make(chan int, 1)
		go func() { done <- o.step(name) }()
		o.w.service.kill()
		<-done
		o.w.open()
		kills++
		o.isWhole("the service was killed in the middle of " + name)
	}
	kills += o.killAmid()
	faulttest.Report(t, "F-18", "kills of agent and service while people open the films", "sqlite", faulttest.Count{Tried: kills, Survived: kills})
}

// killAmid kills the agent while it waits for an answer of the media server, after the media server
// has carried out the request. In the long form, it also kills the agent before the media server has
// done so. It returns the number of kills.
func (o *opener) killAmid() (kills int) {
	t := o.w.t
	t.Helper()
	const always = `[{"DayOfWeek":"Everyday","StartHour":0,"EndHour":24}]`
	ways := []func(string, int, http.HandlerFunc){o.jellyfin.BreakAfter}
	if long() {
		ways = append(ways, o.jellyfin.Break)
	}
	for _, row := range []struct{ step, operation, hours string }{
		{"who", "GetUserById", "[]"},
		{"mint", "InitiateQuickConnect", "[]"},
		{"mint", "AuthorizeQuickConnect", "[]"},
		{"mint", "AuthenticateWithQuickConnect", "[]"},
		{"mint", "AuthorizeQuickConnect", always}, // here the agent first tries whether the hours of the local user allow the sign-in
		{"mint", "AuthenticateWithQuickConnect", always},
		{"mint", "GetCurrentUser", always},
		{"mint", "DeleteDevice", always},
	} {
		for _, breaks := range ways {
			for _, before := range openSteps() {
				if before == row.step {
					break
				}
				o.step(before)
			}
			o.jellyfin.SetPolicy(o.grandma, "AccessSchedules", row.hours)
			reached, done := make(chan struct{}), make(chan int, 1)
			breaks(row.operation, 1, func(w http.ResponseWriter, r *http.Request) {
				close(reached)
				jellyfintest.Slow(w, r)
			})
			go func() { done <- o.step(row.step) }()
			waittest.Receive(t, reached, "the agent asks "+row.operation)
			o.h.agent.kill()
			kills++
			if status := <-done; status != 0 {
				t.Errorf("%s was answered with %d, want no answer", row.step, status)
			}
			o.jellyfin.Mend()
			o.startAgent()
			within(t, patience, "no token is left after a kill at "+row.operation, func() bool { return len(o.jellyfin.Tokens(o.grandma)) == 0 })
			if status := o.step(row.step); status != http.StatusGone {
				t.Errorf("the flow goes on after the kill with %d, want %d", status, http.StatusGone)
			}
			o.isWhole("the agent was killed at " + row.operation)
		}
	}
	return kills
}
