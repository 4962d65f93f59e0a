package config_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/config"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

func TestDocsAreCurrent(t *testing.T) {
	t.Parallel()
	const path = "../docs/configuration.md"
	var want bytes.Buffer
	if err := config.WriteDocs(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("docs/configuration.md is not current; run: go test ./config -update\n%s", diff)
	}
}

// The example in the documentation must work without changes.
func TestExampleOfDocs(t *testing.T) {
	t.Parallel()
	var docs strings.Builder
	if err := config.WriteDocs(&docs); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(docs.String(), "```yaml\n")
	example, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("got no example in the document, want one")
	}
	env := environment{"LATCHKEY_SECRET_KEY": good()["LATCHKEY_SECRET_KEY"]}
	s, loaded := load(t, env, "--config", write(t, "latchkey.yaml", example))
	if err := loaded.Check(); err != nil || s.SignUp != "invite" {
		t.Errorf("sign-up %q, %v, want sign up invite", s.SignUp, err)
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	file := write(t, "latchkey.yaml", "trusted-proxies: [127.0.0.1, 10.0.0.0/8]\n")
	env := good().with("LATCHKEY_DATABASE", "mysql://root:hunter2%40@db.example.org:3306/latchkey",
		"LATCHKEY_SECRET_KEY", strings.Repeat("hunter2", 5), "LATCHKEY_RECAPTCHA_SECRET", "hunter2",
		"LATCHKEY_MAIL_URL", "smtps://user:hunter2@mail.example.org")
	delete(env, "LATCHKEY_MAIL_FROM")
	_, loaded := load(t, env, "--config", file, "--session-idle=2d", "--captcha=maths", "--legacy-md5-login")
	var out strings.Builder
	if err := loaded.Print(&out); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "hunter2") {
		t.Errorf("the output contains a secret, want it masked:\n%s", out.String())
	}
	lines := map[string]string{}
	for line := range strings.Lines(out.String()) {
		name, rest, _ := strings.Cut(line, " ")
		lines[name] = strings.Join(strings.Fields(rest), " ")
	}
	for name, want := range map[string]string{
		"dev":                 "false default",
		"legacy-md5-login":    "true (works for people who have signed in with the password itself since it was turned on) flag --legacy-md5-login",
		"database":            "mysql://root:••••@db.example.org:3306/latchkey environment LATCHKEY_DATABASE",
		"mail-url":            "smtps://user:••••@mail.example.org environment LATCHKEY_MAIL_URL",
		"secret-key":          "•••• environment LATCHKEY_SECRET_KEY",
		"secret-key-previous": "(none) default",
		"recaptcha-secret":    "•••• environment LATCHKEY_RECAPTCHA_SECRET",
		"trusted-proxies":     "127.0.0.1,10.0.0.0/8 " + file + ":1",
		"session-idle":        "48h flag --session-idle",
		"captcha-life":        "10m default",
		"captcha":             "(not usable) flag --captcha",
		"mail-from":           "(missing) default",
	} {
		if lines[name] != want {
			t.Errorf("%s: %q, want %q", name, lines[name], want)
		}
	}
}

// Neither the problems nor the list show secrets, even of settings that are wrong.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for name, values := range map[string][]string{
		"DATABASE": {
			"mysql://root:hunter2@h", "mysql://root:hunter2@h:x/y", "mysql://root:hunter2/x@h/y", "mysql:hunter2",
			"mysql://root:hunter2#@h/x", "mysql://root:%zzhunter2@h/x", "root:hunter2@tcp(h)/x", "mysql://h/x?password=hunter2", "mysql://root:hunter2\n@h/x",
		},
		"MAIL_URL":              {"smtp://u:hunter2@", "smtp://u:hunter2@h:p", "smtp://u:hunter2@h/x", "u:hunter2@h", "smtp://u:p?hunter2@h"},
		"PUBLIC_URL":            {"https://u:hunter2@h", "https://u:hunter2/@h", "https://h/?key=hunter2"},
		"SECRET_KEY":            {"hunter2"},
		"SECRET_KEY_PREVIOUS":   {"hunter2"},
		"SECRET_KEY_FILE":       {"/hunter2"},
		"DATABASE_FILE":         {"mysql://root:hunter2@h/x"},
		"RECAPTCHA_SECRET_FILE": {"hunter2"},
	} {
		for _, value := range values {
			t.Run(name+"="+value, func(t *testing.T) {
				t.Parallel()
				env := good()
				delete(env, "LATCHKEY_"+strings.TrimSuffix(name, "_FILE"))
				_, loaded := load(t, env.with("LATCHKEY_"+name, value))
				var out strings.Builder
				if err := loaded.Print(&out); err != nil {
					t.Fatal(err)
				}
				err := loaded.Check()
				if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(out.String(), secret) {
					t.Errorf("problems: %v, want an error, without %q, without %q\n%s", err, secret, secret, out.String())
				}
			})
		}
	}
}
