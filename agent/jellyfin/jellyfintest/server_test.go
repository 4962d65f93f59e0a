package jellyfintest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// device is the Authorization header of a device that signs in.
const device = `MediaBrowser Client="Jellyfin%20Web", Device="Firefox%2C%20at%20home", DeviceId="d1", Version="10.11.0"`

// withToken returns the Authorization header of a device that is signed in.
func withToken(token string) string { return device + `, Token="` + token + `"` }

// answered is an answer of the fake.
type answered struct {
	status int
	kind   string
	body   string
}

// ask sends a request: method and path, headers as "Name: value", JSON.
func ask(t *testing.T, fake *jellyfintest.Server, request, body string, headers ...string) answered {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, fake.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		if name, value, ok := strings.Cut(header, ": "); ok {
			r.Header.Set(name, value)
		}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{answer.StatusCode, answer.Header.Get("Content-Type"), string(raw)}
}

// member returns a member of a JSON object as text; path is like "User.Id".
func member(t *testing.T, raw, path string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(raw), &value); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	for name := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return fmt.Sprint(value)
}

func TestWholeSignIn(t *testing.T) {
	t.Parallel()
	for _, version := range jellyfintest.Versions() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			fake := jellyfintest.New(t, version)
			anna := fake.AddUser("Anna", "a", false)
			in := ask(t, fake, "POST /Users/AuthenticateByName", `{"Username":"anna","Pw":"a"}`, "Authorization: "+device)
			token := member(t, in.body, "AccessToken")
			if in.status != 200 || member(t, in.body, "User.Id") != anna || member(t, in.body, "SessionInfo.DeviceName") != "Firefox, at home" {
				t.Fatalf("sign-in %+v, want 200 with the names of user and device", in)
			}
			for _, request := range []string{
				"GET /Users/Me", "GET /users/me", "GET /Users/" + anna, "GET /System/Info", "GET /Users", "GET /Users/Public",
				"GET /System/Info/Public", "GET /System/Ping", "POST /System/Ping", "GET /QuickConnect/Enabled",
			} {
				if got := ask(t, fake, request, "", "Authorization: "+withToken(token)); got.status != 200 || got.kind != "application/json; charset=utf-8" {
					t.Errorf("%s: %+v, want status 200", request, got)
				}
			}
			if version != "10.8" {
				if got := ask(t, fake, "GET /Sessions?deviceId=d1", "", "Authorization: "+withToken(token)); !strings.Contains(got.body, `"UserId":"`+anna) {
					t.Errorf("sessions %+v, want that of %s", got, anna)
				}
			}
			for _, request := range []string{"GET /Auth/Keys", "GET /Devices", "GET /Library/MediaFolders", "DELETE /Users/" + anna} {
				if got := ask(t, fake, request, "", "Authorization: "+withToken(token)); got.status != 403 || got.body != "" {
					t.Errorf("%s: %+v, want status 403", request, got)
				}
				key := `Authorization: MediaBrowser Token="` + fake.APIKey + `"`
				if got := ask(t, fake, request, "", key); got.status != 200 && got.status != 204 {
					t.Errorf("%s with the key: %+v, want status 200 or 204", request, got)
				}
			}
			if got := ask(t, fake, "GET /Users/Me", "", "Authorization: "+withToken(token)); got.status != 401 || got.body != "" {
				t.Errorf("deleted: %+v, want status 401", got)
			}
			raw := `Authorization: MediaBrowser Device="a, b=c", Client="x+y", DeviceId=d2,Version="1"`
			root := `{"Username":"root","Pw":"root's password"}`
			if got := ask(t, fake, "POST /Users/AuthenticateByName", root, raw); member(t, got.body, "SessionInfo.DeviceName") != "a, b=c" ||
				member(t, got.body, "SessionInfo.Client") != "x y" || member(t, got.body, "SessionInfo.DeviceId") != "d2" {
				t.Errorf("header that is not percent-encoded: %+v, want its values as they are", got)
			}
			if got := ask(t, fake, "POST /Users/AuthenticateByName", `{"Username":"Anna","Pw":"wrong"}`, "Authorization: "+device); got.status != 401 ||
				got.body != "Error processing request." || got.kind != "text/plain" {
				t.Errorf("wrong password: %+v, want status 401 with a text", got)
			}
		})
	}
}

func TestQuickConnectOfAClient(t *testing.T) {
	t.Parallel()
	for _, version := range jellyfintest.Versions() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
			fake := jellyfintest.New(t, version, jellyfintest.Clock(func() time.Time { return now }))
			anna := fake.AddUser("Anna", "a", false)
			method, authorize := "POST", "POST /QuickConnect/Authorize?userId="+anna+"&code="
			header := `Authorization: MediaBrowser Token="` + fake.APIKey + `"`
			if version == "10.8" {
				in := ask(t, fake, "POST /Users/AuthenticateByName", `{"Username":"Anna","Pw":"a"}`, "Authorization: "+strings.Replace(device, "d1", "phone", 1))
				method, authorize = "GET", "POST /QuickConnect/Authorize?code="
				header = "Authorization: " + strings.Replace(withToken(member(t, in.body, "AccessToken")), "d1", "phone", 1)
			}
			start := func() (code, secret string) {
				got := ask(t, fake, method+" /QuickConnect/Initiate", "", "Authorization: "+device)
				if got.status != 200 || member(t, got.body, "Authenticated") != "false" || member(t, got.body, "DeviceId") != "d1" {
					t.Fatalf("answer %+v, want status 200", got)
				}
				return member(t, got.body, "Code"), member(t, got.body, "Secret")
			}
			finish := func(secret string) answered {
				return ask(t, fake, "POST /Users/AuthenticateWithQuickConnect", `{"Secret":"`+secret+`"}`)
			}
			code, secret := start()
			if got := finish(secret); got.status != 404 {
				t.Errorf("not approved: %+v, want status 404", got)
			}
			if got := ask(t, fake, authorize+code, "", header); got.status != 200 || got.body != "true" {
				t.Errorf("answer %+v, want status 200", got)
			}
			if got := ask(t, fake, authorize+code, "", header); got.status != 500 || got.body != "Error processing request." {
				t.Errorf("approved already: %+v, want status 500", got)
			}
			if got := ask(t, fake, authorize+"111111", "", header); got.status != 404 {
				t.Errorf("unknown: %+v, want status 404", got)
			}
			if got := ask(t, fake, "GET /QuickConnect/Connect?Secret="+secret, ""); member(t, got.body, "Authenticated") != "true" {
				t.Errorf("state %+v, want it authenticated", got)
			}
			got := finish(secret)
			if got.status != 200 || member(t, got.body, "User.Id") != anna || finish(secret).body != got.body {
				t.Errorf("answer %+v, want status 200", got)
			}
			first := member(t, got.body, "AccessToken")
			code, secret = start()
			ask(t, fake, authorize+code, "", header)
			second := member(t, finish(secret).body, "AccessToken")
			if got := ask(t, fake, "GET /Users/Me", "", "Authorization: "+withToken(first)); got.status != 401 || first == second {
				t.Errorf("the former token of the device: %+v, want status 401", got)
			}
			code, _ = start()
			now = now.Add(10*time.Minute + time.Second)
			if got := ask(t, fake, authorize+code, "", header); got.status != 404 {
				t.Errorf("after ten minutes: %+v, want status 404", got)
			}
			_, secret = start()
			fake.Restart()
			if got := ask(t, fake, "GET /QuickConnect/Connect?secret="+secret, ""); got.status != 404 {
				t.Errorf("after a restart: %+v, want status 404", got)
			}
			fake.SetQuickConnect(false)
			for _, request := range []string{method + " /QuickConnect/Initiate", "GET /QuickConnect/Connect?secret=" + secret} {
				if got := ask(t, fake, request, "", "Authorization: "+device); got.status != 401 {
					t.Errorf("off: %s: %+v, want status 401", request, got)
				}
			}
		})
	}
}

// In 10.8 a code is approved only for the local user to whom the token belongs.
func TestOldAuthorize(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "10.8")
	fake.AddUser("Anna", "a", false)
	code, _ := fake.ShowCode("TV", "tv")
	if got := ask(t, fake, "POST /QuickConnect/Authorize?code="+code, "", `Authorization: MediaBrowser Token="`+fake.APIKey+`"`); got.status == 200 {
		t.Errorf("approval with the key: %+v, want a refusal", got)
	}
}

func TestLegacyHeaders(t *testing.T) {
	t.Parallel()
	for _, version := range jellyfintest.Versions() {
		var drift []string
		fake := jellyfintest.New(t, version, jellyfintest.Report(func(text string) { drift = append(drift, text) }))
		for _, test := range []struct{ request, header string }{
			{"GET /Users", "X-Emby-Token: " + fake.APIKey},
			{"GET /Users", "X-MediaBrowser-Token: " + fake.APIKey},
			{"GET /Users", `X-Emby-Authorization: MediaBrowser Token="` + fake.APIKey + `"`},
			{"GET /Users", `Authorization: Emby Token="` + fake.APIKey + `"`},
			{"GET /Users?api_key=" + fake.APIKey, ""},
		} {
			drift = nil
			got := ask(t, fake, test.request, "", test.header)
			if old := version != "12"; (got.status == 200) != old || (len(drift) == 0) != old {
				t.Errorf("%s: %s: status %d and drift %v, want 200 without drift: %v", version, test.header, got.status, drift, old)
			}
		}
		for _, test := range []struct{ request, header string }{
			{"GET /Users", `Authorization: MediaBrowser Token="` + fake.APIKey + `"`},
			{"GET /Users", `Authorization: mediabrowser Token=` + fake.APIKey},
			{"GET /Users?ApiKey=" + fake.APIKey, ""},
		} {
			drift = nil
			if got := ask(t, fake, test.request, "", test.header); got.status != 200 || len(drift) > 0 {
				t.Errorf("%s: %s: status %d and drift %v, want 200 without drift", version, test.header, got.status, drift)
			}
		}
	}
}

func TestPolicyIsTakenAsAWhole(t *testing.T) {
	t.Parallel()
	for _, version := range jellyfintest.Versions() {
		var drift []string
		fake := jellyfintest.New(t, version, jellyfintest.Report(func(text string) { drift = append(drift, text) }))
		anna := fake.AddUser("Anna", "a", false)
		root, _ := fake.User("root")
		fake.SetPolicy(anna, "EnableRemoteAccess", "false")
		fake.SetPolicy(anna, "MaxActiveSessions", "3")
		key := `Authorization: MediaBrowser Token="` + fake.APIKey + `"`
		post := func(id, policy string) answered { return ask(t, fake, "POST /Users/"+id+"/Policy", policy, key) }
		if got := post(anna, `{"IsHidden":true}`); got.status != 400 || len(drift) == 0 {
			t.Errorf("%s: policy without its providers: %+v and drift %v, want status 400 with drift", version, got, drift)
		}
		drift = nil
		ids := `"AuthenticationProviderId":"a","PasswordResetProviderId":"b"`
		if got := post(anna, `{"IsHidden":true,`+ids+`}`); got.status != 204 || got.body != "" || len(drift) == 0 {
			t.Errorf("%s: policy of a few members: %+v and drift %v, want status 204 with drift", version, got, drift)
		}
		if after, _ := fake.User(anna); string(after.Policy["EnableRemoteAccess"]) != "true" || string(after.Policy["MaxActiveSessions"]) != "0" || !after.Hidden {
			t.Errorf("%s: policy %v, want defaults for the members that were left out", version, after.Policy)
		}
		for _, test := range []struct {
			id, policy string
			want       int
		}{
			{root.ID, `{"IsAdministrator":false,` + ids + `}`, 403},
			{root.ID, `{"IsAdministrator":true,"IsDisabled":true,` + ids + `}`, 403},
			{strings.Repeat("a", 32), `{` + ids + `}`, 404},
			{anna, `[]`, 400},
		} {
			if got := post(test.id, test.policy); got.status != test.want {
				t.Errorf("%s: %s: %+v, want status %d", version, test.policy, got, test.want)
			}
		}
	}
}

func TestDisabledUser(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "10.11")
	anna := fake.AddUser("Anna", "a", false)
	fake.SetPolicy(anna, "IsDisabled", "true")
	key := `Authorization: MediaBrowser Token="` + fake.APIKey + `"`
	code, secret := fake.ShowCode("TV", "d1")
	if got := ask(t, fake, "POST /QuickConnect/Authorize?code="+code+"&userId="+anna, "", key); got.status != 200 {
		t.Errorf("Jellyfin approves for a disabled local user: %+v, want status 200", got)
	}
	token := member(t, ask(t, fake, "POST /Users/AuthenticateWithQuickConnect", `{"Secret":"`+secret+`"}`).body, "AccessToken")
	if got := ask(t, fake, "GET /Users/Me", "", "Authorization: "+withToken(token)); got.status != 401 {
		t.Errorf("a disabled local user is let in: %+v, want status 401", got)
	}
	fake.SetPolicy(anna, "IsDisabled", "false")
	if got := ask(t, fake, "GET /Users/Me", "", "Authorization: "+withToken(token)); got.status != 200 {
		t.Errorf("a token from before the user was enabled: %+v, want status 200", got)
	}
	fake.SetPolicy(anna, "IsDisabled", "true")
	if got := ask(t, fake, "POST /Users/AuthenticateByName", `{"Username":"Anna","Pw":"a"}`, "Authorization: "+device); got.status != 403 {
		t.Errorf("answer %+v, want status 403", got)
	}
}

func TestPasswordEndsTokens(t *testing.T) {
	t.Parallel()
	for _, version := range jellyfintest.Versions() {
		fake := jellyfintest.New(t, version)
		anna := fake.AddUser("Anna", "a", false)
		token := member(t, ask(t, fake, "POST /Users/AuthenticateByName", `{"Username":"Anna","Pw":"a"}`, "Authorization: "+device).body, "AccessToken")
		path := "POST /Users/Password?userId=" + anna
		if version == "10.8" {
			path = "POST /Users/" + anna + "/Password"
		}
		if got := ask(t, fake, path, `{"CurrentPw":"wrong","NewPw":"b"}`, "Authorization: "+withToken(token)); got.status != 403 {
			t.Errorf("%s: %+v, want status 403", version, got)
		}
		if got := ask(t, fake, path, `{"NewPw":"b"}`, `Authorization: MediaBrowser Token="`+fake.APIKey+`"`); got.status != 204 || got.body != "" {
			t.Errorf("%s: %+v, want status 204", version, got)
		}
		if user, _ := fake.User(anna); user.Password != "b" || len(fake.Tokens(anna)) > 0 {
			t.Errorf("%s: user %+v with tokens %v, want the password b and no token", version, user, fake.Tokens(anna))
		}
	}
}

func TestPictures(t *testing.T) {
	t.Parallel()
	for _, version := range jellyfintest.Versions()[1:] {
		fake := jellyfintest.New(t, version)
		anna := fake.AddUser("Anna", "a", false)
		key := `Authorization: MediaBrowser Token="` + fake.APIKey + `"`
		path := " /UserImage?userId=" + anna
		if got := ask(t, fake, "GET"+path, ""); got.status != 404 {
			t.Errorf("answer %+v, want status 404", got)
		}
		if got := ask(t, fake, "POST"+path, "aGVsbG8=", key, "Content-Type: image/png"); got.status != 204 {
			t.Errorf("answer %+v, want status 204", got)
		}
		if got := ask(t, fake, "GET"+path, ""); got != (answered{200, "image/png", "hello"}) {
			t.Errorf("picture %+v, want status 200 and hello", got)
		}
		if got := ask(t, fake, "HEAD"+path, ""); got != (answered{200, "image/png", ""}) {
			t.Errorf("HEAD of a picture %+v, want status 200 without a body", got)
		}
		if got := ask(t, fake, "DELETE"+path, "", key); got.status != 204 {
			t.Errorf("answer %+v, want status 204", got)
		}
	}
}

func TestDevicesAndKeys(t *testing.T) {
	t.Parallel()
	for _, version := range jellyfintest.Versions() {
		fake := jellyfintest.New(t, version)
		anna := fake.AddUser("Anna", "a", false)
		code, _ := fake.ShowCode("TV", "tv")
		fake.Approve(code, anna)
		key := `Authorization: MediaBrowser Token="` + fake.APIKey + `"`
		if got := ask(t, fake, "DELETE /Devices?id=tv", "", key); got.status != 204 || len(fake.Tokens(anna)) != 0 {
			t.Errorf("%s: %+v, want status 204", version, got)
		}
		want := 404
		if version == "12" {
			want = 400
		}
		if got := ask(t, fake, "DELETE /Devices?id=tv", "", key); got.status != want {
			t.Errorf("%s: %+v, want status %d", version, got, want)
		}
		if got := ask(t, fake, "POST /Auth/Keys?app=Connect%20agent", "", key); got.status != 204 {
			t.Errorf("%s: %+v, want status 204", version, got)
		}
		if got := ask(t, fake, "GET /Auth/Keys", "", key); !strings.Contains(got.body, `"AppName":"Connect agent"`) {
			t.Errorf("%s: keys %+v, want one of Connect agent", version, got)
		}
		if got := ask(t, fake, "DELETE /Auth/Keys/"+fake.APIKey, "", key); got.status != 204 {
			t.Errorf("%s: %+v, want status 204", version, got)
		}
		if got := ask(t, fake, "GET /Auth/Keys", "", key); got.status != 401 {
			t.Errorf("%s: %+v, want status 401", version, got)
		}
	}
}

// A fake can be used as a handler without a test, and then keeps its drift.
func TestWithoutATest(t *testing.T) {
	t.Parallel()
	fake, err := jellyfintest.NewHandler("10.10", jellyfintest.Base("/media"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/media/System/Info/Public": 200, "/media/No/Such": 404, "/media/Sessions/Logout": 405, "/System/Info/Public": 302, "/mediax/System/Info/Public": 302} {
		w := httptest.NewRecorder()
		fake.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, bytes.NewReader(nil)))
		if w.Code != want {
			t.Errorf("%s: status %d, want %d", path, w.Code, want)
		}
	}
	if drift := fake.Drift(); len(drift) == 0 || !strings.Contains(strings.Join(drift, "\n"), "/media/No/Such") {
		t.Errorf("drift %v, want one about /media/No/Such", drift)
	}
	if _, err := jellyfintest.NewHandler("10.7"); err == nil {
		t.Error("a fake of 10.7 was made, want an error")
	}
}
