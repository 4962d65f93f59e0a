package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models/modelstest"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	if got := newShell(t).must(t, "version"); got != "latchkey development\n" {
		t.Errorf("%q, want %q", got, "latchkey development\n")
	}
}

func TestHelpNamesEveryCommand(t *testing.T) {
	t.Parallel()
	help := newShell(t).must(t, "--help")
	for _, command := range []string{
		"serve", "migrate", "config", "account create", "account confirm", "account disable", "account enable", "account operator", "account send-reset",
		"account list", "account delete", "account unlock", "account end-sessions", "operator overview", "operator history", "operator throttles", "operator lift", "operator settings", "operator set", "operator unset", "setup ask", "setup code", "mail test", "mail list", "mail retry", "mail drop", "healthcheck", "version", "demo", "agent",
	} {
		if !strings.Contains(help, "\n  "+command+" ") && !strings.Contains(help, "\n  "+command+"\n") {
			t.Errorf("the help lacks %q, want it listed:\n%s", command, help)
		}
	}
}

func TestHelpOfTheAgentNamesEveryCommand(t *testing.T) {
	t.Parallel()
	var help bytes.Buffer
	err := run(t.Context(), world{arguments: []string{"agent", "--help"}, output: &help, errors: io.Discard, environment: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{
		"run", "setup", "status", "users list", "users add", "users hide", "users show", "users disable", "users enable", "users password", "users picture",
		"link", "unlink", "invite", "invites list", "invites withdraw", "builtin", "healthcheck", "config",
	} {
		if !strings.Contains(help.String(), "\n  "+command+" ") && !strings.Contains(help.String(), "\n  "+command+"\n") {
			t.Errorf("the help lacks %q, want it listed:\n%s", command, help.String())
		}
	}
	if !strings.Contains(help.String(), "Usage: latchkey agent ") || !strings.Contains(help.String(), "LATCHKEY_AGENT_API_KEY") {
		t.Errorf("%s, want with %q, with %q", help.String(), "Usage: latchkey agent ", "LATCHKEY_AGENT_API_KEY")
	}
	newShell(t).refused(t, "write the word agent first", "agent", "status")
}

func TestUnknownCommand(t *testing.T) {
	t.Parallel()
	newShell(t).refused(t, "unexpected argument sevre", "sevre")
	newShell(t).refused(t, "unknown flag --lisen", "serve", "--lisen=127.0.0.1:0")
}

// TestConfig prints settings with their origins and masks the secrets.
func TestConfig(t *testing.T) {
	t.Parallel()
	s := newShell(t, "--public-url=https://accounts.example.org")
	s.environment = map[string]string{
		"LATCHKEY_SECRET_KEY": modelstest.Key, "LATCHKEY_MAIL_FROM": "accounts@example.org",
		"LATCHKEY_MAIL_URL": "smtp://sender:hush-hush@mail.example.org:587",
		"LATCHKEY_DATABASE": "mysql://latchkey:also-hushed@db.example.org:3306/latchkey",
	}
	output := s.must(t, "config")
	for _, line := range [][]string{
		{"public-url", "https://accounts.example.org", "flag --public-url"},
		{"secret-key", "••••", "LATCHKEY_SECRET_KEY"},
		{"mail-url", "smtp://sender:••••@mail.example.org:587", "LATCHKEY_MAIL_URL"},
		{"database", "mysql://latchkey:••••@db.example.org:3306/latchkey", "LATCHKEY_DATABASE"},
		{"listen", "127.0.0.1:8470", "default"},
	} {
		if !lineWith(output, line...) {
			t.Errorf("got no line with %q, want one:\n%s", line, output)
		}
	}
	for _, hidden := range []string{modelstest.Key, "hush-hush", "also-hushed"} {
		if strings.Contains(output, hidden) {
			t.Errorf("%q is shown, want it without %q:\n%s", hidden, hidden, output)
		}
	}
}

// TestLegacyMD5LoginSaysWhatItNeeds reads the help of every command that has the setting, and the
// list of settings. Both must tell the operator that the setting works for a person only after a
// sign-in with the password itself.
func TestLegacyMD5LoginSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"serve", "config"} {
		help := strings.Join(strings.Fields(newShell(t).must(t, command, "--help")), " ")
		_, about, _ := strings.Cut(help, "--legacy-md5-login ")
		about, _, _ = strings.Cut(about, "(LATCHKEY_LEGACY_MD5_LOGIN)")
		for _, want := range []string{"Each person then has to sign in once with the password itself", "until then the MD5 is refused like a wrong password"} {
			if !strings.Contains(about, want) {
				t.Errorf("%s --help says %q about the setting, want %q in it", command, about, want)
			}
		}
	}
	output := newShell(t, "--dev", "--legacy-md5-login").must(t, "config")
	if !lineWith(output, "legacy-md5-login", "true (works for people who have signed in with the password itself since it was turned on)", "flag --legacy-md5-login") {
		t.Errorf("config says\n%s\nwant it to say what the setting needs", output)
	}
}

// TestConfigTellsAllAtOnce gives many wrong settings. Each command that needs settings must report
// all of them, and show none of the secrets in them.
func TestConfigTellsAllAtOnce(t *testing.T) {
	t.Parallel()
	bad := []string{
		"--listen=nowhere", "--public-url=ftp://x", "--database=mysql://user:db-hush@", "--mail-url=smtp://user:mail-hush@host/path",
		"--trusted-proxies=0.0.0.0/0", "--captcha=magic", "--session-idle=-1h", "--password-min-length=4", "--secret-key=short-hush",
		"--busy-addresses=203.0.113.7",
	}
	for _, command := range [][]string{{"config"}, {"serve"}, {"migrate"}, {"account", "list"}, {"mail", "test", "anna@example.org"}} {
		s := newShell(t, bad...)
		output, problems, err := s.run(t, command...)
		if err == nil {
			t.Fatalf("%v accepts bad settings, want an error", command)
		}
		for _, name := range []string{
			"listen", "public-url", "database", "mail-url", "trusted-proxies", "busy-addresses", "captcha", "session-idle", "password-min-length", "secret-key", "mail-from",
		} {
			if !strings.Contains("\n"+err.Error(), "\n"+name+": ") {
				t.Errorf("%v: got an error without %s, want one that says what is wrong with it:\n%v", command, name, err)
			}
		}
		if all := output + problems + err.Error(); strings.Contains(all, "hush") {
			t.Errorf("%v shows a secret, want it without %q:\n%s", command, "hush", all)
		}
	}
}

// TestExitStatus runs the program as a process. A command that fails ends with status 1 and prints
// the reason to standard error.
func TestExitStatus(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "serve", "--listen=nowhere")
	if err := p.wait(); !exitedWith(err, 1) {
		t.Errorf("ended with %v, want exit status 1", err)
	}
	if said := p.said.String(); !strings.HasPrefix(said, "latchkey: ") || !strings.Contains(said, "listen: ") {
		t.Errorf("said %q, want what is wrong", said)
	}
	good := launch(t, nil, "version")
	if err := good.wait(); err != nil {
		t.Errorf("version ended with %v, want no error", err)
	}
}

func TestMigrateTwice(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		s := newShell(t, "--dev", "--database="+address)
		for range 2 {
			if got := s.must(t, "migrate"); got != "The database is up to date.\n" {
				t.Errorf("%q, want %q", got, "The database is up to date.\n")
			}
		}
	})
}
