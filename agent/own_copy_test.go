package agent_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// besides are the endings of the names of the files beside the agent's file.
var besides = []string{".lock", ".position"}

// backUp ends the run and copies the folder of the agent's file. The function restore puts the
// whole folder back, and restoreFile only the agent's file.
func (d *deployment) backUp() (restore, restoreFile func()) {
	d.t.Helper()
	d.halt()
	copyFile(d.t, d.path, d.path+".backup")
	kept := map[string][]byte{}
	for _, beside := range besides {
		if data, err := os.ReadFile(d.path + beside); err == nil {
			kept[beside] = data
		}
	}
	restoreFile = func() {
		d.t.Helper()
		copyFile(d.t, d.path+".backup", d.path)
	}
	return func() {
		d.t.Helper()
		restoreFile()
		for beside, data := range kept {
			noError(d.t, os.WriteFile(d.path+beside, data, 0o600))
		}
	}, restoreFile
}

// While the service is away, the whole data folder or only the agent's file is restored from
// a backup. A link that was removed after the backup lets nobody in until the service is
// back, not even after a restart.
func TestRestoredCopyOpensNothingWhileServiceIsAway(t *testing.T) {
	t.Parallel()
	for name, whole := range map[string]bool{"folder": true, "file": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d := newRunning(t)
			bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
			link := d.linked(bob, "bob", "u1")
			d.linked(cat, "cat", "u5")
			key, other := d.key(bob), d.key(cat)
			restore, restoreFile := d.backUp()
			d.open()
			d.run()
			noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
			eventually(t, "the removal is known", func() bool { return d.status().Links == 1 })
			seq := d.acknowledged()
			d.halt()
			s.Down()
			if whole {
				restore()
			} else {
				restoreFile()
			}
			shut := func(when string) {
				t.Helper()
				for _, one := range []string{key, other} {
					if _, err := d.exchange(one); !errors.Is(err, agent.ErrServiceAway) {
						t.Errorf("%s: error %v, want %v", when, err, agent.ErrServiceAway)
					}
				}
			}
			d.open()
			shut("before the run")
			d.run()
			eventually(t, "trouble", func() bool { return d.trouble("restored_copy") && d.trouble("service_away") })
			shut("in the run")
			d.restart()
			eventually(t, "trouble", func() bool { return d.trouble("restored_copy") && d.trouble("service_away") })
			shut("after a restart")
			if n := d.fake.begun("Mint"); n != 0 {
				t.Errorf("%d tokens were made, want 0", n)
			}
			s.Up()
			eventually(t, "it has caught up", func() bool { return d.status().ChangeSeq == seq && !d.trouble("restored_copy") })
			_, err := d.exchange(key)
			isError(t, err, agent.ErrAccessKeyWrong)
			d.exchanged(other, "u5")
			s.Down()
			d.restart()
			eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
			d.exchanged(other, "u5")
		})
	}
}

// The agent is started again while the service is away, and no backup was restored.
// Everything works on, even before the run begins.
func TestRestartWhileServiceIsAway(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	for range 2 {
		d.halt()
		s.Down()
		d.open()
		d.exchanged(key, "u1")
		d.run()
		eventually(t, "the service is away", func() bool { return d.trouble("service_away") })
		d.exchanged(key, "u1")
		if d.trouble("restored_copy") {
			t.Errorf("trouble %+v, want no restored_copy", d.status().Trouble)
		}
		s.Up()
		eventually(t, "the service is back", func() bool { return !d.trouble("service_away") })
	}
	if n := d.log.Count("restored from a copy"); n != 0 {
		t.Errorf("%d lines about a restored copy, want 0; log:\n%s", n, d.log)
	}
}

// cutOff breaks the connection of requests whose path has an ending.
func cutOff(s *servicetest.Service, ending string) {
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.HasSuffix(r.URL.Path, ending) {
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
}

// While the service is away, the data folder is restored from a backup that was made before
// the link of a guest ended. The agent creates no local user for the link before the service
// has answered. If the service no longer lists the link, the agent never creates one.
func TestRestoredCopyMakesNoGuestWhileServiceIsAway(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	d.fake.hook(func(call string) error {
		if call == "CreateGuest cat" {
			return errDown
		}
		return nil
	}, nil)
	d.invite(s.Join(t, "cat"), "cat")
	link := d.linkOf("cat")
	restore, _ := d.backUp()
	d.fake.hook(nil, nil)
	d.open()
	d.run()
	d.guestOf("cat")
	cutOff(s, "/acknowledge") // otherwise the service knows that the copy is old
	noError(t, d.ann.People.Remove(t.Context(), d.serverID(), client.ID(link.ID)))
	eventually(t, "the guest is disabled", func() bool { return d.status().GuestsShut == 1 })
	d.halt()
	s.Down()
	restore()
	d.open()
	d.run()
	eventually(t, "trouble", func() bool { return d.trouble("restored_copy") && d.trouble("service_away") })
	another := func() bool { return len(d.fake.named("cat")) != 1 }
	d.never("another guest is made", another)
	cutOff(s, "/changes")
	eventually(t, "the links are compared", func() bool { return !d.trouble("restored_copy") })
	d.never("another guest is made", another)
	s.Up()
	eventually(t, "the removal", func() bool { return d.status().Links == 0 && !d.trouble("restored_copy") })
	if got := d.fake.named("cat"); len(got) != 1 || !got[0].Disabled {
		t.Errorf("local users named cat: %+v, want one who is disabled", got)
	}
}

// The position file beside the agent's file is lost, or belongs to another server. The
// agent believes its own copy only after the service has answered.
func TestCopyWithoutItsPosition(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	for name, spoil := range map[string]func() error{
		"lost":         func() error { return os.Remove(d.path + ".position") },
		"empty":        func() error { return os.WriteFile(d.path+".position", nil, 0o600) },
		"other server": func() error { return os.WriteFile(d.path+".position", []byte("12 0\n"), 0o600) },
	} {
		eventually(t, "the position", func() bool { _, err := os.Stat(d.path + ".position"); return err == nil })
		d.halt()
		noError(t, spoil())
		s.Down()
		d.open()
		if _, err := d.exchange(key); !errors.Is(err, agent.ErrServiceAway) {
			t.Errorf("%s: error %v, want %v", name, err, agent.ErrServiceAway)
		}
		s.Up()
		s.Clock.Advance(time.Minute) // no device waits for a service that has just failed
		d.exchanged(key, "u1")       // asked of the service
		d.run()
		eventually(t, "the service has answered", func() bool {
			text, err := os.ReadFile(d.path + ".position")
			return err == nil && string(text) != "" && string(text) != "12 0\n"
		})
	}
}
