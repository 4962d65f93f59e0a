package jellyfin_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

func TestPolicyRoundTrip(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		ctx := t.Context()
		anna := fake.AddUser("Anna", "a", false)
		// A member of the policy that no known version has stays as it was read, byte for
		// byte.
		odd := `{"b":1.50,"a":[1e3,"<&>  ",null],"b ":"ü\u00fc"}`
		for name, raw := range map[string]string{
			"AFutureThing": odd, "ZFutureNumber": "12345678901234567890.10", "MaxParentalRating": "14", "EnabledDevices": `["x"]`,
			"RemoteClientBitrateLimit": "8000000", "EnableContentDownloading": "false",
		} {
			fake.SetPolicy(anna, name, raw)
		}
		before := policyOf(t, fake, anna)
		films := fake.Libraries()["Films"]
		if err := s.Restrict(ctx, anna, mediaserver.Restriction{Libraries: []string{films}}); err != nil {
			t.Fatal(err)
		}
		restricted := policyOf(t, fake, anna)
		want := map[string]string{"EnableAllFolders": "false", "EnabledFolders": `["` + films + `"]`}
		if diff := cmp.Diff(want, changed(before, restricted)); diff != "" {
			t.Errorf("changes by restricting (-want +got): %s", diff)
		}
		if err := s.SetDisabled(ctx, anna, true); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"IsDisabled": "true"}, changed(restricted, policyOf(t, fake, anna))); diff != "" {
			t.Errorf("changes by disabling (-want +got): %s", diff)
		}
		if err := s.SetDisabled(ctx, anna, false); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(restricted, policyOf(t, fake, anna)) {
			t.Error("the policy is another one after disabling and enabling")
		}
		if err := s.Restrict(ctx, anna, mediaserver.Restriction{AllLibraries: true}); err != nil || policyOf(t, fake, anna)["EnableAllFolders"] != "true" {
			t.Errorf("restrict to all libraries: error %v, want none, and EnableAllFolders true", err)
		}
	})
}

func TestSetDisabledEndsTokens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna := fake.AddUser("Anna", "a", false)
		if _, err := s.Mint(t.Context(), anna, tv()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.SetDisabled(t.Context(), anna, true); err != nil {
				t.Fatal(err)
			}
		}
		if tokens := fake.Tokens(anna); len(tokens) > 0 {
			t.Errorf("tokens %+v, want none", tokens)
		}
		writes := slices.DeleteFunc(fake.Requests(), func(r jellyfintest.Request) bool { return r.Operation != "UpdateUserPolicy" })
		if len(writes) != 1 {
			t.Errorf("%d writes of the same policy, want 1", len(writes))
		}
	})
}

func TestPolicyWithoutAMember(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "12")
	s := drive(t, fake.URL, fake.APIKey)
	anna := fake.AddUser("Anna", "a", false)
	fake.Break("GetUserById", jellyfintest.Forever, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"Id": anna, "Name": "Anna", "Policy": map[string]any{
			"IsAdministrator": false, "IsDisabled": false, "IsHidden": false, "EnableRemoteAccess": true,
		}})
	})
	if err := s.Restrict(t.Context(), anna, mediaserver.Restriction{}); err == nil {
		t.Error("no error for a policy without libraries, want one")
	}
}

// A local user who gets a password signs in only with this password, and their tokens end. The same
// password may be given again. An administrator never gets a password, and an empty password is
// refused.
func TestGivePassword(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		ctx := t.Context()
		anna := fake.AddUser("Anna", "a", false)
		if _, err := s.Mint(ctx, anna, tv()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.GivePassword(ctx, anna, "tapo-rimu-sake"); err != nil {
				t.Fatal(err)
			}
		}
		if user, _ := fake.User(anna); user.Password != "tapo-rimu-sake" {
			t.Errorf("password %q, want the one that was given", user.Password)
		}
		if tokens := fake.Tokens(anna); len(tokens) > 0 {
			t.Errorf("tokens %+v, want none", tokens)
		}
		if err := s.GivePassword(ctx, anna, ""); !errors.Is(err, mediaserver.ErrNotAllowed) {
			t.Errorf("an empty password: error %v, want %v", err, mediaserver.ErrNotAllowed)
		}
		boss := fake.AddUser("Boss", "b", true)
		if err := s.GivePassword(ctx, boss, "tapo-rimu-sake"); !errors.Is(err, mediaserver.ErrNotAllowed) {
			t.Errorf("an administrator: error %v, want %v", err, mediaserver.ErrNotAllowed)
		}
		if user, _ := fake.User(boss); user.Password != "b" {
			t.Error("the password of an administrator was changed")
		}
		fake.Before("UpdateUserPassword", func() { fake.RemoveUser(anna) })
		if err := s.GivePassword(ctx, anna, "sake-rimu-tapo"); !errors.Is(err, mediaserver.ErrNotFound) {
			t.Errorf("deleted in the meantime: error %v, want %v", err, mediaserver.ErrNotFound)
		}
	})
}
