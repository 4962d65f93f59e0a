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
	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
	"github.com/latchkey-media/latchkey/internal/secret"
)

func TestNames(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, name := range []string{"", "  ", "a/b", "a\nb", "<b>", "a\x00b", strings.Repeat("x", 65), "a\u202eb"} {
		if _, err := k.AddUser(t.Context(), name, "x", false); !errors.Is(err, builtin.ErrNameInvalid) {
			t.Errorf("add %q: error %v, want %v", name, err, builtin.ErrNameInvalid)
		}
	}
	first := k.add("  Zoë O'Neil ", "x", false)
	if first.Name != "Zoë O'Neil" {
		t.Errorf("name %q, want it without blanks at its ends", first.Name)
	}
	for _, name := range []string{"zoë o'neil", "ZOË O'NEIL", "Zoe\u0308 O'Neil", "Ｚoë O'Neil", "𝐙oë O'Neil"} {
		if _, err := k.AddUser(t.Context(), name, "x", false); !errors.Is(err, builtin.ErrNameTaken) {
			t.Errorf("add %q: error %v, want %v", name, err, builtin.ErrNameTaken)
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
			t.Errorf("%s an administrator: error %v, want %v", name, refuse, mediaserver.ErrNotAllowed)
		}
	}
	var wg sync.WaitGroup
	failed := make([]error, 2)
	for i, user := range []mediaserver.LocalUser{one, two} {
		wg.Go(func() { failed[i] = k.DisableUser(t.Context(), user.ID, true) })
	}
	wg.Wait()
	if !slices.Contains(failed, nil) || !slices.ContainsFunc(failed, func(err error) bool { return errors.Is(err, builtin.ErrLastAdministrator) }) {
		t.Errorf("disable both administrators at once: errors %v, want one %v", failed, builtin.ErrLastAdministrator)
	}
	for _, user := range []mediaserver.LocalUser{one, two} {
		if err := k.DisableUser(t.Context(), user.ID, false); err != nil {
			t.Errorf("enable: error %v, want none", err)
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
			"password": k.SetPassword(t.Context(), id, "x"), "picture": k.SetPicture(t.Context(), id, picturetest.PNG(t, 1, 1)), "no picture": k.RemovePicture(t.Context(), id),
		} {
			if !errors.Is(err, mediaserver.ErrNotFound) {
				t.Errorf("%s %q: error %v, want %v", name, id, err, mediaserver.ErrNotFound)
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
		t.Errorf("add a library again: %v (error %v), want %v", again, err, films)
	}
	if all, err := k.Libraries(t.Context()); err != nil || !cmp.Equal(all, []mediaserver.Library{films, series}) {
		t.Errorf("libraries %v (error %v), want %v and %v", all, err, films, series)
	}
	k.add("mira", "x", false)
	names, ids := []string{}, map[string]string{}
	for _, name := range []string{"Mira", "MIRA", "m<i>ra/..", "", "\xff\x00", strings.Repeat("ü", 70), strings.Repeat("ü", 70)} {
		guest, err := k.CreateGuest(t.Context(), name, guestSecret, mediaserver.Restriction{Libraries: []string{strings.ToUpper(films.ID), "unknown", films.ID}})
		if err != nil {
			t.Fatalf("guest %q: error %v, want none", name, err)
		}
		if guest.Administrator || !guest.Hidden || guest.Disabled {
			t.Errorf("guest %+v, want it hidden, enabled and not an administrator", guest)
		}
		names, ids[guest.Name] = append(names, guest.Name), guest.ID
	}
	long := strings.Repeat("ü", 64)
	if diff := cmp.Diff([]string{"Mira 2", "MIRA 3", "mira..", "Guest", "Guest 2", long, long[:2*62] + " 2"}, names); diff != "" {
		t.Errorf("names (-want +got): %s", diff)
	}
	guest, err := k.User(t.Context(), ids["Mira 2"])
	if err != nil || !guest.Guest || !guest.HasPassword || !cmp.Equal(guest.Policy.Restriction, mediaserver.Restriction{Libraries: []string{films.ID}}) {
		t.Errorf("guest %+v (error %v), want a guest with a password who sees the films", guest, err)
	}
	if err := k.Restrict(t.Context(), guest.ID, mediaserver.Restriction{Libraries: []string{series.ID}}); err != nil {
		t.Fatal(err)
	}
	if guest, _ = k.User(t.Context(), guest.ID); !cmp.Equal(guest.Policy.Restriction, mediaserver.Restriction{Libraries: []string{series.ID}}) {
		t.Errorf("restricted to %+v, want the series only", guest.Policy.Restriction)
	}
	if err := k.Restrict(t.Context(), guest.ID, mediaserver.Restriction{AllLibraries: true, Libraries: []string{series.ID}}); err != nil {
		t.Fatal(err)
	}
	if guest, _ = k.User(t.Context(), guest.ID); !cmp.Equal(guest.Policy.Restriction, mediaserver.Restriction{AllLibraries: true}) || guest.Administrator {
		t.Errorf("guest %+v, want one who sees all libraries and is not an administrator", guest)
	}
	if err := k.SetPassword(t.Context(), guest.ID, "x"); !errors.Is(err, builtin.ErrGuest) {
		t.Errorf("set the password of a guest: error %v, want %v", err, builtin.ErrGuest)
	}
	if err := k.Delete(t.Context(), guest.ID); err != nil {
		t.Fatal(err)
	}
	if n, err := k.Count(t.Context(), "SELECT COUNT(*) FROM library_access WHERE local_user_id = ?", guest.ID); err != nil || n != 0 {
		t.Errorf("%d rows of libraries are left (error %v), want 0", n, err)
	}
}

// Guests with the same name who are made at the same time get different names.
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
			guest, err := server.CreateGuest(t.Context(), "Mira", guestSecret, mediaserver.Restriction{})
			if err != nil {
				t.Errorf("error %v, want none", err)
			}
			mu.Lock()
			defer mu.Unlock()
			names[guest.Name] = true
		})
	}
	wg.Wait()
	if len(names) != 16 {
		t.Errorf("%d names, want 16: %v", len(names), names)
	}
}

// Two processes see the changes of each other, and a restart loses nothing.
func TestFile(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	before, err := k.Identity(t.Context())
	if err != nil || len(before.ID) != 32 || before.Name != "Den" || before.QuickConnect {
		t.Fatalf("identity %+v (error %v), want the name Den, 32 hex digits and no Quick Connect", before, err)
	}
	other := k.open(k.opt)
	user := k.add("alice", "secret-1", true)
	token := k.mint(user)
	if admin, err := other.Administrator(t.Context(), token); err != nil || !admin {
		t.Errorf("administrator by the other process: %v (error %v), want true", admin, err)
	}
	if err := other.Revoke(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if k.good(token) {
		t.Error("the token is valid after another process ended it")
	}
	token = k.mint(user)
	k.restart()
	if after, err := k.Identity(t.Context()); err != nil || after != before {
		t.Errorf("identity after a restart %+v (error %v), want %+v", after, err, before)
	}
	if !k.good(token) {
		t.Error("the token is not valid after a restart")
	}
	if info, err := os.Stat(k.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the file %v (error %v), want 0600", info.Mode(), err)
	}
	if err := k.ApproveCode(t.Context(), "123456", user.ID); !errors.Is(err, mediaserver.ErrUnsupported) {
		t.Errorf("approve a code: error %v, want %v", err, mediaserver.ErrUnsupported)
	}
}

// A secret key that does not fit is refused at once. After a change of the key everybody can
// still sign in, and after that their hashes use the new key.
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
		t.Fatalf("open with another key: error %v, want %v", err, builtin.ErrWrongKey)
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
		t.Errorf("%d hashes of the new key (error %v), want 1", n, err)
	}
	// A local user who did not sign in while both keys were set.
	if n, err := k.Count(t.Context(), "UPDATE local_users SET password_hash = 'feedfeedfeedfeed' || substr(password_hash, 17) RETURNING 1"); err != nil || n != 1 {
		t.Fatalf("%d rows (error %v), want 1", n, err)
	}
	want(t, k.post("/Users/AuthenticateByName", "", body), 401)
	if !strings.Contains(k.logs.String(), "set the password again") {
		t.Errorf("the log does not say what to do:\n%s", k.logs)
	}
}

// No secret is readable in the file.
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
		t.Error("the name alice is not in the file: the test reads the wrong file")
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
		t.Errorf("names (-want +got): %s", diff)
	}
	if !all[0].Administrator || all[1].Administrator || !all[1].RemoteAccess {
		t.Errorf("users %+v, want only the first to be an administrator, and remote access", all[:2])
	}
}

// Only a local user with the secret of a guest is that guest.
func TestIsGuest(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	guest := k.guest("gus")
	user, err := k.AddUser(t.Context(), "mira", guestSecret, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		id, secret string
		want       bool
	}{{guest.ID, guestSecret, true}, {guest.ID, "x", false}, {guest.ID, "", false}, {user.ID, guestSecret, false}, {"unknown", guestSecret, false}} {
		if is, err := k.IsGuest(t.Context(), test.id, test.secret); err != nil || is != test.want {
			t.Errorf("%+v: %t with error %v, want %t", test, is, err, test.want)
		}
	}
}
