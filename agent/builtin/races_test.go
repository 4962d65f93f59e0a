package builtin_test

import (
	"crypto/rand"
	"io"
	"testing"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// meddler is a source of randomness. At its next use it calls the function do. It keeps
// the bytes that it has returned.
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

// A sign-in gets no token if the password is changed, or the local user is disabled or
// deleted, before the token is made.
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
				t.Errorf("%s: error %v, want none", name, err)
			}
		}
		if k.signs("alice", "old") || random.do != nil {
			t.Errorf("%s: the sign-in succeeded, or was not overtaken", name)
		}
	}
	if n, err := k.Count(t.Context(), "SELECT COUNT(*) FROM access_tokens"); err != nil || n != 0 {
		t.Errorf("%d tokens (error %v), want 0", n, err)
	}
}

// A guest cannot sign in, even with its secret.
func TestGuestsNeverSignIn(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	guest, err := k.CreateGuest(t.Context(), "gus", guestSecret, mediaserver.Restriction{})
	if err != nil {
		t.Fatal(err)
	}
	if k.signs("gus", guestSecret) {
		t.Error("the guest signed in with its password")
	}
	if n, err := k.Count(t.Context(), "UPDATE local_users SET guest = 0 WHERE id = ? RETURNING 1", guest.ID); err != nil || n != 1 {
		t.Fatalf("%d rows (error %v), want 1", n, err)
	}
	if !k.signs("gus", guestSecret) {
		t.Error("the password of this test is not that of the guest")
	}
	token := k.mint(guest)
	if n, err := k.Count(t.Context(), "UPDATE local_users SET disabled = 1 WHERE id = ? RETURNING 1", guest.ID); err != nil || n != 1 {
		t.Fatalf("%d rows (error %v), want 1", n, err)
	}
	if k.good(token) {
		t.Error("the token of a disabled local user is valid")
	}
}
