package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestFaultClocks starts an instance whose clock is wrong beside an instance whose clock is right
// (F-14). The wrong instance is not ready and says why. It deletes nothing, and the right instance
// knows what the wrong one makes. When its clock is right again, it becomes ready by itself.
func TestFaultClocks(t *testing.T) {
	t.Parallel()
	wrongBy := []time.Duration{26 * time.Hour}
	if long() {
		wrongBy = []time.Duration{10 * time.Minute, 26 * time.Hour, 31 * 24 * time.Hour, -10 * time.Minute, -24 * time.Hour}
	}
	for _, ahead := range wrongBy {
		t.Run(ahead.String(), func(t *testing.T) { besideAWrongClock(t, modelstest.MySQL(t), ahead) })
	}
}

func besideAWrongClock(t *testing.T, database string, ahead time.Duration) {
	t.Helper()
	ctx, right := t.Context(), newTown(t, "--database="+database)
	anna := right.signUp("anna")
	early := right.code("early tv")
	right.done(anna.Devices.Approve(ctx, early.UserCode))
	_, err := right.nobody.Accounts.SignUp(ctx, client.SignUp{Username: "berta", Email: "berta@example.org", Password: goodPassword})
	right.done(err)
	right.done(right.nobody.Passwords.AskReset(ctx, "anna", ""))
	confirm, reset := right.mailedToken("confirm", "berta@example.org"), right.mailedToken("password_reset", "anna@example.org")

	clock := filepath.Join(t.TempDir(), "ahead")
	setClock(t, clock, ahead)
	wrong := &town{t: t, data: t.TempDir(), address: "127.0.0.1:0", flags: right.flags, environment: []string{clockFile + "=" + clock}}
	wrong.open()
	within(t, patience, "it says that the clocks differ", func() bool { return strings.Contains(wrong.service.said.String(), "differ by more than a minute") })
	status, body := ask(t, http.MethodGet, wrong.url()+"/readyz", nil)
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "clock") || right.service.get("/readyz") != http.StatusOK {
		t.Errorf("/readyz: %d %q, want 503 with the reason, and 200 at the other instance", status, body)
	}
	newShell(t, "--listen="+wrong.address).refused(t, "the clock of this machine and the database's clock differ", "healthcheck")

	code := wrong.code("tv")
	if err := wrong.nobody.As(anna.token).Devices.Approve(ctx, code.UserCode); !errors.Is(err, client.ErrUnavailable) {
		t.Errorf("a code at the instance with the wrong clock: error %v, want it refused", err)
	}
	right.done(anna.Devices.Approve(ctx, code.UserCode))
	for _, approved := range []client.DeviceCode{early, code} {
		_, err := right.nobody.Devices.Token(ctx, approved.DeviceCode)
		right.done(err)
	}
	right.done(right.nobody.Accounts.Confirm(ctx, confirm))
	right.done(right.nobody.Passwords.Reset(ctx, reset, goodPassword+" too"))
	right.done(wrong.nobody.Passwords.AskReset(ctx, "berta", ""))
	right.mail("password_reset", "berta@example.org") // the right instance sends the mail that the wrong one put into the outbox

	setClock(t, clock, 0)
	within(t, patience, "it is ready again", func() bool { return wrong.service.get("/readyz") == http.StatusOK })
	berta := &resident{w: wrong, name: "berta"}
	berta.signIn()
	wrong.done(berta.Devices.Approve(ctx, right.code("late tv").UserCode))
	// Two codes, a confirmation, a reset, a mail, and a code after the clock was set right: each of them worked.
	faulttest.Report(t, "F-14", fmt.Sprintf("what an instance beside one with a wrong clock has made, %v", ahead), faulttest.Engine(database),
		faulttest.Count{Tried: 6, Survived: 6})
}

// setClock sets by how much the clock of a process is ahead. It replaces the file in one step,
// because the process may be reading the file.
func setClock(t *testing.T, file string, ahead time.Duration) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(ahead.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// code returns a code for a device.
func (w *town) code(id string) client.DeviceCode {
	w.t.Helper()
	code, err := w.nobody.Devices.Begin(w.t.Context(), client.DeviceAsk{Client: "New TV", DeviceName: "den", DeviceID: id})
	w.done(err)
	return code
}

// done ends the test if err is not nil.
func (w *town) done(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}
