package jellyfin_test

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// policyOf returns the policy of a local user, as text by member.
func policyOf(t *testing.T, fake *jellyfintest.Server, id string) map[string]string {
	t.Helper()
	user, ok := fake.User(id)
	if !ok {
		t.Fatalf("there is no local user %s", id)
	}
	policy := map[string]string{}
	for name, raw := range user.Policy {
		policy[name] = string(raw)
	}
	return policy
}

// changed returns the members of a policy that differ, with their new values.
func changed(before, after map[string]string) map[string]string {
	diff := map[string]string{}
	for name, value := range after {
		if before[name] != value {
			diff[name] = value
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			diff[name] = "gone"
		}
	}
	return diff
}

// guestSecret is the password of the guests of tests.
const guestSecret = "the secret of a guest, which is long enough to be one"

func TestCreateGuest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		films, shows := fake.Libraries()["Films"], fake.Libraries()["Shows"]
		to := mediaserver.Restriction{Libraries: []string{films, strings.Repeat("f", 32), strings.ToUpper(shows), films, "nonsense"}}
		guest, err := s.CreateGuest(t.Context(), "Anna", guestSecret, to)
		if err != nil {
			t.Fatal(err)
		}
		if want := (mediaserver.LocalUser{ID: guest.ID, Name: "Anna", Hidden: true, RemoteAccess: true}); guest != want {
			t.Errorf("guest %+v, want %+v", guest, want)
		}
		user, _ := fake.User(guest.ID)
		if user.Password != guestSecret {
			t.Errorf("password %q, want the secret", user.Password)
		}
		ordinary := policyOf(t, fake, fake.AddUser("ordinary", "x", false))
		want := map[string]string{
			"EnableAllFolders": "false", "EnabledFolders": `["` + films + `","` + shows + `"]`,
			"EnableAllChannels": "false", "EnableLiveTvAccess": "false", "EnableSharedDeviceControl": "false", "EnablePublicSharing": "false",
		}
		if diff := cmp.Diff(want, changed(ordinary, policyOf(t, fake, guest.ID))); diff != "" {
			t.Errorf("changes of the policy (-want +got): %s", diff)
		}
		// The name is taken in another letter case, and so is the next name that the agent
		// tries.
		for _, want := range []string{"anna 2", "anna 3"} {
			if guest, err = s.CreateGuest(t.Context(), "anna", guestSecret, mediaserver.Restriction{AllLibraries: true}); err != nil || guest.Name != want {
				t.Errorf("guest %+v (error %v), want the name %s", guest, err, want)
			}
		}
		policy := policyOf(t, fake, guest.ID)
		if policy["EnableAllFolders"] != "true" || policy["EnabledFolders"] != "[]" || policy["EnableLiveTvAccess"] != "true" {
			t.Errorf("policy %v, want one for all libraries", policy)
		}
	})
}

// The list of local users says which libraries each local user may see, also after an
// administrator has changed that.
func TestLocalUsersSee(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		films := fake.Libraries()["Films"]
		guest, err := s.CreateGuest(t.Context(), "Anna", guestSecret, mediaserver.Restriction{Libraries: []string{films}})
		if err != nil {
			t.Fatal(err)
		}
		sees := func() mediaserver.Restriction {
			users, err := s.LocalUsers(t.Context())
			at := slices.IndexFunc(users, func(u mediaserver.LocalUser) bool { return u.ID == guest.ID })
			if err != nil || at < 0 || users[at].Sees == nil {
				t.Fatalf("local users %+v (error %v), want the guest with libraries", users, err)
			}
			return *users[at].Sees
		}
		if diff := cmp.Diff(mediaserver.Restriction{Libraries: []string{films}}, sees()); diff != "" {
			t.Errorf("guest (-want +got):\n%s", diff)
		}
		fake.SetPolicy(guest.ID, "EnableAllFolders", "true")
		if !sees().AllLibraries {
			t.Errorf("guest sees %+v, want all libraries", sees())
		}
	})
}

func TestGuestWithoutLibraries(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		guest, err := s.CreateGuest(t.Context(), "Anna", guestSecret, mediaserver.Restriction{})
		if err != nil {
			t.Fatal(err)
		}
		if policy := policyOf(t, fake, guest.ID); policy["EnableAllFolders"] != "false" || policy["EnabledFolders"] != "[]" {
			t.Errorf("policy %v, want one without libraries", policy)
		}
	})
}

func TestGuestNames(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "10.11")
	s := drive(t, fake.URL, fake.APIKey)
	for name, want := range map[string]string{
		"": "Guest", "  ": "Guest 2", ".a": ".a", "<b>\x00&": "b", "  Zoë  ": "Zoë", "Łukasz/№7": "Łukasz7", "O'Neil_2 @ home+": "O'Neil_2 @ home+",
		strings.Repeat("x", 63) + " y": strings.Repeat("x", 63),
	} {
		if name == "  " {
			continue // depends on the order
		}
		if guest, err := s.CreateGuest(t.Context(), name, guestSecret, mediaserver.Restriction{}); err != nil || guest.Name != want {
			t.Errorf("guest %q: name %q (error %v), want %q", name, guest.Name, err, want)
		}
	}
}

// Jellyfin 12 refuses a name that consists of dots only.
func TestGuestNamedWithDots(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ *jellyfintest.Server, s *jellyfin.Server) {
		if guest, err := s.CreateGuest(t.Context(), "..", guestSecret, mediaserver.Restriction{}); err != nil || guest.Name != "Guest" {
			t.Errorf("guest %+v (error %v), want the name Guest", guest, err)
		}
	})
}

func TestGuestNameTakenMeanwhile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		fake.Before("CreateUserByName", func() { fake.AddUser("Anna", "theirs", false) })
		guest, err := s.CreateGuest(t.Context(), "Anna", guestSecret, mediaserver.Restriction{})
		if err != nil || guest.Name != "Anna 2" {
			t.Errorf("guest %+v (error %v), want the name Anna 2", guest, err)
		}
		if theirs, ok := fake.User("Anna"); !ok || theirs.Password != "theirs" || theirs.Disabled || string(theirs.Policy["EnableAllFolders"]) != "true" {
			t.Errorf("local user of another administrator %+v, want it unchanged", theirs)
		}
	})
}

// enabled returns the names of enabled local users, without root.
func enabled(fake *jellyfintest.Server) []string {
	return slices.DeleteFunc(fake.Users(), func(name string) bool {
		user, _ := fake.User(name)
		return user.Disabled || name == "root"
	})
}

func TestGuestHalfMade(t *testing.T) {
	t.Parallel()
	tests := map[string]func(fake *jellyfintest.Server){
		"policy fails":      func(fake *jellyfintest.Server) { fake.Break("UpdateUserPolicy", 1, jellyfintest.Status(500)) },
		"policy unanswered": func(fake *jellyfintest.Server) { fake.Break("UpdateUserPolicy", 1, jellyfintest.HangUp) },
		"policy refused":    func(fake *jellyfintest.Server) { fake.Break("UpdateUserPolicy", 1, jellyfintest.Status(403)) },
		"policy not kept":   func(fake *jellyfintest.Server) { fake.Break("UpdateUserPolicy", 1, jellyfintest.Status(204)) },
		"reading fails":     func(fake *jellyfintest.Server) { fake.Break("GetUserById", 1, jellyfintest.Garbage) },
		"reading again fails": func(fake *jellyfintest.Server) {
			fake.Before("UpdateUserPolicy", func() { fake.Break("GetUserById", 1, jellyfintest.Status(502)) })
		},
		"cannot be deleted": func(fake *jellyfintest.Server) {
			fake.Break("UpdateUserPolicy", 1, jellyfintest.Status(500))
			fake.Break("DeleteUser", jellyfintest.Forever, jellyfintest.Status(500))
		},
		"making breaks off":       func(fake *jellyfintest.Server) { fake.BreakAfter("CreateUserByName", 1, jellyfintest.HangUp) },
		"made, answer half":       func(fake *jellyfintest.Server) { fake.BreakAfter("CreateUserByName", 1, jellyfintest.Half) },
		"made, answer another":    func(fake *jellyfintest.Server) { fake.BreakAfter("CreateUserByName", 1, jellyfintest.Other) },
		"made, answer null":       func(fake *jellyfintest.Server) { fake.BreakAfter("CreateUserByName", 1, jellyfintest.Null) },
		"made, answer by a proxy": func(fake *jellyfintest.Server) { fake.BreakAfter("CreateUserByName", 1, jellyfintest.Status(504)) },
		"made, killed before its password": func(fake *jellyfintest.Server) {
			fake.Before("CreateUserByName", func() { fake.AddUser("Anna", "", false) })
			fake.Break("CreateUserByName", 1, jellyfintest.HangUp)
		},
		"not made, server fails": func(fake *jellyfintest.Server) { fake.Break("CreateUserByName", 1, jellyfintest.Status(500)) },
		"not made, refused":      func(fake *jellyfintest.Server) { fake.Break("CreateUserByName", 1, jellyfintest.Status(403)) },
		"name always taken":      func(fake *jellyfintest.Server) { fake.Break("CreateUserByName", 20, jellyfintest.Status(400)) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
				spoil(fake)
				guest, err := s.CreateGuest(t.Context(), "Anna", guestSecret, mediaserver.Restriction{})
				if err == nil || guest != (mediaserver.LocalUser{}) {
					t.Fatalf("guest %+v (error %v), want an error and no guest", guest, err)
				}
				if left := enabled(fake); len(left) > 0 {
					t.Errorf("enabled local users %v, want none; error %v", left, err)
				}
				if got, want := errors.Is(err, mediaserver.ErrNameTaken), name == "name always taken"; got != want {
					t.Errorf("got the error %v, want ErrNameTaken: %t", err, want)
				}
			})
		})
	}
}

func TestGuestThatCannotBeTakenBack(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "10.11")
	s := drive(t, fake.URL, fake.APIKey)
	fake.Break("UpdateUserPolicy", jellyfintest.Forever, jellyfintest.Status(500))
	fake.Break("DeleteUser", jellyfintest.Forever, jellyfintest.Status(500))
	_, err := s.CreateGuest(t.Context(), "Anna", guestSecret, mediaserver.Restriction{})
	user, _ := fake.User("Anna")
	if err == nil || !strings.Contains(err.Error(), user.ID) || !strings.Contains(err.Error(), "delete the local user") {
		t.Errorf("error %v, want one that asks to delete %s", err, user.ID)
	}
	fake.BreakAfter("CreateUserByName", 1, jellyfintest.HangUp)
	_, err = s.CreateGuest(t.Context(), "Cleo", guestSecret, mediaserver.Restriction{})
	user, _ = fake.User("Cleo")
	if err == nil || !strings.Contains(err.Error(), user.ID) || len(fake.Tokens(user.ID)) > 0 {
		t.Errorf("tokens %v and error %v, want no token and the id %s", fake.Tokens(user.ID), err, user.ID)
	}
	fake.Mend()
	fake.BreakAfter("CreateUserByName", 1, jellyfintest.HangUp)
	fake.Before("CreateUserByName", func() { fake.Break("GetUsers", jellyfintest.Forever, jellyfintest.Status(503)) })
	if _, err = s.CreateGuest(t.Context(), "Ben", guestSecret, mediaserver.Restriction{}); err == nil || !strings.Contains(err.Error(), `"Ben"`) {
		t.Errorf("error %v, want one that names Ben", err)
	}
}

// If a guest that is only partly made can be neither deleted nor disabled, the error names the step
// that failed first, whichever step that is. The error is one line with one prefix.
func TestGuestThatCannotBeTakenBackHasOnePrefix(t *testing.T) {
	t.Parallel()
	for failing, want := range map[string]string{
		"GetUserById": "jellyfin: making a guest: reading a local user: it failed (500)", "UpdateUserPolicy": "jellyfin: making a guest: it failed (500)",
	} {
		fake := jellyfintest.New(t, "12")
		s := drive(t, fake.URL, fake.APIKey)
		for _, operation := range []string{failing, "DeleteUser", "UpdateUserPolicy"} {
			fake.Break(operation, jellyfintest.Forever, jellyfintest.Status(500))
		}
		_, err := s.CreateGuest(t.Context(), "Anna", guestSecret, mediaserver.Restriction{})
		if err == nil || !strings.HasPrefix(err.Error(), want) || clearError(err, fake) != "" {
			t.Errorf("%s fails: error %v, want one clear line that begins with %q", failing, err, want)
		}
	}
}

// If it is not known whether a guest was made, a local user with the same name whom another
// administrator made at the same moment stays unchanged.
func TestGuestOfSomebodyElse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		for name, password := range map[string]string{"Anna": "theirs", "Ben": ""} {
			fake.Before("CreateUserByName", func() {
				code, _ := fake.ShowCode("TV", "tv")
				fake.Approve(code, fake.AddUser(name, password, false)) // the local user is in use
			})
			fake.Break("CreateUserByName", 1, jellyfintest.HangUp)
			if _, err := s.CreateGuest(t.Context(), name, guestSecret, mediaserver.Restriction{}); err == nil {
				t.Fatal("no error, want one")
			}
			if theirs, ok := fake.User(name); !ok || theirs.Disabled {
				t.Errorf("local user of another administrator %+v (exists: %v), want it enabled", theirs, ok)
			}
		}
	})
}

func TestGuestsInParallel(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "12")
	s := drive(t, fake.URL, fake.APIKey)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := s.CreateGuest(t.Context(), "Anna", guestSecret, mediaserver.Restriction{}); err != nil {
				t.Errorf("error %v, want none", err)
			}
		})
	}
	all.Wait()
	if diff := cmp.Diff([]string{"Anna", "Anna 2", "Anna 3", "Anna 4", "root"}, fake.Users()); diff != "" {
		t.Errorf("local users (-want +got): %s", diff)
	}
}

// Administrators are never changed, even if they became administrators after the caller has
// read them.
func TestAdministratorsAreNeverTouched(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		ctx := t.Context()
		anna := fake.AddUser("Anna", "a", false)
		fake.SetPolicy(anna, "IsAdministrator", "true")
		before := policyOf(t, fake, anna)
		for name, err := range map[string]error{
			"restrict": s.Restrict(ctx, anna, mediaserver.Restriction{}),
			"disable":  s.SetDisabled(ctx, anna, true),
			"enable":   s.SetDisabled(ctx, anna, false),
			"delete":   s.Delete(ctx, anna),
		} {
			if !errors.Is(err, mediaserver.ErrNotAllowed) {
				t.Errorf("%s: error %v, want %v", name, err, mediaserver.ErrNotAllowed)
			}
		}
		if !maps.Equal(before, policyOf(t, fake, anna)) {
			t.Error("the policy of an administrator changed")
		}
		for _, request := range fake.Requests() {
			if request.Method != http.MethodGet {
				t.Errorf("request %s %s, want only GET", request.Method, request.Operation)
			}
		}
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		ctx := t.Context()
		anna := fake.AddUser("Anna", "a", false)
		if err := s.Delete(ctx, anna); err != nil {
			t.Fatal(err)
		}
		if _, ok := fake.User(anna); ok {
			t.Error("the local user was not deleted")
		}
		for name, err := range map[string]error{
			"delete":   s.Delete(ctx, anna),
			"restrict": s.Restrict(ctx, anna, mediaserver.Restriction{}),
			"disable":  s.SetDisabled(ctx, anna, true),
		} {
			if !errors.Is(err, mediaserver.ErrNotFound) {
				t.Errorf("%s: error %v, want %v", name, err, mediaserver.ErrNotFound)
			}
		}
		ben := fake.AddUser("Ben", "b", false)
		fake.Before("DeleteUser", func() { fake.RemoveUser(ben) })
		if err := s.Delete(ctx, ben); !errors.Is(err, mediaserver.ErrNotFound) {
			t.Errorf("deleted in the meantime: error %v, want %v", err, mediaserver.ErrNotFound)
		}
		cleo := fake.AddUser("Cleo", "c", false)
		fake.Before("UpdateUserPolicy", func() { fake.RemoveUser(cleo) })
		if err := s.SetDisabled(ctx, cleo, true); !errors.Is(err, mediaserver.ErrNotFound) {
			t.Errorf("deleted in the meantime: error %v, want %v", err, mediaserver.ErrNotFound)
		}
	})
}

// A 404 of a proxy does not mean that a local user does not exist.
func TestNotFoundIsConfirmed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna := fake.AddUser("Anna", "a", false)
		disable := func() error { return s.SetDisabled(t.Context(), anna, true) }
		remove := func() error { return s.Delete(t.Context(), anna) }
		for _, test := range []struct {
			operation string
			do        func() error
		}{{"GetUserById", disable}, {"GetUserById", remove}, {"UpdateUserPolicy", disable}, {"DeleteUser", remove}} {
			fake.Break(test.operation, jellyfintest.Forever, jellyfintest.Status(404))
			if err := test.do(); err == nil || errors.Is(err, mediaserver.ErrNotFound) {
				t.Errorf("%s: error %v, want one other than %v", test.operation, err, mediaserver.ErrNotFound)
			}
			fake.Mend()
		}
		fake.Break("", jellyfintest.Forever, jellyfintest.Status(404))
		if _, err := s.LocalUser(t.Context(), anna); err == nil || errors.Is(err, mediaserver.ErrNotFound) {
			t.Errorf("error %v, want one other than %v", err, mediaserver.ErrNotFound)
		}
	})
}

// Only a local user with the secret of a guest is that guest. Without a secret nobody is a
// guest, and a disabled local user is never a guest.
func TestIsGuest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		guest, err := s.CreateGuest(t.Context(), "Anna", guestSecret, mediaserver.Restriction{})
		if err != nil {
			t.Fatal(err)
		}
		shut, err := s.CreateGuest(t.Context(), "Ben", guestSecret, mediaserver.Restriction{})
		if err != nil || s.SetDisabled(t.Context(), shut.ID, true) != nil {
			t.Fatal(err)
		}
		half := fake.AddUser("half made", guestSecret, false)
		for _, test := range []struct {
			name, id, secret string
			want             bool
		}{
			{"the guest", guest.ID, guestSecret, true},
			{"half made", half, guestSecret, true},
			{"another secret", guest.ID, guestSecret + "x", false},
			{"no secret", guest.ID, "", false},
			{"somebody with a password", fake.AddUser("Cleo", "c", false), guestSecret, false},
			{"somebody without a password", fake.AddUser("Dan", "", false), guestSecret, false},
			{"somebody without a password, no secret", fake.AddUser("Eve", "", false), "", false},
			{"disabled", shut.ID, guestSecret, false},
			{"administrator", fake.AddUser("Fay", guestSecret, true), guestSecret, false},
			{"nobody", strings.Repeat("a", 32), guestSecret, false},
		} {
			if is, err := s.IsGuest(t.Context(), test.id, test.secret); err != nil || is != test.want {
				t.Errorf("%s: %t with error %v, want %t", test.name, is, err, test.want)
			}
		}
	})
}
