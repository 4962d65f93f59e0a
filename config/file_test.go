package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFile(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, content, want string }{
		{"empty", "", ""},
		{"comments alone", "# nothing\n", ""},
		{"types", "dev: no\npassword-min-length: 12\nsession-idle: 90m\nlog-level: debug\n", ""},
		{"one proxy", "trusted-proxies: 10.0.0.1\n", ""},
		{"no proxies", "trusted-proxies: []\n", ""},
		{"unknown key", "listen: ':1'\nlog-lever: info\n", `:2: there is no setting "log-lever"; did you mean log-level?`},
		{"underscores", "public_url: https://x.example\n", `did you mean public-url?`},
		{"nothing like it", "colour: blue\n", `there is no setting "colour"`},
		{"key twice", "listen: ':1'\n\nlisten: ':2'\n", `:3: listen occurs for the second time; the first is in line 1`},
		{"config", "config: other.yaml\n", "config cannot be set in the file that it names"},
		{"no value", "listen:\n", "listen: has no value"},
		{"nested", "database:\n  url: sqlite:x\n", "database: takes one value; below it there are other names"},
		{"list", "listen: [a]\n", "listen: takes one value, not a list"},
		{"list in a list", "trusted-proxies: [[10.0.0.1]]\n", "trusted-proxies: takes one value"},
		{"anchor", "mail-from: &x a@example.org\nlisten: *x\n", "aliases are not read"},
		{"unknown anchor", "secret-key: *hunter2\n", "starts with * or &"},
		{"tag", "secret-key: !hunter2 x\n", "has a type that no setting has"},
		{"merge", "<<: {listen: ':1'}\n", "there is no setting"},
		{"no mapping", "- listen\n", "lines of the form name: value"},
		{"two documents", "listen: ':1'\n---\nlisten: ':2'\n", "single YAML document"},
		{"not YAML", "listen: [\n", "is not valid YAML"},
		{"tabs", "listen:\n\t- x\n", "is not valid YAML: line 2"},
		{"forgotten space", "secret-key:hunter2: x\n", `there is no setting "secret-key"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, loaded := load(t, good(), "--config", write(t, "latchkey.yaml", test.content))
			err := loaded.Check()
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want an error with %q", err, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error quotes a secret, want it hidden: %v", err)
			}
		})
	}
}

func TestFileValues(t *testing.T) {
	t.Parallel()
	file := write(t, "latchkey.yaml", "dev: on\npassword-min-length: 12\nsession-idle: 90m\nservice-name: |\n  Den\ndatabase-connections: \"3\"\n")
	s, loaded := load(t, environment{}, "--config", file)
	if err := loaded.Check(); err != nil {
		t.Fatal(err)
	}
	if !s.Development || s.PasswordMinLength != 12 || s.SessionIdle != 90*time.Minute || s.ServiceName != "Den" || s.DatabaseConnections != 3 {
		t.Errorf("got %+v, want the values of the file", s)
	}
}

// When a file cannot be read, the settings that seem to be missing may be in it. So only the file
// is reported.
func TestFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"missing": filepath.Join(t.TempDir(), "nothing.yaml"),
		"folder":  t.TempDir(),
		"large":   write(t, "large.yaml", strings.Repeat("#\n", 1<<20)),
	} {
		_, loaded := load(t, environment{}, "--config", path)
		err := loaded.Check()
		if err == nil || !strings.HasPrefix(err.Error(), "config: cannot read ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want an error, beginning with %q, without %q", name, err, "config: cannot read ", "\n")
		}
	}
}

func TestConfigFileVariableIsRefused(t *testing.T) {
	t.Parallel()
	_, loaded := load(t, good().with("LATCHKEY_CONFIG_FILE", "/etc/latchkey.yaml"))
	if err := loaded.Check(); err == nil || !strings.Contains(err.Error(), "LATCHKEY_CONFIG names the file of settings") {
		t.Errorf("got %v, want an error, with %q", err, "LATCHKEY_CONFIG names the file of settings")
	}
}

func TestValueFileLimit(t *testing.T) {
	t.Parallel()
	_, loaded := load(t, good().with("LATCHKEY_LISTEN_FILE", write(t, "v", strings.Repeat("x", 64<<10+1))))
	if err := loaded.Check(); err == nil || !strings.Contains(err.Error(), "larger than 64 KiB") {
		t.Errorf("got %v, want an error, with %q", err, "larger than 64 KiB")
	}
}

// FuzzFile gives the loader files with any content. Whatever is wrong with a file, the loader must
// not panic and must not quote the value of a secret.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"", "listen: ':1'\n", "trusted-proxies: [a, {b: c}]\n", "a: &a [*a]\n", "listen: 1\nlisten: 2\n", "? [x]\n: y\n",
		"session-idle: 9999999999999999h\n", "dev: !!binary AAAA\n", "<<: *x\n", "\xff\xfe", "a: 'b\n", "--- {}\n--- {}\n", "listen: \"\\x00\"\n",
		"database: mysql://root:", "x\ty: z\n", "%YAML 9\n---\n", "!<x> {}: []\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		const secret = "hunter2-hunter2"
		path := filepath.Join(t.TempDir(), "latchkey.yaml")
		if err := os.WriteFile(path, []byte(content+"\nsecret-key: "+secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, loaded := load(t, environment{}, "--config", path)
		if err := loaded.Check(); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("got %v, want an error without the secret", err)
		}
	})
}
