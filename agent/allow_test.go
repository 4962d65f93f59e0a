package agent_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/database"
)

// allowances returns the names of the allowed local users, and the names of the local users
// whose links wait for a yes. The usernames of these links follow each waiting name.
func (d *deployment) allowances() (allowed, waiting []string) {
	d.t.Helper()
	for _, one := range must(d.Allowances.List(d.t.Context()))(d.t) {
		if one.Allowed {
			allowed = append(allowed, one.LocalUser.Name)
		}
		if len(one.Waiting) > 0 {
			waiting = append(waiting, one.LocalUser.Name+" "+strings.Join(one.Waiting, " "))
		}
	}
	return allowed, waiting
}

// wantAllowed checks who is allowed.
func (d *deployment) wantAllowed(want ...string) {
	d.t.Helper()
	if got, _ := d.allowances(); !slices.Equal(got, want) {
		d.t.Errorf("allowed local users %q, want %q", got, want)
	}
}

// TestLinkWaitsForAYes links a local user only at the service. Nobody is let in until the
// admin has allowed the local user at the machine. When the admin disallows the local user,
// the tokens end.
func TestLinkWaitsForAYes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.wantAllowed()
	link := d.linkedByService(bob, "bob", "u1")
	if link.Allowed {
		t.Errorf("link %+v, want one whose local user is not allowed", link)
	}
	key := d.key(bob)
	_, err := d.exchange(key)
	isError(t, err, agent.ErrLocalUserNotAllowed)
	eventually(t, "trouble", func() bool { return d.trouble("local_user_not_allowed") })
	eventually(t, "two lines", func() bool {
		return d.log.Count("a link waits for a yes at this machine: see") > 0 && d.log.Count("a link waits for a yes at this machine: 'latchkey agent allow' shows") == 1
	})
	if waiting := d.status().Waiting; len(waiting) != 1 || waiting[0].LocalUser.Name != "Kid" || !slices.Equal(waiting[0].Waiting, []string{"bob"}) {
		t.Errorf("status: %+v wait, want Kid for bob", waiting)
	}
	if _, waiting := d.allowances(); !slices.Equal(waiting, []string{"Kid bob"}) {
		t.Errorf("waiting %q, want Kid for bob", waiting)
	}

	noError(t, d.Allowances.Allow(t.Context(), "u1"))
	d.wantAllowed("Kid")
	d.exchanged(key, "u1")
	eventually(t, "the end of the trouble", func() bool { return !d.trouble("local_user_not_allowed") })
	if waiting := d.status().Waiting; len(waiting) != 0 || !d.linkOf("bob").Allowed {
		t.Errorf("status: %+v wait, link %+v; want nobody and an allowed local user", waiting, d.linkOf("bob"))
	}
	isError(t, d.Allowances.Allow(t.Context(), "u2"), agent.ErrLocalUserRefused)
	isError(t, d.Allowances.Allow(t.Context(), "u77"), agent.ErrLocalUserUnknown)

	noError(t, d.Allowances.Disallow(t.Context(), "u1"))
	_, err = d.exchange(key)
	isError(t, err, agent.ErrLocalUserNotAllowed)
	eventually(t, "the token ends", func() bool { return len(d.fake.live("u1")) == 0 && d.status().OwedTokens == 0 })
	isError(t, d.Allowances.Disallow(t.Context(), "u1"), agent.ErrLocalUserNotAllowed)
	d.wantAllowed()
}

// TestYesOutlivesTheLocalUser disallows a local user whom the media server no longer has.
// The local user is found by their last name.
func TestYesOutlivesTheLocalUser(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t)).started()
	noError(t, d.Allowances.Allow(t.Context(), "u1"))
	d.fake.set(func() { d.fake.users = d.fake.users[1:] })
	for name, want := range map[string]string{"kid": "u1", "u1": "u1", "Aunt": "", "": ""} {
		if got := must(d.Allowances.Find(t.Context(), name))(t); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	noError(t, d.Allowances.Disallow(t.Context(), "u1"))
	if got := must(d.Allowances.Find(t.Context(), "Kid"))(t); got != "" {
		t.Errorf("Kid is %q, want nobody", got)
	}
}

// TestLinkAtTheMachineIsAYes links local users at the machine: the request for a link also
// gives the yes. If the service refuses the request, a new yes is removed again. When the
// link is ended at the machine, the yes is removed, too, and the link stays ended even if the
// service keeps it.
func TestLinkAtTheMachineIsAYes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	_, err := d.Links.Ask(t.Context(), "u5", "nobody", "")
	isError(t, err, agent.ErrUsernameUnknown)
	d.wantAllowed()
	d.allow("u5")
	_, err = d.Links.Ask(t.Context(), "u5", "nobody", "") // the yes was there before
	isError(t, err, agent.ErrUsernameUnknown)
	d.wantAllowed("Aunt")
	must(d.Links.Ask(t.Context(), "u1", "bob", ""))(t)
	noError(t, bob.Links.Accept(t.Context(), must(bob.Links.List(t.Context(), client.Pending))(t)[0].ID))
	d.linkOf("bob")
	d.wantAllowed("Kid", "Aunt")
	d.exchanged(d.key(bob), "u1")
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if r.Method == http.MethodDelete { // the service does not end the link
			w.WriteHeader(http.StatusNoContent)
			return
		}
		inner.ServeHTTP(w, r)
	})
	noError(t, d.Links.EndOf(t.Context(), "u1"))
	d.wantAllowed("Aunt")
	d.restart()
	for range 2 {
		for _, link := range must(d.Links.List(t.Context()))(t) {
			if link.Active {
				t.Errorf("got the link %+v, want none that is active", link)
			}
		}
		_, err = d.exchange(d.key(bob))
		isError(t, err, agent.ErrAccessKeyWrong)
		d.allow("u1")
	}
	s.Up()
	d.restart() // the service lists the link, so it is told again
	eventually(t, "the service ends the link", func() bool { return len(must(bob.Links.List(t.Context(), client.Accepted))(t)) == 0 })
}

// TestLostAnswerKeepsTheYes asks for a link, and gets no answer. The yes must stay, because
// the service may have made the link.
func TestLostAnswerKeepsTheYes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	s.Join(t, "bob")
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/links") {
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
	_, err := d.Links.Ask(t.Context(), "u1", "bob", "")
	isError(t, err, agent.ErrServiceAway)
	d.wantAllowed("Kid")
}

// TestAllowAllUsers switches on the setting that allows all local users, except
// administrators. When it is off again, links wait for a yes, and the tokens end.
func TestAllowAllUsers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, func(o *agent.Options) { o.Policy.AllowAllUsers = true }).started()
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	if link := d.linkedByService(bob, "bob", "u1"); !link.Allowed {
		t.Errorf("link %+v, want an allowed one", link)
	}
	d.linkedByService(cat, "cat", "u2")
	d.exchanged(d.key(bob), "u1")
	_, err := d.exchange(d.key(cat))
	isError(t, err, agent.ErrLocalUserRefused)
	d.wantAllowed("Kid", "Homebody", "Shut", "Aunt")
	if d.trouble("local_user_not_allowed") || len(d.status().Waiting) != 0 {
		t.Errorf("status %+v, want nobody who waits", d.status())
	}
	d.halt()
	d.options.Policy.AllowAllUsers = false
	d.open()
	d.run()
	eventually(t, "the token ends", func() bool { return len(d.fake.live("u1")) == 0 })
	_, err = d.exchange(d.key(bob))
	isError(t, err, agent.ErrLocalUserNotAllowed)
}

// TestUpgradeKeepsLinksInUse opens a file of an older agent, from the time before local
// users needed a yes. Its links stay in use, and its guests are still guests.
func TestUpgradeKeepsLinksInUse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob, cat, eve := s.Join(t, "bob"), s.Join(t, "cat"), s.Join(t, "eve")
	d.linkedByService(bob, "bob", "u1")
	d.invite(cat, "cat")
	guest := d.guestOf("cat")
	d.halt()

	db := must(database.Open("sqlite:"+d.path, 1))(t)
	for _, statement := range []string{
		"DROP TABLE allowed_users", "ALTER TABLE guests DROP COLUMN unsure", "ALTER TABLE guest_intents DROP COLUMN sealed",
		"ALTER TABLE tokens DROP COLUMN opened_by", "ALTER TABLE tokens DROP COLUMN session_id",
		"ALTER TABLE links DROP COLUMN device_keys", "ALTER TABLE links DROP COLUMN asked_until", "DROP TABLE ended_sessions", "DROP TABLE levels",
		"ALTER TABLE links DROP COLUMN levels", "ALTER TABLE links DROP COLUMN unlock_closed", "ALTER TABLE links DROP COLUMN locked_at",
		"ALTER TABLE links DROP COLUMN unlocked_from", "ALTER TABLE links DROP COLUMN unlocked_until", "ALTER TABLE links DROP COLUMN stop_at_end",
		"DROP TABLE managed_passwords", "ALTER TABLE links DROP COLUMN paused_until", "ALTER TABLE links DROP COLUMN hand_reset_at",
		"ALTER TABLE guests DROP COLUMN hand", "ALTER TABLE guests DROP COLUMN reset_at", "DELETE FROM goose_db_version WHERE version_id >= 2",
	} {
		noError(t, db.Gorm.Exec(statement).Error)
	}
	noError(t, db.Close())
	d.open()
	d.run()
	d.exchanged(d.key(bob), "u1")
	d.exchanged(d.key(cat), guest.LocalUserID)
	var got []string
	for _, one := range must(d.Allowances.List(t.Context()))(t) {
		if one.Allowed {
			got = append(got, one.LocalUser.Name)
		}
		if one.Guest != (one.LocalUser.ID == guest.LocalUserID) {
			t.Errorf("%+v, want %s alone to be a guest", one, guest.LocalUserID)
		}
	}
	if diff := cmp.Diff([]string{"Kid", "cat"}, got); diff != "" {
		t.Errorf("allowed (-want +got):\n%s", diff)
	}
	d.linkedByService(eve, "eve", "u3") // later links wait
	_, err := d.exchange(d.key(eve))
	isError(t, err, agent.ErrLocalUserNotAllowed)
}

// TestListOfAllowances lists local users in several states.
func TestListOfAllowances(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	d.guestOf("bob")
	d.allow("u3")
	var needed []string
	for _, one := range must(d.Allowances.List(t.Context()))(t) {
		if one.Needed() {
			needed = append(needed, one.LocalUser.Name)
		}
		if one.LocalUser.Administrator {
			t.Errorf("%+v is listed, want no administrator", one.LocalUser)
		}
	}
	if diff := cmp.Diff([]string{"Kid", "Aunt"}, needed); diff != "" {
		t.Errorf("without a yes (-want +got):\n%s", diff)
	}
	d.options.Policy.AllowAdmins = true
	admins := agent.New(d.options)
	if !slices.ContainsFunc(must(admins.Allowances.List(t.Context()))(t), func(one agent.Allowance) bool { return one.LocalUser.ID == "u2" && one.Needed() }) {
		t.Error("the administrator is not listed, want them with allow-admins")
	}
	d.fake.setDown(errDown)
	_, err := d.Allowances.List(t.Context())
	isError(t, err, agent.ErrMediaServerAway)
}

// TestNotAllowedWhileMediaServerIsAway asks for the status while the names of local
// users cannot be read.
func TestNotAllowedWhileMediaServerIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	d.linkedByService(s.Join(t, "bob"), "bob", "u1")
	d.fake.setDown(errDown)
	want := []agent.Allowance{{LocalUser: mediaserver.LocalUser{ID: "u1", Name: "u1"}, Waiting: []string{"bob"}}}
	if diff := cmp.Diff(want, d.status().Waiting); diff != "" {
		t.Errorf("waiting (-want +got):\n%s", diff)
	}
}
