package docs_test

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// skippedStatus is the exit status by which a check of scripts/check says that it could not run.
const skippedStatus = 77

// TestCheckLooksForWeaknesses runs the search for known weaknesses with a database that cannot be
// reached. The output must say that nothing was checked, and the check counts neither as passed nor
// as failed.
func TestCheckLooksForWeaknesses(t *testing.T) {
	t.Parallel()
	if check := read(t, filepath.Join("..", "scripts", "check")); !strings.Contains(check, "\ncheck 'known weaknesses' scripts/weaknesses\n") {
		t.Error("scripts/check does not run scripts/weaknesses, want it to")
	}
	command := exec.CommandContext(t.Context(), "scripts/weaknesses")
	command.Dir = ".."
	command.Env = append(command.Environ(), "VULNDB=http://127.0.0.1:1", "GOPROXY=off")
	var said bytes.Buffer
	command.Stderr = &said
	err := command.Run()
	failed, _ := errors.AsType[*exec.ExitError](err)
	if failed == nil || failed.ExitCode() != skippedStatus || !strings.Contains(said.String(), "SKIPPED: known weaknesses were not looked for") {
		t.Errorf("got error %v and %q, want status %d and a line that says SKIPPED", err, said.String(), skippedStatus)
	}
}
