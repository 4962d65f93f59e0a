package jellyfintest_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// setByRequest changes members of a policy as an administrator does: it reads the whole
// object and sends it back.
func setByRequest(t *testing.T, fake *jellyfintest.Server, id, member, value string) {
	t.Helper()
	key := `Authorization: MediaBrowser Token="` + fake.APIKey + `"`
	var user struct {
		Policy map[string]json.RawMessage `json:"Policy"`
	}
	if err := json.Unmarshal([]byte(ask(t, fake, "GET /Users/"+id, "", key).body), &user); err != nil {
		t.Fatal(err)
	}
	user.Policy[member] = json.RawMessage(value)
	body, err := json.Marshal(user.Policy)
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, fake, "POST /Users/"+id+"/Policy", string(body), key); got.status != 204 {
		t.Fatalf("policy with %s %s: %+v, want status 204", member, value, got)
	}
}

// The test tries everything that may end a token. A token ends for ever when its user is
// disabled, when a sign-out request sends only the token, and when a code of the same device
// is approved. It stays valid after a restart, and after the hours in which the user may not
// use the server.
func TestWhenATokenLives(t *testing.T) {
	t.Parallel()
	for _, version := range both() {
		now := time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC) // a Monday
		fake := jellyfintest.New(t, version, jellyfintest.Clock(func() time.Time { return now }))
		anna := fake.AddUser("Anna", "a", false)
		key := `Authorization: MediaBrowser Token="` + fake.APIKey + `"`
		is := func(fact, token string, want int) {
			t.Helper()
			if got := ask(t, fake, "GET /Users/Me", "", token); got.status != want {
				t.Errorf("%s: %s: status %d, want %d", version, fact, got.status, want)
			}
		}
		token := signInAnna(t, fake)
		fake.Restart()
		is("after a restart", token, 200)

		code, _ := fake.ShowCode("Firefox, at home", "d1")
		if got := ask(t, fake, "POST /QuickConnect/Authorize?code="+code+"&userId="+anna, "", key); got.status != 200 {
			t.Errorf("%s: %+v, want status 200", version, got)
		}
		is("the same device has been approved, and has not fetched its token yet", token, 401)

		token = signInAnna(t, fake)
		fake.SetPolicy(anna, "AccessSchedules", `[{"DayOfWeek":"Everyday","StartHour":8,"EndHour":12}]`)
		is("in hours that are shut", token, 403)
		code, _ = fake.ShowCode("TV", "d2")
		if got := ask(t, fake, "POST /QuickConnect/Authorize?code="+code+"&userId="+anna, "", key); got.status != 200 {
			t.Errorf("%s: approved in hours that are shut: %+v, want status 200", version, got)
		}
		fake.SetPolicy(anna, "AccessSchedules", "[]")
		is("when the hours are open again", token, 200)

		setByRequest(t, fake, anna, "IsDisabled", "true")
		is("of a disabled user", token, 401)
		setByRequest(t, fake, anna, "IsDisabled", "false")
		is("of a user who was enabled again", token, 401)

		token = signInAnna(t, fake)
		alone := `Authorization: MediaBrowser Token="` + fake.Tokens(anna)[0].Value + `"`
		if got := ask(t, fake, "POST /Sessions/Logout", "", alone); got.status != 204 {
			t.Errorf("%s: signed out with the token alone: %+v, want status 204", version, got)
		}
		is("after a sign-out with the token alone", token, 401)
	}
}
