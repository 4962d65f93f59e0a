//go:build e2e

package e2e

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"io"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver named sqlite

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

// patience is the time after which these tests give up waiting.
const patience = waittest.Patience

// service is the running program.
type service struct {
	t      *testing.T
	folder string // the data folder
	origin string // the address at which it serves
	args   []string

	process *exec.Cmd
	ended   chan error

	mu    sync.Mutex
	log   strings.Builder
	read  map[string]bool // names of the mails that tests have taken
	taken int             // visitors so far
}

// serve starts the program in development mode with the additional arguments args. When the test
// ends, the program must stop without an error, and must have logged no error.
func serve(t *testing.T, args ...string) *service {
	t.Helper()
	s := &service{t: t, folder: t.TempDir(), ended: make(chan error, 1), read: map[string]bool{}}
	// Each visitor has an address of its own, as behind a proxy. Otherwise a limit for one address
	// could make one test wait for another.
	s.args = append([]string{"--dev", "--data-dir", s.folder, "--log-format", "json", "--trusted-proxies", "127.0.0.1"}, args...)
	s.process = exec.Command(program, append([]string{"serve", "--listen", "127.0.0.1:0"}, s.args...)...)
	errors, err := s.process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	go func() {
		s.readLog(errors, address)
		s.ended <- s.process.Wait()
	}()
	t.Cleanup(s.stop)
	select {
	case listening := <-address:
		s.origin = "http://" + listening
	case err := <-s.ended:
		s.ended <- err
		t.Fatalf("the service did not start: %v\n%s", err, s.logged())
	case <-time.After(patience):
		t.Fatalf("the service did not log its address, want it:\n%s", s.logged())
	}
	return s
}

// readLog keeps the log, and sends the address when the log has it.
func (s *service) readLog(log io.Reader, address chan<- string) {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		s.mu.Lock()
		s.log.WriteString(lines.Text() + "\n")
		s.mu.Unlock()
		var entry struct {
			Message string `json:"msg"`
			Address string `json:"address"`
		}
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Message == "serving" {
			address <- entry.Address
		}
	}
}

func (s *service) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

func (s *service) stop() {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Errorf("stop the service: %v", err)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			s.t.Errorf("the service ended with %v, want no error", err)
		}
	case <-time.After(patience):
		_ = s.process.Process.Kill()
		s.t.Error("the service did not stop in time, want it stopped")
	}
	for line := range strings.Lines(s.logged()) {
		if strings.Contains(line, `"level":"ERROR"`) {
			s.t.Errorf("the service logged %s, want no errors", line)
		}
	}
}

// operate runs another command of the program on the data of s.
func (s *service) operate(t *testing.T, input string, command ...string) {
	t.Helper()
	run := exec.Command(program, append(command, s.args...)...)
	run.Stdin = strings.NewReader(input)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
}

// alter changes the SQLite database of s directly, to make states that would otherwise take a long
// time to arise.
func (s *service) alter(t *testing.T, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.folder, "latchkey.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	result, err := db.ExecContext(t.Context(), statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if rows, err := result.RowsAffected(); err != nil || rows != 1 {
		t.Fatalf("%s: %d rows, %v; want 1", statement, rows, err)
	}
}

// person is a person with an account.
type person struct {
	username, name, email, password, pin string
}

func newPerson(username string) person {
	return person{
		username: username, name: strings.ToUpper(username[:1]) + username[1:], email: username + "@example.org",
		password: "seven quiet herons", pin: "h3r0ns",
	}
}

// account makes a confirmed account with the commands for operators.
func (s *service) account(t *testing.T, username string) person {
	t.Helper()
	p := newPerson(username)
	s.operate(t, p.password+"\n", "account", "create", p.username, p.email, "--password-stdin", "--display-name", p.name)
	s.operate(t, "", "account", "confirm", p.username)
	return p
}

// mail waits for a mail of a kind to an address. It ignores mails that were taken before.
func (s *service) mail(t *testing.T, kind, to string) *mailtest.Mail {
	t.Helper()
	var found *mailtest.Mail
	if !waittest.Becomes(func() bool {
		files, err := filepath.Glob(filepath.Join(s.folder, "mail", "*-"+kind+"-*.eml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if found = s.take(t, file, to); found != nil {
				return true
			}
		}
		return false
	}) {
		t.Fatalf("got no mail %s to %s, want one:\n%s", kind, to, s.logged())
	}
	return found
}

// take reads a mail and marks it as taken. It returns nil if the mail has another recipient or was
// taken before.
func (s *service) take(t *testing.T, file, to string) *mailtest.Mail {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read[file] {
		return nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m := mailtest.Parse(t, raw)
	if address, err := mail.ParseAddress(m.Header.Get("To")); err != nil || address.Address != to {
		return nil
	}
	s.read[file] = true
	return m
}

// link returns the first link in a mail of a kind.
func (s *service) link(t *testing.T, kind, to string) string {
	t.Helper()
	link := s.mail(t, kind, to).FirstLink()
	if !strings.HasPrefix(link, s.origin+"/") {
		t.Fatalf("the mail %s leads to %q, want a page of %s", kind, link, s.origin)
	}
	return link
}
