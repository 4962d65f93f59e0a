package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestCommandsBeforeTheServiceRan runs a command on a machine on which the service has never been started, so that systemd has made
// no data folder yet. Only root can run latchkeyctl.
func TestCommandsBeforeTheServiceRan(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can run latchkeyctl")
	}
	pwd, err := exec.LookPath("pwd")
	if err != nil {
		t.Skip("this machine has no pwd")
	}
	folder := t.TempDir()
	data := filepath.Join(folder, "lib")
	for range 2 { // the second command finds the folder and leaves it as it is
		command := exec.CommandContext(t.Context(), "./latchkeyctl")
		command.Env = append(os.Environ(), "LATCHKEYCTL_FOLDER="+folder, "LATCHKEYCTL_PROGRAM="+pwd, "LATCHKEYCTL_USER=nobody", "LATCHKEYCTL_DATA="+data)
		said, err := command.CombinedOutput()
		if err != nil || strings.TrimSpace(string(said)) != data {
			t.Fatalf("the command says %q (%v), want that it runs in %s", said, err, data)
		}
		info, err := os.Stat(data)
		if err != nil {
			t.Fatal(err)
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !ok || owner.Uid == 0 || info.Mode().Perm() != 0o700 {
			t.Errorf("the data folder is %v of user %d, want mode 0700 and the user of the service", info.Mode(), owner.Uid)
		}
	}
}
