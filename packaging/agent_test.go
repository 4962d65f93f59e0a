// Package packaging_test tests the files for the proxies in front of the agent.
package packaging_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/porttest"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// The addresses of the agent and of Jellyfin that the files for the proxies name.
const (
	agentAddress    = "127.0.0.1:8471"
	jellyfinAddress = "127.0.0.1:8096"
)

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// routing returns the regular expression in a file that matches the paths of the agent, in any
// letter case.
func routing(t *testing.T, file, line string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^\t`+line+`$`).FindAllStringSubmatch(read(t, file), -1)
	if len(found) != 1 {
		t.Fatalf("%s has %d lines %q, want 1", file, len(found), line)
	}
	return found[0][1]
}

func nginxRouting(t *testing.T) string {
	t.Helper()
	return routing(t, "agent.nginx.conf", `location ~\* (\S+) \{`)
}

func caddyRouting(t *testing.T) string {
	t.Helper()
	return routing(t, "agent.Caddyfile", `@connect path_regexp \(\?i\)(\S+)`)
}

// paths returns paths with true if they belong to the agent. Paths of Jellyfin that look similar
// have false.
func paths() map[string]bool {
	const user = "/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
	return map[string]bool{
		"/Connect/Exchange": true, "/connect/exchange": true, "/CONNECT/EXCHANGE": true, "/emby/Connect/Exchange": true, "/Emby/connect/Exchange": true,
		"/mediabrowser/Connect/Exchange": true, "/emby/emby/Connect/Exchange": true, "/Connect/Exchange/": true, "/Connect/Pending": true,
		"/emby/connect/pending": true, "/Connect/Invite": true, "/mediabrowser/connect/invite": true,
		"/jellyfin/Connect/Exchange": true, "/Jellyfin/emby/connect/exchange": true, "/jellyfin/Users" + user + "/Connect/Link": true,
		"/Users" + user + "/Connect/Link": true, "/emby/Users" + user + "/Connect/Link/Delete": true, "/users" + user + "/connect/link/": true,
		"/MediaBrowser/USERS" + user + "/CONNECT/LINK": true, "/Users/a-b/Connect/Link": true,

		"/": false, "/Connect": false, "/Connected/Exchange": false, "/Connect2/Exchange": false, "/QuickConnect/Connect": false, "/QuickConnect/Initiate": false,
		"/web/connect/exchange": false, "/x/Connect/Exchange": false, "/embyx/Connect/Exchange": false, "/Disconnect/Exchange": false,
		"/Users/x/Connect": false, "/Users" + user + "/Connect/Links": false, "/Users" + user + "/Connect/Linked/Delete": false, "/Users" + user: false,
		"/Users" + user + "/x/Connect/Link": false, "/Users/Connect/Link": false, "/Users/Public": false, "/System/Info/Public": false,
		"/jellyfin/System/Info": false, "/jellyfinx/Connect/Exchange": false, "/jellyfin/web/connect/exchange": false,
		"/emby/System/Info": false, "/emby": false, "/Items/1/Connect/Link": false, "/Videos/connect/stream.mkv": false,
	}
}

func TestRouting(t *testing.T) {
	t.Parallel()
	nginx, caddy := nginxRouting(t), caddyRouting(t)
	if nginx != caddy {
		t.Errorf("nginx routes %s, Caddy %s", nginx, caddy)
	}
	pattern := regexp.MustCompile("(?i)" + nginx)
	for path, want := range paths() {
		if got := pattern.MatchString(path); got != want {
			t.Errorf("%s goes to the agent: %v", path, got)
		}
	}
}

// openPaths returns paths of requests. The value is true for a path that a browser requests for
// Open, and false for a similar path of Jellyfin.
func openPaths() map[string]bool {
	return map[string]bool{
		"/latchkey/open": true, "/latchkey/open.js": true, "/latchkey/begin": true, "/latchkey/check": true, "/jellyfin/latchkey/open": true, "/jellyfin/latchkey/mint": true,
		"/latchkeyx/open": false, "/web/latchkey/open": false, "/jellyfin/web/latchkey/open": false, "/Items/latchkey/open": false,
	}
}

// Each file names Jellyfin once and the agent for each of its paths, and has the marks around the part that the
// guide shows.
func TestMarks(t *testing.T) {
	t.Parallel()
	for file, places := range map[string]int{"agent.Caddyfile": 2, "agent.nginx.conf": 3} {
		text := read(t, file)
		_, rest, begins := strings.Cut(text, "\t# Connect: begin\n")
		inside, _, ends := strings.Cut(rest, "\t# Connect: end\n")
		if !begins || !ends || strings.Count(inside, agentAddress) != places {
			t.Errorf("%s has no marks around the agent", file)
		}
		if strings.Count(text, agentAddress) != places || strings.Count(text, jellyfinAddress) != 1 {
			t.Errorf("%s does not name Jellyfin once, and the agent %d times", file, places)
		}
	}
}

// arrived is a request as one of the two programs received it.
type arrived struct{ who, path, forwarded, host string }

// backend starts a server that answers with its name and the request that it got,
// and returns its address.
func backend(t *testing.T, who string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s\n%s\n%s\n%s", who, r.URL.RequestURI(), r.Header.Get("X-Forwarded-For"), r.Host)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// program returns the path of a program. It also looks in the folders that only root has in its
// PATH. It skips the test if the program is not installed.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, folder := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/local/sbin", "/usr/sbin", "/sbin") {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 && !info.IsDir() {
			return path
		}
	}
	t.Skipf("%s is not installed: only the text of its file is tested", name)
	return ""
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waittest.Patience)
	defer cancel()
	if output, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, output)
	}
}

// start runs a proxy until the test ends, and waits until it answers at address.
func start(t *testing.T, address, name string, args ...string) {
	t.Helper()
	folder := t.TempDir()
	command := exec.Command(name, args...)
	var output strings.Builder
	command.Stdout, command.Stderr = &output, &output
	command.Env = append(os.Environ(), "HOME="+folder, "XDG_CONFIG_HOME="+folder, "XDG_DATA_HOME="+folder)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var status error
	ended := make(chan struct{})
	go func() { status = command.Wait(); close(ended) }()
	t.Cleanup(func() {
		command.Process.Signal(os.Interrupt)
		if !waittest.Done(ended) {
			command.Process.Kill()
			<-ended
		}
	})
	waittest.Eventually(t, name+" answers", func() bool {
		select {
		case <-ended:
			t.Fatalf("%s ended: %v\n%s", name, status, output.String())
		default:
		}
		connection, err := net.Dial("tcp", address)
		if err == nil {
			connection.Close()
		}
		return err == nil
	})
}

func ask(t *testing.T, address, path string) arrived {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path+"?format=json&api_key=a%2Fb", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "jellyfin.example.org"
	r.Header.Set("X-Forwarded-For", "192.168.1.2")
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitN(string(body), "\n", 4)
	if response.StatusCode != http.StatusOK || len(lines) != 4 {
		t.Fatalf("%s: %d %s", path, response.StatusCode, body)
	}
	return arrived{lines[0], lines[1], lines[2], lines[3]}
}

// routes checks that the proxy at an address sends each path to the right program. The last address
// that the proxy adds to X-Forwarded-For must be the address of the real caller.
func routes(t *testing.T, address string) {
	t.Helper()
	all := paths()
	maps.Copy(all, openPaths())
	for path, toAgent := range all {
		want := "jellyfin"
		if toAgent {
			want = "agent"
		}
		got := ask(t, address, path)
		if got.who != want || got.path != path+"?format=json&api_key=a%2Fb" {
			t.Errorf("%s went to the %s as %s, want the %s and the same path", path, got.who, got.path, want)
		}
		if !strings.HasSuffix(", "+got.forwarded, ", 127.0.0.1") || got.host != "jellyfin.example.org" {
			t.Errorf("%s came from %q to %q", path, got.forwarded, got.host)
		}
	}
}

func TestNginx(t *testing.T) {
	t.Parallel()
	nginx := program(t, "nginx")
	folder, address := t.TempDir(), porttest.Free(t)
	site := strings.NewReplacer(agentAddress, backend(t, "agent"), jellyfinAddress, backend(t, "jellyfin"), "listen 80;", "listen "+address+";").
		Replace(read(t, "agent.nginx.conf"))
	whole := fmt.Sprintf("pid %[1]s/pid;\nerror_log stderr;\ndaemon off;\nmaster_process off;\nevents {}\nhttp {\naccess_log %[1]s/access;\n", folder)
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		whole += fmt.Sprintf("%s_temp_path %s/%s;\n", name, folder, name)
	}
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, []byte(whole+site+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, nginx, "-t", "-e", "stderr", "-p", folder, "-c", file)
	start(t, address, nginx, "-e", "stderr", "-p", folder, "-c", file)
	routes(t, address)
	// nginx writes a line of its log a moment after the answer. The files of Open are in the log, too: they have no secret.
	log, lines := "", len(openPaths())
	for _, toAgent := range paths() {
		if !toAgent {
			lines++
		}
	}
	waittest.Eventually(t, "a line for each path that may be kept", func() bool {
		log = read(t, filepath.Join(folder, "access"))
		return strings.Count(log, "\n") >= lines
	})
	for path, toAgent := range paths() {
		if strings.Contains(log, "GET "+path+"?") == toAgent {
			t.Errorf("%s is kept in the log, with its access key, or Jellyfin's paths are not:\n%s", path, log)
		}
	}
}

func TestCaddy(t *testing.T) {
	t.Parallel()
	caddy := program(t, "caddy")
	address := porttest.Free(t)
	_, port, _ := strings.Cut(address, ":")
	site := strings.NewReplacer(agentAddress, backend(t, "agent"), jellyfinAddress, backend(t, "jellyfin"),
		"jellyfin.example.org {", "http://:"+port+" {\n\tbind 127.0.0.1").Replace(read(t, "agent.Caddyfile"))
	for name, text := range map[string]string{"validated": read(t, "agent.Caddyfile"), "run": "{\n\tadmin off\n\tauto_https off\n}\n" + site} {
		file := filepath.Join(t.TempDir(), "Caddyfile")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if name == "validated" {
			run(t, caddy, "adapt", "--validate", "--adapter", "caddyfile", "--config", file)
			continue
		}
		start(t, address, caddy, "run", "--adapter", "caddyfile", "--config", file)
		routes(t, address)
	}
}
