package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/internal/porttest"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestFaultRestart restarts the service behind the proxies of packaging/ while people use it. No
// request must fail (F-11).
func TestFaultRestart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proxy     func(t *testing.T, instances []string) (address string)
		instances int
		socket    bool // systemd keeps the port open
	}{
		"Caddy, port of systemd":    {behindCaddy, 1, true},
		"Caddy, two instances":      {behindCaddy, 2, false},
		"nginx, port of systemd":    {behindNginx, 1, true},
		"nginx, two instances":      {behindNginx, 2, false},
		"haproxy, two instances":    {behindHaproxy, 2, false},
		"no proxy, port of systemd": {func(_ *testing.T, instances []string) string { return instances[0] }, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			restartUnderLoad(t, name, c.proxy, c.instances, c.socket)
		})
	}
}

// drainFor makes the service wait for longer than the proxies keep an unused connection.
const drainFor = "--drain-delay=3s"

func restartUnderLoad(t *testing.T, name string, proxy func(*testing.T, []string) string, instances int, socket bool) {
	t.Helper()
	database := modelstest.SQLite(t)
	if instances > 1 {
		database = modelstest.MySQL(t)
	}
	public := porttest.Free(t)
	addresses, starts := make([]string, instances), make([]func() *process, instances)
	for i := range instances {
		flags := append(plain(t), "--database="+database, "--public-url=http://"+public, drainFor)
		if socket {
			addresses[i], starts[i] = startOnSocket(t, flags)
		} else {
			addresses[i] = porttest.Free(t)
			starts[i] = func() *process { return launch(t, nil, append(flags, "--listen="+addresses[i])...) }
		}
	}
	running := make([]*process, instances)
	for i, start := range starts {
		running[i] = start()
		running[i].waitServing()
	}
	load := newLoad(proxy(t, addresses), public)
	for range either(1, 4) {
		for i := range running {
			load.answered(t, 100)
			running[i].stop()
			running[i] = starts[i]()
			running[i].waitServing()
			// The next instance stops only after the proxy has noticed that this one runs again.
			waittest.Eventually(t, "the proxy uses the instance again", func() bool {
				return strings.Contains(running[i].said.String(), `"route":"/signin"`)
			})
		}
	}
	load.answered(t, either(100, 1000))
	load.end(t)
	for _, p := range running {
		p.stop()
	}
	requests := int(load.count.Load())
	faulttest.Report(t, "F-11", fmt.Sprintf("%s: %d restarts", name, instances*either(1, 4)), faulttest.Engine(database),
		faulttest.Count{Tried: requests, Survived: requests - len(load.failures), Lost: len(load.failures)})
}

// startOnSocket opens a port as systemd does for latchkey.socket, and returns its address and a
// function that starts the service on it.
func startOnSocket(t *testing.T, flags []string) (address string, start func() *process) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = file.Close(), listener.Close() })
	return listener.Addr().String(), func() *process {
		// LISTEN_PID must be the number of the process that the shell becomes.
		command := exec.Command("sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`, os.Args[0]}, flags...)...)
		command.ExtraFiles, command.Env = []*os.File{file}, []string{"LISTEN_FDS=1"}
		return begin(t, command)
	}
}

// load is people who keep sending requests through a proxy, with and without a body.
type load struct {
	stop     chan struct{}
	working  sync.WaitGroup
	count    atomic.Int64
	mu       sync.Mutex
	failures []string
}

func newLoad(address, host string) *load {
	l := &load{stop: make(chan struct{})}
	for range 8 {
		l.working.Go(func() {
			client := &http.Client{
				Transport: &http.Transport{}, Timeout: patience, // connections are kept, as browsers do
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			}
			for n := 0; ; n++ {
				select {
				case <-l.stop:
					client.CloseIdleConnections()
					return
				default:
					l.ask(client, "http://"+address, host, n)
				}
			}
		})
	}
	return l
}

// ask sends one request. Every answer of the service is good, except one that says that the service
// is away.
func (l *load) ask(client *http.Client, base, host string, n int) {
	method, path, body := http.MethodGet, "/signin", ""
	switch n % 3 {
	case 1:
		path = "/api/v1/account" // reads the database
	case 2:
		method, path, body = http.MethodPost, "/api/v1/sessions", `{"login":"nobody","password":"not the right one"}`
	}
	request, err := http.NewRequest(method, base+path, strings.NewReader(body))
	if err != nil {
		l.fail("%s %s: %v", method, path, err)
		return
	}
	request.Host = host
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+strings.Repeat("a", 43))
	response, err := client.Do(request)
	if err != nil {
		l.fail("%s %s: %v", method, path, err)
		return
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || response.StatusCode >= http.StatusInternalServerError {
		l.fail("%s %s: %d %v %.200s", method, path, response.StatusCode, err, text)
	}
	l.count.Add(1)
}

func (l *load) fail(format string, arguments ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures = append(l.failures, fmt.Sprintf(format, arguments...))
}

// answered waits until further requests have been answered. The parameter more is their number.
func (l *load) answered(t *testing.T, more int) {
	t.Helper()
	want := l.count.Load() + int64(more)
	waittest.Eventually(t, "requests are answered", func() bool { return l.count.Load() >= want })
}

// end ends the load and fails the test if a request failed.
func (l *load) end(t *testing.T) {
	t.Helper()
	close(l.stop)
	l.working.Wait()
	t.Logf("%d requests, %d failed", l.count.Load(), len(l.failures))
	for _, failure := range l.failures[:min(len(l.failures), 10)] {
		t.Errorf("a request failed: %s; want an answer of the service", failure)
	}
}

// behindCaddy starts Caddy with the file of packaging/, and returns its address.
func behindCaddy(t *testing.T, instances []string) string {
	t.Helper()
	address := porttest.Free(t)
	changes := []string{
		"latchkey.example.org {", "http://" + address + " {", "reverse_proxy 127.0.0.1:8470 {", "reverse_proxy " + strings.Join(instances, " ") + " {",
	}
	if len(instances) > 1 {
		changes = append(changes, "#health_uri", "health_uri", "#health_interval", "health_interval")
	}
	text := packaged(t, "Caddyfile", changes...)
	runProxy(t, address, "{\n\tadmin off\n\tauto_https off\n}\n"+text, "caddy", "run", "--adapter", "caddyfile", "--config")
	return address
}

// behindNginx starts nginx with the file of packaging/, and returns its address.
func behindNginx(t *testing.T, instances []string) string {
	t.Helper()
	address, folder := porttest.Free(t), t.TempDir()
	changes := []string{
		"\tserver 127.0.0.1:8470 ", "\tserver " + instances[0] + " ", "listen 80;", "listen " + porttest.Free(t) + ";", "listen 443 ssl;", "listen " + address + ";",
		"\tssl_certificate ", "\t#", "\tssl_certificate_key ", "\t#", "/var/log/nginx/latchkey.log", filepath.Join(folder, "access.log"),
	}
	if len(instances) > 1 {
		changes = append(changes, "#server 127.0.0.1:8480 ", "server "+instances[1]+" ")
	}
	text := packaged(t, "nginx.conf", changes...)
	temporary := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temporary += fmt.Sprintf("%s_temp_path %s;\n", kind, filepath.Join(folder, kind))
	}
	text = fmt.Sprintf("daemon off;\nmaster_process off;\npid %s;\nerror_log stderr warn;\nevents {}\nhttp {\n%s%s}\n", filepath.Join(folder, "pid"), temporary, text)
	runProxy(t, address, text, "nginx", "-p", folder, "-c")
	return address
}

// behindHaproxy starts haproxy with the file of packaging/, and returns its address.
func behindHaproxy(t *testing.T, instances []string) string {
	t.Helper()
	address := porttest.Free(t)
	text := packaged(t, "haproxy.cfg",
		"\tlog /dev/log local0\n", "", "\tbind :80\n", "", "bind :443 ssl crt /etc/haproxy/latchkey.example.org.pem", "bind "+address,
		"http-request deny", "#", "http-request redirect", "#",
		"127.0.0.1:8470", instances[0], "127.0.0.1:8480", instances[1],
	)
	runProxy(t, address, text, "haproxy", "-db", "-f")
	return address
}

// packaged returns a file of packaging/ with changes. changes are pairs: a text of the file, and
// the text that replaces it.
func packaged(t *testing.T, file string, changes ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "packaging", file))
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("%s has no %q, want it", file, changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	return text
}

// runProxy starts a proxy with the given settings, waits until it answers at address, and stops it
// when the test ends. The path of the file with the settings is the last argument of the proxy.
func runProxy(t *testing.T, address, settings, name string, arguments ...string) {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "settings")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath(filepath.Join("/usr/sbin", name))
	}
	if err != nil {
		t.Skipf("%s is not installed; make test installs it", name)
	}
	said := &transcript{}
	command := exec.Command(path, append(arguments, file)...)
	command.Env, command.Stdout, command.Stderr = []string{"HOME=" + folder}, said, said
	leash(command)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, said.tail(20))
		}
	})
	waittest.Eventually(t, name+" answers", func() bool {
		line, err := net.Dial("tcp", address)
		if err == nil {
			_ = line.Close()
		}
		return err == nil
	})
}
