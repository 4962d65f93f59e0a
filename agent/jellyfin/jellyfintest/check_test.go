package jellyfintest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// drifts returns a fake, and a function that returns its drift since the last call.
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

// send sends a request, written as "GET /path", with a body and headers like "Name: value".
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
		{"the way of 10.8", "POST /Users/" + anna + "/Password", `{"NewPw":"x"}`, []string{key}, "an old way"},
		{"wrong query", "GET /Users?hidden=true", "", []string{key}, "the query has no hidden"},
		{"wrong type of a query", "GET /Users?isHidden=perhaps", "", []string{key}, "isHidden in the query: it has the wrong type"},
		{"twice in the query", "GET /Users?isHidden=true&isHidden=true", "", []string{key}, "stands twice"},
		{"missing in the query", "POST /QuickConnect/Authorize?userId=" + anna, "", []string{key}, "code is missing"},
		{"id of no user", "POST /QuickConnect/Authorize?code=1&userId=anna", "", []string{key}, `userId in the query: string doesn't match the format "uuid"`},
		{"id in the path", "GET /Users/anna", "", []string{key}, `userId in the path: string doesn't match the format "uuid"`},
		{"unknown member", "POST /Users/New", `{"Name":"x","Pw":"y"}`, []string{key}, `body: property "Pw" is unsupported`},
		{"other letter case", "POST /Users/New", `{"name":"x"}`, []string{key}, `body: property "name" is unsupported`},
		{"missing member", "POST /Users/New", `{"Password":"y"}`, []string{key}, `body/Name: property "Name" is missing`},
		{"wrong type of a member", "POST /Users/New", `{"Name":7}`, []string{key}, "body/Name: value must be a string"},
		{"null", "POST /Users/New", `{"Name":null}`, []string{key}, "body/Name: Value is not nullable"},
		{"not JSON", "POST /Users/New", `{"Name"`, []string{key}, "not JSON"},
		{"two of JSON", "POST /Users/New", `{"Name":"x"}{}`, []string{key}, "not JSON"},
		{"no body", "POST /Users/New", "", []string{key}, "Content-Type"},
		{"a form", "POST /Users/New", `{"Name":"x"}`, []string{key, "Content-Type: application/x-www-form-urlencoded"}, "Content-Type"},
		{"a body too many", "POST /Sessions/Logout", "{}", []string{key}, "it has a body"},
		{"half a policy", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { delete(p, "EnableMediaPlayback") }), []string{key}, "EnableMediaPlayback is missing"},
		{"a policy of words", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { p["IsHidden"] = json.RawMessage(`"yes"`) }), []string{key}, "body/IsHidden: value must be a boolean"},
		{"a policy with more", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { p["IsNice"] = json.RawMessage(`true`) }), []string{key}, `body: property "IsNice" is unsupported`},
		{"no enum", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { p["SyncPlayAccess"] = json.RawMessage(`"Sometimes"`) }), []string{key}, "body/SyncPlayAccess: value is not one of the allowed values"},
		{"folders of words", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { p["EnabledFolders"] = json.RawMessage(`["Films"]`) }), []string{key}, `body/EnabledFolders/0: string doesn't match the format "uuid"`},
		{"half a number", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { p["MaxActiveSessions"] = json.RawMessage(`1.5`) }), []string{key}, "body/MaxActiveSessions: value must be an integer"},
		{"a large number", "POST /Users/" + anna + "/Policy", policy(func(p map[string]json.RawMessage) { p["MaxActiveSessions"] = json.RawMessage(`3000000000`) }), []string{key}, `body/MaxActiveSessions: integer doesn't match the format "int32"`},
		{"a key with a device", "GET /Users", "", []string{whole + `, Token="` + s.APIKey + `"`}, "an API key goes alone"},
		{"a scheme", "GET /Users", "", []string{"Authorization: Bearer " + s.APIKey}, "not one of Jellyfin's"},
		{"a legacy scheme", "GET /Users", "", []string{strings.Replace(key, "MediaBrowser", "Emby", 1)}, "the scheme Emby is ignored"},
		{"a legacy header", "GET /Users", "", []string{"X-Emby-Token: " + s.APIKey}, "X-Emby-Token is ignored"},
		{"a legacy query", "GET /Users?api_key=" + s.APIKey, "", nil, "api_key in the query is ignored"},
		{"a member of the header", "GET /Users", "", []string{key + `, UserId="x"`}, "Authorization has no UserId"},
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

// The checker accepts the right answers of the fake, and reports a changed answer or
// another status as drift.
func TestCheckerCatchesAnswers(t *testing.T) {
	t.Parallel()
	for _, version := range Versions() {
		s, said := drifts(t, version)
		anna := s.AddUser("Anna", "a", false)
		key := `Authorization: MediaBrowser Token="` + s.APIKey + `"`
		tests := []struct{ request, from, to, want string }{
			{"GET /Users/" + anna, `"Name":"Anna"`, `"Name":7`, "body/Name: value must be a string"},
			{"GET /Users/" + anna, `"Name":"Anna"`, `"Nom":"Anna"`, `body: property "Nom" is unsupported`},
			{"GET /Users/" + anna, `"Id":"` + anna, `"Id":"` + "x" + anna[1:], `body/Id: string doesn't match the format "uuid"`},
			{"GET /Users/" + anna, `"IsHidden":true`, `"IsHidden":0`, "body/Policy/IsHidden: value must be a boolean"},
			{"GET /Users/" + anna, `"IsHidden":true`, `"IsShy":false`, `body/Policy: property "IsShy" is unsupported`},
			{"GET /Users/" + anna, `"PasswordResetProviderId"`, `"IsHidden":true,"Password"`, `body/Policy/PasswordResetProviderId: property "PasswordResetProviderId" is missing`},
			{"GET /Users", `[{`, `{"Items":[{`, "not JSON"},
			{"GET /System/Info/Public", `"StartupWizardCompleted":true`, `"StartupWizardCompleted":"yes"`, "body/StartupWizardCompleted: value must be a boolean"},
			{"GET /System/Info", `"OperatingSystem":`, `"ServerId":`, `body: property "ServerId" is unsupported`},
			{"GET /QuickConnect/Enabled", `true`, `"true"`, "body: value must be a boolean"},
			{"GET /Library/MediaFolders", `"Items"`, `"List"`, `body: property "List" is unsupported`},
			{"GET /Library/MediaFolders", `"TotalRecordCount":4`, `"TotalRecordCount":"4"`, "body/TotalRecordCount: value must be an integer"},
			{"GET /Auth/Keys", `"DateCreated":"`, `"DateCreated":"on `, `body/Items/0/DateCreated: string doesn't match the format "date-time"`},
		}
		for _, test := range tests {
			w := send(s, test.request, "", key)
			if got := said(); got != "" {
				t.Fatalf("%s: %s: drift %s, want none", version, test.request, got)
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
				t.Errorf("%s: %s: drift of a right answer: %s", version, test.request, got)
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
					t.Errorf("%s: %s: no drift for status %d", version, test.request, status)
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
			t.Errorf("%s: drift %q, want none: %v", test.name, got, test.fine)
		}
	}
}

// Each operation of each version has a function that answers it.
func TestEveryOperationIsAnswered(t *testing.T) {
	t.Parallel()
	for _, version := range Versions() {
		s, _ := drifts(t, version)
		for _, o := range s.operations {
			if s.handler(o.OperationID) == nil {
				t.Errorf("%s: nothing answers %s", version, o.OperationID)
			}
		}
	}
}

// The descriptions differ in the points in which the versions of Jellyfin differ.
func TestDescriptionsAreAsPublished(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]struct {
		initiate, password            string
		manyDevices                   bool // may be deleted by one request
		subRating, unavailable, keyed bool
	}{
		"10.8":  {"GET", "/Users/{userId}/Password", false, false, false, false},
		"10.9":  {"POST", "/Users/Password", false, false, false, true},
		"10.10": {"POST", "/Users/Password", false, false, false, true},
		"10.11": {"POST", "/Users/Password", false, true, true, true},
		"12":    {"POST", "/Users/Password", true, true, true, true},
	} {
		s, _ := drifts(t, version)
		named := map[string]*operation{}
		for _, o := range s.operations {
			if named[o.OperationID] != nil {
				t.Errorf("%s: two operations are named %s", version, o.OperationID)
			}
			named[o.OperationID] = o
		}
		inQuery := func(operation, name string) *openapi3.Parameter {
			return named[operation].Parameters.GetByInAndName(openapi3.ParameterInQuery, name)
		}
		got := want
		got.initiate, got.password = named["InitiateQuickConnect"].method, named["UpdateUserPassword"].path
		got.manyDevices = inQuery("DeleteDevice", "id").Schema.Value.Type.Is("array")
		got.subRating, got.keyed = s.hasPolicy("MaxParentalSubRating"), inQuery("AuthorizeQuickConnect", "userId") != nil
		got.unavailable = named["GetUsers"].Responses.Status(503) != nil
		if got != want {
			t.Errorf("%s: %+v, want %+v", version, got, want)
		}
		for operation, needs := range map[string]string{"UpdateUserPolicy": "administrator", "GetUsers": "token", "GetPublicUsers": ""} {
			if named[operation].needs != needs {
				t.Errorf("%s: %s needs %q, want %q", version, operation, named[operation].needs, needs)
			}
		}
		if s.takesLegacy != (version != "12") {
			t.Errorf("%s: takes the old ways of showing a token: %v, want %v", version, s.takesLegacy, version != "12")
		}
	}
}

// Drift of a fake fails the test that the fake was made for.
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
