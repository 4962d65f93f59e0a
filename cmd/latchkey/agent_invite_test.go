package main

import (
	"net/url"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // this test binary is also the program, and the machine may know no time zones

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/lastday"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestLastDayIsTheSameEverywhere names one last day on the page, at the API and by the command of a machine in
// Auckland, half a day away from the owner in Berlin: all three invites give the same moment.
func TestLastDayIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		w := newTown(t, "--database="+database)
		owner := w.signUp("anna")
		h := buildHouse(owner, "Grandma")
		server, _ := owner.owns("Grandma")
		zone := "Europe/Berlin"
		if _, err := owner.Accounts.Change(t.Context(), client.Profile{TimeZone: &zone}); err != nil {
			t.Fatal(err)
		}
		berlin, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		end := lastday.Of(time.Now().AddDate(1, 0, 0), berlin)
		day := lastday.Day(end, berlin)

		browser := newVisitor(w.address, 1)
		browser.signIn(t, "anna")
		id := string(server)
		page := "/servers/" + id
		if body := browser.get(t, page+"/invite").body; !strings.Contains(body, "until midnight where you are") {
			t.Error("the page does not say where the last day ends, want where the owner lives")
		}
		browser.post(t, "/invites", page, url.Values{"server": {id}, "to": {"page@example.org"}, "server." + id: {"on"}, "ends_at": {day}})

		_, err = owner.Invites.Create(t.Context(), client.NewInvite{
			To: "api@example.org", Type: client.Guest, Servers: []client.NewInviteServer{{ServerID: server, EndsAt: end}},
		})
		if err != nil {
			t.Fatal(err)
		}

		said := inAuckland(t, "agent", "invite", "--data-dir="+h.folder, "--until="+day, "command@example.org")
		if want := "The last day of the link is " + day + " (Europe/Berlin)."; !strings.Contains(said, want) {
			t.Errorf("the command said %q, want it to contain %q", said, want)
		}
		ends := map[string]time.Time{}
		for invite, err := range owner.Invites.Sent(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			ends[invite.To] = invite.Servers[0].EndsAt
		}
		for _, to := range []string{"page@example.org", "api@example.org", "command@example.org"} {
			if !ends[to].Equal(end) {
				t.Errorf("the invite to %s ends %v, want %v", to, ends[to], end)
			}
		}
		if shown := strings.Count(browser.get(t, page+"/invites").body, end.In(berlin).Format("2 January 2006")); shown != 3 {
			t.Errorf("the invitations of the server show the last day %d times, want 3", shown)
		}
	})
}

// inAuckland runs a command on a machine in the time zone of New Zealand, and returns what the command
// printed.
func inAuckland(t *testing.T, arguments ...string) string {
	t.Helper()
	p := launch(t, []string{"TZ=Pacific/Auckland"}, arguments...)
	if err := p.wait(); err != nil {
		t.Fatalf("%v: %v, want no error\n%s", arguments, err, p.said)
	}
	return p.said.String()
}
