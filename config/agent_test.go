package config_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/config"
)

// agentCommands is a command line like the agent's.
type agentCommands struct {
	config.Agent

	Run    struct{} `cmd:"" default:"withargs" help:"Run."`
	Status struct{} `cmd:"" help:"Tell."`
}

// goodAgent returns complete settings of an agent.
func goodAgent() environment {
	return environment{
		"LATCHKEY_AGENT_SERVICE":          "https://latchkey.example.org",
		"LATCHKEY_AGENT_MEDIA_SERVER_URL": "http://127.0.0.1:8096/jellyfin/",
		"LATCHKEY_AGENT_API_KEY":          "0123456789abcdef0123456789abcdef",
		"LATCHKEY_AGENT_DATA_DIR":         "/nowhere",
	}
}

func loadAgent(t *testing.T, env environment, args ...string) (*config.Agent, *config.Loaded) {
	t.Helper()
	var line agentCommands
	loaded, err := config.Load(&line, &line.Agent, config.World{
		Arguments: args, Environment: env.lookup, Output: io.Discard, Errors: io.Discard,
	})
	if err != nil {
		t.Fatalf("Load: %v, want no error", err)
	}
	return &line.Agent, loaded
}

func TestAgentDefaults(t *testing.T) {
	t.Parallel()
	a, loaded := loadAgent(t, goodAgent())
	if err := loaded.Check(); err != nil {
		t.Fatal(err)
	}
	want := &config.Agent{
		DataDir: "/nowhere", Service: "https://latchkey.example.org", MediaServer: "jellyfin", MediaServerURL: "http://127.0.0.1:8096/jellyfin",
		APIKey: "0123456789abcdef0123456789abcdef", ServerName: "Latchkey", Listen: "127.0.0.1:8471", ReportLAN: true, ReportWAN: true,
		TrustedProxies: []string{"127.0.0.1", "::1"}, Discovery: "auto", CreateUsers: true, GuestLimit: 100, GuestsHourly: 20, Levels: "guests", Televisions: "guests", OfflineTrust: 72 * time.Hour,
		LogFormat: "json", LogLevel: "info",
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if a.Discover() || a.Apart() {
		t.Error("with Jellyfin the agent answers over UDP or runs the builtin server apart, want neither")
	}
}

// The agent ignores the variables of the service, and the service ignores the agent's.
func TestAgentHasVariablesOfItsOwn(t *testing.T) {
	t.Parallel()
	a, _ := loadAgent(t, goodAgent().with("LATCHKEY_LISTEN", ":1"))
	if a.Listen != "127.0.0.1:8471" {
		t.Errorf("listen %q, want 127.0.0.1:8471", a.Listen)
	}
	s, _ := load(t, good().with("LATCHKEY_AGENT_LISTEN", ":1"))
	if s.Listen != "127.0.0.1:8470" {
		t.Errorf("listen %q, want 127.0.0.1:8470", s.Listen)
	}
}

func TestAgentBuiltinNeedsNoKey(t *testing.T) {
	t.Parallel()
	a, loaded := loadAgent(t, environment{}, "--service=http://localhost:8470", "--media-server=builtin", "--data-dir=/nowhere")
	if err := loaded.Check(); err != nil || !a.Discover() || a.Apart() {
		t.Errorf("got error %v, discover %v, apart %v, want no error and only one of the two", err, a.Discover(), a.Apart())
	}
	a, loaded = loadAgent(t, environment{}, "--service=http://localhost:8470", "--media-server=builtin", "--media-server-url=http://127.0.0.1:8096",
		"--data-dir=/nowhere", "--discovery=off")
	if err := loaded.Check(); err != nil || a.Discover() || !a.Apart() {
		t.Errorf("got error %v, discover %v, apart %v, want no error and only one of the two", err, a.Discover(), a.Apart())
	}
}

func TestAgentNamesMissingSettings(t *testing.T) {
	t.Parallel()
	_, loaded := loadAgent(t, environment{}, "--data-dir=/nowhere")
	var names []string
	for line := range strings.Lines(loaded.Check().Error()) {
		name, rest, _ := strings.Cut(line, ": ")
		if strings.Contains(rest, "development") || !strings.HasPrefix(rest, "is missing; ") {
			t.Errorf("%q, want without %q, beginning with %q", line, "development", "is missing; ")
		}
		names = append(names, name)
	}
	if diff := cmp.Diff([]string{"service", "media-server-url", "api-key"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if err := loaded.Check("service", "media-server-url", "api-key"); err != nil {
		t.Errorf("a command that does without them: %v, want no error", err)
	}
}

// TestAgentValues checks good and bad values of single settings, as TestValues does.
func TestAgentValues(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, want string }{
		{"service", "HTTPS://Latchkey.Example.org:443/", ""},
		{"service", "http://127.0.0.1:8470", ""},
		{"service", "http://[::1]:8470", ""},
		{"service", "http://latchkey.example.org", "must start with https://"},
		{"service", "http://192.168.1.5:8470", "must start with https://"},
		{"service", "latchkey.example.org", "is not an address such as"},
		{"service", "https://ada:hush@latchkey.example.org", "a user or a password"},
		{"service", "https://latchkey.example.org/x", "nothing after the host"},
		{"service", "https://latchkey.example.org?x=1", "must not contain ? or #"},
		{"media-server-url", "http://jellyfin:8096/base", ""},
		{"media-server-url", "https://[2001:db8::1]", ""},
		{"media-server-url", "http://jellyfin:8096//my%20media/web/index.html", ""},
		{"media-server-url", "http://jellyfin:8096/a/../b", "has a path that cannot be kept"},
		{"media-server-url", "http://jellyfin:8096/a%2fb", "has a path that cannot be kept"},
		{"media-server-url", "http://jellyfin:8096/" + strings.Repeat("a", 200), "has a path that cannot be kept"},
		{"media-server-url", "127.0.0.1:8096", "is not an address such as"},
		{"media-server-url", "ftp://x", "is not an address such as"},
		{"media-server-url", "http://u:hush@x", "a user or a password"},
		{"media-server-url", "http://x/?api_key=hush", "must not contain ? or #"},
		{"media-server-url", "http://x#hush", "must not contain ? or #"},
		{"media-server-url", "http://x:0x50", "is not an address such as"},
		{"media-server-url", "http://x:99999", "port"},
		{"media-server", "plex", "is not one of jellyfin, emby, builtin"},
		{"api-key", "ab cd", "contains a space"},
		{"api-key", "ab\x00cd", "contains a space"},
		{"claim-code", "ABCD EFGH", "contains a space"},
		{"addresses", "https://a.example,http://192.168.1.2:8096", ""},
		{"addresses", "https://a.example,nonsense", "is not an address such as"},
		{"addresses", "https://a.example/jellyfin,http://192.168.1.2:8096/emby/", ""},
		{"addresses", "https://a.example/jellyfin/web", "has a path that cannot be kept"},
		{"addresses", "https://a.example/%2e%2e", "has a path that cannot be kept"},
		{"addresses", "https://a.example/jellyfin?x", "must not contain ? or #"},
		{"addresses", "https://u:hush@a.example", "a user or a password"},
		{"listen", ":8096", ""},
		{"listen", "8096", "is not an address with a port"},
		{"trusted-proxies", "10.0.0.0/4", "includes far more"},
		{"server-name", strings.Repeat("x", 61), "longer than 60"},
		{"guest-limit", "-1", "from 0 to 10000"},
		{"guest-limit", "0", ""},
		{"offline-trust", "30s", "from 1m to 8760h"},
		{"offline-trust", "2d", ""},
		{"report-lan", "false", ""},
		{"create-users", "never", "neither true nor false"},
		{"catalogue", "demo", "is for the builtin media server"},
		{"discovery", "maybe", "is not one of auto, on, off"},
		{"secret-key", "short-hush", "has 10 characters"},
		{"log-level", "loud", "is not one of"},
	}
	for _, test := range tests {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			t.Parallel()
			_, loaded := loadAgent(t, goodAgent(), "--"+test.name+"="+test.value)
			problem := ""
			if err := loaded.Check(); err != nil {
				problem = err.Error()
			}
			if problem != "" && !strings.HasPrefix(problem, test.name+": ") || (problem == "") != (test.want == "") || !strings.Contains(problem, test.want) {
				t.Errorf("problem %q, want %q", problem, test.want)
			}
			if strings.Contains(problem, "hush") {
				t.Errorf("the problem quotes a secret, want it hidden: %q", problem)
			}
		})
	}
	a, loaded := loadAgent(t, goodAgent(), "--service=http://latchkey:8470", "--plain-http")
	if err := loaded.Check(); err != nil || a.Service != "http://latchkey:8470" {
		t.Errorf("plain http that was asked for: %v, want service http://latchkey:8470", err)
	}
}

// Addresses with a path are stored in one form.
func TestAgentPaths(t *testing.T) {
	t.Parallel()
	a, loaded := loadAgent(t, goodAgent(), "--media-server-url=HTTP://Jellyfin:80//my media/web/",
		"--addresses=https://Media.example.org.:443//jelly%66in/,http://[2001:DB8::1]:8096/emby")
	if err := loaded.Check(); err != nil {
		t.Fatal(err)
	}
	want := []string{"http://jellyfin/my%20media", "https://media.example.org/jellyfin", "http://[2001:db8::1]:8096/emby"}
	if diff := cmp.Diff(want, append([]string{a.MediaServerURL}, a.Addresses...)); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
}

func TestAgentBooleansThatAreUsuallyTrue(t *testing.T) {
	t.Parallel()
	a, loaded := loadAgent(t, goodAgent().with("LATCHKEY_AGENT_REPORT_WAN", "no"), "--create-users=false",
		"--config", write(t, "agent.yaml", "report-lan: off\nallow-admins: yes\n"))
	if err := loaded.Check(); err != nil || a.CreateUsers || a.ReportLAN || a.ReportWAN || !a.AllowAdmins {
		t.Errorf("%v: %+v, want create users false, report LAN false, report WAN false, allow admins true", err, a)
	}
}

// The names of libraries may contain spaces.
func TestGuestLibraries(t *testing.T) {
	t.Parallel()
	want := []string{"Films", "Family Videos"}
	file := write(t, "agent.yaml", "guest-libraries:\n  - Films\n  - Family Videos\n")
	for name, args := range map[string][]string{
		"flag":  {"--guest-libraries=Films, Family Videos,"},
		"twice": {"--guest-libraries=Films", "--guest-libraries", "Family Videos"},
		"file":  {"--config", file},
	} {
		a, loaded := loadAgent(t, goodAgent(), args...)
		if err := loaded.Check(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, a.GuestLibraries); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// The file in the data folder is read if no other file is named. The setting data-dir in that file
// is refused.
func TestAgentFileInTheDataFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, config.AgentFile)
	if err := os.WriteFile(path, []byte("server-name: Den\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := goodAgent()
	delete(env, "LATCHKEY_AGENT_DATA_DIR")
	a, loaded := loadAgent(t, env, "--data-dir="+folder)
	if err := loaded.Check(); err != nil || a.ServerName != "Den" || loaded.File != path || loaded.Origins["server-name"] != path+":1" {
		t.Errorf("by flag: error %v, got %q from %q, want the value of the flag", err, a.ServerName, loaded.Origins["server-name"])
	}
	a, _ = loadAgent(t, env.with("LATCHKEY_AGENT_DATA_DIR", folder))
	if a.ServerName != "Den" {
		t.Errorf("by variable: %q, want Den", a.ServerName)
	}
	a, loaded = loadAgent(t, env, "--config="+write(t, "other.yaml", "data-dir: /elsewhere\n"))
	if a.ServerName != "Latchkey" || loaded.Check() != nil {
		t.Errorf("with another file: %q, want server name Latchkey, no check", a.ServerName)
	}
	if err := os.WriteFile(path, []byte("data-dir: /elsewhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, loaded = loadAgent(t, env)
	if err := loaded.Check(); err == nil || !strings.Contains(err.Error(), "data-dir cannot be set in the file of the data folder") {
		t.Errorf("got %v, want an error, with %q", err, "data-dir cannot be set in the file of the data folder")
	}
}

// A file with a secret that everybody can read causes a warning.
func TestFileThatAllCanRead(t *testing.T) {
	t.Parallel()
	const key = "api-key: hush-hush\n"
	for _, test := range []struct {
		content string
		mode    os.FileMode
		want    int
	}{{key, 0o600, 0}, {key, 0o640, 0}, {key, 0o644, 1}, {"server-name: Den\n", 0o644, 0}} {
		path := write(t, "agent.yaml", test.content)
		if err := os.Chmod(path, test.mode); err != nil {
			t.Fatal(err)
		}
		_, loaded := loadAgent(t, goodAgent(), "--config="+path)
		if len(loaded.Warnings) != test.want {
			t.Errorf("%q with mode %o: %q, want %v warnings", test.content, test.mode, loaded.Warnings, test.want)
		}
		for _, warning := range loaded.Warnings {
			if !strings.Contains(warning, "chmod 600 "+path) || strings.Contains(warning, "hush") {
				t.Errorf("got the warning %q, want one with the command chmod and without the secret", warning)
			}
		}
	}
}

// WriteYAML writes a file from which the same settings are read again.
func TestWriteYAML(t *testing.T) {
	t.Parallel()
	want := &config.Agent{
		DataDir: "/var/lib/agent", Service: "https://latchkey.example.org", ClaimCode: "0123", MediaServer: "jellyfin",
		MediaServerURL: "http://127.0.0.1:8096", APIKey: "1e5", ServerName: "yes: 'no' # \"x\"", Listen: "[::]:8096",
		Addresses: []string{"https://a.example", "http://[2001:db8::1]:80"}, ReportLAN: true, TrustedProxies: []string{"127.0.0.1", "::1"},
		Discovery: "off", CreateUsers: false, GuestLibraries: []string{"Family Videos", "*Films", "!x"}, GuestLimit: 0, GuestsHourly: 40, Levels: "off", Televisions: "linked", OfflineTrust: 36 * time.Hour,
		SecretKey: "& starts with a sign, and is long enough", LogFormat: "text", LogLevel: "info",
	}
	var file strings.Builder
	if err := config.WriteYAML(&file, want); err != nil {
		t.Fatal(err)
	}
	for _, standard := range []string{"report-lan", "trusted-proxies", "log-level", "delete-guests"} {
		if strings.Contains(file.String(), standard+":") {
			t.Errorf("the file contains %s, want no defaults:\n%s", standard, file.String())
		}
	}
	path := write(t, "agent.yaml", file.String())
	got, loaded := loadAgent(t, environment{}, "--config="+path)
	if err := loaded.Check("addresses", "claim-code"); err != nil {
		t.Fatalf("%v, want no error\n%s", err, file.String())
	}
	want.File, want.Addresses[1] = path, "http://[2001:db8::1]"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\n%s", diff, file.String())
	}
	if !strings.Contains(file.String(), "media-server: jellyfin\n") {
		t.Errorf("which media server it is does not stand there, want it to contain %q:\n%s", "media-server: jellyfin\n", file.String())
	}
	file.Reset()
	if err := config.WriteYAML(&file, want, "api-key", "data-dir"); err != nil || strings.Contains(file.String(), "api-key") || strings.Contains(file.String(), "data-dir") {
		t.Errorf("%v, want without %q, without %q\n%s", err, "api-key", "data-dir", file.String())
	}
}

func TestProblem(t *testing.T) {
	t.Parallel()
	a := &config.Agent{Service: "HTTPS://Latchkey.Example.org/", MediaServer: "plex"}
	if err := config.Problem(a, "service"); err != nil || a.Service != "https://latchkey.example.org" {
		t.Errorf("%v, %q, want service https://latchkey.example.org", err, a.Service)
	}
	if err := config.Problem(a, "media-server"); err == nil || !strings.Contains(err.Error(), "is not one of") {
		t.Error(err)
	}
}

// The example of the agent in the documentation must work without changes.
func TestAgentExampleOfDocs(t *testing.T) {
	t.Parallel()
	var docs strings.Builder
	if err := config.WriteDocs(&docs); err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(docs.String(), "\n## The agent\n")
	_, rest, _ := strings.Cut(part, "```yaml\n")
	example, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("got no example in the document, want one")
	}
	a, loaded := loadAgent(t, environment{}, "--config", write(t, "agent.yaml", example))
	if err := loaded.Check(); err != nil || len(a.GuestLibraries) != 2 {
		t.Errorf("%v, %q, want 2 guest libraries", err, a.GuestLibraries)
	}
}

// TestPackagedAgentFile reads the file that packages install as an example.
func TestPackagedAgentFile(t *testing.T) {
	t.Parallel()
	_, loaded := loadAgent(t, environment{}, "--config=../packaging/agent.yaml")
	if err := loaded.Check(); err != nil {
		t.Error(err)
	}
}

// Neither the problems nor the list show the agent's secrets.
func TestAgentSecretsStaySecret(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--api-key=hunter2", "--claim-code=hunter2", "--secret-key=" + strings.Repeat("hunter2", 5)},
		{"--api-key=hunter2 ", "--claim-code=\x01hunter2", "--secret-key=hunter2"},
		{"--service=https://ada:hunter2@x.example", "--media-server-url=http://ada:hunter2@x.example", "--addresses=http://x/?hunter2"},
	} {
		_, loaded := loadAgent(t, goodAgent(), args...)
		var out strings.Builder
		if err := loaded.Print(&out); err != nil {
			t.Fatal(err)
		}
		problems := ""
		if err := loaded.Check(); err != nil {
			problems = err.Error()
		}
		if strings.Contains(out.String()+problems, "hunter2") {
			t.Errorf("%q: %s, want it without %q\n%s", args, problems, "hunter2", out.String())
		}
	}
}
