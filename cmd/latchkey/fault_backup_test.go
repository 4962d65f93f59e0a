package main

import (
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestFaultBackup makes backups with the commands of docs/operations.md while people sign up, and
// kills the program during every second backup (F-17). It restores each backup. The restored
// database has every account that was acknowledged before the backup began, has no incomplete
// account, and no session in it is valid.
func TestFaultBackup(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		folder, crowd := t.TempDir(), &crowd{acknowledged: map[string]bool{}}
		flags := []string{"--database=" + address, "--mail-url=dir:" + folder}
		p := serve(t, flags...)
		newVisitor(p.address, 1).post(t, "/signup", "/signup/sent", signUpForm("ann"))
		newShell(t, "--dev", "--secret-key="+modelstest.Key, "--database="+address).must(t, "account", "confirm", "ann")
		ann := newVisitor(p.address, 2)
		ann.signIn(t, "ann")
		data := look(t, address)
		within(t, patience, "ann has her mails", func() bool { return data.count(t, "SELECT COUNT(*) FROM outbox") == 0 })
		count := faulttest.Count{}
		backups := either(2, 6)
		for n := range backups {
			before, kept := crowd.backUp(t, p, address, n%2 == 1)
			checkWhole(t, look(t, kept), folder)
			restored := serve(t, "--database="+kept, "--mail-url=dir:"+t.TempDir())
			there := look(t, kept).usernames(t)
			for name := range before {
				if count.Tried++; there[name] {
					count.Survived++
					continue
				}
				count.Lost++
				t.Errorf("%s was acknowledged before backup %d and is not in it", name, n)
			}
			ann.base = "http://" + restored.address
			if a, err := ann.do("/account", nil); err != nil || a.status != http.StatusSeeOther {
				t.Errorf("a session from before backup %d: got status %d with error %v, want 303: it has ended", n, a.status, err)
			}
			restored.stop()
			p = serve(t, flags...)
		}
		p.stop()
		faulttest.Report(t, "F-17", fmt.Sprintf("%d backups while people sign up, all restored", backups), faulttest.Engine(address), count)
	})
}

// backUp makes a backup while people sign up. It returns the people who were acknowledged before
// the backup began, and the address of the database that was restored from the backup. When it
// returns, the program has ended; it was killed if kill is true.
func (c *crowd) backUp(t *testing.T, p *process, address string, kill bool) (before map[string]bool, kept string) {
	t.Helper()
	var people sync.WaitGroup
	enough := make(chan struct{})
	for range 4 {
		people.Go(func() {
			for {
				select {
				case <-enough:
					return
				default:
				}
				if !c.signUp(p) {
					return
				}
			}
		})
	}
	want := c.taken() + either(5, 25)
	within(t, patience, "some sign-ups before the backup", func() bool { return c.taken() >= want })
	c.mu.Lock()
	before = maps.Clone(c.acknowledged)
	c.mu.Unlock()
	done := make(chan struct{})
	kept = fresh(t, address)
	go func() {
		defer close(done)
		backupOf(t, address, kept)
	}()
	if kill {
		p.kill()
	}
	<-done
	close(enough)
	people.Wait()
	if !kill {
		p.stop()
	}
	return before, kept
}

// backupOf makes a backup of a database, restores it as another database, and returns the address
// of that database.
func backupOf(t *testing.T, address, restored string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup.tar")
	for _, step := range []struct {
		address   string
		arguments []string
	}{{address, []string{"backup", file}}, {restored, []string{"restore", file}}} {
		shell := newShell(t, "--dev", "--secret-key="+modelstest.Key, "--database="+step.address)
		if _, problems, err := shell.run(t, step.arguments...); err != nil {
			t.Errorf("%v: %v, want no error\n%s", step.arguments, err, problems)
		}
	}
}
