package emby_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/emby"
	"github.com/latchkey-media/latchkey/agent/emby/embytest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// Identity returns the name and the version of the server. Its errors name a wrong key, version or address.
func TestIdentity(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	got, err := k.Identity(t.Context())
	noError(t, err)
	want := mediaserver.Identity{ID: k.fake.ID(), Name: "Attic", Version: "4.8.11.0", Product: "Emby Server"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if _, err := k.driver(t, "wrong").Identity(t.Context()); !errors.Is(err, mediaserver.ErrKeyRefused) {
		t.Errorf("with a wrong key: %v, want ErrKeyRefused", err)
	}
	k.fake.AddUser("Kid", "kid's password", false)
	if _, err := k.driver(t, k.fake.SignIn("Kid", "kid's password", "tv")).Identity(t.Context()); !errors.Is(err, mediaserver.ErrKeyRefused) {
		t.Errorf("with the token of a local user: %v, want ErrKeyRefused", err)
	}
	k.fake.SetVersion("4.7.14.0")
	if _, err := k.Identity(t.Context()); !errors.Is(err, mediaserver.ErrTooOld) {
		t.Errorf("with 4.7: %v, want ErrTooOld", err)
	}
	k.fake.SetVersion("10.11.1")
	if _, err := k.Identity(t.Context()); err != nil {
		t.Errorf("with a version that nobody knows: %v, want none", err)
	}
}

// The checks of the setup name the step that fails.
func TestCheck(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	last := func(server *emby.Server) string {
		t.Helper()
		steps, err := server.Check(t.Context())
		noError(t, err)
		step := steps[len(steps)-1]
		if step.OK {
			return "fine: " + step.Name
		}
		if step.Advice == "" || !strings.HasSuffix(step.Text, ".") {
			t.Errorf("step %+v, want a sentence and advice", step)
		}
		return step.Name
	}
	if got := last(k.Server); got != "fine: sign-in" {
		t.Errorf("last step %q, want that all went well", got)
	}
	if got := last(k.driver(t, "wrong")); got != "key" {
		t.Errorf("failed at %q, want key", got)
	}
	k.fake.SetVersion("4.6.0.0")
	if got := last(k.Server); got != "version" {
		t.Errorf("failed at %q, want version", got)
	}
	k.fake.SetVersion("new")
	if got := last(k.Server); got != "Emby" {
		t.Errorf("failed at %q, want Emby", got)
	}
}

// An address that people copy from their browser works; a wrong one is named.
func TestAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"ftp://emby": "http://", "http://": "http://", "http://me:pass@emby": "password", "http://emby?x=1": "query", "http://a b": "address",
	} {
		_, err := emby.New(emby.Options{URL: address, APIKey: "k", Passwords: nil})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", address, err, want)
		}
	}
	if _, err := emby.New(emby.Options{URL: "http://emby", APIKey: "k"}); err == nil {
		t.Error("no error without managed passwords")
	}
}

// Local users and libraries are listed whole.
func TestLists(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	films := k.fake.Library("Films")
	kid := k.fake.AddUser("Kid", "x", false)
	k.fake.SetPolicy(kid, map[string]any{"EnableAllFolders": false, "EnabledFolders": []string{films}, "IsHidden": true, "IsDisabled": true})
	users, err := k.LocalUsers(t.Context())
	noError(t, err)
	want := mediaserver.LocalUser{ID: kid, Name: "Kid", Disabled: true, Hidden: true, RemoteAccess: true, Sees: &mediaserver.Restriction{Libraries: []string{films}}}
	if len(users) != 2 || !users[0].Administrator {
		t.Fatalf("local users %+v, want root and Kid", users)
	}
	if diff := cmp.Diff(want, users[1]); diff != "" {
		t.Errorf("local user (-want +got):\n%s", diff)
	}
	libraries, err := k.Libraries(t.Context())
	noError(t, err)
	if diff := cmp.Diff([]mediaserver.Library{{ID: films, Name: "Films", Kind: "movies"}, {ID: k.fake.Library("Shows"), Name: "Shows", Kind: "tvshows"}}, libraries); diff != "" {
		t.Errorf("libraries (-want +got):\n%s", diff)
	}
	if _, err := k.LocalUser(t.Context(), strings.Repeat("a", 32)); !errors.Is(err, mediaserver.ErrNotFound) {
		t.Errorf("an unknown local user: %v, want ErrNotFound", err)
	}
}

// The operations that Emby does not have return ErrUnsupported and send no request.
func TestUnsupported(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	_, proof := k.StartProof(t.Context(), "lena")
	for what, err := range map[string]error{
		"proof": proof, "code": k.ApproveCode(t.Context(), "123456", strings.Repeat("a", 32)),
		"text": k.Say(t.Context(), "x", "y", "z"), "stop": k.StopPlaying(t.Context(), "x"),
	} {
		if !errors.Is(err, mediaserver.ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", what, err)
		}
	}
	if _, err := k.CheckProof(t.Context(), "x"); !errors.Is(err, mediaserver.ErrProofOver) {
		t.Errorf("check of a proof: %v, want ErrProofOver", err)
	}
	if n := len(k.fake.Seen()); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

// No administrator is ever changed.
func TestAdministratorsStay(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	root := k.fake.Named("root")[0]
	before := k.fake.Policy(root)
	for what, err := range map[string]error{
		"password": k.GivePassword(t.Context(), root, "new"), "disable": k.SetDisabled(t.Context(), root, true),
		"restrict": k.Restrict(t.Context(), root, mediaserver.Restriction{}), "delete": k.Delete(t.Context(), root),
		"limits": k.ChangeLimits(t.Context(), root, func(l mediaserver.Limits) (mediaserver.Limits, error) { return l, nil }),
	} {
		if !errors.Is(err, mediaserver.ErrNotAllowed) {
			t.Errorf("%s: %v, want ErrNotAllowed", what, err)
		}
	}
	if diff := cmp.Diff(before, k.fake.Policy(root)); diff != "" || k.fake.Password(root) != "root's password" {
		t.Errorf("the administrator was changed:\n%s", diff)
	}
}

// The fake tells when a request does not fit the description.
func TestDrift(t *testing.T) {
	t.Parallel()
	var drift []string
	k := newKit(t, embytest.Report(func(one string) { drift = append(drift, one) }))
	_ = k.GivePassword(t.Context(), k.fake.AddUser("Kid", "", false), "a new password")
	if len(drift) != 0 {
		t.Fatalf("drift %q, want none", drift)
	}
	for _, bad := range []struct{ method, path, body, want string }{
		{"POST", "/Users/New", `{"Name":"x","CurrentPw":""}`, "CurrentPw"},
		{"POST", "/Users/" + k.fake.Named("Kid")[0] + "/Policy", `{"IsHidden":true}`, "the whole policy is needed"},
		{"GET", "/Users", "", "there is no such operation"},
		{"GET", "/Devices?userId=1", "", "the query has no userId"},
		{"POST", "/Users/AuthenticateByName", `{"Username":"Kid","Pw":"x"}`, "the header X-Emby-Authorization is missing"},
	} {
		drift = nil
		send(t, k, bad.method, bad.path, bad.body)
		if !strings.Contains(strings.Join(drift, "; "), bad.want) {
			t.Errorf("%s %s: drift %q, want %q", bad.method, bad.path, drift, bad.want)
		}
	}
}
