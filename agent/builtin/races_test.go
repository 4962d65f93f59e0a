package builtin_test

import (
	"crypto/rand"
	"encoding/base64"
	"io"
	"testing"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// meddler is randomness that does something the next time it is asked, and
// remembers what it gave.
type meddler struct {
	do   func()
	gave []byte
}

func (m *meddler) Read(into []byte) (int, error) {
	if do := m.do; do != nil {
		m.do = nil
		do()
	}
	n, err := io.ReadFull(rand.Reader, into)
	m.gave = append(m.gave, into[:n]...)
	return n, err
}

// Who proves a password that is changed, or is shut out, before they have a token
// gets none.
func TestSignInOvertaken(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	random := &meddler{}
	k.opt.Random = random
	k.restart()
	user := k.add("alice", "old", false)
	for name, overtake := range map[string]func() error{
		"password": func() error { return k.SetPassword(t.Context(), user.ID, "new") },
		"disabled": func() error { return k.SetDisabled(t.Context(), user.ID, true) },
		"deleted":  func() error { return k.Delete(t.Context(), user.ID) },
	} {
		if err := k.SetPassword(t.Context(), user.ID, "old"); err != nil {
			user = k.add("alice", "old", false)
		}
		if err := k.SetDisabled(t.Context(), user.ID, false); err != nil {
			t.Fatal(err)
		}
		random.do = func() {
			if err := overtake(); err != nil {
				t.Error(err)
			}
		}
		if k.signs("alice", "old") || random.do != nil {
			t.Errorf("%s: it is no use", name)
		}
	}
	if n, err := k.Count(t.Context(), "SELECT COUNT(*) FROM access_tokens"); err != nil || n != 0 {
		t.Errorf("%d tokens, %v", n, err)
	}
}

// Nobody knows a guest's password, and it would be of no use.
func TestGuestsNeverSignIn(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	random := &meddler{}
	k.opt.Random = random
	k.restart()
	random.gave = nil
	guest, err := k.CreateGuest(t.Context(), "gus", mediaserver.Restriction{})
	if err != nil {
		t.Fatal(err)
	}
	password := base64.RawStdEncoding.EncodeToString(random.gave[:32])
	if k.signs("gus", password) {
		t.Error("a guest signed in")
	}
	if n, err := k.Count(t.Context(), "UPDATE local_users SET guest = 0 WHERE id = ? RETURNING 1", guest.ID); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if !k.signs("gus", password) {
		t.Error("that was not their password")
	}
	token := k.mint(guest)
	if n, err := k.Count(t.Context(), "UPDATE local_users SET disabled = 1 WHERE id = ? RETURNING 1", guest.ID); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if k.good(token) {
		t.Error("a token of somebody disabled is good")
	}
}
