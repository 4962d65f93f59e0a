package jellyfintest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// drifts is a fake whose drift is kept, with what it said since the last look.
func drifts(t *testing.T, version string) (*Server, func() string) {
	t.Helper()
	var said []string
	s, err := NewHandler(version, Report(func(drift string) { said = append(said, drift) }))
	if err != nil {
		t.Fatal(err)
	}
	return s, func() string {
		defer func() { said = nil }()
		return strings.Join(said, "\n")
	}
}

// send sends a request: method and path, headers as "Name: value", a body.
func send(s *Server, request, body string, headers ...string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

const whole = `Authorization: MediaBrowser Client="c", Device="d", DeviceId="i", Version="1"`

func TestCheckerCatchesRequests(t *testing.T) {
	t.Parallel()
	s, said := drifts(t, "12")
	anna := s.AddUser("Anna", "a", false)
	key := `Authorization: MediaBrowser Token="` + s.APIKey + `"`
	user, _ := s.User(anna)
	policy := func(change func(map[string]json.RawMessage)) string {
		clone := maps.Clone(user.Policy)
		change(clone)
		raw, err := json.Marshal(clone)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	nothing := func(map[string]json.RawMessage) {}
	tests := []struct {
		name, request, body string
		headers             []string
		want                string // "" when nothing is wrong
	}{
		{"right", "GET /Users", "", []string{key}, ""},
		{"right query", "GET /Users?isHidden=false", "", []string{key}, ""},
		{"right policy", "POST /Users/" + anna + "/Policy", policy(nothing), []string{key}, ""},
		{"right sign-in", "POST /Users/AuthenticateByName", `{"Username":"Anna","Pw":"a"}`, []string{whole}, ""},
		{"right, with an empty token", "POST /QuickConnect/Initiate", "", []string{whole + `, Token=""`}, ""},
		{"unknown path", "GET /Users/" + anna + "/Views", "", []string{key}, "no such operation"},
		{"wrong method", "GET /QuickConnect/Initiate", "", []string{whole}, "no such operation"},
		{"the way of 10.8", "POST /Users/" + anna + "/Password", `{"NewPw":"x"}`, []string{key}, "no such operation"},
		{"wrong query", "GET /Users?hidden=true", "", []string{key}, "no hidden in its query"},
		{"wrong type of a query", "GET /Users?isHidden=perhaps", "", []string{key}, "isHidden in its query is no boolean"},
		{"twice in the query", "GET /Users?isHidden=true&isHidden=true", "", []string{key}, "stands twice"},
		{"missing in the query", "POST /QuickConnect/Authorize?userId=" + anna, "", []string{key}, "code is missing"},
		{"id of no user", "POST /QuickConnect/Authorize?code=1&userId=anna", "", []string{key}, "userId in its query is no uuid"},
		{"id in the path", "GET /Users/anna", "", []string{key}, "userId in the path is no id"},
		{"unknown member", "POST /Users/New", `{"Name":"x","Pw":"y"}`, []string{key}, "CreateUserByName has no member Pw"},
		{"other letter case", "POST /Users/New", `{"name":"x"}`, []string{key}, "has no member name"},
		{"missing member", "POST /Users/New", `{"Password":"y"}`, []string{key}, "body.Name is missing"},
		{"wrong type of a member", "POST /Users/New", `{"Name":7}`, []string{key}, "body.Name is no string"},
		{"null", "POST /Users/New", `{"Name":null}`, []string{key}, "body.Name is null"},
		{"no JSON", "POST /Users/New", `{"Name"`, []string{key}, "no JSON"},
		{"two of JSON", "POST /Users/New", `{"Name":"x"}{}`, []string{key}, "no JSON"},
		{"no body", "POST /Users/New", "", []string{key}, "Content-Type"},
		{"a form", "POST /Users/New", `{"Name":"x"}`, []string{key, "Content-Type: application/x-www-form-urlencoded"}, "Content-Type"},
		{"a body too many", "POST /Sessions/Logout", "{}", []string{key}, "it has a body"},
		{"half a policy", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { delete(p, "EnableMediaPlayback") }), []string{key}, "EnableMediaPlayback is missing"},
		{"a policy of words", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { p["IsHidden"] = json.RawMessage(`"yes"`) }), []string{key}, "IsHidden is no boolean"},
		{"a policy with more", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { p["IsNice"] = json.RawMessage(`true`) }), []string{key}, "UserPolicy has no member IsNice"},
		{"no enum", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { p["SyncPlayAccess"] = json.RawMessage(`"Sometimes"`) }), []string{key}, "SyncPlayAccess is no SyncPlayUserAccessType"},
		{"folders of words", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { p["EnabledFolders"] = json.RawMessage(`["Films"]`) }), []string{key}, "EnabledFolders[] is no uuid"},
		{"half a number", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { p["MaxActiveSessions"] = json.RawMessage(`1.5`) }), []string{key}, "MaxActiveSessions is no int32"},
		{"a large number", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { p["MaxActiveSessions"] = json.RawMessage(`3000000000`) }), []string{key}, "MaxActiveSessions is no int32"},
		{"a key with a device", "GET /Users", "", []string{whole + `, Token="` + s.APIKey + `"`}, "a key goes alone"},
		{"a scheme", "GET /Users", "", []string{"Authorization: Bearer " + s.APIKey}, "none of Jellyfin's"},
		{"a legacy scheme", "GET /Users", "", []string{strings.Replace(key, "MediaBrowser", "Emby", 1)}, "the scheme Emby is ignored"},
		{"a legacy header", "GET /Users", "", []string{"X-Emby-Token: " + s.APIKey}, "X-Emby-Token is ignored"},
		{"a legacy query", "GET /Users?api_key=" + s.APIKey, "", nil, "api_key in the query is ignored"},
		{"a member of the header", "GET /Users", "", []string{key + `, UserId="x"`}, "no UserId in Authorization"},
		{"not percent-encoded", "POST /QuickConnect/Initiate", "", []string{strings.Replace(whole, `"d"`, `"dü"`, 1)}, "not percent-encoded"},
		{"half a device", "POST /QuickConnect/Initiate", "", []string{strings.Replace(whole, `Version="1"`, `Version=""`, 1)}, "Version is missing"},
		{"a device with a token", "POST /QuickConnect/Initiate", "", []string{whole + `, Token="x"`}, "has no token yet"},
		{"a picture that is none", "POST /UserImage?userId=" + anna, "aGVsbG8=", []string{key}, "Content-Type"},
	}
	for _, test := range tests {
		send(s, test.request, test.body, test.headers...)
		if got := said(); test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: said %q, want %q", test.name, got, test.want)
		}
	}
}

// TestCheckerCatchesAnswers takes right answers of the fake, changes them, and wants
// to hear of it.
func TestCheckerCatchesAnswers(t *testing.T) {
	t.Parallel()
	for _, version := range Versions() {
		s, said := drifts(t, version)
		anna := s.AddUser("Anna", "a", false)
		key := `Authorization: MediaBrowser Token="` + s.APIKey + `"`
		tests := []struct{ request, from, to, want string }{
			{"GET /Users/" + anna, `"Name":"Anna"`, `"Name":7`, "body.Name is no string"},
			{"GET /Users/" + anna, `"Name":"Anna"`, `"Nom":"Anna"`, "UserDto has no member Nom"},
			{"GET /Users/" + anna, `"Id":"` + anna, `"Id":"` + "x" + anna[1:], "body.Id is no uuid"},
			{"GET /Users/" + anna, `"IsHidden":false`, `"IsHidden":0`, "Policy.IsHidden is no boolean"},
			{"GET /Users/" + anna, `"IsHidden":false`, `"IsShy":false`, "UserPolicy has no member IsShy"},
			{"GET /Users/" + anna, `"PasswordResetProviderId"`, `"IsHidden":true,"Password"`, "PasswordResetProviderId is missing"},
			{"GET /Users", `[{`, `{"Items":[{`, "no JSON"},
			{"GET /System/Info/Public", `"StartupWizardCompleted":true`, `"StartupWizardCompleted":"yes"`, "is no boolean"},
			{"GET /System/Info", `"Id":`, `"ServerId":`, "SystemInfo has no member ServerId"},
			{"GET /QuickConnect/Enabled", `true`, `"true"`, "body is no boolean"},
			{"GET /Library/MediaFolders", `"Items"`, `"List"`, "has no member List"},
			{"GET /Library/MediaFolders", `"TotalRecordCount":3`, `"TotalRecordCount":"3"`, "TotalRecordCount is no int32"},
			{"GET /Auth/Keys", `"DateCreated":"`, `"DateCreated":"on `, "DateCreated is no date-time"},
		}
		for _, test := range tests {
			w := send(s, test.request, "", key)
			if got := said(); got != "" {
				t.Fatalf("%s: %s: %s", version, test.request, got)
			}
			method, path, _ := strings.Cut(test.request, " ")
			o, _, _ := s.find(method, path)
			changed := bytes.Replace(w.Body.Bytes(), []byte(test.from), []byte(test.to), 1)
			if bytes.Equal(changed, w.Body.Bytes()) {
				t.Fatalf("%s: %s: there is no %s in %s", version, test.request, test.from, changed)
			}
			right := answer{status: w.Code, kind: w.Header().Get("Content-Type"), body: w.Body.Bytes()}
			s.check().answer(o, right)
			if got := said(); got != "" {
				t.Errorf("%s: %s: a right answer: %s", version, test.request, got)
			}
			wrong := right
			wrong.body = changed
			s.check().answer(o, wrong)
			if got := said(); !strings.Contains(got, test.want) {
				t.Errorf("%s: %s: said %q, want %q", version, test.request, got, test.want)
			}
			for _, status := range []int{201, 204, 302, 409, 500} {
				other := right
				other.status = status
				s.check().answer(o, other)
				if said() == "" {
					t.Errorf("%s: %s: the status %d is fine", version, test.request, status)
				}
			}
		}
	}
}

func TestCheckerCatchesBodies(t *testing.T) {
	t.Parallel()
	s, said := drifts(t, "10.11")
	tests := []struct {
		name, request string
		answer        answer
		fine          bool
	}{
		{"204 with a body", "POST /Sessions/Logout", answer{204, jsonKind, []byte("true")}, false},
		{"204", "POST /Sessions/Logout", answer{status: 204}, true},
		{"401 with text of no exception", "GET /Users", answer{401, "text/plain", []byte("no")}, false},
		{"401", "GET /Users", answer{status: 401}, true},
		{"200 without a body", "GET /Users", answer{status: 200}, false},
		{"200 with text", "GET /Users", answer{200, "text/plain", []byte("[]")}, false},
		{"200 with a page", "GET /Users", answer{200, "text/html", []byte("[]")}, false},
		{"200 of another kind", "GET /Users", answer{200, "application/xml", []byte("[]")}, false},
		{"503 with a page", "GET /Users", answer{503, "text/html", []byte("starting")}, true},
		{"a picture", "GET /UserImage", answer{200, "image/png", []byte("x")}, true},
		{"a picture of words", "GET /UserImage", answer{200, jsonKind, []byte(`"x"`)}, false},
		{"an exception", "POST /QuickConnect/Authorize", exception(500), true},
		{"an exception too many", "GET /QuickConnect/Enabled", exception(500), false},
		{"a problem", "GET /UserImage", problem(404), true},
		{"a problem of another kind", "GET /UserImage", answer{404, jsonKind, []byte(`{"status":"bad"}`)}, false},
	}
	for _, test := range tests {
		method, path, _ := strings.Cut(test.request, " ")
		o, _, _ := s.find(method, path)
		s.check().answer(o, test.answer)
		if got := said(); (got == "") != test.fine {
			t.Errorf("%s: said %q", test.name, got)
		}
	}
}

// TestEveryOperationIsAnswered: the table and the handlers name the same, and each
// version describes all types that it uses.
func TestEveryOperationIsAnswered(t *testing.T) {
	t.Parallel()
	scalars := []string{"string", "boolean", "object", "uuid", "date-time", "int32", "int64", "double", "float", "image", "html", "text", ""}
	for _, version := range Versions() {
		s, _ := drifts(t, version)
		known := func(kind string) bool {
			kind = strings.TrimPrefix(strings.TrimRight(kind, "!?"), "[]")
			return slices.Contains(scalars, kind) || s.schemas[kind] != nil
		}
		for _, o := range s.operations {
			if s.handler(o.Name) == nil {
				t.Errorf("%s: nothing answers %s", version, o.Name)
			}
			for _, kinds := range o.Answers {
				for _, kind := range kinds {
					if !known(kind) {
						t.Errorf("%s: %s answers a %s", version, o.Name, kind)
					}
				}
			}
			for name, kind := range o.Query {
				if !known(kind) {
					t.Errorf("%s: %s asks %s of %s", version, o.Name, name, kind)
				}
			}
			if !known(o.Body) {
				t.Errorf("%s: %s takes a %s", version, o.Name, o.Body)
			}
		}
		for _, described := range s.schemas {
			for name, kind := range described.Members {
				if !known(kind) {
					t.Errorf("%s: %s.%s is a %s", version, described.Name, name, kind)
				}
			}
		}
	}
}

// TestTableIsAsPublished looks up what differs between versions.
func TestTableIsAsPublished(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]struct {
		initiate, password, devices string
		sub, unavailable, keyed     bool
	}{
		"10.8":  {"GET", "/Users/{userId}/Password", "string!", false, false, false},
		"10.9":  {"POST", "/Users/Password", "string!", false, false, true},
		"10.10": {"POST", "/Users/Password", "string!", false, false, true},
		"10.11": {"POST", "/Users/Password", "string!", true, true, true},
		"12":    {"POST", "/Users/Password", "[]string", true, true, true},
	} {
		d, err := describe(version)
		if err != nil {
			t.Fatal(err)
		}
		named := map[string]*operation{}
		for _, o := range d.operations {
			if named[o.Name] != nil {
				t.Errorf("%s: %s stands twice", version, o.Name)
			}
			named[o.Name] = o
		}
		_, sub := d.schemas["UserPolicy"].Members["MaxParentalSubRating"]
		_, keyed := named["AuthorizeQuickConnect"].Query["userId"]
		_, unavailable := named["GetUsers"].Answers["503"]
		if named["InitiateQuickConnect"].Method != want.initiate || named["UpdateUserPassword"].Path != want.password ||
			named["DeleteDevice"].Query["id"] != want.devices || sub != want.sub || keyed != want.keyed || unavailable != want.unavailable {
			t.Errorf("%s: %+v", version, want)
		}
		if named["UpdateUserPolicy"].Needs != "administrator" || named["GetUsers"].Needs != "token" || named["GetPublicUsers"].Needs != "" {
			t.Errorf("%s: who may ask", version)
		}
		if d.takes == (version == "12") {
			t.Errorf("%s: legacy headers", version)
		}
	}
}

// TestDriftFailsTheTest: New reports to the test that it was made for.
func TestDriftFailsTheTest(t *testing.T) {
	t.Parallel()
	stand := &standIn{TB: t}
	s := New(stand, "12")
	answer, err := http.Get(s.URL + "/No/Such")
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if !stand.failed {
		t.Error("drift does not fail the test")
	}
}

type standIn struct {
	testing.TB
	failed bool
}

func (s *standIn) Helper()               {}
func (s *standIn) Errorf(string, ...any) { s.failed = true }
