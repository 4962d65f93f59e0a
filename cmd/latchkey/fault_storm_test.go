package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// The limits of a storm of sign-ins, from docs/security.md.
const (
	stormMemory = 64 << 10        // KiB above the memory at rest, without the memory of the hashes
	hashMemory  = 19 << 10        // KiB for each hash that runs
	knownIn     = 3 * time.Second // the time within which a known device is signed in
	shedIn      = 2 * time.Second // the time within which a stranger who cannot be served now is told to come later
)

// TestFaultSignInStorm lets many strangers sign in at once (F-16). Meanwhile devices that signed in
// before can still sign in, people with a session see their pages, and everybody gets an answer.
// Beside the memory at rest, the program takes only the memory of the hashes that may run at once
// and the allowance stormMemory.
func TestFaultSignInStorm(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		p := serve(t, "--database="+address)
		rest := p.memory(t, "VmRSS:")
		s := &storm{process: p, strangers: make([]answer, either(200, 1000))}
		for n := range either(2, 8) {
			name := fmt.Sprintf("known-%d", n)
			v := newVisitor(p.address, 20_000+100*n)
			v.post(t, "/signup", "/signup/sent", signUpForm(name))
			newShell(t, "--dev", "--secret-key="+modelstest.Key, "--database="+address).must(t, "account", "confirm", name)
			v.signIn(t, name)
			s.known = append(s.known, v)
		}
		p.forgetPeak(t)
		before := p.work(t)
		s.rage()
		work := p.work(t) - before
		peak := p.memory(t, "VmHWM:")

		shed, late := s.check(t)
		if most := rest + runtime.NumCPU()*hashMemory + stormMemory; peak > most {
			t.Errorf("the program took up to %d MiB, want at most %d (%d at rest)", peak>>10, most>>10, rest>>10)
		}
		all := len(s.strangers) + len(s.known)
		faulttest.Report(t, "F-16", fmt.Sprintf("%d sign-ins of strangers and %d of known devices at once", len(s.strangers), len(s.known)),
			faulttest.Engine(address), faulttest.Count{
				Tried: all, Survived: all - s.lost, Lost: s.lost, Late: late,
				Note: fmt.Sprintf("%d shed, slowest after %v; known devices in after at most %v, at the try %d; %d pages of people with a session, 99 %% within %v; %d connections ended first; memory %d to %d MiB, work %v",
					len(shed), last(shed), last(s.gotIn), s.tries.Load(), len(s.pages), percentile(s.pages, 99), s.broken.Load(), rest>>10, peak>>10, work),
			})
		p.stop()
	})
}

// storm is a crowd of strangers who sign in at once, and people who are known to the
// service.
type storm struct {
	process   *process
	strangers []answer // the answer that each of them got; status 0 if no answer came
	known     []*visitor
	broken    atomic.Int64 // connections that ended without an answer
	tries     atomic.Int64 // the most tries that a known device needed

	mu    sync.Mutex
	gotIn []time.Duration // the time until each known device was signed in
	pages []time.Duration // the time that each page took for somebody with a session
	lost  int             // requests without a proper answer
}

// rage lets all strangers sign in at once. Meanwhile the known devices sign in, and people who are
// signed in look at their account again and again.
func (s *storm) rage() {
	var strangers, others sync.WaitGroup
	begin, over := make(chan struct{}), make(chan struct{})
	for n := range s.strangers {
		strangers.Go(func() {
			v := newVisitor(s.process.address, 30_000+100*n)
			<-begin
			s.strangers[n] = s.ask(v, fmt.Sprintf("nobody-%d", n))
		})
	}
	for n, v := range s.known {
		others.Go(func() {
			<-begin
			s.signIn(v, fmt.Sprintf("known-%d", n))
		})
		others.Go(func() {
			member := *v.client // the same session, on a connection of its own
			s.look(&visitor{client: &member, base: v.base, from: v.from}, over)
		})
	}
	close(begin)
	strangers.Wait()
	close(over)
	others.Wait()
}

// ask signs somebody in. On a busy machine the request may arrive only after the time that the
// program allows for the first lines of a request. Then the program ends the connection, and ask
// tries again, as a browser does.
func (s *storm) ask(v *visitor, name string) (a answer) {
	for range 5 {
		var err error
		if a, err = v.do("/signin", url.Values{"name_or_email": {name}, "password": {goodPassword}}); err == nil {
			return a
		}
		s.broken.Add(1)
	}
	return a
}

// signIn signs a known device in again. It tries again when the service says so, as people do.
func (s *storm) signIn(v *visitor, name string) {
	again := newVisitor(s.process.address, 0)
	again.from = v.from
	again.client.Jar = v.cookies // with the mark of the device
	took := time.Duration(0)
	for try := int64(1); ; try++ {
		a := s.ask(again, name)
		took += a.took
		if a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" {
			continue
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.gotIn = append(s.gotIn, took)
		if a.status != http.StatusSeeOther {
			s.lost++
		}
		s.tries.Store(max(s.tries.Load(), try))
		return
	}
}

// look asks for the page of the account until the storm is over. The session of v ends when the
// device of v signs in again, which is not a failure.
func (s *storm) look(v *visitor, over <-chan struct{}) {
	for {
		a, err := v.do("/account", nil)
		s.mu.Lock()
		s.pages = append(s.pages, a.took)
		switch {
		case err != nil:
			s.broken.Add(1)
		case a.status != http.StatusOK && a.status != http.StatusSeeOther:
			s.lost++
		}
		s.mu.Unlock()
		select {
		case <-over:
			return
		default:
		}
	}
}

// check looks at the answers: each stranger must be told either that the password is wrong, or to
// come later. It returns the times of the answers of the second kind, sorted, and how many answers
// came late.
func (s *storm) check(t *testing.T) (shed []time.Duration, late int) {
	t.Helper()
	for _, a := range s.strangers {
		switch {
		case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "":
			shed = append(shed, a.took)
			if a.took > shedIn {
				late++
			}
		case a.status != http.StatusUnprocessableEntity && a.status != http.StatusTooManyRequests:
			s.lost++
			t.Errorf("a stranger got status %d, want 422, 429, or 503 with the time to come again", a.status)
		}
	}
	for _, took := range s.gotIn {
		if took > knownIn {
			late++
		}
	}
	if len(shed) == 0 {
		t.Error("no stranger was told to come later, want some: this was no storm")
	}
	slices.Sort(shed)
	slices.Sort(s.gotIn)
	slices.Sort(s.pages)
	return shed, late
}

// last returns the longest of some sorted times.
func last(times []time.Duration) time.Duration { return percentile(times, 100) }

// percentile returns the time that a part of the sorted times does not exceed. The parameter share
// is that part in percent.
func percentile(times []time.Duration, share int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	return times[(len(times)-1)*share/100].Round(time.Millisecond)
}

// memory returns the value in KiB of a line in the status of a process, or 0 if the system does not
// have that line.
func (p *process) memory(t *testing.T, line string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0
	}
	size := 0
	if _, rest, ok := bytes.Cut(status, []byte("\n"+line)); ok {
		if _, err := fmt.Sscan(string(rest), &size); err != nil {
			t.Fatal(err)
		}
	}
	return size
}

// forgetPeak makes the system measure the largest memory of a process from now on.
func (p *process) forgetPeak(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/proc/self/clear_refs"); err != nil {
		return
	}
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.command.Process.Pid), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
}

// work returns the time that a process has used on all processors, or 0 if the system does not say
// it. Other work on the machine does not change it.
func (p *process) work(t *testing.T) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	sum := 0
	for _, field := range fields[11:13] { // in user mode and in the kernel
		ticks, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		sum += ticks
	}
	return time.Duration(sum) * 10 * time.Millisecond
}
