package builtin_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/secret"
)

func TestNames(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, name := range []string{"", "  ", "a/b", "a\nb", "<b>", "a\x00b", strings.Repeat("x", 65), "a\u202eb"} {
		if _, err := k.AddUser(t.Context(), name, "x", false); !errors.Is(err, builtin.ErrNameInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	first := k.add("  Zoë O'Neil ", "x", false)
	if first.Name != "Zoë O'Neil" {
		t.Errorf("name %q", first.Name)
	}
	for _, name := range []string{"zoë o'neil", "ZOË O'NEIL", "Zoe\u0308 O'Neil", "Ｚoë O'Neil", "𝐙oë O'Neil"} {
		if _, err := k.AddUser(t.Context(), name, "x", false); !errors.Is(err, builtin.ErrNameTaken) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestLastAdministrator(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	one, two := k.add("one", "x", true), k.add("two", "x", true)
	for name, refuse := range map[string]error{
		"disable":  k.SetDisabled(t.Context(), one.ID, true),
		"enable":   k.SetDisabled(t.Context(), one.ID, false),
		"delete":   k.Delete(t.Context(), one.ID),
		"restrict": k.Restrict(t.Context(), one.ID, mediaserver.Restriction{}),
	} {
		if !errors.Is(refuse, mediaserver.ErrNotAllowed) {
			t.Errorf("%s an administrator: %v", name, refuse)
		}
	}
	var wg sync.WaitGroup
	failed := make([]error, 2)
	for i, user := range []mediaserver.LocalUser{one, two} {
		wg.Go(func() { failed[i] = k.DisableUser(t.Context(), user.ID, true) })
	}
	wg.Wait()
	if !slices.Contains(failed, nil) || !slices.ContainsFunc(failed, func(err error) bool { return errors.Is(err, builtin.ErrLastAdministrator) }) {
		t.Errorf("both at once: %v", failed)
	}
	for _, user := range []mediaserver.LocalUser{one, two} {
		if err := k.DisableUser(t.Context(), user.ID, false); err != nil {
			t.Error(err)
		}
	}
}

func TestUnknownUser(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, id := range []string{"", "x", strings.Repeat("a", 32), "'; DROP TABLE local_users; --"} {
		_, read := k.LocalUser(t.Context(), id)
		_, mint := k.Mint(t.Context(), id, device("d"))
		for name, err := range map[string]error{
			"read": read, "mint": mint,
			"disable": k.SetDisabled(t.Context(), id, true), "shut": k.DisableUser(t.Context(), id, true), "delete": k.Delete(t.Context(), id),
			"restrict": k.Restrict(t.Context(), id, mediaserver.Restriction{}), "hide": k.HideUser(t.Context(), id, true),
			"password": k.SetPassword(t.Context(), id, "x"), "picture": k.SetPicture(t.Context(), id, pngOf(t, 1, 1)), "no picture": k.RemovePicture(t.Context(), id),
		} {
			if !errors.Is(err, mediaserver.ErrNotFound) {
				t.Errorf("%s %q: %v", name, id, err)
			}
		}
	}
}

func TestGuests(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	films, err := k.AddLibrary(t.Context(), "Films")
	if err != nil {
		t.Fatal(err)
	}
	series, _ := k.AddLibrary(t.Context(), "Series")
	if again, err := k.AddLibrary(t.Context(), " films "); err != nil || again != films {
		t.Errorf("the same library again: %v, %v", again, err)
	}
	if all, err := k.Libraries(t.Context()); err != nil || !cmp.Equal(all, []mediaserver.Library{films, series}) {
		t.Errorf("libraries %v, %v", all, err)
	}
	k.add("mira", "x", false)
	names, ids := []string{}, map[string]string{}
	for _, name := range []string{"Mira", "MIRA", "m<i>ra/..", "", "\xff\x00", strings.Repeat("ü", 70), strings.Repeat("ü", 70)} {
		guest, err := k.CreateGuest(t.Context(), name, mediaserver.Restriction{Libraries: []string{strings.ToUpper(films.ID), "unknown", films.ID}})
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if guest.Administrator || !guest.Hidden || guest.Disabled {
			t.Errorf("guest %+v", guest)
		}
		names, ids[guest.Name] = append(names, guest.Name), guest.ID
	}
	long := strings.Repeat("ü", 64)
	if diff := cmp.Diff([]string{"Mira 2", "MIRA 3", "mira..", "Guest", "Guest 2", long, long[:2*62] + " 2"}, names); diff != "" {
		t.Errorf("names: %s", diff)
	}
	guest, err := k.User(t.Context(), ids["Mira 2"])
	if err != nil || !guest.Guest || !guest.HasPassword || !cmp.Equal(guest.Restriction, mediaserver.Restriction{Libraries: []string{films.ID}}) {
		t.Errorf("guest %+v, %v", guest, err)
	}
	if err := k.Restrict(t.Context(), guest.ID, mediaserver.Restriction{Libraries: []string{series.ID}}); err != nil {
		t.Fatal(err)
	}
	if guest, _ = k.User(t.Context(), guest.ID); !cmp.Equal(guest.Restriction, mediaserver.Restriction{Libraries: []string{series.ID}}) {
		t.Errorf("restricted to %+v", guest.Restriction)
	}
	if err := k.Restrict(t.Context(), guest.ID, mediaserver.Restriction{AllLibraries: true, Libraries: []string{series.ID}}); err != nil {
		t.Fatal(err)
	}
	if guest, _ = k.User(t.Context(), guest.ID); !cmp.Equal(guest.Restriction, mediaserver.Restriction{AllLibraries: true}) || guest.Administrator {
		t.Errorf("restricted to %+v", guest.Restriction)
	}
	if err := k.SetPassword(t.Context(), guest.ID, "x"); !errors.Is(err, builtin.ErrGuest) {
		t.Errorf("a password for a guest: %v", err)
	}
	if err := k.Delete(t.Context(), guest.ID); err != nil {
		t.Fatal(err)
	}
	if n, err := k.Count(t.Context(), "SELECT COUNT(*) FROM library_access WHERE local_user_id = ?", guest.ID); err != nil || n != 0 {
		t.Errorf("%d libraries are left, %v", n, err)
	}
}

// Guests of one name that come together all get a name of their own.
func TestGuestsTogether(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	other := k.open(k.opt)
	var wg sync.WaitGroup
	var mu sync.Mutex
	names := map[string]bool{}
	for i := range 16 {
		wg.Go(func() {
			server := []*builtin.Server{k.Server, other}[i%2]
			guest, err := server.CreateGuest(t.Context(), "Mira", mediaserver.Restriction{})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			names[guest.Name] = true
		})
	}
	wg.Wait()
	if len(names) != 16 {
		t.Errorf("%d names: %v", len(names), names)
	}
}

// Another process sees what one does, and a restart loses nothing.
func TestFile(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	before, err := k.Identity(t.Context())
	if err != nil || len(before.ID) != 32 || before.Name != "Den" || before.QuickConnect {
		t.Fatalf("identity %+v, %v", before, err)
	}
	other := k.open(k.opt)
	user := k.add("alice", "secret-1", true)
	token := k.mint(user)
	if admin, err := other.Administrator(t.Context(), token); err != nil || !admin {
		t.Errorf("the other process: %v, %v", admin, err)
	}
	if err := other.Revoke(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if k.good(token) {
		t.Error("the token is good after another process ended it")
	}
	token = k.mint(user)
	k.restart()
	if after, err := k.Identity(t.Context()); err != nil || after != before {
		t.Errorf("identity %+v, %v", after, err)
	}
	if !k.good(token) {
		t.Error("the token ended with the restart")
	}
	if info, err := os.Stat(k.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := k.ApproveCode(t.Context(), "123456", user.ID); !errors.Is(err, mediaserver.ErrUnsupported) {
		t.Errorf("a code: %v", err)
	}
}

// A key that does not fit is told at once; one that is changed lets all in, and is
// the one of the hash after the next sign-in.
func TestKeys(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "secret-1", false)
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	wrong := k.opt
	wrong.Keys, _ = secret.NewKeys(strings.Repeat("n", 32), "")
	if _, err := builtin.Open(t.Context(), wrong); !errors.Is(err, builtin.ErrWrongKey) {
		t.Fatalf("another key: %v", err)
	}
	k.opt.Keys, _ = secret.NewKeys(strings.Repeat("n", 32), strings.Repeat("k", 32))
	k.Server = k.open(k.opt)
	k.serve()
	body := members("Username", "alice", "Pw", "secret-1")
	want(t, k.post("/Users/AuthenticateByName", "", body), 200)
	k.opt.Keys, _ = secret.NewKeys(strings.Repeat("n", 32), "")
	k.restart()
	want(t, k.post("/Users/AuthenticateByName", "", body), 200)
	if n, err := k.Count(t.Context(), "SELECT COUNT(*) FROM local_users WHERE id = ? AND password_hash LIKE ?", user.ID, k.opt.Keys.ID()+"$%"); err != nil || n != 1 {
		t.Errorf("%d hashes of the new key, %v", n, err)
	}
	// One who never came while both keys were there.
	if n, err := k.Count(t.Context(), "UPDATE local_users SET password_hash = 'feedfeedfeedfeed' || substr(password_hash, 17) RETURNING 1"); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	want(t, k.post("/Users/AuthenticateByName", "", body), 401)
	if !strings.Contains(k.logs.String(), "set the password again") {
		t.Errorf("nobody is told:\n%s", k.logs)
	}
}

// No secret is in the file as it is.
func TestFileHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "secret-1", false)
	token := k.mint(user)
	proof, err := k.StartProof(t.Context(), "mira")
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(k.path)
	if err != nil {
		t.Fatal(err)
	}
	page := proof.URL[strings.LastIndexByte(proof.URL, '/')+1:]
	for name, text := range map[string]string{"token": token, "password": "secret-1", "its SHA-1": sha("secret-1"), "proof": proof.Secret, "page": page} {
		if strings.Contains(string(file), text) {
			t.Errorf("the file holds the %s", name)
		}
	}
	if !strings.Contains(string(file), "alice") {
		t.Error("the file is not what was looked at")
	}
}

func TestManyUsers(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	want := []string{}
	for i := range 20 {
		name := fmt.Sprintf("user %02d", i)
		k.add(name, "", i == 0)
		want = append(want, name)
	}
	all, err := k.LocalUsers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, user := range all {
		got = append(got, user.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !all[0].Administrator || all[1].Administrator || !all[1].RemoteAccess {
		t.Errorf("users %+v", all[:2])
	}
}
