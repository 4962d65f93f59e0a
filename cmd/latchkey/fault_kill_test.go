package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/captcha/captchatest"
	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestFaultKillDuringSignUps kills the program at random moments while eight people at a time sign
// up (F-01). Acknowledged accounts exist and get their mail, no account is incomplete, and no
// account exists twice.
func TestFaultKillDuringSignUps(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		folder := t.TempDir()
		crowd := &crowd{acknowledged: map[string]bool{}, work: long()}
		flags := []string{"--database=" + address, "--mail-url=dir:" + folder}
		if crowd.work {
			flags = append(flags, "--captcha=pow")
		}
		kills := either(20, 30)
		for range kills {
			p := serve(t, flags...)
			crowd.signUpUntilKilled(p)
			checkWhole(t, look(t, address), folder)
		}
		p := serve(t, flags...)
		data := look(t, address)
		data.deliverAll(t)
		checkWhole(t, data, folder)
		lost := crowd.check(t, data, folder)
		tried := len(crowd.acknowledged) + len(crowd.unanswered)
		faulttest.Report(t, "F-01", fmt.Sprintf("%d kills of the program while people sign up", kills), faulttest.Engine(address), faulttest.Count{
			Tried: tried, Survived: tried - lost, Lost: lost,
			Note: fmt.Sprintf("%d acknowledged, %d of the others complete", len(crowd.acknowledged), len(data.usernames(t))-len(crowd.acknowledged)),
		})
		crowd.checkRepeat(t, p, data.usernames(t))
		p.stop()
	})
}

// crowd are the people who sign up.
type crowd struct {
	work bool // whether they solve the proof of work

	next         atomic.Int64
	mu           sync.Mutex
	acknowledged map[string]bool
	unanswered   []string
	odd          []string
}

// signUpUntilKilled lets eight visitors at a time sign up one person after another until it kills
// the process p. That happens at a random moment after some sign-ups were acknowledged.
func (c *crowd) signUpUntilKilled(p *process) {
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for c.signUp(p) {
			}
		})
	}
	enough := c.taken() + rand.IntN(12)
	within(p.t, patience, "some more sign-ups", func() bool { return c.taken() >= enough })
	time.Sleep(rand.N(150 * time.Millisecond))
	p.kill()
	clients.Wait()
}

// taken counts the acknowledged sign-ups.
func (c *crowd) taken() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.acknowledged)
}

// signUp signs one person up and remembers the outcome. It reports whether the program answered.
func (c *crowd) signUp(p *process) bool {
	n := c.next.Add(1)
	name := fmt.Sprintf("person-%d", n)
	v := newVisitor(p.address, int(n))
	form := signUpForm(name)
	if c.work && !solve(v, form) {
		return false
	}
	a, err := v.do("/signup", form)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil && acknowledged(a):
		c.acknowledged[name] = true
	case err != nil || a.status == http.StatusServiceUnavailable && p.onlyBusy():
		c.unanswered = append(c.unanswered, name)
	default:
		c.odd = append(c.odd, fmt.Sprintf("%s: %d %s: %v", name, a.status, a.location, p.errors()))
	}
	return err == nil
}

// solve puts a solved proof of work into form.
func solve(v *visitor, form url.Values) bool {
	a, err := v.do("/captcha/challenge", nil)
	if err != nil || a.status != http.StatusOK {
		return false
	}
	form.Set("altcha", captchatest.Solve([]byte(a.body)))
	return true
}

// check compares the acknowledged sign-ups with the accounts in the database, and returns how
// many of them are lost.
func (c *crowd) check(t *testing.T, data *data, folder string) (lost int) {
	t.Helper()
	for _, odd := range c.odd {
		t.Error("got an unexpected answer: ", odd)
	}
	if len(c.acknowledged) < 10 {
		t.Errorf("only %d sign-ups were acknowledged: this shows nothing, want at least 10 sign-ups", len(c.acknowledged))
	}
	there := data.usernames(t)
	mails := recipients(t, folder)
	for name := range c.acknowledged {
		if !there[name] {
			lost++
			t.Errorf("%s got the answer to look for the mail but has no account, want an account", name)
		}
	}
	for name := range there {
		if n := mails[emailOf(name)]; n != 1 {
			t.Errorf("%s has an account and %d mails, want 1", name, n)
		}
	}
	if len(mails) != len(there) {
		t.Errorf("mails to %d people, want %d", len(mails), len(there))
	}
	listed := newShell(t, "--dev", "--secret-key="+modelstest.Key, "--database="+data.address).must(t, "account", "list")
	if n := strings.Count(listed, "not yet confirmed"); n != len(there) {
		t.Errorf("account list names %d accounts, want %d", n, len(there))
	}
	return lost
}

// checkRepeat sends the form again for up to ten people who never got an answer. The service must
// tell each of them to look for the mail, even if the first sign-up made an account. The parameter
// there has the names of all accounts.
func (c *crowd) checkRepeat(t *testing.T, p *process, there map[string]bool) {
	t.Helper()
	for i, name := range c.unanswered[:min(len(c.unanswered), 10)] {
		v, form := newVisitor(p.address, 100_000+i), signUpForm(name)
		if c.work && !solve(v, form) {
			t.Fatal("got no challenge of the captcha, want one")
		}
		a, err := v.do("/signup", form)
		if err != nil || !acknowledged(a) {
			t.Errorf("%s signs up again (has an account: %v): status %d, error %v; want the answer of a sign-up", name, there[name], a.status, err)
		}
	}
}

// recipients returns the number of mails in a folder for each recipient.
func recipients(t *testing.T, folder string) map[string]int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		count[strings.Trim(mailtest.Parse(t, raw).Header.Get("To"), "<>")]++
	}
	return count
}

// checkWhole fails the test if anything in the database is incomplete.
func checkWhole(t *testing.T, data *data, folder string) {
	t.Helper()
	for _, table := range []string{"tokens", "outbox", "history", "emails", "sessions", "email_changes"} {
		if n := data.count(t, "SELECT COUNT(*) FROM "+table+" x LEFT JOIN accounts a ON a.id = x.account_id WHERE a.id IS NULL AND x.account_id <> 0"); n != 0 {
			t.Errorf("%d rows of %s belong to nobody, want 0", n, table)
		}
	}
	for what, query := range map[string]string{
		"accounts without the token that holds their sign-up": "a.confirmed_at IS NULL AND (SELECT COUNT(*) FROM tokens x WHERE x.account_id = a.id AND x.purpose = 'pending') = 0",
		"accounts without their first event":                  "(SELECT COUNT(*) FROM history x WHERE x.account_id = a.id AND x.kind = 'signed_up') <> 1",
		"accounts with two mails owed":                        "(SELECT COUNT(*) FROM outbox x WHERE x.account_id = a.id) > 1",
		"accounts without a password":                         "password_hash = ''",
	} {
		if n := data.count(t, "SELECT COUNT(*) FROM accounts a WHERE "+query); n != 0 {
			t.Errorf("%d %s, want 0", n, what)
		}
	}
	mails := recipients(t, folder)
	for name, owed := range data.owed(t) {
		if !owed && mails[emailOf(name)] == 0 {
			t.Errorf("%s got no mail and none is in the queue, want one of both", name)
		}
	}
}
