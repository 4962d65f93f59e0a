package jellyfintest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// The tests in this file check behaviour of the fake that was seen at real servers
// (10.11.11 and 12.0), but does not occur in the captured requests.

// signInAnna signs in a device of the user Anna, whose password is "a", and returns the header
// with its token.
func signInAnna(t *testing.T, fake *jellyfintest.Server) string {
	t.Helper()
	got := ask(t, fake, "POST /Users/AuthenticateByName", `{"Username":"Anna","Pw":"a"}`, "Authorization: "+device)
	if got.status != http.StatusOK {
		t.Fatalf("sign-in of Anna: %+v, want status 200", got)
	}
	return "Authorization: " + withToken(member(t, got.body, "AccessToken"))
}

// Outside of the hours of a local user, its token is refused with 403. Within them the same
// token works again.
func TestHoursShutATokenOut(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.11", "12"} {
		now := time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC) // a Monday
		fake := jellyfintest.New(t, version, jellyfintest.Clock(func() time.Time { return now }))
		anna := fake.AddUser("Anna", "a", false)
		token := signInAnna(t, fake)
		for _, test := range []struct {
			hours string
			want  int
		}{
			{`[{"DayOfWeek":"Everyday","StartHour":8,"EndHour":20.5}]`, 200},
			{`[{"DayOfWeek":"Everyday","StartHour":8,"EndHour":19}]`, 403},
			{`[{"DayOfWeek":"Weekend","StartHour":0,"EndHour":24}]`, 403},
			{`[{"DayOfWeek":"Everyday","StartHour":24,"EndHour":24}]`, 403},
			{`[{"DayOfWeek":"Weekday","StartHour":18.5,"EndHour":24}]`, 200},
			{`[{"DayOfWeek":"Monday","StartHour":0,"EndHour":1},{"DayOfWeek":"Monday","StartHour":19,"EndHour":20}]`, 200},
		} {
			fake.SetPolicy(anna, "AccessSchedules", test.hours)
			if got := ask(t, fake, "GET /Users/Me", "", token); got.status != test.want || test.want == 403 && got.body != "" {
				t.Errorf("%s: %s: %+v, want status %d", version, test.hours, got, test.want)
			}
		}
	}
}

// A change of a policy has an effect on the next request. A renamed library gets a new id,
// so that a policy with the old id no longer shows it. The server sends a film to anybody
// who knows its id, without a token.
func TestLibrariesOfAUser(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.11", "12"} {
		fake := jellyfintest.New(t, version)
		anna := fake.AddUser("Anna", "a", false)
		token := signInAnna(t, fake)
		sees := func() string {
			var names []string
			body := ask(t, fake, "GET /UserViews", "", token).body
			for name := range fake.Libraries() {
				if strings.Contains(body, `"`+name+`"`) {
					names = append(names, name)
				}
			}
			return strings.Join(names, " ")
		}
		fake.SetPolicy(anna, "EnableAllFolders", "false")
		fake.SetPolicy(anna, "EnabledFolders", `["`+fake.Libraries()["Films"]+`"]`)
		if got := sees(); got != "Films" {
			t.Errorf("%s: libraries %q, want Films", version, got)
		}
		if id := fake.RenameLibrary("Films", "Movies"); id != fake.Libraries()["Movies"] || sees() != "" {
			t.Errorf("%s: libraries %q with the id %s, want none", version, sees(), id)
		}
		if got := ask(t, fake, "GET /Videos/"+fake.Film("Movies")+"/stream?static=true", ""); got.status != 200 || got.kind != "video/mp4" {
			t.Errorf("%s: film without a token: %+v, want status 200", version, got)
		}
	}
}

// A local user who becomes an administrator has the rights at once, with the token that
// they had before.
func TestAdministratorByALiveToken(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.11", "12"} {
		fake := jellyfintest.New(t, version)
		anna := fake.AddUser("Anna", "a", false)
		token := signInAnna(t, fake)
		for _, test := range []struct {
			administrator string
			want          int
		}{{"false", 403}, {"true", 200}, {"false", 403}} {
			fake.SetPolicy(anna, "IsAdministrator", test.administrator)
			if got := ask(t, fake, "GET /Auth/Keys", "", token); got.status != test.want {
				t.Errorf("%s: administrator %s: %+v, want status %d", version, test.administrator, got, test.want)
			}
		}
	}
}

// A message for a session and the end of its film are answered with 204, whether or not
// its device can show them, and with 404 for a session that has ended.
func TestCommandsForASession(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.11", "12"} {
		fake := jellyfintest.New(t, version)
		anna := fake.AddUser("Anna", "a", false)
		in := ask(t, fake, "POST /Users/AuthenticateByName", `{"Username":"Anna","Pw":"a"}`, "Authorization: "+device)
		session := "POST /Sessions/" + member(t, in.body, "SessionInfo.Id")
		key := `Authorization: MediaBrowser Token="` + fake.APIKey + `"`
		fake.Play(member(t, in.body, "AccessToken"), "A film")
		if got := ask(t, fake, "GET /Sessions", "", key); !strings.Contains(got.body, `"NowPlayingItem":{`) {
			t.Errorf("%s: sessions %s, want what is played", version, got.body)
		}
		commands := map[string]string{session + "/Message": `{"Text":"Good night"}`, session + "/Playing/Stop": ""}
		for request, body := range commands {
			if got := ask(t, fake, request, body, key); got.status != 204 || got.body != "" {
				t.Errorf("%s: %s: %+v, want status 204 without a body", version, request, got)
			}
			if got := ask(t, fake, request, body); got.status != 401 {
				t.Errorf("%s: %s without a token: %+v, want status 401", version, request, got)
			}
		}
		if got := ask(t, fake, "GET /Sessions", "", key); strings.Contains(got.body, "NowPlayingItem") {
			t.Errorf("%s: sessions %s, want nothing played", version, got.body)
		}
		if sent := fake.Messages(); len(sent) != 1 || sent[0].UserID != anna || sent[0].Text != "Good night" {
			t.Errorf("%s: messages %+v, want one", version, sent)
		}
		fake.EndSessions()
		for request, body := range commands {
			if got := ask(t, fake, request, body, key); got.status != 404 {
				t.Errorf("%s: %s after the session: %+v, want status 404", version, request, got)
			}
		}
	}
}

// If the policy sets a limit of three wrong passwords, Jellyfin 12 disables the local user
// at the third one, and 10.11 does not. With the usual value -1, neither version disables it.
func TestWrongPasswords(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"10.11": false, "12": true} {
		fake := jellyfintest.New(t, version)
		anna := fake.AddUser("Anna", "a", false)
		for _, limit := range []string{"-1", "3"} {
			fake.SetPolicy(anna, "LoginAttemptsBeforeLockout", limit)
			fake.SetPolicy(anna, "InvalidLoginAttemptCount", "0")
			for range 3 {
				ask(t, fake, "POST /Users/AuthenticateByName", `{"Username":"Anna","Pw":"x"}`, "Authorization: "+device)
			}
			if user, _ := fake.User(anna); user.Disabled != (want && limit == "3") {
				t.Errorf("%s: disabled %v after three wrong passwords with the limit %s", version, user.Disabled, limit)
			}
		}
	}
}

// Both versions accept the old header of a token while legacy authorization is on. A path
// with the old prefix /emby works in 10.11 even if legacy authorization is off, and never
// in 12.
func TestLegacyCanBeSwitched(t *testing.T) {
	t.Parallel()
	for version, prefix := range map[string]int{"10.11": 200, "12": 404} {
		fake := jellyfintest.New(t, version, jellyfintest.Report(func(string) {}))
		key := `Authorization: MediaBrowser Token="` + fake.APIKey + `"`
		for on, want := range map[string]int{"true": 200, "false": 401} {
			ask(t, fake, "POST /System/Configuration", `{"EnableLegacyAuthorization":`+on+`}`, key)
			if got := ask(t, fake, "GET /Users", "", "X-Emby-Token: "+fake.APIKey); got.status != want {
				t.Errorf("%s: legacy authorization %s: status %d, want %d", version, on, got.status, want)
			}
			if got := ask(t, fake, "GET /emby/Users", "", key); got.status != prefix {
				t.Errorf("%s: legacy authorization %s: status %d with the prefix, want %d", version, on, got.status, prefix)
			}
		}
	}
}

// A library that was added without a refresh is listed at once by 10.11, and by 12 after
// some minutes.
func TestLibraryAddedWithoutRefresh(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"10.11": true, "12": false} {
		now := time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC)
		fake := jellyfintest.New(t, version, jellyfintest.Clock(func() time.Time { return now }))
		key := `Authorization: MediaBrowser Token="` + fake.APIKey + `"`
		listed := func() bool {
			return strings.Contains(ask(t, fake, "GET /Library/MediaFolders?isHidden=false", "", key).body, `"Kids"`)
		}
		listed()
		ask(t, fake, "POST /Library/VirtualFolders?name=Kids&refreshLibrary=false", "{}", key)
		if got := listed(); got != want {
			t.Errorf("%s: listed at once: %v, want %v", version, got, want)
		}
		now = now.Add(time.Hour)
		if !listed() {
			t.Errorf("%s: not listed an hour later", version)
		}
	}
}

// A starting server refuses the request for its public information with 503. Only Jellyfin
// 12 answers this request while it is in the state StartNamed, with names that begin with a
// small letter.
func TestStartingStates(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.11", "12"} {
		fake := jellyfintest.New(t, version)
		for state, want := range map[jellyfintest.Start]int{jellyfintest.StartSetup: 503, jellyfintest.StartNamed: 503, jellyfintest.StartLoading: 503, jellyfintest.Started: 200} {
			fake.SetStarting(state)
			if version == "12" && state == jellyfintest.StartNamed {
				want = 200
			}
			got := ask(t, fake, "GET /System/Info/Public", "")
			if lower := strings.Contains(got.body, `"startupWizardCompleted":false`); got.status != want || lower != (want == 200 && state != jellyfintest.Started) {
				t.Errorf("%s: state %d: %+v, want status %d", version, state, got, want)
			}
		}
	}
}
