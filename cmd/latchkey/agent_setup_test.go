package main

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSetupAsksAgain gives a wrong answer to each question before the correct one.
func TestSetupAsksAgain(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.signUp("anna")
	folder := filepath.Join(t.TempDir(), "agent")
	claim := owner.claimCode()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	answers := []string{
		"latchkey.example.org", "http://latchkey.example.org", "http://127.0.0.1:9", untrusted.URL, w.url() + "/",
		"", "AB CD", claim,
		"plex", "builtin",
		strings.Repeat("x", 61), "Living Room",
		"8096", w.address, "127.0.0.1:0",
		"nonsense", "https://media.example.org/path?a=b", "https://Media.Example.org/",
	}
	said := command(t, strings.Join(answers, "\n")+"\n", "agent", "setup", "--data-dir="+folder)
	for _, want := range []string{
		"is not an address such as https://latchkey.example.org", "must start with https://", "nothing answers there",
		"the certificate of the service comes from an authority that this machine does not trust",
		"a value is needed here", "contains a space", `"plex" is not one of jellyfin, emby, builtin`, "is longer than 60 characters",
		"is not an address with a port", "another program uses that port", "must not contain ? or #", "✓ Registered",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	path := filepath.Join(folder, "agent.yaml")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v, want perm 0600", info, err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"service: " + w.url() + "\n", "media-server: builtin\n", "server-name: Living Room\n", "listen: 127.0.0.1:0\n", "- https://media.example.org\n", "secret-key: "} {
		if !strings.Contains(string(file), want) {
			t.Errorf("no %q in the file:\n%s", want, file)
		}
	}
	for _, secret := range []string{"claim-code", claim, "data-dir"} {
		if strings.Contains(string(file), secret) {
			t.Errorf("%q is in the file, want it without %q:\n%s", secret, secret, file)
		}
	}
	if said := command(t, "", "agent", "config", "--data-dir="+folder); !lineWith(said, "secret-key", "••••", path) {
		t.Errorf("setup said\n%s\nwant the secret key masked, with its origin", said)
	}
}

// TestSetupAgain sets up an agent a second time. The settings must stay the same, except the
// settings that the flags give.
func TestSetupAgain(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.signUp("anna")
	folder := filepath.Join(t.TempDir(), "agent")
	flags := []string{"agent", "setup", "--data-dir=" + folder, "--media-server=builtin", "--listen=127.0.0.1:0", "--server-name=Den"}
	command(t, "", append(flags, "--service="+w.url(), "--claim-code="+owner.claimCode())...)
	spent := "claim-code: an-old-one\n"
	read := func() string {
		file, err := os.ReadFile(filepath.Join(folder, "agent.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		return string(file)
	}
	before := read()
	refused(t, "exists already", "", flags...)
	if read() != before {
		t.Error("the file has changed, want it as before")
	}
	// Enter keeps the registration. All other settings come from the file.
	said := command(t, "\n", append(flags, "--force", "--guest-limit=3")...)
	if !strings.Contains(said, "Enter to stay registered") || strings.Contains(said, "✓ Registered") {
		t.Errorf("%s, want with %q, without %q", said, "Enter to stay registered", "✓ Registered")
	}
	if after := read(); !strings.Contains(after, "guest-limit: 3\n") || !strings.Contains(after, "service: "+w.url()) || secretIn(after) != secretIn(before) {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	// A script that gives only new settings keeps the registration, even though the claim code in
	// the file has been used.
	path := filepath.Join(folder, "agent.yaml")
	if err := os.WriteFile(path, []byte(spent+read()), 0o600); err != nil {
		t.Fatal(err)
	}
	said = command(t, "", "agent", "setup", "--force", "--data-dir="+folder, "--guest-limit=4")
	if after := read(); strings.Contains(said, "✓ Registered") || !strings.Contains(after, "guest-limit: 4\n") || strings.Contains(after, spent) {
		t.Errorf("%s, want without %q, with %q, without %q\n%s", said, "✓ Registered", "guest-limit: 4\n", spent, after)
	}
	// A new claim code registers the server again.
	said = command(t, "", append(flags, "--force", "--claim-code="+owner.claimCode())...)
	if !strings.Contains(said, "✓ Registered") || !strings.Contains(said, "is kept in ") {
		t.Errorf("%s, want with %q, with %q", said, "✓ Registered", "is kept in ")
	}
	owned, err := owner.Servers.Owned(t.Context())
	if err != nil || len(owned) == 0 {
		t.Errorf("%v, %d servers, want some servers", err, len(owned))
	}
	t.Logf("%d servers", len(owned))
}

func secretIn(file string) string {
	_, rest, _ := strings.Cut(file, "secret-key: ")
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

// TestSetupWithAWrongClaimCode checks that setup asks for another claim code.
func TestSetupWithAWrongClaimCode(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.signUp("anna")
	folder := filepath.Join(t.TempDir(), "agent")
	said := command(t, owner.claimCode()+"\n", "agent", "setup", "--data-dir="+folder, "--media-server=builtin", "--listen=127.0.0.1:0", "--server-name=Den",
		"--addresses=http://127.0.0.1:9", "--service="+w.url(), "--claim-code=ABCD-EFGH")
	if !strings.Contains(said, "the claim code may be wrong or too old") || !strings.Contains(said, "✓ Registered") {
		t.Errorf("%s, want with %q, with %q", said, "the claim code may be wrong or too old", "✓ Registered")
	}
}

// TestSetupInAnotherFolder names the path of the file of settings. The agent that reads this file
// must find the data folder.
func TestSetupInAnotherFolder(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.signUp("anna")
	base := t.TempDir()
	file, folder := filepath.Join(base, "etc", "agent.yaml"), filepath.Join(base, "lib")
	said := command(t, "\n", "agent", "setup", "--config="+file, "--data-dir="+folder, "--media-server=builtin", "--listen=127.0.0.1:0", "--server-name=Den",
		"--service="+w.url(), "--claim-code="+owner.claimCode())
	if !strings.Contains(said, "latchkey agent status --config="+file) {
		t.Errorf("setup said\n%s\nwant the place of the file", said)
	}
	if status := command(t, "", "agent", "status", "--config="+file); !lineWith(status, "registered", "as server", `"Den"`) || !lineWith(status, "data folder", folder) {
		t.Errorf("status\n%s\nwant the place of the data folder", status)
	}
}

// TestSetupRefusesOtherServices gives addresses at which something other than
// Latchkey answers.
func TestSetupRefusesOtherServices(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		http.StatusNotFound: "something answers there, but it is not a Latchkey service: use the address", http.StatusOK: "something answers there, but it is not a Latchkey service: use the address",
		http.StatusBadGateway: "something answers there, but it is not a Latchkey service: its status is 502",
	} {
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(other.Close)
		said := refused(t, want, "", "agent", "setup", "--data-dir="+t.TempDir(), "--service="+other.URL)
		if strings.Contains(said, "nothing answers") {
			t.Errorf("%d: %s, want it without %q", status, said, "nothing answers")
		}
	}
}

// TestSetupThrottled uses a service that refuses registrations for a while. Setup must say what to
// do, and the agent must register by itself later.
func TestSetupThrottled(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.signUp("anna")
	target, err := url.Parse(w.url())
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/api/v1/servers" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Retry-After", "130")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"status":429,"code":"throttled"}`))
			return
		}
		r.Host = target.Host
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	folder := filepath.Join(t.TempDir(), "agent")
	said := refused(t, "for 3 minutes. Start the agent (latchkey agent --data-dir="+folder+")", "", "agent", "setup", "--data-dir="+folder, "--media-server=builtin",
		"--listen=127.0.0.1:0", "--server-name=Den", "--service="+front.URL, "--claim-code="+owner.claimCode())
	if !strings.Contains(said, "the file is written") || !strings.Contains(said, "claim code is still valid") {
		t.Errorf("%s, want with %q, with %q", said, "the file is written", "claim code is still valid")
	}
	status := command(t, "", "agent", "status", "--data-dir="+folder)
	if !lineWith(status, "registered", "not yet") || !lineWith(status, "media server", "not known yet") {
		t.Errorf("status\n%s\nwant it not registered yet", status)
	}
	// The agent registers by itself when the service accepts registrations again.
	agent := launch(t, nil, "agent", "--data-dir="+folder, "--service="+w.url())
	agent.waitServing()
	ready(agent)
	if status := command(t, "", "agent", "status", "--data-dir="+folder); !lineWith(status, "registered", "as server") {
		t.Errorf("status\n%s\nwant it registered", status)
	}
	agent.stop()
}

// TestSetupByRoot runs setup as root with a data folder of another user. A link in that folder must
// not make root write elsewhere.
func TestSetupByRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	w := newTown(t)
	owner := w.signUp("anna")
	base, folder := t.TempDir(), t.TempDir()
	const nobody = 65534
	victims := []string{filepath.Join(base, "victim"), filepath.Join(base, "shadow")}
	err := errors.Join(os.Chmod(filepath.Dir(folder), 0o755), os.Chmod(base, 0o755), os.Chown(folder, nobody, nobody),
		os.WriteFile(victims[0], nil, 0o600), os.WriteFile(victims[1], []byte("hush: what root alone may read, of some length"), 0o600),
		os.Symlink(victims[0], filepath.Join(folder, "agent.db")), os.Symlink(victims[1], filepath.Join(folder, "secret-key")))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(base, "agent.yaml")
	command(t, "", "agent", "setup", "--config="+file, "--data-dir="+folder, "--media-server=builtin", "--listen=127.0.0.1:0", "--server-name=Den",
		"--service="+w.url(), "--claim-code="+owner.claimCode())
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if id := ownerOf(t, entry); id != nobody && entry.Type() != os.ModeSymlink {
			t.Errorf("%s belongs to %d, want the owner of the folder", entry.Name(), id)
		}
	}
	info, err := os.Stat(victims[0])
	if err != nil || info.Size() != 0 {
		t.Errorf("root wrote where a link leads: %v, %v, want size 0", info, err)
	}
	written, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(written), "hush") || strings.Contains(string(written), "claim-code") {
		t.Errorf("%v, want without %q, without %q\n%s", err, "hush", "claim-code", written)
	}
	entry, err := os.Stat(file)
	if err != nil || entry.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v, want perm 0600", entry, err)
	}
}
