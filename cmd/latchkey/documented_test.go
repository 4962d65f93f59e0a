package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/servicetest"
)

// block is a fenced block of a document.
type block struct {
	file    string // from the root of the repository
	line    int
	kind    string // the first word behind the fence
	mark    string // the rest of the fence line
	text    string
	indent  string
	expects []string // the members of the JSON answers that its comments show
}

func (b block) where() string { return fmt.Sprintf("%s:%d", b.file, b.line) }

// notRunHere returns the reasons for which a block of commands may be marked with "norun:".
func notRunHere() []string {
	return []string{
		"runs until it is stopped", "takes long", "asks questions", "needs Docker", "needs a Kubernetes cluster", "needs an installed package",
		"needs a Jellyfin server", "needs a file of another program", "needs the token of an administrator", "needs levels behind a PIN", "needs another shell",
	}
}

// blocks returns all fenced blocks of the documents for operators, owners and developers.
func blocks(t *testing.T) []block {
	t.Helper()
	paths, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(paths) < 10 {
		t.Fatalf("found %d documents, %v; want 10 or more", len(paths), err)
	}
	paths = append(paths, "../../README.md", "../../CONTRIBUTING.md")
	var all []block
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, blocksOf(strings.TrimPrefix(filepath.ToSlash(path), "../../"), string(text))...)
	}
	return all
}

// blocksOf returns the fenced blocks of a document.
func blocksOf(file, text string) (all []block) {
	fence := regexp.MustCompile("^( *)```(\\S*) ?(.*)$")
	open := false
	for i, line := range strings.Split(text, "\n") {
		found := fence.FindStringSubmatch(line)
		switch {
		case found != nil && !open:
			all = append(all, block{file: file, line: i + 1, kind: found[2], mark: strings.TrimSpace(found[3]), indent: found[1]})
			open = true
		case found != nil:
			open = false
		case open:
			last := &all[len(all)-1]
			line = strings.TrimPrefix(line, last.indent)
			last.text += line + "\n"
			if comment, is := strings.CutPrefix(line, "# "); is {
				for _, member := range regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(comment, -1) {
					last.expects = append(last.expects, member[1])
				}
			}
		}
	}
	return all
}

// commandLine is a line of a block that is surely a command of a shell.
var commandLine = regexp.MustCompile(`(?m)^(sudo|latchkey|latchkeyctl|curl|docker|kubectl|make|systemctl) `)

// Each block of commands is run by TestDocumentedCommands, or says in its fence why it is not. No command hides in a block of
// another kind.
func TestDocumentedCommandsAreRunOrMarked(t *testing.T) {
	t.Parallel()
	run, marked := 0, 0
	documents := documentsToRun()
	for _, b := range blocks(t) {
		reason, norun := strings.CutPrefix(b.mark, "norun: ")
		switch {
		case b.kind != "sh" && commandLine.MatchString(b.text):
			t.Errorf("%s has commands, and its fence does not begin with sh", b.where())
		case b.kind == "sh" && b.mark == "":
			run++
			if _, known := documents[b.file]; !known {
				t.Errorf("%s is run by nobody: add %s to documentsToRun, or mark the fence with “norun:” and a reason", b.where(), b.file)
			}
		case b.mark != "" && (!norun || !slices.Contains(notRunHere(), reason)):
			t.Errorf("%s has the mark %q, want “norun:” and one of %q", b.where(), b.mark, notRunHere())
		case norun:
			marked++
			checkWords(t, b)
		}
	}
	if run < 25 || marked == 0 {
		t.Errorf("%d blocks are run and %d are marked, want 25 or more and some", run, marked)
	}
}

// checkWords checks that the commands of ours in a block that is not run exist, by asking for their help.
func checkWords(t *testing.T, b block) {
	t.Helper()
	for _, line := range regexp.MustCompile(`(?m)^(?:sudo )?latchkey(?:ctl)? ([a-z -]+)`).FindAllStringSubmatch(b.text, -1) {
		words := strings.Fields(line[1])
		if at := slices.IndexFunc(words, func(word string) bool { return strings.HasPrefix(word, "-") }); at >= 0 {
			words = words[:at]
		}
		var said bytes.Buffer
		err := run(t.Context(), world{
			arguments: append(words[:min(len(words), 2)], "--help"), output: &said, errors: io.Discard, environment: func(string) (string, bool) { return "", false },
		})
		help := said.String()
		if err != nil || !strings.Contains(help, "Usage: latchkey "+words[0]) {
			t.Errorf("%s names the command %q, whose help is %v\n%s", b.where(), words, err, help)
		}
	}
}

// TestDocumentedCommands runs the commands of the documents, those of one document in one shell, as a reader would do it who
// follows it from its beginning to its end.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	servicetest.SkipIfShort(t, "it runs the commands of all documents")
	for file, prepare := range documentsToRun() {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".md"), func(t *testing.T) {
			t.Parallel()
			r := newReader(t, file)
			prepare(r)
			var script strings.Builder
			script.WriteString("set -euo pipefail\n" + r.first + "\n")
			var ours []block
			for _, b := range blocks(t) {
				if b.file != file || b.kind != "sh" || b.mark != "" {
					continue
				}
				ours = append(ours, b)
				text := r.replaced(b.text)
				fmt.Fprintf(&script, "cd '%s'\necho '@@ %s'\n%s%s\n", r.work, b.where(), r.before(b), text)
			}
			script.WriteString("echo '@@ end'\n")
			said, err := r.run(script.String())
			parts := map[string]string{}
			for _, part := range strings.Split(said, "@@ ")[1:] {
				name, rest, _ := strings.Cut(part, "\n")
				parts[name] = rest
			}
			if _, ended := parts["end"]; !ended || err != nil {
				t.Fatalf("the commands of %s ended with %v:\n%s", file, err, said)
			}
			for _, b := range ours {
				for _, member := range b.expects {
					if !strings.Contains(parts[b.where()], `"`+member+`":`) {
						t.Errorf("%s shows an answer with %q, and the answer was\n%s", b.where(), member, parts[b.where()])
					}
				}
			}
		})
	}
}

// reader is somebody who follows a document in a folder of their own.
type reader struct {
	t         *testing.T
	file      string // the document
	root      string // stands for / in the paths of the documents
	work      string // the folder in which each block begins
	replace   []string
	first     string               // is run before the first block
	before    func(b block) string // is run before a block
	variables []string
}

// newReader makes the folders of a reader, and programs that stand in for those that change the machine.
func newReader(t *testing.T, file string) *reader {
	t.Helper()
	root := t.TempDir()
	r := &reader{t: t, file: file, root: root, work: filepath.Join(root, "work"), before: func(block) string { return "" }}
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"work/bin", "stand-ins", "etc/latchkey", "etc/systemd/system", "etc/caddy", "usr/local/bin", "var/lib/latchkey"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(repository, "packaging"), filepath.Join(r.work, "packaging")); err != nil {
		t.Fatal(err)
	}
	// Each command that asks for a password gets one.
	program := "#!/bin/sh\nexport " + asProgram + "=yes\nexec '" + os.Args[0] + "' \"$@\" <<END\na rather long password\na rather long password\nEND\n"
	r.standIn("work/bin/latchkey", program)
	for name, script := range map[string]string{
		"latchkey":   program,
		"sudo":       "exec \"$@\"\n",                                                               // the test has the rights that it needs below its own folder
		"make":       "exec /usr/bin/make --no-print-directory -n -C '" + repository + "' \"$@\"\n", // says what it would do, and fails for an unknown target
		"curl":       "exec /usr/bin/curl --silent --show-error \"$@\"\n",
		"useradd":    "echo \"useradd $*\"\n",
		"apt-get":    "echo \"apt-get $*\"\n",
		"journalctl": "echo \"journalctl $*\"\n",
		"mariadb":    "cat\n",
		"uuidgen":    "cat /proc/sys/kernel/random/uuid\n",
		// The users do not exist on this machine, so files keep their owner.
		"install":     `files=; while [ $# -gt 0 ]; do case $1 in -o|-g) shift 2;; *) files="$files $1"; shift;; esac; done; exec /usr/bin/install $files` + "\n",
		"systemctl":   standInSystemctl,
		"latchkeyctl": standInLatchkeyctl(repository),
	} {
		r.standIn("stand-ins/"+name, "#!/bin/sh\nset -eu\n"+strings.TrimPrefix(script, "#!/bin/sh\n"))
	}
	r.replace = []string{
		"/etc/", root + "/etc/", "/var/lib/latchkey", root + "/var/lib/latchkey", "/usr/local/bin/", root + "/usr/local/bin/",
	}
	r.variables = []string{"ROOT=" + root, "PATH=" + filepath.Join(root, "stand-ins") + ":" + os.Getenv("PATH"), "HOME=" + root, "PROGRAM=" + filepath.Join(root, "stand-ins/latchkey")}
	return r
}

func (r *reader) standIn(name, script string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.root, name), []byte(script), 0o700); err != nil {
		r.t.Fatal(err)
	}
}

// replaced returns the text of a block with this reader's paths and addresses.
func (r *reader) replaced(text string) string { return strings.NewReplacer(r.replace...).Replace(text) }

// run runs a script and returns everything that it wrote.
func (r *reader) run(script string) (string, error) {
	command := exec.CommandContext(r.t.Context(), "bash", "-c", script)
	command.Dir, command.Env = r.work, r.variables
	leash(command)
	said, err := command.CombinedOutput()
	return string(said), err
}
