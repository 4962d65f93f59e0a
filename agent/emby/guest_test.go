package emby_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// send sends a request with the key of the fake.
func send(t *testing.T, k *kit, method, path, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, k.fake.URL+path, strings.NewReader(body))
	noError(t, err)
	request.Header.Set("X-Emby-Token", k.fake.APIKey)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(request)
	noError(t, err)
	_ = answer.Body.Close()
}

// A guest is hidden, sees the chosen libraries alone, signs in with the secret, and keeps every member of
// the policy that is not about guests.
func TestGuest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *kit) {
		k.fake.AddUser("Lena", "x", false)
		user := k.guest(t, "lena")
		if user.Name != "lena 2" || !user.Hidden || user.Disabled || user.Administrator || !user.RemoteAccess {
			t.Errorf("guest %+v, want lena 2, hidden and let in", user)
		}
		policy := k.fake.Policy(user.ID)
		for name, want := range map[string]any{
			"EnableAllFolders": false, "EnableContentDeletion": false, "EnableSharedDeviceControl": false, "EnableLiveTvAccess": false,
			"IsHiddenRemotely": true, "EnableMediaPlayback": true, "EnableContentDownloading": true,
			"AuthenticationProviderId": "Emby.Server.Implementations.Library.DefaultAuthenticationProvider",
		} {
			if policy[name] != want {
				t.Errorf("%s is %v, want %v", name, policy[name], want)
			}
		}
		if folders, _ := policy["EnabledFolders"].([]any); len(folders) != 1 || folders[0] != k.fake.Library("Films") {
			t.Errorf("folders %v, want the one library", policy["EnabledFolders"])
		}
		if k.fake.SignIn("lena 2", secret, "tv") == "" {
			t.Error("the guest cannot sign in with the secret")
		}
		for _, test := range []struct {
			secret string
			want   bool
		}{{secret, true}, {"other", false}, {"", false}} {
			if is, err := k.IsGuest(t.Context(), user.ID, test.secret); is != test.want || err != nil {
				t.Errorf("is guest with %q: %v, %v, want %v", test.secret, is, err, test.want)
			}
		}
		noError(t, k.Restrict(t.Context(), user.ID, mediaserver.Restriction{AllLibraries: true}))
		if policy := k.fake.Policy(user.ID); policy["EnableAllFolders"] != true || policy["IsHidden"] != true {
			t.Errorf("policy %v, want all libraries and nothing else changed", policy)
		}
		noError(t, k.Delete(t.Context(), user.ID))
		if err := k.Delete(t.Context(), user.ID); !errors.Is(err, mediaserver.ErrNotFound) {
			t.Errorf("deleted twice: %v, want ErrNotFound", err)
		}
	})
}

// Nobody can use a guest who is only partly made: at each step, the program is cut off, or an answer
// gets lost. Afterwards IsGuest either finds a complete guest, or leaves no local user behind.
func TestGuestIsCutOff(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"postUsersNew", "postUsersByIdPassword", "postUsersByIdPolicy", "postUsersById", "getUsersQuery"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			by := &mortal{}
			k.fake.Before(step, func() { by.dead.Store(true) }) // this request is still carried out
			_, err := k.driverBy(t, k.fake.APIKey, by).CreateGuest(t.Context(), "lena", secret, mediaserver.Restriction{})
			if err == nil {
				t.Fatal("no error of a call that was cut off")
			}
			if n := len(k.fake.Named("lena")); n != 1 {
				t.Fatalf("%d local users before the agent looks, want the one that was begun", n)
			}
			for _, id := range k.fake.Named("lena") {
				is, err := k.IsGuest(t.Context(), id, secret)
				noError(t, err)
				if is != (step == "postUsersById") || is != (k.fake.Policy(id) != nil) {
					t.Errorf("is guest: %v; want that a guest who was not finished is gone", is)
				}
			}
		})
		t.Run(step+" answer lost", func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			k.fake.Lose(step, 1)
			if _, err := k.CreateGuest(t.Context(), "lena", secret, mediaserver.Restriction{}); err == nil {
				t.Fatal("no error without an answer")
			}
			if left := k.fake.Named("lena"); len(left) != 0 {
				t.Errorf("local users %v are left, want none", left)
			}
		})
	}
}

// A local user whom somebody else made does not become a guest, whatever their name is.
func TestIsGuestLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, name := range []string{"lena", "lena 00000000000000000000", "lena 12"} {
		id := k.fake.AddUser(name, "", false)
		if is, err := k.IsGuest(t.Context(), id, secret); is || err != nil || k.fake.Policy(id) == nil {
			t.Errorf("%s: %v, %v, want that they are left alone", name, is, err)
		}
	}
	guest := k.guest(t, "otto")
	noError(t, k.SetDisabled(t.Context(), guest.ID, true))
	if is, err := k.IsGuest(t.Context(), guest.ID, secret); is || err != nil {
		t.Errorf("disabled: %v, %v, want false", is, err)
	}
}

// If a name is taken at the same moment, or cannot be a name at Emby, the guest gets another name.
func TestGuestName(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.fake.Before("postUsersById", func() { k.fake.AddUser("lena", "", false) })
	if user := k.guest(t, "lena"); user.Name != "lena 2" {
		t.Errorf("name %q, want lena 2", user.Name)
	}
	if user := k.guest(t, `"/<>`); user.Name != "Guest" {
		t.Errorf("name %q, want Guest", user.Name)
	}
}
