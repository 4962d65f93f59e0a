package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/servicetest"
)

// foundStatus is the exit status of govulncheck when it has found a weakness that the program can
// reach.
const foundStatus = 3

// weaknessOf makes a database of weaknesses in the format of https://go.dev/doc/security/vuln/database
// and returns its address. The database has one made-up weakness, in a function of the package argon2
// of golang.org/x/crypto. If function is empty, the database is empty.
func weaknessOf(t *testing.T, function string) (address string) {
	t.Helper()
	const id, changed = "GO-2026-9999", "2026-01-01T00:00:00Z"
	folder, listed := t.TempDir(), "[]"
	files := map[string]string{}
	if function != "" {
		listed = fmt.Sprintf(`[{"id":%q,"modified":%q}]`, id, changed)
		files["ID/"+id+".json"] = fmt.Sprintf(`{"schema_version":"1.3.1","id":%q,"modified":%q,"published":%q,
			"summary":"A weakness that a test made up","details":"A weakness that a test made up",
			"affected":[{"package":{"name":"golang.org/x/crypto","ecosystem":"Go"},
				"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],
				"ecosystem_specific":{"imports":[{"path":"golang.org/x/crypto/argon2","symbols":[%q]}]}}],
			"database_specific":{"url":"https://pkg.go.dev/vuln/%s"}}`, id, changed, changed, function, id)
		files["index/modules.json"] = fmt.Sprintf(`[{"path":"golang.org/x/crypto","vulns":%s}]`, listed)
	} else {
		files["index/modules.json"] = "[]"
	}
	files["index/vulns.json"] = listed
	files["index/db.json"] = fmt.Sprintf(`{"modified":%q}`, changed)
	for name, text := range files {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return "file://" + filepath.ToSlash(folder)
}

// lookForWeaknesses runs scripts/weaknesses with a database, for some packages. Without packages it
// checks all.
func lookForWeaknesses(t *testing.T, database string, packages ...string) (status int, said string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "../../scripts/weaknesses", packages...)
	command.Env = append(os.Environ(), "VULNDB="+database)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err := command.Run()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	if said = out.String(); strings.Contains(said, "govulncheck could not be built") {
		t.Skip(said)
	}
	return command.ProcessState.ExitCode(), said
}

// A weakness in a function that the program calls fails the check, and the output names the
// weakness. A weakness in a function that the program never calls passes, and so does an empty
// database.
func TestReachableWeaknessFails(t *testing.T) {
	servicetest.SkipIfShort(t, "it looks through all packages and their modules")
	t.Parallel()
	for _, test := range []struct {
		name     string
		function string
		packages []string
		status   int
		says     []string
	}{
		{"empty database", "", []string{"./internal/secret"}, 0, []string{"No vulnerabilities found."}},
		{"function that nothing calls", "Key", []string{"./internal/secret"}, 0, []string{"Your code is affected by 0 vulnerabilities."}},
		{"function that hashes passwords", "IDKey", nil, foundStatus, []string{"GO-2026-9999", "internal/secret/hasher.go"}},
	} {
		status, said := lookForWeaknesses(t, weaknessOf(t, test.function), test.packages...)
		if status != test.status {
			t.Errorf("%s: status %d, want %d; it said\n%s", test.name, status, test.status, said)
		}
		for _, want := range test.says {
			if !strings.Contains(said, want) {
				t.Errorf("%s: it said\n%s\nwant %q in it", test.name, said, want)
			}
		}
	}
}
