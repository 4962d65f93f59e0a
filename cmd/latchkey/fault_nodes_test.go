package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// writeIn is the time within which almost all sign-ups are answered while a node of the cluster is
// away, from docs/security.md.
const writeIn = 2 * time.Second

// TestFaultNodesKilled kills the nodes of a Galera cluster one after the other while people sign up
// at two instances (F-06). No acknowledged account is lost, and in the end all nodes have the same
// accounts. The test is not parallel, because other tests need the nodes.
func TestFaultNodesKilled(t *testing.T) { //nolint:paralleltest // see above
	if os.Getenv("LATCHKEY_TEST_GALERA") == "" {
		t.Skip("this needs a cluster: make faults")
	}
	address := modelstest.MySQL(t)
	folder := t.TempDir()
	s := &signUps{acknowledged: map[string]bool{}}
	for range 2 {
		s.instances = append(s.instances, serve(t, "--database="+address, "--mail-url=dir:"+folder))
	}
	over := make(chan struct{})
	var people sync.WaitGroup
	for range 6 {
		people.Go(func() { s.untilOver(over) })
	}
	kills := either(2, 6)
	for n := range kills {
		s.someMore(t, 10)
		killNode(t, modelstest.AtNode(t, address, n%3))
		s.someMore(t, 10)
		waitForNode(t, modelstest.AtNode(t, address, n%3))
	}
	close(over)
	people.Wait()

	data, lost := look(t, address), 0
	there := data.usernames(t)
	for name := range s.acknowledged {
		if !there[name] {
			lost++
			t.Errorf("%s was acknowledged and is lost", name)
		}
	}
	sums := map[string]bool{}
	for n := range 3 {
		sums[accountsAt(t, modelstest.AtNode(t, address, n))] = true
	}
	if len(sums) != 1 {
		t.Errorf("the nodes have %d different tables of accounts, want the same everywhere", len(sums))
	}
	data.deliverAll(t)
	checkWhole(t, data, folder)
	for _, p := range s.instances {
		p.stop()
	}
	tried := len(s.acknowledged)
	faulttest.Report(t, "F-06", fmt.Sprintf("%d kills of nodes, two instances, sign-ups", kills), faulttest.Engine(address), faulttest.Count{
		Tried: tried, Survived: tried - lost, Lost: lost, Late: s.late,
		Note: fmt.Sprintf("%d gave up after three tries, slowest answer %v", s.gaveUp, s.slowest.Round(time.Millisecond)),
	})
}

// signUps are people who sign up at several instances. Each person makes up to three attempts.
type signUps struct {
	instances []*process
	next      atomic.Int64

	mu           sync.Mutex
	acknowledged map[string]bool
	gaveUp, late int
	slowest      time.Duration
}

func (s *signUps) untilOver(over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		default:
			s.one()
		}
	}
}

// one signs one person up. Each attempt goes to a random instance.
func (s *signUps) one() {
	n := int(s.next.Add(1))
	name := fmt.Sprintf("person-%d", n)
	for range 3 {
		v := newVisitor(s.instances[rand.IntN(len(s.instances))].address, n)
		a, err := v.do("/signup", signUpForm(name))
		s.mu.Lock()
		s.slowest = max(s.slowest, a.took)
		if a.took > writeIn {
			s.late++
		}
		done := err == nil && acknowledged(a)
		if done {
			s.acknowledged[name] = true
		}
		s.mu.Unlock()
		if done {
			return
		}
		if err == nil && a.status != http.StatusServiceUnavailable {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gaveUp++
}

// someMore waits until more people have been acknowledged.
func (s *signUps) someMore(t *testing.T, more int) {
	t.Helper()
	taken := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.acknowledged)
	}
	want := taken() + more
	within(t, patience, "more sign-ups", func() bool { return taken() >= want })
}

// killNode kills a node as suddenly as a power cut would. scripts/with-galera starts it again.
func killNode(t *testing.T, address string) {
	t.Helper()
	file := ""
	if err := look(t, address).SQL.QueryRowContext(t.Context(), "SELECT @@global.pid_file").Scan(&file); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	number, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(number, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// waitForNode waits until a node belongs to the cluster again.
func waitForNode(t *testing.T, address string) {
	t.Helper()
	data := look(t, address)
	within(t, patience, "the node is back", func() bool {
		name, state := "", ""
		err := data.SQL.QueryRowContext(t.Context(), "SHOW STATUS LIKE 'wsrep_local_state_comment'").Scan(&name, &state)
		return err == nil && state == "Synced"
	})
}

// accountsAt returns a checksum of the accounts at a node. The node first does everything that the
// cluster has acknowledged.
func accountsAt(t *testing.T, address string) string {
	t.Helper()
	name, sum := "", ""
	if err := look(t, address).SQL.QueryRowContext(t.Context(), "CHECKSUM TABLE accounts").Scan(&name, &sum); err != nil {
		t.Fatal(err)
	}
	return sum
}
