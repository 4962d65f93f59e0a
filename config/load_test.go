package config_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/config"
)

// commands is a command line like the one that the program has.
type commands struct {
	config.Settings

	Serve  struct{} `cmd:"" help:"Serve."`
	Config struct{} `cmd:"" help:"Print the settings."`
	Greet  struct {
		Name string `arg:""`
		Loud bool   `help:"Shout."`
	} `cmd:"" help:"Greet somebody."`
}

type environment map[string]string

func (e environment) lookup(name string) (string, bool) {
	value, ok := e[name]
	return value, ok
}

// good returns settings that are complete outside development.
func good() environment {
	return environment{
		"LATCHKEY_PUBLIC_URL": "https://latchkey.example.org",
		"LATCHKEY_SECRET_KEY": "0123456789abcdef0123456789abcdef",
		"LATCHKEY_MAIL_URL":   "smtp://user:password@mail.example.org:587",
		"LATCHKEY_MAIL_FROM":  "Latchkey <latchkey@example.org>",
	}
}

func (e environment) with(pairs ...string) environment {
	for i := 0; i < len(pairs); i += 2 {
		e[pairs[i]] = pairs[i+1]
	}
	return e
}

func load(t *testing.T, env environment, args ...string) (*config.Settings, *config.Loaded) {
	t.Helper()
	var line commands
	loaded, err := config.Load(&line, &line.Settings, config.World{
		Arguments: append([]string{"serve"}, args...), Environment: env.lookup, Output: io.Discard, Errors: io.Discard,
	})
	if err != nil {
		t.Fatalf("Load: %v, want no error", err)
	}
	return &line.Settings, loaded
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	// Each kind of setting is read from each source, while all sources of lower rank are set too.
	kinds := []struct {
		name     string
		get      func(*config.Settings) any
		text     [4]string // flag, environment, file of the environment, YAML
		want     [5]any
		variable string
	}{
		{
			"listen", func(s *config.Settings) any { return s.Listen },
			[4]string{":1", ":2", ":3\n", `":4"`},
			[5]any{":1", ":2", ":3", ":4", "127.0.0.1:8470"},
			"LATCHKEY_LISTEN",
		},
		{
			"database-connections", func(s *config.Settings) any { return s.DatabaseConnections },
			[4]string{"1", "2", "3\r\n", "4"},
			[5]any{1, 2, 3, 4, 0},
			"LATCHKEY_DATABASE_CONNECTIONS",
		},
		{
			"session-idle", func(s *config.Settings) any { return s.SessionIdle },
			[4]string{"1h", "2d", "3h", "4h"},
			[5]any{time.Hour, 48 * time.Hour, 3 * time.Hour, 4 * time.Hour, 168 * time.Hour},
			"LATCHKEY_SESSION_IDLE",
		},
		{
			"trusted-proxies", func(s *config.Settings) any { return strings.Join(s.TrustedProxies, " ") },
			[4]string{"10.0.0.1,10.0.0.2", "10.0.0.2", "10.0.0.3\n", "[10.0.0.4, 10.0.1.0/24]"},
			[5]any{"10.0.0.1 10.0.0.2", "10.0.0.2", "10.0.0.3", "10.0.0.4 10.0.1.0/24", ""},
			"LATCHKEY_TRUSTED_PROXIES",
		},
		{
			"busy-addresses", func(s *config.Settings) any { return strings.Join(s.BusyAddresses, " ") },
			[4]string{"10.0.0.1=2,10.0.0.2=3", "10.0.0.2=4", "10.0.0.3=5\n", "[10.0.0.4=6, 10.0.1.0/24=7]"},
			[5]any{"10.0.0.1=2 10.0.0.2=3", "10.0.0.2=4", "10.0.0.3=5", "10.0.0.4=6 10.0.1.0/24=7", ""},
			"LATCHKEY_BUSY_ADDRESSES",
		},
		{
			"dev", func(s *config.Settings) any { return s.Development },
			[4]string{"false", "yes", "no", "true"},
			[5]any{false, true, false, true, false},
			"LATCHKEY_DEV",
		},
	}
	for _, kind := range kinds {
		value := write(t, "value", kind.text[2])
		file := write(t, "latchkey.yaml", "# comment\n"+kind.name+": "+kind.text[3]+"\n")
		origins := [5]string{
			"flag --" + kind.name, "environment " + kind.variable,
			"file " + value + " (" + kind.variable + "_FILE)", file + ":2", "default",
		}
		for level := range 5 {
			t.Run(fmt.Sprint(kind.name, level), func(t *testing.T) {
				t.Parallel()
				var args []string
				env := good()
				if level <= 3 {
					env.with("LATCHKEY_CONFIG", file)
				}
				if level <= 2 {
					env.with(kind.variable+"_FILE", value)
				}
				if level <= 1 {
					env.with(kind.variable, kind.text[1])
				}
				if level == 0 {
					args = []string{"--" + kind.name + "=" + kind.text[0]}
				}
				settings, loaded := load(t, env, args...)
				if err := loaded.Check(); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(kind.want[level], kind.get(settings)); diff != "" {
					t.Errorf("settings (-want +got):\n%s", diff)
				}
				if got := loaded.Origins[kind.name]; got != origins[level] {
					t.Errorf("origin %q, want %q", got, origins[level])
				}
			})
		}
	}
}

func TestFlagBeatsFileOfEnvironment(t *testing.T) {
	t.Parallel()
	env := good().with("LATCHKEY_LISTEN_FILE", write(t, "v", ":3"))
	if s, _ := load(t, env, "--listen", ":1"); s.Listen != ":1" {
		t.Errorf("listen %q, want :1", s.Listen)
	}
}

func TestVariableBeatsItsFile(t *testing.T) {
	t.Parallel()
	s, loaded := load(t, good().with("LATCHKEY_LISTEN", ":2", "LATCHKEY_LISTEN_FILE", "/nowhere"))
	if err := loaded.Check(); err != nil || s.Listen != ":2" || loaded.Origins["listen"] != "environment LATCHKEY_LISTEN" {
		t.Errorf("listen %q from %q, %v; want :2", s.Listen, loaded.Origins["listen"], err)
	}
}

func TestConfigFlagBeatsEnvironment(t *testing.T) {
	t.Parallel()
	env := good().with("LATCHKEY_CONFIG", write(t, "env.yaml", "listen: ':1'"))
	s, loaded := load(t, env, "--config", write(t, "flag.yaml", "listen: ':2'"))
	if err := loaded.Check(); err != nil || s.Listen != ":2" {
		t.Errorf("listen %q, %v; want :2", s.Listen, err)
	}
}

func TestEmptyVariableCountsAsNotSet(t *testing.T) {
	t.Parallel()
	s, loaded := load(t, good().with("LATCHKEY_LISTEN", "", "LATCHKEY_LISTEN_FILE", ""))
	if err := loaded.Check(); err != nil || s.Listen != "127.0.0.1:8470" || loaded.Origins["listen"] != "default" {
		t.Errorf("listen %q from %q, %v, want listen 127.0.0.1:8470, listen default", s.Listen, loaded.Origins["listen"], err)
	}
}

func TestRepeatedListFlag(t *testing.T) {
	t.Parallel()
	s, _ := load(t, good(), "--trusted-proxies=10.0.0.1", "--trusted-proxies", "10.0.0.2, 10.0.0.3")
	if diff := cmp.Diff([]string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, s.TrustedProxies); diff != "" {
		t.Errorf("trusted proxies (-want +got):\n%s", diff)
	}
}

func TestDevelopmentDefaults(t *testing.T) {
	t.Parallel()
	s, loaded := load(t, environment{}, "--dev", "--data-dir=/var/lib/latchkey/", "--listen=0.0.0.0:9000")
	if err := loaded.Check(); err != nil {
		t.Fatal(err)
	}
	got := []string{s.PublicURL, s.Database, s.MailURL, s.MailFrom, s.LogFormat, s.DrainDelay.String(), s.SecretKey, loaded.Origins["mail-url"]}
	want := []string{
		"http://127.0.0.1:9000", "sqlite:/var/lib/latchkey/latchkey.db", "dir:/var/lib/latchkey/mail",
		"Latchkey <latchkey@latchkey.localhost>", "text", "0s", "", "development default",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestDevelopmentDefaultsGiveWay(t *testing.T) {
	t.Parallel()
	s, loaded := load(t, good().with("LATCHKEY_LOG_FORMAT", "json", "LATCHKEY_DRAIN_DELAY", "1s"), "--dev")
	if err := loaded.Check(); err != nil {
		t.Fatal(err)
	}
	if s.LogFormat != "json" || s.DrainDelay != time.Second || s.PublicURL != "https://latchkey.example.org" {
		t.Errorf("got %q %v %q, want log format json, drain delay %v, public URL https://latchkey.example.org", s.LogFormat, s.DrainDelay, s.PublicURL, time.Second)
	}
}

func TestMandatoryOutsideDevelopment(t *testing.T) {
	t.Parallel()
	_, loaded := load(t, environment{})
	var got []string
	for line := range strings.Lines(loaded.Check().Error()) {
		got = append(got, line[:strings.Index(line, ";")])
	}
	want := []string{"public-url: is missing", "mail-url: is missing", "mail-from: is missing"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	file := write(t, "latchkey.yaml", "sesion-life: 1h\npassword-min-length: 7\nconfirm-life: soon\nlisten: [a, b]\n")
	env := good().with("LATCHKEY_SESSION_IDLE", "soon", "LATCHKEY_PUBLIC_URL", "http://x.example",
		"LATCHKEY_CAPTCHA", "maths",
		"LATCHKEY_MAIL_FROM", "", "LATCHKEY_MAIL_FROM_FILE", "/nowhere/at/all", "LATCHKEY_DEV", "perhaps")
	_, loaded := load(t, env, "--config", file, "--database-connections=many", "--drain-delay=2m", "--sign-up=")
	want := []string{
		file + `:1: there is no setting "sesion-life"; did you mean session-life?`,
		file + `:4: listen: takes one value, not a list`,
		`dev: "perhaps" is neither true nor false (from environment LATCHKEY_DEV)`,
		`public-url: must start with https:// outside development; plain http lets others read passwords (from environment LATCHKEY_PUBLIC_URL)`,
		`database-connections: "many" is not a whole number, such as 0 (from flag --database-connections)`,
		`mail-from: LATCHKEY_MAIL_FROM_FILE names a file "/nowhere/at/all" that cannot be read: no such file or directory`,
		`sign-up: must not be empty; to use the default, remove it (from flag --sign-up)`,
		`password-min-length: 7 is out of range; it must be from 8 to 64 (from ` + file + `:2)`,
		`captcha: "maths" is not one of pow, recaptcha, off (from environment LATCHKEY_CAPTCHA)`,
		`session-idle: "soon" is not a length of time, such as 30m, 12h or 7d (from environment LATCHKEY_SESSION_IDLE)`,
		`confirm-life: "soon" is not a length of time, such as 30m, 12h or 7d (from ` + file + `:3)`,
		`drain-delay: 2m is out of range; it must be from 0s to 1m (from flag --drain-delay)`,
	}
	if diff := cmp.Diff(want, strings.Split(loaded.Check().Error(), "\n")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestWrongArgumentsAreExplained(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		want string // part of the error
	}{
		{"unknown flag", []string{"serve", "--lisen=:1"}, "unknown flag --lisen"},
		{"no command", nil, "expected one of"},
		{"no value", []string{"serve", "--listen"}, "needs a value"},
		{"value that looks like a flag", []string{"serve", "--secret-key", "-hunter2"}, "--secret-key=VALUE"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var line commands
			_, err := config.Load(&line, &line.Settings, config.World{
				Arguments: test.args, Environment: environment{}.lookup, Output: io.Discard, Errors: io.Discard,
			})
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want an error with %q and no secret", err, test.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var line commands
	var out strings.Builder
	_, err := config.Load(&line, &line.Settings, config.World{
		Arguments: []string{"--help"}, Environment: environment{}.lookup, Output: &out, Errors: io.Discard,
	})
	if !errors.Is(err, config.ErrHelp) {
		t.Fatalf("got %v, want ErrHelp", err)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{"Usage: latchkey", "--session-idle=168h", "(LATCHKEY_SESSION_IDLE)", "One of open, invite, closed.", "Greet somebody."} {
		if !strings.Contains(text, want) {
			t.Errorf("the help does not say %q:\n%s", want, out.String())
		}
	}
}

func TestFlagsOfCommandsAreTheirOwn(t *testing.T) {
	t.Parallel()
	var line commands
	loaded, err := config.Load(&line, &line.Settings, config.World{
		Arguments: []string{"greet", "--loud", "Ada"}, Environment: good().lookup, Output: io.Discard, Errors: io.Discard,
	})
	if err != nil || !line.Greet.Loud || line.Greet.Name != "Ada" || loaded.Context.Command() != "greet <name>" {
		t.Errorf("got %+v, %v, want loud true, name Ada, command greet <name>", line.Greet, err)
	}
	if _, ok := loaded.Origins["loud"]; ok {
		t.Error("the flag of a command is in the origins, want only settings there")
	}
}

func TestForeignSettingsAreRefused(t *testing.T) {
	t.Parallel()
	var line commands
	var other config.Settings
	_, err := config.Load(&line, &other, config.World{
		Arguments: []string{"serve"}, Environment: environment{}.lookup, Output: io.Discard, Errors: io.Discard,
	})
	if err == nil {
		t.Error("got no error for settings that the grammar does not embed, want one")
	}
}
