package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// update makes TestCompletionFilesAreCurrent write the files of packaging/completion again.
var update = flag.Bool("update", false, "write the generated files again")

// The files that the packages bring are those that the program prints.
func TestCompletionFilesAreCurrent(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script := newShell(t).must(t, "completion", shell)
		file := filepath.Join("../../packaging/completion/latchkey." + shell)
		if *update {
			if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if text, err := os.ReadFile(file); err != nil || string(text) != script {
			t.Errorf("%s is not what “latchkey completion %s” prints (%v): run “make docs”", file, shell, err)
		}
	}
	newShell(t).refused(t, "must be one of", "completion", "csh")
}

// completed returns what bash offers for a line whose last word is not finished.
func completed(t *testing.T, line ...string) []string {
	t.Helper()
	script := newShell(t).must(t, "completion", "bash") + `
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_latchkey
printf '%s\n' "${COMPREPLY[@]}"
`
	command := exec.CommandContext(t.Context(), "bash", append([]string{"-c", script, "bash"}, line...)...)
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("bash: %v\n%s", err, said)
	}
	return strings.Fields(string(said))
}

// Bash offers the commands below a command, their flags with those of the settings, and the values of a setting.
func TestBashCompletes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		line    []string
		want    []string
		without string
	}{
		{[]string{"latchkey", ""}, []string{"serve", "account", "doctor", "agent", "completion"}, "create"},
		{[]string{"latchkey", "ac"}, []string{"account"}, "agent"},
		{[]string{"latchkey", "--dev", "account", ""}, []string{"create", "operator", "delete"}, "serve"},
		{[]string{"latchkeyctl", "account", "list", "--j"}, []string{"--json"}, "--jsonl"},
		{[]string{"latchkey", "doctor", "--"}, []string{"--json", "--dkim-selector", "--public-url"}, "--replace"},
		{[]string{"latchkey", "agent", ""}, []string{"setup", "users", "invite"}, "serve"},
		{[]string{"latchkey", "agent", "users", ""}, []string{"add", "list", "picture"}, "setup"},
		{[]string{"latchkey", "agent", "users", "add", "--"}, []string{"--admin", "--media-server-url"}, "--trusted-proxies-of-nobody"},
		{[]string{"latchkey", "serve", "--captcha", "=", ""}, []string{"pow", "recaptcha", "off"}, "--captcha"},
		{[]string{"latchkey", "serve", "--captcha", "p"}, []string{"pow"}, "off"},
		{[]string{"latchkey", "completion", ""}, []string{"bash", "zsh", "fish"}, "csh"},
	} {
		got := completed(t, test.line...)
		for _, want := range test.want {
			if !slices.Contains(got, want) {
				t.Errorf("%q offers %q, want %q", test.line, got, want)
			}
		}
		if slices.Contains(got, test.without) {
			t.Errorf("%q offers %q, want it without %q", test.line, got, test.without)
		}
	}
}

// Fish offers the same, where it is installed.
func TestFishCompletes(t *testing.T) {
	t.Parallel()
	fish, err := exec.LookPath("fish")
	if err != nil {
		t.Skip("fish is not installed, so nothing was completed by it")
	}
	for line, want := range map[string]string{
		"latchkey acc": "account", "latchkey account cr": "create", "latchkey agent users a": "add", "latchkey serve --captcha=p": "--captcha=pow",
		"latchkey doctor --dk": "--dkim-selector", "latchkey agent --media-server-u": "--media-server-url", "latchkeyctl restore --repl": "--replace",
	} {
		command := exec.CommandContext(t.Context(), fish, "--no-config", "-c", `source ../../packaging/completion/latchkey.fish; complete -C "$argv[1]"`, line)
		command.Env = append(os.Environ(), "HOME="+t.TempDir())
		said, err := command.CombinedOutput()
		if err != nil || !slices.Contains(strings.Fields(string(said)), want) {
			t.Errorf("%q offers %q, %v; want %s", line, said, err, want)
		}
	}
}

// The scripts for the other shells are understood by them, where they are installed.
func TestOtherShellsUnderstandTheirScripts(t *testing.T) {
	t.Parallel()
	for shell, only := range map[string]string{"bash": "-n", "zsh": "-n", "fish": "--no-execute"} {
		program, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("%s is not installed, so its script was not read by it", shell)
			continue
		}
		if said, err := exec.CommandContext(t.Context(), program, only, "../../packaging/completion/latchkey."+shell).CombinedOutput(); err != nil {
			t.Errorf("%s does not understand its script: %v\n%s", shell, err, said)
		}
	}
}
