package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// asProgram makes the test binary run as the program. So the processes of these tests run main
// itself, and the program need not be built separately.
const asProgram = "LATCHKEY_TEST_AS_PROGRAM"

// clockFile is the environment variable that names a file. The file says by how much the clock of
// the process is ahead, such as 26h. The process reads the file whenever it looks at the clock. If
// the variable is empty, the process has the clock of this machine.
const clockFile = "LATCHKEY_TEST_CLOCK"

// clockOf returns the clock of a process.
func clockOf(file string) func() time.Time {
	if file == "" {
		return time.Now
	}
	return func() time.Time {
		text, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		ahead, err := time.ParseDuration(string(text))
		if err != nil {
			panic(err)
		}
		return time.Now().Add(ahead)
	}
}

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(start(clockOf(os.Getenv(clockFile))))
	}
	os.Exit(m.Run())
}

// long reports whether the long form of the fault tests was asked for.
func long() bool { return faulttest.Long() }

// either returns quick, or thorough in the long form of the fault tests.
func either(quick, thorough int) int { return faulttest.Either(quick, thorough) }

// patience is the time after which these tests give up waiting.
const patience = waittest.Patience

// process is the program, run as an operator runs it.
type process struct {
	t       *testing.T
	command *exec.Cmd
	said    *transcript // everything that the process wrote
	address string      // host and port, when it serves
	ended   chan struct{}
	status  error // the status with which the process ended
	meant   bool  // whether the test ended the process
}

// serve starts "latchkey serve" in development mode on a free port and waits until it serves. flags
// come after the usual flags and override them.
func serve(t *testing.T, flags ...string) *process {
	t.Helper()
	p := launch(t, nil, append(plain(t), flags...)...)
	p.waitServing()
	return p
}

// plain returns flags for a service in development mode with a folder of its own.
func plain(t *testing.T) []string {
	t.Helper()
	return []string{
		"serve", "--dev", "--listen=127.0.0.1:0", "--data-dir=" + t.TempDir(), "--log-format=json", "--captcha=off",
		"--trusted-proxies=127.0.0.1", "--secret-key=" + modelstest.Key,
	}
}

// launch starts the program, and kills it when the test ends.
func launch(t *testing.T, environment []string, arguments ...string) *process {
	t.Helper()
	return launchInput(t, "", environment, arguments...)
}

// launchInput does the work of launch, with input on the standard input.
func launchInput(t *testing.T, input string, environment []string, arguments ...string) *process {
	t.Helper()
	command := exec.Command(os.Args[0], arguments...)
	command.Env = environment
	if input != "" {
		command.Stdin = strings.NewReader(input)
	}
	return begin(t, command)
}

// begin starts a command that becomes the program.
func begin(t *testing.T, command *exec.Cmd) *process {
	t.Helper()
	servicetest.SkipIfShort(t, "it starts processes")
	p := &process{t: t, command: command, said: &transcript{}, ended: make(chan struct{})}
	p.command.Env = append([]string{asProgram + "=yes"}, command.Env...)
	p.command.Dir = t.TempDir()
	p.command.Stdout, p.command.Stderr = p.said, p.said
	leash(p.command)
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.status = p.command.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.command.Process.Kill()
		<-p.ended
		if t.Failed() && !p.meant {
			t.Logf("%v said:\n%s", command.Args, p.said.tail(40))
		}
	})
	return p
}

// exitedWith reports whether err says that a process ended with this status.
func exitedWith(err error, status int) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	return ok && exit.ExitCode() == status
}

// waitServing waits until the log says that the service serves.
func (p *process) waitServing() {
	p.t.Helper()
	entry := p.waitLog("serving")
	p.address, _ = entry["address"].(string)
}

// waitLog waits for an entry of the log with this message.
func (p *process) waitLog(message string) map[string]any {
	p.t.Helper()
	var found map[string]any
	within(p.t, patience, fmt.Sprintf("the program logs %q", message), func() bool {
		ended := !p.running() // asked before the log is read, so that the last lines are not missed
		for _, entry := range p.log() {
			if entry["msg"] == message {
				found = entry
				return true
			}
		}
		if ended {
			p.t.Fatalf("the program ended before it logged %q: %v\n%s", message, p.status, p.said.tail(20))
		}
		return false
	})
	return found
}

// log returns the entries of the log so far.
func (p *process) log() []map[string]any {
	var entries []map[string]any
	for line := range strings.Lines(p.said.String()) {
		entry := map[string]any{}
		if json.Unmarshal([]byte(line), &entry) == nil {
			entries = append(entries, entry)
		}
	}
	return entries
}

// errors returns the causes of failed requests in the log.
func (p *process) errors() []any {
	var causes []any
	for _, entry := range p.log() {
		if entry["msg"] == "request failed" {
			causes = append(causes, entry["err"])
		}
	}
	return causes
}

// onlyBusy reports whether requests failed only because there was too much work at once, which
// happens sooner on a slow machine.
func (p *process) onlyBusy() bool {
	for _, cause := range p.errors() {
		if text, ok := cause.(string); !ok || !strings.HasPrefix(text, "busy: ") {
			return false
		}
	}
	return true
}

// kill ends the process as suddenly as a power cut would.
func (p *process) kill() {
	p.meant = true
	_ = p.command.Process.Kill()
	<-p.ended
}

// signal sends SIGTERM.
func (p *process) signal() {
	p.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
}

// stop ends the process as systemd does, and fails the test if it does not end without
// an error.
func (p *process) stop() {
	p.t.Helper()
	p.signal()
	if err := p.wait(); err != nil {
		p.t.Fatalf("the program stopped with %v, want exit status 0\n%s", err, p.said.tail(20))
	}
}

// wait waits for the end of the process.
func (p *process) wait() error {
	p.t.Helper()
	if !waittest.Done(p.ended) {
		p.t.Fatalf("the program did not end\n%s", p.said.tail(20))
	}
	return p.status
}

// running reports whether the process has not ended.
func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// get asks for a path without cookies, and returns the status of the answer, or 0 if
// no answer came.
func (p *process) get(path string) int {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+path, nil)
	if err != nil {
		return 0
	}
	response, err := oneShot().Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

// oneShot returns a client that keeps no connections.
func oneShot() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// transcript holds everything that a process wrote.
type transcript struct{ servicetest.Log }

// tail returns the last n lines.
func (w *transcript) tail(n int) string {
	lines := strings.SplitAfter(w.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-n-1):], "")
}

// within calls done until it returns true, and returns how long that took. After the time limit it
// fails the test. limit is at least patience, so it only ends a test that hangs.
func within(t *testing.T, limit time.Duration, what string, done func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !done() {
		if time.Since(began) > limit {
			t.Fatalf("waited %v in vain for this: %s", limit, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(began)
}
