package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/latchkey-media/latchkey/internal/faulttest"
)

// TestFaultDiskFull removes the space of the embedded database, and gives it back (F-10). It does
// so in two ways: with a full disk, and with a limit on the size of files. Every user can set such
// a limit, and it causes another error.
func TestFaultDiskFull(t *testing.T) {
	t.Parallel()
	t.Run("limit", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		withoutSpace(t, folder, func(p *process) (giveBack func()) {
			before := fileLimit(t, p, 0)
			return func() { fileLimit(t, p, before) }
		})
	})
	t.Run("full", func(t *testing.T) {
		t.Parallel()
		folder, mayMount := smallDisk(t)
		if !mayMount {
			runInNamespace(t)
			return
		}
		withoutSpace(t, folder, func(*process) (giveBack func()) {
			ballast := filepath.Join(folder, "ballast")
			fill(t, ballast)
			return func() { _ = os.Remove(ballast) }
		})
	})
}

// withoutSpace runs the program on a database in folder. While people use it, the function take
// removes the space.
func withoutSpace(t *testing.T, folder string, take func(*process) (giveBack func())) {
	t.Helper()
	address := "sqlite:" + filepath.Join(folder, "latchkey.db")
	p := serve(t, "--database="+address)
	crew := newCrew(t, p)
	crew.work(t, p, 4)
	crew.mustAll(t, http.StatusOK, http.StatusSeeOther)
	taken := len(look(t, address).usernames(t))

	giveBack := take(p)
	within(t, patience, "no sign-up is taken", func() bool { // some pages in the files may still be free
		crew.work(t, p, 1)
		return crew.all(http.StatusOK, http.StatusServiceUnavailable)
	})
	crew.counted("")
	slowest := crew.work(t, p, either(20, 300))
	crew.mustAll(t, http.StatusOK, http.StatusServiceUnavailable)
	count := crew.counted(fmt.Sprintf("slowest page %v", slowest.Round(time.Millisecond)))
	within(t, patience, "not ready without space", func() bool { return p.get("/readyz") == http.StatusServiceUnavailable })
	change := url.Values{"username": {"crew"}, "display_name": {"Someone"}, "language": {"en"}}
	if a, err := crew.members[0].do("/account", change); err != nil || a.status != http.StatusServiceUnavailable {
		t.Errorf("a change without space: %d %v, want 503", a.status, err)
	}
	taken = max(taken, len(look(t, address).usernames(t)))

	giveBack()
	within(t, patience, "ready with space", func() bool { return p.get("/readyz") == http.StatusOK })
	newVisitor(p.address, 5000).post(t, "/signup", "/signup/sent", signUpForm("the-first"))
	crew.work(t, p, 4)
	crew.mustAll(t, http.StatusOK, http.StatusSeeOther)
	data := look(t, address)
	if there := data.usernames(t); !there["the-first"] || len(there) <= taken {
		t.Errorf("%d accounts, more than %d were acknowledged", len(there), taken)
	}
	verdict := ""
	if err := data.SQL.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %q %v, want verdict ok", verdict, err)
	}
	p.stop()
	if lost := taken - len(data.usernames(t)); lost > 0 {
		count.Survived, count.Lost = count.Survived-lost, lost
	}
	faulttest.Report(t, "F-10", "pages while the disk is full: "+path.Base(t.Name()), faulttest.Engine(address), count)
}

// smallDisk mounts a disk of a few megabytes. It returns false if the user may not mount a disk:
// only root may, or somebody in a namespace of their own.
func smallDisk(t *testing.T) (folder string, mayMount bool) {
	t.Helper()
	folder = t.TempDir()
	err := syscall.Mount("none", folder, "tmpfs", 0, "size=6m")
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		return "", false
	}
	if err != nil {
		t.Fatalf("mount a small disk: %v, want no error", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v, want no error", err)
		}
	})
	return folder, true
}

// fill writes to a file until the disk is full.
func fill(t *testing.T, name string) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for size := 1 << 16; size > 0; {
		if _, err := file.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// fileLimit sets the largest size of a file that the process p may write, and returns the earlier
// limit.
func fileLimit(t *testing.T, p *process, size uint64) uint64 {
	t.Helper()
	const fileSize = 1 // RLIMIT_FSIZE
	var before syscall.Rlimit
	if err := prlimit(p, fileSize, nil, &before); err != nil {
		t.Fatal(err)
	}
	after := syscall.Rlimit{Cur: size, Max: before.Max}
	if err := prlimit(p, fileSize, &after, nil); err != nil {
		t.Fatal(err)
	}
	return before.Cur
}

func prlimit(p *process, resource uintptr, set, old *syscall.Rlimit) error {
	_, _, number := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(p.command.Process.Pid), resource,
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), 0, 0)
	if number != 0 {
		return fmt.Errorf("prlimit: %w", number)
	}
	return nil
}

// runInNamespace runs the test of the full disk again in a namespace in which it may mount a disk.
func runInNamespace(t *testing.T) {
	t.Helper()
	const inside = "LATCHKEY_TEST_IN_NAMESPACE"
	if os.Getenv(inside) != "" {
		t.Fatal("a namespace of our own does not let us mount either: run this test as root, or allow user namespaces")
	}
	command := exec.Command(os.Args[0], "-test.run=^TestFaultDiskFull$/^full$", "-test.v")
	command.Env = append(os.Environ(), inside+"=yes")
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("in a namespace: %v, want no error\n%s", err, output)
	}
	t.Logf("in a namespace:\n%s", output)
}
