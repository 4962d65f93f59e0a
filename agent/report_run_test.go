package agent_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// clone starts another agent with a copy of the data folder and a copy of the media server.
func (d *deployment) clone() *deployment {
	d.t.Helper()
	d.halt()
	other := &deployment{t: d.t, site: d.site, fake: newFake(), ann: d.ann, path: filepath.Join(d.t.TempDir(), "agent.db"), options: d.options, log: &servicetest.Log{}}
	for _, beside := range append(besides, "") {
		copyFile(d.t, d.path+beside, other.path+beside)
	}
	other.options.MediaServer, other.options.Log = other.fake, other.log.Logger()
	other.open()
	other.run()
	d.t.Cleanup(func() {
		other.stop()
		_ = other.store.Close()
	})
	d.open()
	d.run()
	return other
}

// reportAll lets each of the agents send a report that is due.
func reportAll(s *servicetest.Service, all ...*deployment) {
	s.Clock.Advance(all[0].options.ReportEvery)
	for _, d := range all {
		d.rounds(2)
	}
}

// Two agents run with copies of one data folder. After a few reports both agents report the
// trouble, although their media servers are the same and nothing changes. When one agent
// has ended, the trouble of the other one ends.
func TestClonesAreNamed(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	d.linked(s.Join(t, "bob"), "bob", "u1")
	other := d.clone()
	for range 5 {
		reportAll(s, d, other)
	}
	for name, one := range map[string]*deployment{"original": d, "copy": other} {
		if !one.trouble("two_agents") || one.log.Count("another agent uses the same server key, and") != 1 {
			t.Errorf("the %s has the trouble %+v, want two_agents, and one line; log:\n%s", name, one.status().Trouble, one.log)
		}
	}
	other.stop()
	for range 5 {
		reportAll(s, d)
	}
	if d.trouble("two_agents") {
		t.Errorf("trouble %+v, want no two_agents after the other one has ended", d.status().Trouble)
	}
}

// An agent whose data folder was restored from a backup is not mistaken for a second agent:
// not before its links are compared, and not when it has caught up or is started again.
func TestRestoredCopyIsNoSecondAgent(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	bob := s.Join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	restore, _ := d.backUp()
	d.open()
	d.run()
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the removal is known", func() bool { return d.status().Links == 0 })
	seq := d.acknowledged()
	d.halt()
	restore()
	cutOff(s, "/links")
	d.open()
	d.run()
	alone := func() {
		t.Helper()
		for range 3 {
			reportAll(s, d)
			if n := d.log.Count("another agent"); n != 0 || d.trouble("two_agents") {
				t.Fatalf("%d lines about another agent and the trouble %+v, want none; log:\n%s", n, d.status().Trouble, d.log)
			}
		}
	}
	alone()
	s.Up()
	eventually(t, "it has caught up", func() bool { return d.status().ChangeSeq == seq })
	alone()
	d.restart()
	reportAll(s, d)
	_, err := d.asServer().Report(t.Context(), client.Report{Name: "Den", SystemID: "5ed0", Run: "a late report of the run before"})
	noError(t, err)
	alone()
	if must(d.store.Facts(context.Background()))(t)["last_report"] == "" {
		t.Error("no report was sent, want some")
	}
}
