package packaging_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/latchkey-media/latchkey/internal/porttest"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// installing is the environment variable that lets TestInstall install the package on this machine. It names an earlier commit,
// from which the upgrade begins, or it is "yes": then both versions are built from the files as they are.
const installing = "LATCHKEY_TEST_INSTALL"

// TestInstall installs the deb on this machine, starts the service, upgrades, removes and installs it again. The data must outlive
// all that, and nothing may be left after a purge. It changes the machine, so it runs only for root, only if the environment asks for
// it, and only where Latchkey was never installed.
func TestInstall(t *testing.T) { //nolint:paralleltest // there is one machine
	earlier := os.Getenv(installing)
	if earlier == "" {
		t.Skipf("it installs a package on this machine: %s=yes asks for it", installing)
	}
	if os.Getuid() != 0 {
		t.Fatalf("%s is set, but only root can install packages", installing)
	}
	alone(t)
	for _, path := range []string{"/etc/latchkey", "/var/lib/latchkey", "/usr/bin/latchkey", "/var/lib/dpkg/info/latchkey.list"} {
		if _, err := os.Stat(path); err == nil {
			t.Fatalf("%s exists: this test does not touch a machine on which Latchkey is installed", path)
		}
	}
	old, fresh := debs(t, earlier)
	write(t, mark, "this test has installed the package latchkey\n")
	t.Cleanup(uninstall)

	dpkg(t, "--install", old)
	checkInstalled(t)
	address := porttest.Free(t)
	settings := "public-url: https://latchkey.example.org\nlisten: " + address + "\ndata-dir: /var/lib/latchkey\nmail-from: Latchkey <latchkey@example.org>\n"
	write(t, "/etc/latchkey/latchkey.yaml", settings)
	write(t, "/etc/latchkey/mail-url", "dir:/var/lib/latchkey/mail")
	key := read(t, "/etc/latchkey/secret-key")

	serves(t, address, func() {
		command(t, "/", nil, "latchkeyctl", "account", "create", "anna", "anna@example.org")
	})
	remembers := func(version string) {
		t.Helper()
		serves(t, address, func() {
			if said := command(t, "/", nil, "latchkeyctl", "account", "list"); !strings.Contains(said, "anna@example.org") {
				t.Errorf("version %s does not know the account of before:\n%s", version, said)
			}
		})
		if read(t, "/etc/latchkey/secret-key") != key || read(t, "/etc/latchkey/latchkey.yaml") != settings {
			t.Errorf("version %s has other settings than before", version)
		}
	}
	dpkg(t, "--install", fresh)
	if said := command(t, "/", nil, "latchkey", "version"); said != "latchkey 0.0.2\n" {
		t.Errorf("after the upgrade the program says %q", said)
	}
	remembers("0.0.2")
	dpkg(t, "--remove", "latchkey")
	if _, err := os.Stat("/usr/bin/latchkey"); err == nil {
		t.Error("the program is there after it was removed")
	}
	dpkg(t, "--install", fresh)
	remembers("0.0.2 again")
	dpkg(t, "--purge", "latchkey")
	for _, path := range []string{"/etc/latchkey", "/var/lib/latchkey", "/var/lib/latchkey-agent", "/usr/bin/latchkey", "/usr/lib/systemd/system/latchkey.service"} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is there after a purge", path)
		}
	}
}

// mark is a file that is there while the package on this machine was installed by the test.
const mark = "/run/latchkey-install-test"

// alone makes sure that no other run of the test uses this machine. It removes the remains of a run that was killed.
func alone(t *testing.T) {
	t.Helper()
	lock, err := os.OpenFile(mark+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatalf("another run of this test, or the rest of one, uses this machine: %v; want it alone", err)
	}
	if _, err := os.Stat(mark); err == nil {
		uninstall()
	}
}

// uninstall removes the package with its data and users.
func uninstall() {
	_ = exec.Command("dpkg", "--purge", "latchkey").Run()
	for _, name := range []string{"latchkey", "latchkey-agent"} {
		_ = exec.Command("userdel", name).Run()
	}
	_ = os.Remove(mark)
}

// debs builds the packages of two versions, the first from an earlier commit.
func debs(t *testing.T, earlier string) (old, fresh string) {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	source := root
	if earlier != "yes" {
		source = t.TempDir()
		command(t, root, nil, "sh", "-c", `git archive "$1" | tar -x -C "$2"`, "sh", earlier, source)
	}
	folder := t.TempDir()
	pack := func(version, from string) string {
		file := filepath.Join(t.TempDir(), "latchkey")
		// An earlier commit may have no scripts/build, so today's script builds it.
		command(t, from, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "nomsgpack",
			"-ldflags", "-s -w -X main.version="+version, "-o", file, "./cmd/latchkey")
		command(t, root, nil, "scripts/package", file, "amd64", version, folder, "deb")
		return filepath.Join(folder, "latchkey_"+version+"_amd64.deb")
	}
	return pack("0.0.1", source), pack("0.0.2", root)
}

// dpkg runs dpkg as apt does on a machine at which nobody can answer: if dpkg asks a question, it
// fails.
func dpkg(t *testing.T, args ...string) {
	t.Helper()
	command(t, "/", []string{"DEBIAN_FRONTEND=noninteractive", "PATH=" + os.Getenv("PATH") + ":/usr/local/sbin:/usr/sbin:/sbin"}, "dpkg", args...)
}

// checkInstalled checks the users, and who may read what.
func checkInstalled(t *testing.T) {
	t.Helper()
	for path, want := range map[string]string{
		"/etc/latchkey": "root latchkey drwxr-x---", "/etc/latchkey/secret-key": "root root -rw-------", "/etc/latchkey/mail-url": "root root -rw-------",
		"/var/lib/latchkey": "latchkey latchkey drwx------", "/var/lib/latchkey-agent": "latchkey-agent latchkey-agent drwx------",
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			t.Fatalf("%s has no owner", path)
		}
		person, errPerson := user.LookupId(fmt.Sprint(owner.Uid))
		group, errGroup := user.LookupGroupId(fmt.Sprint(owner.Gid))
		if errPerson != nil || errGroup != nil {
			t.Fatalf("%s belongs to nobody: %v, %v; want a user and a group", path, errPerson, errGroup)
		}
		if got := person.Username + " " + group.Name + " " + info.Mode().String(); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if text := read(t, "/etc/latchkey/secret-key"); len(text) < 60 {
		t.Errorf("the secret key has %d characters, want 64", len(text))
	}
}

// serves starts the service as its unit says, without systemd: with its command, user, folder, environment and credentials. It waits
// until the service is ready, calls while, and stops the service.
func serves(t *testing.T, address string, while func()) {
	t.Helper()
	unit := read(t, "/usr/lib/systemd/system/latchkey.service")
	value := func(key string) []string {
		var all []string
		for _, found := range regexp.MustCompile(`(?m)^`+key+`=(.*)$`).FindAllStringSubmatch(unit, -1) {
			all = append(all, found[1])
		}
		return all
	}
	person, err := user.Lookup(value("User")[0])
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := os.MkdirTemp("", "latchkey-credentials-") //nolint:usetesting // only root can enter a folder of TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(credentials) })
	for _, credential := range value("LoadCredential") {
		name, from, _ := strings.Cut(credential, ":")
		write(t, filepath.Join(credentials, name), read(t, from))
	}
	command(t, "/", nil, "chown", "-R", person.Username, credentials)
	c := exec.Command("setpriv", append([]string{"--reuid=" + person.Uid, "--regid=" + person.Gid, "--clear-groups", "--inh-caps=-all", "--no-new-privs"},
		strings.Fields(value("ExecStart")[0])...)...)
	c.Dir = value("WorkingDirectory")[0]
	for _, variable := range value("Environment") {
		c.Env = append(c.Env, strings.ReplaceAll(variable, "%d", credentials))
	}
	said := &strings.Builder{}
	c.Stdout, c.Stderr = said, said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	stop := func() error {
		_ = c.Process.Signal(syscall.SIGTERM)
		return <-ended
	}
	ready := false
	defer func() {
		if err := stop(); err != nil || !ready {
			t.Errorf("the service ended with %v; it said:\n%s", err, said)
		}
	}()
	waittest.Eventually(t, "the service is ready", func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the service ended: %v", err)
		default:
		}
		answer, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	ready = true
	while()
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
