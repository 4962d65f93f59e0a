package packaging_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sizeMost is the largest size of the program in bytes, with everything in it. docs/adr/0047 says what weighs.
const sizeMost = 40 << 20

// command runs a command in a folder and returns what it writes.
func command(t *testing.T, folder string, environment []string, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir, c.Env = folder, append(os.Environ(), environment...)
	said, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, said)
	}
	return string(said)
}

// build builds the program of the repository at a folder, and returns its file.
func build(t *testing.T, folder, version string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "latchkey")
	command(t, folder, []string{"VERSION=" + version, "GOFLAGS="}, filepath.Join(folder, "scripts/build"), file)
	return file
}

// copied returns a copy of the repository in another folder.
func copied(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "elsewhere")
	files := command(t, "..", nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	for name := range strings.SplitSeq(strings.TrimRight(files, "\x00"), "\x00") {
		from := filepath.Join("..", name)
		info, err := os.Lstat(from)
		if os.IsNotExist(err) || err == nil && !info.Mode().IsRegular() {
			continue // deleted, and not committed yet
		}
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestRelease builds the program in two folders. Both must be equal byte for byte, small, and say their version.
func TestRelease(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds the program twice")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	here, elsewhere := build(t, root, "1.2.3"), build(t, copied(t), "1.2.3")
	one, errOne := os.ReadFile(here)
	other, errOther := os.ReadFile(elsewhere)
	if errOne != nil || errOther != nil {
		t.Fatalf("the programs were read with %v and %v, want no error", errOne, errOther)
	}
	if !bytes.Equal(one, other) {
		t.Error("two builds of the same files are not equal")
	}
	if len(one) > sizeMost {
		t.Errorf("the program has %d bytes, want at most %d: see docs/adr/0047 about what weighs", len(one), sizeMost)
	}
	for _, text := range []string{"operationId: signUp", "Deine Einladungen"} {
		if bytes.Contains(one, []byte(text)) {
			t.Errorf("the program holds %q as it is, want it compressed: see cmd/pack", text)
		}
	}
	if bytes.Contains(one, []byte(root+"/")) {
		t.Errorf("the program holds the path %s of this machine", root)
	}
	if said := command(t, ".", nil, here, "version"); said != "latchkey 1.2.3\n" {
		t.Errorf("the program says %q, want its version", said)
	}
	servesCompressedTexts(t, here)
}

// servesCompressedTexts starts a release, whose texts are compressed, and reads some of them.
func servesCompressedTexts(t *testing.T, program string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, "serve", "--dev", "--listen=127.0.0.1:0", "--data-dir="+t.TempDir())
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	output, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait()
	}()
	address := ""
	for lines := bufio.NewScanner(output); address == "" && lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == "Open" {
			address = fields[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, output) }() // so that the program never waits for a reader
	for path, want := range map[string]string{"/signin": "Passwort", "/help/television": "Fernseher", "/api/openapi.yaml": "openapi: 3."} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept-Language", "de")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s of the release: %v, %.200s; want %q in it", path, err, body, want)
		}
	}
}

// TestReleaseRefusesAVersion checks that a version that packages cannot have is refused at once.
func TestReleaseRefusesAVersion(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"", "v1.2.3", "latest", "1.2/3"} {
		said, err := exec.CommandContext(t.Context(), "../scripts/release", version).CombinedOutput()
		if err == nil || !strings.Contains(string(said), "VERSION begins with a digit") {
			t.Errorf("%q: %v, %s; want a refusal that says why", version, err, said)
		}
	}
}
