package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestFaultPasswordChange breaks the connections to the database after a random number of bytes
// while people change their passwords (F-03). The embedded database has no connections, so the test
// kills the program at a random moment instead. Afterwards exactly one of the two passwords works:
// the new one if the change was acknowledged.
func TestFaultPasswordChange(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		c := &passwordChanges{t: t, embedded: strings.HasPrefix(address, "sqlite:"), address: address}
		if !c.embedded {
			c.address, c.line = behindProxy(t, address)
		}
		c.data = look(t, address)
		c.store = modelstest.Open(t, address, modelstest.NewClock(), modelstest.Unlimited, modelstest.RealTime)
		c.process = serve(t, "--database="+c.address)
		rounds, what := either(3, 25), "kills of the program while passwords change"
		if !c.embedded {
			rounds, what = either(6, 60), "connections cut at a random byte while passwords change"
		}
		for n := range 4 {
			c.people = append(c.people, c.newPerson(n))
		}
		for range rounds {
			c.round()
		}
		count := faulttest.Count{
			Tried: rounds * len(c.people), Survived: rounds*len(c.people) - c.lost, Lost: c.lost,
			Note: fmt.Sprintf("%d acknowledged, %d cut", c.acknowledged, c.cut),
		}
		faulttest.Report(t, "F-03", what, faulttest.Engine(address), count)
		if c.cut == 0 {
			t.Error("every change was acknowledged, so nothing was tried; want some that were cut")
		}
	})
}

// passwordChanges are people who change their passwords while something breaks.
type passwordChanges struct {
	*process
	t        *testing.T
	address  string // the address by which the program reaches the database
	embedded bool
	line     *proxy
	data     *data
	store    *models.Store
	people   []*changer

	cut, acknowledged, lost int
}

// changer is a person who changes their password.
type changer struct {
	name, password string
	turns          int
}

func (c *passwordChanges) newPerson(n int) *changer {
	c.t.Helper()
	person := &changer{name: fmt.Sprintf("changer-%d", n), password: goodPassword}
	newVisitor(c.process.address, n).post(c.t, "/signup", "/signup/sent", signUpForm(person.name))
	newShell(c.t, "--dev", "--secret-key="+modelstest.Key, "--database="+c.data.address).must(c.t, "account", "confirm", person.name)
	return person
}

// round lets everybody change their password while something breaks, and then checks which password
// works.
func (c *passwordChanges) round() {
	c.t.Helper()
	if _, err := c.data.SQL.ExecContext(c.t.Context(), "DELETE FROM throttle"); err != nil {
		c.t.Fatal(err)
	}
	visitors := make([]*visitor, len(c.people))
	for i, person := range c.people {
		visitors[i] = newVisitor(c.process.address, 500+i)
		visitors[i].post(c.t, "/signin", "/servers", url.Values{"name_or_email": {person.name}, "password": {person.password}})
	}
	answers, changed := make([]answer, len(c.people)), make([]string, len(c.people))
	var all sync.WaitGroup
	sent := make(chan struct{}, len(c.people))
	if !c.embedded {
		c.line.breakAfter(1 + rand.IntN(12_000)) // about as many bytes as all changes together need
	}
	for i, person := range c.people {
		person.turns++
		changed[i] = fmt.Sprintf("%s, turn %d", goodPassword, person.turns)
		all.Go(func() {
			sent <- struct{}{}
			answers[i], _ = visitors[i].do("/account/password", url.Values{
				"current_password": {person.password}, "password": {changed[i]}, "password_again": {changed[i]},
			})
		})
	}
	if c.embedded {
		c.killAmid(sent)
	}
	all.Wait()
	if c.embedded {
		c.process = serve(c.t, "--database="+c.address)
	} else {
		c.line.breakAfter(0)
	}
	for i, person := range c.people {
		c.judge(person, answers[i], changed[i])
	}
}

// killAmid kills the program after all changes have been sent, at the moment when a random number
// of them has been written to the history.
func (c *passwordChanges) killAmid(sent <-chan struct{}) {
	c.t.Helper()
	for range c.people {
		<-sent
	}
	const changes = "SELECT COUNT(*) FROM history WHERE kind = 'password_changed'"
	want := c.data.count(c.t, changes) + rand.IntN(len(c.people))
	within(c.t, patience, "some passwords have changed", func() bool { return c.data.count(c.t, changes) >= want })
	c.kill()
}

// judge compares the answer that a person got with the passwords that work.
func (c *passwordChanges) judge(person *changer, a answer, changed string) {
	c.t.Helper()
	acknowledged := a.status == http.StatusSeeOther && !strings.HasPrefix(a.location, "/signin")
	if acknowledged {
		c.acknowledged++
	} else {
		c.cut++
	}
	if !acknowledged && a.status != 0 && a.status != http.StatusServiceUnavailable && a.status != http.StatusUnauthorized {
		c.t.Errorf("%s: a change that was cut got status %d, want 503 or no answer", person.name, a.status)
	}
	old, fresh := c.works(person.name, person.password), c.works(person.name, changed)
	if old == fresh || acknowledged && !fresh {
		c.lost++
		c.t.Errorf("%s: the old password works: %v, the new one: %v, after status %d; want exactly one, the new one after 303", person.name, old, fresh, a.status)
	}
	if fresh {
		person.password = changed
	}
}

// works reports whether a password opens an account.
func (c *passwordChanges) works(name, password string) bool {
	c.t.Helper()
	_, err := c.store.Sessions.SignIn(c.t.Context(), models.SignIn{NameOrEmail: name, Password: password}, models.Caller{Address: "10.0.0.1"})
	if err != nil && models.KindOf(err) != models.KindOf(models.ErrSignInWrong) {
		c.t.Fatalf("sign-in of %s: %v, want success or a wrong password", name, err)
	}
	return err == nil
}
