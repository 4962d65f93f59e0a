package builtin_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// signs reports whether somebody at home can sign in with a name and a password.
func (k *kit) signs(name, password string) bool {
	k.t.Helper()
	w := k.do(ask{method: "POST", path: "/Users/AuthenticateByName", from: home, header: map[string]string{
		"Content-Type": jsonType, "X-Emby-Device-Id": "probe",
	}, body: members("Username", name, "Pw", password)})
	return w.Code == http.StatusOK
}

// Each form of the request in docs/emby-connect.md §4.4 changes a local user's own password
// and ends all their other sessions.
func TestChangePassword(t *testing.T) {
	t.Parallel()
	for name, shape := range map[string]func(from, to string) (contentType, body string){
		"JS20, JSON":  func(from, to string) (string, string) { return jsonType, members("CurrentPw", from, "NewPw", to) },
		"WEB48, form": func(from, to string) (string, string) { return formType, fields("CurrentPw", from, "NewPw", to) },
		"JAVA, SHA": func(from, to string) (string, string) {
			return formType, fields("currentPassword", sha(from), "newPassword", sha(to))
		},
		"upper case": func(from, to string) (string, string) {
			return formType, fields("CURRENTPASSWORD", strings.ToUpper(sha(from)), "NEWPASSWORD", strings.ToUpper(sha(to)))
		},
		"JSON, SHA": func(from, to string) (string, string) {
			return jsonType, members("currentPassword", sha(from), "newPassword", sha(to))
		},
		"with a false": func(from, to string) (string, string) {
			return jsonType, `{"Id":"x","ResetPassword":false,` + members("CurrentPw", from, "NewPw", to)[1:]
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			user := k.add("alice", "old é", false)
			token := k.mint(user)
			second, err := k.Mint(t.Context(), user.ID, device("d2"))
			if err != nil {
				t.Fatal(err)
			}
			send := func(from, to string) int {
				contentType, body := shape(from, to)
				return k.do(ask{method: "POST", path: "/emby/Users/" + user.ID + "/Password", body: body, header: map[string]string{"X-Emby-Token": token, "Content-Type": contentType}}).Code
			}
			if got := send("wrong", "new +"); got != 400 {
				t.Errorf("a wrong current password: status %d, want 400", got)
			}
			if !k.good(second.Value) || !k.signs("alice", "old é") {
				t.Fatal("a wrong current password ended a session or changed the password")
			}
			if got := send("old é", ""); got != 400 {
				t.Errorf("no new password: status %d, want 400", got)
			}
			if got := send("old é", "new +"); got != 204 {
				t.Fatalf("the right current password: status %d, want 204", got)
			}
			if k.signs("alice", "old é") || !k.signs("alice", "new +") {
				t.Error("the new password does not sign in, or the old one does")
			}
			if !k.good(token) || k.good(second.Value) {
				t.Errorf("this session is valid: %v, the other: %v; want true and false", k.good(token), k.good(second.Value))
			}
		})
	}
}

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user, admin, open := k.add("alice", "secret-1", false), k.add("boss", "secret-2", true), k.add("open", "", false)
	guest := k.guest("guest")
	users, admins, opens, guests := k.mint(user), k.mint(admin), k.mint(open), k.mint(guest)
	path := func(u mediaserver.LocalUser) string { return "/Users/" + u.ID + "/Password" }
	for name, c := range map[string]struct {
		path, token, body string
		want              int
	}{
		"no token":                 {path(user), "", members("CurrentPw", "secret-1", "NewPw", "x"), 401},
		"of another":               {path(admin), users, members("CurrentPw", "secret-2", "NewPw", "x"), 403},
		"no current one":           {path(user), users, members("NewPw", "x"), 400},
		"reset one's own":          {path(user), users, `{"ResetPassword":true}`, 403},
		"an admin's own":           {path(admin), admins, `{"ResetPassword":true}`, 403},
		"an admin's own, new":      {path(admin), admins, `{"NewPw":"x","ResetPassword":true}`, 400},
		"a guest's own":            {path(guest), guests, members("CurrentPw", "", "NewPw", "x"), 403},
		"a guest's, by an admin":   {path(guest), admins, members("NewPw", "x"), 403},
		"a guest's reset by one":   {path(guest), admins, `{"ResetPassword":true}`, 403},
		"nothing, by an admin":     {path(user), admins, `{}`, 400},
		"of nobody":                {"/Users/" + strings.Repeat("0", 32) + "/Password", admins, members("NewPw", "x"), 404},
		"a guest's easy one":       {"/Users/" + guest.ID + "/EasyPassword", guests, members("NewPw", "1"), 403},
		"another's easy one":       {"/Users/" + admin.ID + "/EasyPassword", users, members("NewPw", "1"), 403},
		"no easy one":              {"/Users/" + user.ID + "/EasyPassword", users, `{}`, 400},
		"an empty SHA":             {path(user), users, members("currentPassword", sha("secret-1"), "newPassword", sha("")), 400},
		"what is no SHA":           {path(user), users, members("currentPassword", sha("secret-1"), "newPassword", "plain"), 400},
		"a list for a password":    {path(user), users, `{"CurrentPw":["secret-1"],"NewPw":{"a":"b"}}`, 400},
		"an empty one, for others": {path(user), admins, `{"NewPw":"","ResetPassword":false}`, 400},
	} {
		if w := k.post(c.path, c.token, c.body); w.Code != c.want {
			t.Errorf("%s: status %d, want %d: %s", name, w.Code, c.want, w.Body)
		}
	}
	if !k.signs("alice", "secret-1") || !k.signs("boss", "secret-2") || !k.good(users) {
		t.Fatal("a refused request changed a password or ended a session")
	}
	want(t, k.post(path(user), admins, members("NewPw", "given")), 204)
	if !k.signs("alice", "given") || k.good(users) {
		t.Error("the password that an administrator set does not sign in, or the sessions are still valid")
	}
	want(t, k.do(ask{method: "POST", path: path(user), header: map[string]string{"X-Emby-Token": admins, "Content-Type": formType}, body: "resetPassword=true"}), 204)
	if !k.signs("alice", "") || k.signs("alice", "given") {
		t.Error("the password was not removed")
	}
	want(t, k.post(path(open), opens, members("NewPw", "first")), 204) // a local user without a password does not have to prove one
	if !k.signs("open", "first") || k.signs("open", "") {
		t.Error("the first password was not set")
	}
	want(t, k.post(path(admin), admins, members("CurrentPw", "secret-2", "NewPw", "own")), 204)
	if !k.signs("boss", "own") || !k.good(admins) {
		t.Error("an administrator cannot change their own password")
	}
}

// Many requests that know the old password change it at the same time. Exactly one of
// them succeeds.
func TestChangePasswordRaces(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "old", false)
	token := k.mint(user)
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for range 8 {
		wg.Go(func() {
			w := k.post("/Users/"+user.ID+"/Password", token, members("CurrentPw", "old", "NewPw", "new"))
			mu.Lock()
			defer mu.Unlock()
			got[w.Code]++
		})
	}
	wg.Wait()
	if got[204] != 1 {
		t.Errorf("answers by status %v, want 204 once", got)
	}
}

// A wrong current password counts like a wrong password at sign-in. It makes later sign-ins
// on the same known device wait, but not sign-ins on other devices.
func TestChangePasswordThrottled(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "old", false)
	token := k.mint(user)
	codes := []int{}
	for range 5 {
		codes = append(codes, k.post("/Users/"+user.ID+"/Password", token, members("CurrentPw", "x", "NewPw", "new")).Code)
	}
	if codes[3] != 400 || codes[4] != 429 {
		t.Errorf("statuses %v, want four of 400 and then 429", codes)
	}
	if got := k.signInOn("d1", "old", home); got != 429 {
		t.Errorf("sign-in on the same device: status %d, want 429", got)
	}
	if got := k.signInOn("d2", "old", home); got != 200 {
		t.Errorf("sign-in on another device: status %d, want 200", got)
	}
}

// An easy PIN signs in at home. After five wrong PINs only the password signs in.
func TestEasyPIN(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "secret-1", false)
	token := k.mint(user)
	path := "/emby/Users/" + user.ID + "/EasyPassword"
	for contentType, body := range map[string]string{formType: "NewPw=1234", formType + " ": "newPassword=" + sha("1234"), jsonType: `{"NewPw":"1234"}`, "": `{"NewPw":1234}`} {
		want(t, k.do(ask{method: "POST", path: path, header: map[string]string{"X-Emby-Token": token, "Content-Type": contentType}, body: body}), 204)
		if !k.signs("alice", "1234") || !k.signs("alice", "secret-1") {
			t.Errorf("%s: the PIN or the password does not sign in", body)
		}
		want(t, k.do(ask{method: "POST", path: path, header: map[string]string{"X-Emby-Token": token, "Content-Type": formType}, body: "resetPassword=true"}), 204)
		if k.signs("alice", "1234") {
			t.Error("the PIN was not removed")
		}
	}
	want(t, k.post(path, token, `{"NewPw":"1234"}`), 204)
	if found, err := k.User(t.Context(), user.ID); err != nil || !found.HasEasyPIN {
		t.Errorf("user %+v (error %v), want one with an easy PIN", found, err)
	}
	w := k.do(ask{method: "POST", path: "/Users/AuthenticateByName", from: away, header: map[string]string{"Content-Type": jsonType}, body: members("Username", "alice", "Pw", "1234")})
	want(t, w, 401)
	for i := range 5 { // each from another device at home
		from := "192.168.1." + string(rune('1'+i)) + ":1"
		want(t, k.do(ask{method: "POST", path: "/Users/AuthenticateByName", from: from, body: members("Username", "alice", "Pw", "000"+string(rune('0'+i)))}), 401)
	}
	if k.signs("alice", "1234") {
		t.Error("the PIN still signs in after five wrong ones")
	}
	if !k.signs("alice", "secret-1") {
		t.Error("the password does not sign in after five wrong PINs")
	}
	if err := k.SetPassword(t.Context(), user.ID, "new"); err != nil {
		t.Fatal(err)
	}
	if found, _ := k.User(t.Context(), user.ID); found.HasEasyPIN || k.good(token) {
		t.Error("a new password did not remove the PIN and end the sessions")
	}
}

// The agent gives a local user another password, which ends their sessions. It does not give
// a password to administrators and guests.
func TestGivePassword(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	mira, err := k.AddUser(t.Context(), "mira", "secret-1", false)
	if err != nil {
		t.Fatal(err)
	}
	boss, err := k.AddUser(t.Context(), "boss", "secret-2", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.GivePassword(t.Context(), mira.ID, "tapo-rimu-sake"); err != nil {
		t.Fatal(err)
	}
	if k.signs("mira", "secret-1") || !k.signs("mira", "tapo-rimu-sake") {
		t.Error("the old password still signs in or the new one does not, want the new one alone")
	}
	for id, want := range map[string]error{
		boss.ID: mediaserver.ErrNotAllowed, k.guest("gus").ID: mediaserver.ErrUnsupported, "unknown": mediaserver.ErrNotFound,
	} {
		if err := k.GivePassword(t.Context(), id, "tapo-rimu-sake"); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", id, err, want)
		}
	}
	if err := k.GivePassword(t.Context(), mira.ID, ""); !errors.Is(err, mediaserver.ErrNotAllowed) {
		t.Errorf("an empty password: error %v, want %v", err, mediaserver.ErrNotAllowed)
	}
	if !k.signs("boss", "secret-2") {
		t.Error("the password of an administrator was changed")
	}
}

// A PIN or password is the same on every keyboard: when it is set, when somebody signs in,
// and when it is compared with an older hash, which was made from the text as it was
// typed.
func TestPasswordsAndPINsOfEveryKeyboard(t *testing.T) {
	t.Parallel()
	for kind, same := range map[string][]string{
		"EasyPassword": {"1234", "１２３４", "١٢٣٤", "12\u200b34\u200f", "1\ufe0f\u20e3234 "},
		"Password":     {"caf\u00e9 ok", "cafe\u0301 ok", "caf\u00e9\u00a0ok", "caf\u00e9\ufe0f\u200b ok"},
	} {
		for i, set := range same {
			k := newKit(t)
			user := k.add("alice", "first", false)
			body, all := members("CurrentPw", "first", "NewPw", set), same
			if i == len(same)-1 { // as older servers stored it: a hash of the text as it was typed
				body, all = members("CurrentPw", "first", "newPassword", sha(set)), []string{set}
			}
			want(t, k.post("/Users/"+user.ID+"/"+kind, k.mint(user), body), 204)
			for _, typed := range all {
				if !k.signs("alice", typed) {
					t.Errorf("%s: set as %+q, %+q does not sign in", kind, set, typed)
				}
			}
			if k.signs("alice", "1235") {
				t.Errorf("%s: set as %+q, another one signs in", kind, set)
			}
		}
	}
}

// A password of characters that cannot be seen is not the empty password.
func TestUnseenPasswordIsNotEmpty(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.add("alice", "\u200b\ufe0f", false)
	k.add("open", "", false)
	if k.signs("alice", "") || !k.signs("alice", "\u200b\ufe0f") || k.signs("open", "\u200b") {
		t.Error("a password of unseen characters counts as the empty one")
	}
}

// A forgotten password is not reset here, and the answer does not tell which names exist.
func TestForgotPassword(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.add("alice", "secret-1", false)
	k.add("open", "", false)
	const contact = `{"Action":"ContactAdmin","PinFile":"","PinExpirationDate":null}`
	for _, name := range []string{"alice", "open", "nobody", ""} {
		for _, from := range []string{home, away} {
			w := k.do(ask{method: "POST", path: "/emby/Users/ForgotPassword", from: from, header: map[string]string{"Content-Type": formType}, body: fields("EnteredUsername", name)})
			if w.Code != 200 || w.Body.String() != contact {
				t.Errorf("%q: status %d and %s, want 200 and %s", name, w.Code, w.Body, contact)
			}
		}
	}
	w := k.do(ask{method: "POST", path: "/Users/ForgotPassword/Pin", body: "Pin=1234"})
	if w.Code != 200 || w.Body.String() != `{"Success":false,"UsersReset":[]}` {
		t.Errorf("status %d and %s, want 200 and no success", w.Code, w.Body)
	}
	if !k.signs("alice", "secret-1") {
		t.Error("the password does not sign in any longer")
	}
}
