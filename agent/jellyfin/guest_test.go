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

// policyOf is the policy of a local user, as text by member.
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

// changed are the members of a policy that differ, with their new value.
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

func TestCreateGuest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		films, shows := fake.Libraries()["Films"], fake.Libraries()["Shows"]
		to := mediaserver.Restriction{Libraries: []string{films, strings.Repeat("f", 32), strings.ToUpper(shows), films, "nonsense"}}
		guest, err := s.CreateGuest(t.Context(), "Anna", to)
		if err != nil {
			t.Fatal(err)
		}
		if want := (mediaserver.LocalUser{ID: guest.ID, Name: "Anna", Hidden: true, RemoteAccess: true}); guest != want {
			t.Errorf("%+v", guest)
		}
		user, _ := fake.User(guest.ID)
		if len(user.Password) < 40 {
			t.Errorf("a short password: %d characters", len(user.Password))
		}
		ordinary := policyOf(t, fake, fake.AddUser("ordinary", "x", false))
		want := map[string]string{
			"EnableAllFolders": "false", "EnabledFolders": `["` + films + `","` + shows + `"]`, "IsHidden": "true",
			"EnableAllChannels": "false", "EnableLiveTvAccess": "false", "EnableLiveTvManagement": "false",
			"EnableSharedDeviceControl": "false", "EnablePublicSharing": "false",
		}
		if diff := cmp.Diff(want, changed(ordinary, policyOf(t, fake, guest.ID))); diff != "" {
			t.Error(diff)
		}
		// A name that somebody has, in other letters, and the next one.
		for _, want := range []string{"anna 2", "anna 3"} {
			if guest, err = s.CreateGuest(t.Context(), "anna", mediaserver.Restriction{AllLibraries: true}); err != nil || guest.Name != want {
				t.Errorf("%+v, %v; want %s", guest, err, want)
			}
		}
		policy := policyOf(t, fake, guest.ID)
		if policy["EnableAllFolders"] != "true" || policy["EnabledFolders"] != "[]" || policy["EnableLiveTvAccess"] != "true" {
			t.Errorf("with all libraries: %v", policy)
		}
		other, _ := fake.User(guest.ID)
		if other.Password == user.Password {
			t.Error("two guests have one password")
		}
	})
}

func TestGuestWithoutLibraries(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		guest, err := s.CreateGuest(t.Context(), "Anna", mediaserver.Restriction{})
		if err != nil {
			t.Fatal(err)
		}
		if policy := policyOf(t, fake, guest.ID); policy["EnableAllFolders"] != "false" || policy["EnabledFolders"] != "[]" {
			t.Errorf("%v", policy)
		}
	})
}

func TestGuestNames(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "10.11")
	s := drive(t, fake.URL, fake.APIKey)
	for name, want := range map[string]string{
		"": "Guest", "  ": "Guest 2", "<b>\x00&": "b", "  Zoë  ": "Zoë", "Łukasz/№7": "Łukasz7", "O'Neil_2 @ home+": "O'Neil_2 @ home+",
		strings.Repeat("x", 63) + " y": strings.Repeat("x", 63),
	} {
		if name == "  " {
			continue // depends on the order
		}
		if guest, err := s.CreateGuest(t.Context(), name, mediaserver.Restriction{}); err != nil || guest.Name != want {
			t.Errorf("%q: %q, %v", name, guest.Name, err)
		}
	}
}

func TestGuestNameTakenMeanwhile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		fake.Before("CreateUserByName", func() { fake.AddUser("Anna", "theirs", false) })
		guest, err := s.CreateGuest(t.Context(), "Anna", mediaserver.Restriction{})
		if err != nil || guest.Name != "Anna 2" {
			t.Errorf("%+v, %v", guest, err)
		}
		if theirs, ok := fake.User("Anna"); !ok || theirs.Password != "theirs" || theirs.Hidden || theirs.Disabled {
			t.Errorf("somebody else's local user was touched: %+v", theirs)
		}
	})
}

// enabled are the local users that could be signed in with, besides root.
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
		"not made, server fails":  func(fake *jellyfintest.Server) { fake.Break("CreateUserByName", 1, jellyfintest.Status(500)) },
		"not made, refused":       func(fake *jellyfintest.Server) { fake.Break("CreateUserByName", 1, jellyfintest.Status(403)) },
		"name always taken":       func(fake *jellyfintest.Server) { fake.Break("CreateUserByName", 20, jellyfintest.Status(400)) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
				spoil(fake)
				guest, err := s.CreateGuest(t.Context(), "Anna", mediaserver.Restriction{})
				if err == nil || guest != (mediaserver.LocalUser{}) {
					t.Fatalf("%+v, %v", guest, err)
				}
				if left := enabled(fake); len(left) > 0 {
					t.Errorf("left enabled: %v; %v", left, err)
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
	_, err := s.CreateGuest(t.Context(), "Anna", mediaserver.Restriction{})
	user, _ := fake.User("Anna")
	if err == nil || !strings.Contains(err.Error(), user.ID) || !strings.Contains(err.Error(), "delete the local user") {
		t.Errorf("what is left is not said: %v", err)
	}
	fake.BreakAfter("CreateUserByName", 1, jellyfintest.HangUp)
	_, err = s.CreateGuest(t.Context(), "Cleo", mediaserver.Restriction{})
	user, _ = fake.User("Cleo")
	if err == nil || !strings.Contains(err.Error(), user.ID) || len(fake.Tokens(user.ID)) > 0 {
		t.Errorf("left: %v, %v", fake.Tokens(user.ID), err)
	}
	fake.Mend()
	fake.BreakAfter("CreateUserByName", 1, jellyfintest.HangUp)
	fake.Before("CreateUserByName", func() { fake.Break("GetUsers", jellyfintest.Forever, jellyfintest.Status(503)) })
	if _, err = s.CreateGuest(t.Context(), "Ben", mediaserver.Restriction{}); err == nil || !strings.Contains(err.Error(), `"Ben"`) {
		t.Errorf("that nobody knows is not said: %v", err)
	}
}

// TestGuestOfSomebodyElse: when nobody knows whether a guest was made, a local user
// that another administrator made under that name in the same moment is let alone.
func TestGuestOfSomebodyElse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		fake.Before("CreateUserByName", func() { fake.AddUser("Anna", "theirs", false) })
		fake.Break("CreateUserByName", 1, jellyfintest.HangUp)
		if _, err := s.CreateGuest(t.Context(), "Anna", mediaserver.Restriction{}); err == nil {
			t.Fatal("made")
		}
		if theirs, ok := fake.User("Anna"); !ok || theirs.Disabled {
			t.Errorf("gone or disabled: %+v", theirs)
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
			if _, err := s.CreateGuest(t.Context(), "Anna", mediaserver.Restriction{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if diff := cmp.Diff([]string{"Anna", "Anna 2", "Anna 3", "Anna 4", "root"}, fake.Users()); diff != "" {
		t.Error(diff)
	}
}

// TestAdministratorsAreNeverTouched: not even one who became an administrator since
// the caller looked.
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
				t.Errorf("%s: %v", name, err)
			}
		}
		if !maps.Equal(before, policyOf(t, fake, anna)) {
			t.Error("the policy of an administrator changed")
		}
		for _, request := range fake.Requests() {
			if request.Method != http.MethodGet {
				t.Errorf("%s was asked", request.Operation)
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
			t.Error("still there")
		}
		for name, err := range map[string]error{
			"delete":   s.Delete(ctx, anna),
			"restrict": s.Restrict(ctx, anna, mediaserver.Restriction{}),
			"disable":  s.SetDisabled(ctx, anna, true),
		} {
			if !errors.Is(err, mediaserver.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		ben := fake.AddUser("Ben", "b", false)
		fake.Before("DeleteUser", func() { fake.RemoveUser(ben) })
		if err := s.Delete(ctx, ben); !errors.Is(err, mediaserver.ErrNotFound) {
			t.Errorf("deleted meanwhile: %v", err)
		}
		cleo := fake.AddUser("Cleo", "c", false)
		fake.Before("UpdateUserPolicy", func() { fake.RemoveUser(cleo) })
		if err := s.SetDisabled(ctx, cleo, true); !errors.Is(err, mediaserver.ErrNotFound) {
			t.Errorf("deleted meanwhile: %v", err)
		}
	})
}

// TestNotFoundIsConfirmed: a 404 of a proxy says nothing about a local user.
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
				t.Errorf("%s: %v", test.operation, err)
			}
			fake.Mend()
		}
		fake.Break("", jellyfintest.Forever, jellyfintest.Status(404))
		if _, err := s.LocalUser(t.Context(), anna); err == nil || errors.Is(err, mediaserver.ErrNotFound) {
			t.Error(err)
		}
	})
}
