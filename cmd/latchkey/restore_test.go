package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// restored is a service whose database is set back to a backup, and a person who has a session in
// the backup.
type restored struct {
	*process
	*visitor
	t      *testing.T
	folder string
	flags  []string
}

// newRestored starts the service, makes a backup while a person is signed in, signs that person out
// and stops the service.
func newRestored(t *testing.T) *restored {
	t.Helper()
	r := &restored{t: t, folder: t.TempDir()}
	r.flags = append(plain(t), "--data-dir="+r.folder)
	r.start()
	r.visitor = newVisitor(r.address, 1)
	if a, err := r.do("/signup", signUpForm("ann")); err != nil || !acknowledged(a) {
		t.Fatalf("sign-up: %+v, %v", a, err)
	}
	db := look(t, "sqlite:"+filepath.Join(r.folder, "latchkey.db"))
	r.exec(db, "UPDATE accounts SET confirmed_at = created_at")
	r.signIn(t, "ann")
	if !r.isSignedIn() {
		t.Fatal("ann is not signed in")
	}
	r.exec(db, "VACUUM INTO '"+r.backup()+"'")
	_ = db.Close()
	return r
}

func (r *restored) backup() string { return filepath.Join(r.folder, "backup") }

func (r *restored) exec(db *data, statement string) {
	r.t.Helper()
	if _, err := db.SQL.ExecContext(r.t.Context(), statement); err != nil {
		r.t.Fatal(err)
	}
}

// start starts the service again, with further flags.
func (r *restored) start(flags ...string) {
	r.t.Helper()
	r.process = launch(r.t, nil, append(r.flags, flags...)...)
	r.waitServing()
	if r.visitor != nil {
		r.base = "http://" + r.address
	}
}

// putBack replaces the database by the backup, as docs/operations.md says.
func (r *restored) putBack() {
	r.t.Helper()
	r.stop()
	old := filepath.Join(r.folder, "latchkey.db")
	for _, file := range []string{old, old + "-wal", old + "-shm"} {
		if err := os.RemoveAll(file); err != nil {
			r.t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(r.backup())
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(old, kept, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// isSignedIn reports whether the browser's session is valid.
func (r *restored) isSignedIn() bool {
	r.t.Helper()
	a, err := r.do("/account", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return a.location == "" && a.status == http.StatusOK
}

// saidRestored reports whether the log says that the database was restored and that its sessions
// have ended.
func (r *restored) saidRestored() bool {
	for _, entry := range r.log() {
		if entry["msg"] == saysRestored {
			return true
		}
	}
	return false
}

const saysRestored = "the database was restored from a backup: all sessions, open invites, codes and mailed links have ended, " +
	"and all access keys are new; everybody has to sign in again"

// The service notices by itself that a backup was restored. It ends the sessions once, and says so
// to the operator and at the sign-in. An ordinary start ends nothing.
func TestRestoredBackupEndsSessions(t *testing.T) {
	t.Parallel()
	r := newRestored(t)
	r.stop()
	r.start()
	if !r.isSignedIn() || r.saidRestored() {
		t.Fatalf("signed in %v, want that an ordinary start ends no session", r.isSignedIn())
	}
	r.putBack()
	r.start()
	if r.isSignedIn() || !r.saidRestored() {
		t.Errorf("after the restore: signed in %v, log %v; want the session ended and a line that says it", r.isSignedIn(), r.saidRestored())
	}
	r.signIn(t, "ann")
	r.stop()
	r.start()
	if !r.isSignedIn() || r.saidRestored() {
		t.Errorf("after the next start: signed in %v, log %v; want that nothing ends twice", r.isSignedIn(), r.saidRestored())
	}
}

// If the data folder was restored from the backup as well, the service cannot notice the restore,
// so the operator declares it with an option. The option works while another process uses the same
// database, and it works a second time.
func TestServeRestored(t *testing.T) {
	t.Parallel()
	r := newRestored(t)
	first := r.process
	beside := launch(t, nil, append(r.flags, "--restored")...)
	beside.waitServing()
	beside.waitLog(saysRestored)
	if r.isSignedIn() {
		t.Error("the session lives on at the first process, want it ended")
	}
	r.signIn(t, "ann")
	if !r.isSignedIn() {
		t.Error("nobody can sign in after the restore, want a session")
	}
	beside.stop()
	first.stop()
	r.start("--restored")
	if r.isSignedIn() || !r.saidRestored() {
		t.Error("the session lives on after the second start with --restored, want it ended")
	}
}
