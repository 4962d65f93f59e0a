package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/latchkey-media/latchkey/internal/bench"
)

// program is a process that answers requests.
type program struct {
	name     string
	address  string // host and port
	pid      int    // 0 for a peer that was started by hand and whose process is not known
	database int    // process of its database server; 0 for SQLite
	command  *exec.Cmd
	ended    chan struct{}
}

// used returns how much time of their core the program and its database have used so far.
func (p *program) used() time.Duration {
	used := bench.CPU(p.pid)
	if p.database != 0 {
		used += bench.CPU(p.database)
	}
	return used
}

// settings returns the flags with which the service runs: the flags of production, with a log and
// all limits. folder is the folder of this service alone, and mail is the address of a mail
// server on this machine.
func settings(database, folder, mail string) []string {
	return []string{
		"--listen=127.0.0.1:0", "--public-url=https://" + benchHost, "--data-dir=" + folder, "--database=" + database,
		"--secret-key=" + benchKey, "--mail-url=smtp+plain://" + mail, "--mail-from=Bench <bench@" + benchHost + ">",
		"--trusted-proxies=127.0.0.1", "--drain-delay=0s",
	}
}

// migrate lets a program bring a database up to date.
func (r *run) migrate(ctx context.Context, path, database, folder string) error {
	command := exec.CommandContext(ctx, path, append([]string{"migrate"}, settings(database, folder, r.sink.address)...)...) //nolint:gosec // the program that is measured
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s migrate: %w\n%s", path, err, said)
	}
	return nil
}

// serve starts the service and waits until it serves. Its log goes into a file in folder, as in
// production.
func (r *run) serve(ctx context.Context, name, path, database, folder string) (*program, error) {
	arguments := append([]string{"serve"}, settings(database, folder, r.sink.address)...)
	return r.start(ctx, name, filepath.Join(folder, name+".log"), exec.Command(path, arguments...)) //nolint:gosec,noctx // it ends by stop, or with the bench
}

// start starts a command on the core for servers. The command must write its log to its standard
// error, with an entry "serving" that contains its address.
func (r *run) start(ctx context.Context, name, log string, command *exec.Cmd) (*program, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // a file of the bench
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	command.Stderr = file
	if err := bench.Start(command, r.serverCore); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &program{name: name, pid: command.Process.Pid, command: command, ended: make(chan struct{})}
	go func() {
		_ = command.Wait()
		close(p.ended)
	}()
	r.running = append(r.running, p)
	p.address, err = p.serving(ctx, log)
	return p, err
}

// serving waits for the entry "serving" in the log, and returns the address in that entry.
func (p *program) serving(ctx context.Context, log string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if address := servingIn(log); address != "" {
			return address, nil
		}
		select {
		case <-p.ended:
			said, _ := os.ReadFile(log) //nolint:gosec // a file of the bench
			return "", fmt.Errorf("%s ended:\n%s", p.name, said)
		case <-ctx.Done():
			return "", fmt.Errorf("%s does not serve: %w", p.name, ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func servingIn(log string) string {
	file, err := os.Open(log) //nolint:gosec // a file of the bench
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var entry struct {
			Msg     string `json:"msg"`
			Address string `json:"address"`
		}
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "serving" {
			return entry.Address
		}
	}
	return ""
}

// stop ends the program, and waits for its end.
func (p *program) stop() {
	if p.command == nil {
		return
	}
	select {
	case <-p.ended:
		return
	default:
	}
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		_ = p.command.Process.Kill()
		<-p.ended
	}
}

// get asks for a path as a browser would, and returns the body of an answer with status 200.
func (p *program) get(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+path, nil)
	if err != nil {
		return "", err
	}
	request.Host = benchHost
	response, err := (&http.Client{Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: status %d", path, response.StatusCode)
	}
	return string(body), err
}

// errNoStyle is returned for a page that has no link to a style sheet.
var errNoStyle = errors.New("the page names no style")

// style returns the path of the style sheet that the pages of the program use.
func (p *program) style(ctx context.Context) (string, error) {
	page, err := p.get(ctx, "/signin")
	if err != nil {
		return "", err
	}
	for part := range strings.SplitSeq(page, `"`) {
		if strings.HasPrefix(part, "/static/") && strings.Contains(part, ".css") {
			return part, nil
		}
	}
	return "", errNoStyle
}
