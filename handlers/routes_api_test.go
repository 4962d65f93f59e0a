package handlers_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
)

// TestEveryAPIRoute calls every operation of the contract as every kind of caller. The
// contract names the callers and the body of each operation. The answer that each caller
// must get follows from that. The ids in the requests belong to ann and to her server.
func TestEveryAPIRoute(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	f := newAPIFixture(t, s)
	for _, o := range contractOf(t).operations {
		t.Run(o.String(), func(t *testing.T) { f.check(t, o) })
	}
	f.link(f.annToken, "pending")
	f.link(f.annToken, "accepted")
}

// apiFixture knows the ids of everything that belongs to ann.
type apiFixture struct {
	*fixture
	ids    map[string]string // by the path that ends with the id
	member string            // whom ann looks after
}

func newAPIFixture(t *testing.T, s *site) *apiFixture {
	t.Helper()
	f := &apiFixture{fixture: newAgentFixture(t, s), ids: map[string]string{}}
	ann := f.as(f.annToken)
	var sessions struct{ Sessions []struct{ ID string } }
	f.read(ann, "/api/v1/sessions", &sessions)
	if len(sessions.Sessions) > 0 {
		f.ids["/api/v1/sessions/{id}"] = sessions.Sessions[0].ID
	}
	f.ids["/api/v1/links/{id}"], f.ids["/api/v1/servers/{id}"] = f.pending, f.first.id
	f.ids["/api/v1/servers/{id}/people/{link_id}"], f.ids["/api/v1/servers/{id}/roster/{entry_id}"] = f.accepted, f.accepted
	f.ids["/api/v1/server/links/{id}"] = f.accepted
	f.ids["/api/v1/operator/accounts/{id}"], f.ids["/api/v1/operator/families/{id}"] = f.annID, f.annID
	f.ids["/api/v1/operator/servers/{id}"], f.ids["/api/v1/operator/settings/{name}"] = f.first.id, "sign-up"
	for _, things := range []string{"invites", "messages", "mails"} { // callers who are no operators do not learn whether one exists
		f.ids["/api/v1/operator/"+things+"/{id}"] = "1"
	}
	var server struct{ Addresses []struct{ ID string } }
	f.read(ann, "/api/v1/servers/"+f.first.id, &server)
	if len(server.Addresses) > 0 {
		f.ids["/api/v1/servers/{id}/addresses/{address_id}"] = server.Addresses[0].ID
	}
	s.browser(t).join("carol")
	s.browser(t).join("mia")
	s.browser(t).join("gus")
	s.browser(t).join("zoe")
	s.lookAfter(t, "ann", "zoe")
	f.member = s.lookAfter(t, "ann", "mia")
	f.invite(t, ann)
	f.prove(t, ann)
	f.quick(t, ann)
	f.television(t, ann)
	f.family(t, ann)
	f.circle(t, ann)
	f.unlock(t, ann)
	f.webhook(t, ann)
	return f
}

// read sends a GET request to path and decodes the answer into value, from which the fixture
// takes the ids for the routes. A missing id fails the test that needs it.
func (f *apiFixture) read(p *program, path string, value any) {
	f.t.Helper()
	if a := p.api(http.MethodGet, path, nil); a.status == http.StatusOK {
		p.is(a, http.StatusOK, value)
	} else {
		f.t.Errorf("GET %s: status %d with %s, want 200", path, a.status, a.body)
	}
}

// invite makes ann invite carol, who makes no other request.
func (f *apiFixture) invite(t *testing.T, ann *program) {
	t.Helper()
	a := ann.api(http.MethodPost, "/api/v1/invites", map[string]any{
		"to": "carol", "link": true, "type": "guest", "servers": []map[string]any{{"server_id": f.first.id}},
	})
	var made struct {
		ID string `json:"id"`
	}
	if _ = json.Unmarshal([]byte(a.body), &made); a.status != http.StatusCreated {
		t.Errorf("%s: %d %s, want %d", a.path, a.status, a.body, http.StatusCreated)
	}
	f.ids["/api/v1/invites/{id}"] = made.ID
	var profile struct {
		ID string `json:"id"`
	}
	a = ann.api(http.MethodPost, "/api/v1/servers/"+f.first.id+"/invite-profiles", map[string]any{"name": "Family"})
	if _ = json.Unmarshal([]byte(a.body), &profile); a.status != http.StatusCreated {
		t.Errorf("%s: %d %s, want %d", a.path, a.status, a.body, http.StatusCreated)
	}
	f.ids["/api/v1/servers/{id}/invite-profiles/{profile_id}"] = profile.ID
	f.ids["/api/v1/server/invites/{id}"] = made.ID
	f.imports(t, ann)
}

// family makes ann add a member, and ask carol into her family.
func (f *apiFixture) family(t *testing.T, ann *program) {
	t.Helper()
	var made struct{ ID string }
	ann.is(ann.api(http.MethodPost, "/api/v1/family/members", map[string]any{"username": "ann.child"}), http.StatusCreated, &made)
	ann.is(ann.api(http.MethodPost, "/api/v1/family/people", map[string]any{"username": "carol", "role": "adult"}), http.StatusNoContent, nil)
	ann.is(ann.api(http.MethodPost, "/api/v1/family/people", map[string]any{"username": "gus", "role": "guardian"}), http.StatusNoContent, nil)
	gus := f.as(f.token("gus"))
	gus.is(gus.api(http.MethodPost, "/api/v1/family/invitations/"+f.annID+"/accept", nil), http.StatusNoContent, nil)
	var family struct {
		People []struct {
			ID string `json:"account_id"`
		}
	}
	f.read(ann, "/api/v1/family", &family)
	const member = "/api/v1/family/members/{id}"
	f.ids[member], f.ids["/api/v1/family/people/{id}"], f.ids["/api/v1/family/invitations/{id}"] = made.ID, family.People[0].ID, f.annID
	for _, part := range []string{"/sessions/{session_id}", "/links/{link_id}", "/invites/{invite_id}"} {
		f.ids[member+part] = made.ID // the member has no such thing
	}
}

// prove makes carol start a proof on ann's server, and then forbids proofs on that server.
func (f *apiFixture) prove(t *testing.T, ann *program) {
	t.Helper()
	allow := func(on bool) {
		a := ann.api(http.MethodPatch, "/api/v1/servers/"+f.first.id, map[string]any{"self_service": on})
		if a.status != http.StatusOK {
			t.Errorf("%s: %d %s, want %d", a.path, a.status, a.body, http.StatusOK)
		}
	}
	allow(true)
	a := f.as(f.token("carol")).api(http.MethodPost, "/api/v1/servers/"+f.first.id+"/join", nil)
	var made struct {
		ID string `json:"id"`
	}
	if _ = json.Unmarshal([]byte(a.body), &made); a.status != http.StatusCreated {
		t.Errorf("%s: %d %s, want %d", a.path, a.status, a.body, http.StatusCreated)
	}
	f.ids["/api/v1/server/proofs/{id}"] = made.ID
	allow(false)
}

// quick makes ann type a code of Quick Connect for her server.
func (f *apiFixture) quick(t *testing.T, ann *program) {
	t.Helper()
	server := f.as(f.first.key)
	server.is(server.api(http.MethodPut, "/api/v1/server/report", map[string]any{
		"name": "first", "system_id": "5ed0b3f6", "quick_connect": true,
		"password_key": "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU", // the base point of the curve
	}), http.StatusOK, nil)
	var made struct {
		ID string `json:"id"`
	}
	ann.is(ann.api(http.MethodPost, "/api/v1/quick-connects", map[string]any{"server_id": f.first.id, "code": "135791"}), http.StatusCreated, &made)
	f.ids["/api/v1/quick-connects/{id}"] = made.ID
	f.ids["/api/v1/server/quick-connects/{id}"] = made.ID
	server.is(server.api(http.MethodPut, "/api/v1/server/quick-connects/"+made.ID+"/device", map[string]any{
		"device_id": "tv-1", "device": "Television", "client": "Films", "certain": true,
	}), http.StatusNoContent, nil)
	var list struct {
		Devices []struct {
			ID string `json:"id"`
		} `json:"devices"`
	}
	ann.is(ann.api(http.MethodGet, "/api/v1/quick-connects/devices", nil), http.StatusOK, &list)
	f.ids["/api/v1/quick-connects/devices/{id}"] = list.Devices[0].ID
	ann.is(ann.api(http.MethodPatch, "/api/v1/servers/"+f.first.id, map[string]any{"linked_passwords": true}), http.StatusOK, nil)
	ann.is(ann.api(http.MethodPost, "/api/v1/local-passwords", map[string]any{"server_id": f.first.id, "sealed": strings.Repeat("A", 200)}), http.StatusCreated, &made)
	f.ids["/api/v1/local-passwords/{id}"], f.ids["/api/v1/server/local-passwords/{id}"] = made.ID, made.ID
}

// address returns the path of an operation with ann's ids in it.
func (f *apiFixture) address(t *testing.T, o contractOperation) string {
	t.Helper()
	path := o.path
	for {
		before, rest, more := strings.Cut(path, "{")
		if !more {
			return path
		}
		name, after, _ := strings.Cut(rest, "}")
		pattern := o.path[:strings.Index(o.path, "{"+name+"}")+len(name)+2]
		id := f.ids[pattern]
		if name == "user_code" {
			f.begin()
			id = f.code
		}
		if id == "" {
			t.Errorf("%s: nobody knows an id for %s, want some id", o, pattern)
			id = "1"
		}
		path = before + id + after
	}
}

// example returns the body in the contract with ann's ids in it.
func (f *apiFixture) example(t *testing.T, o contractOperation) (body any, names bool) {
	t.Helper()
	media := o.body()
	if media == nil {
		return nil, false
	}
	if media.Example == nil {
		t.Fatalf("%s has a body and no example, want some example", o)
	}
	text, err := json.Marshal(media.Example)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &body); err != nil {
		t.Fatal(err)
	}
	return body, f.rename(body)
}

// rename replaces the ids in a body by the ids of ann and of her server. It reports
// whether the body names a server, because people who do not own it are refused then.
func (f *apiFixture) rename(value any) bool {
	named := false
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			switch name {
			case "server_id":
				v[name], named = f.first.id, true
			case "account_id":
				v[name] = f.annID
			default:
				named = f.rename(member) || named
			}
		}
	case []any:
		for _, member := range v {
			named = f.rename(member) || named
		}
	}
	return named
}

// asks is one operation and the request for it.
type asks struct {
	*apiFixture
	t *testing.T
	o contractOperation
}

// as sends the request as a caller. It fails unless one of the wanted answers
// comes: a status, or a status with a code.
func (q asks) as(who string, header http.Header, wanted func(status int, code string) error) {
	q.t.Helper()
	p := q.site.program(q.t)
	maps.Copy(p.header, header)
	var a answer
	if q.o.takesFile() {
		a = p.do(q.o.method, q.address(q.t, q.o), "image/png", string(picturetest.PNG(q.t, 2, 2)))
	} else {
		body, _ := q.example(q.t, q.o)
		a = p.api(q.o.method, q.address(q.t, q.o), body)
	}
	var problem struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal([]byte(a.body), &problem)
	if err := wanted(a.status, problem.Code); err != nil {
		q.t.Errorf("%s as %s: %v: %s, want no error", q.o, who, err, a.body)
	}
	checkAPIAnswer(q.t, a)
}

// only accepts one status and code.
func only(status int, code string) func(int, string) error {
	return func(gotStatus int, gotCode string) error {
		if gotStatus != status || gotCode != code {
			return fmt.Errorf("%d %s, want %d %s", gotStatus, gotCode, status, code)
		}
		return nil
	}
}

// let accepts every answer that does not refuse the token.
func let(status int, code string) error {
	turned := []string{"token_missing", "session_ended", "switched_session", "server_key_wrong", "server_disabled", "wrong_kind_of_token", "operators_only", "confirm_password"}
	if status >= 500 || slices.Contains(turned, code) {
		return fmt.Errorf("%d %s, which nobody who may call should get", status, code)
	}
	return nil
}

func (f *apiFixture) check(t *testing.T, o contractOperation) {
	t.Helper()
	q := asks{f, t, o}
	const header = "Authorization"
	bearer := func(token string) http.Header { return http.Header{header: {"Bearer " + token}} }
	token, strange := f.annToken, let
	switch o.scheme() {
	case "session":
		strange = only(http.StatusUnauthorized, "session_ended")
	case "serverKey":
		token, strange = f.first.key, only(http.StatusUnauthorized, "server_key_wrong")
	}
	none := strange // for a call that sends no token where it belongs
	if o.scheme() != "" {
		none = only(http.StatusUnauthorized, "token_missing")
	}
	q.as("nobody", nil, none)
	q.as("a cookie", http.Header{"Cookie": {"__Host-latchkey-session=" + f.annToken}}, none)
	q.as("a header of the Emby wire", http.Header{"X-Connect-Usertoken": {f.annToken}, serverToken: {f.first.key}}, none)
	q.as("another scheme", http.Header{header: {"Basic " + token}}, none)
	q.as("no scheme", http.Header{header: {token}}, none)
	q.as("the header twice", http.Header{header: {"Bearer " + token, "Bearer " + token}}, none)
	for _, text := range malformed(token) {
		want := strange
		if strings.TrimSpace(text) == "" {
			want = none
		}
		q.as("malformed "+text[:min(len(text), 12)], bearer(text), want)
	}
	switch o.scheme() {
	case "session":
		f.checkSession(q, bearer, strange)
	case "serverKey":
		f.checkServerKey(q, bearer)
	default:
		q.as("a session", bearer(f.token("bob")), let)
		q.as("a server key", bearer(f.second.key), let)
		q.as("disabled", bearer(f.disabled), let)
	}
}

func (f *apiFixture) checkSession(q asks, bearer func(string) http.Header, strange func(int, string) error) {
	switched := only(http.StatusForbidden, "switched_session")
	if q.o.openToSwitched() {
		switched = let
	}
	q.as("a switched session", bearer(f.switched(q.t)), switched)
	q.as("disabled", bearer(f.disabled), strange)
	q.as("expired", bearer(f.expired), strange)
	for _, key := range []string{f.first.key, f.second.key, f.third.key, f.replaced} {
		q.as("a server key", bearer(key), only(http.StatusForbidden, "wrong_kind_of_token"))
	}
	other := f.others(q.t, q.o)
	q.as("another", bearer(f.token("bob")), other)
	q.as("a member of her family", bearer(f.token("zoe")), func(status int, code string) error {
		if status == http.StatusForbidden && code == "guardian_only" {
			return nil
		}
		return other(status, code)
	})
	if q.o.method == http.MethodGet {
		want := other
		if strings.HasPrefix(q.o.path, "/api/v1/family/members/{id}") {
			want = only(http.StatusOK, "")
		}
		q.as("the second guardian of her family", bearer(f.token("gus")), want)
	}
	q.as("another, in small letters", http.Header{"Authorization": {"bearer " + f.token("bob")}}, other)
	if q.o.method != http.MethodGet || strings.HasSuffix(q.o.path, "/join") {
		return
	}
	want := only(http.StatusOK, "")
	if slices.Contains(q.o.callers(), "operator") {
		want = only(http.StatusForbidden, "operators_only")
	}
	owner := "ann"
	if q.o.path == "/api/v1/invites/{id}/family" {
		owner = "carol" // whom ann invites
	}
	q.as("who it belongs to", bearer(f.token(owner)), want)
}

// others returns the check of the answer to a person who does not own the server, link or
// other thing in the path.
func (f *apiFixture) others(t *testing.T, o contractOperation) func(int, string) error {
	t.Helper()
	_, names := f.example(t, o)
	switch {
	case slices.Contains(o.callers(), "operator"):
		return only(http.StatusForbidden, "operators_only")
	case strings.Contains(o.path, "id}"):
		return only(http.StatusNotFound, "not_found")
	case names:
		return func(status int, code string) error {
			if status != http.StatusNotFound && status != http.StatusUnprocessableEntity && status != http.StatusConflict {
				return fmt.Errorf("%d for what is somebody else's", status)
			}
			return let(status, code)
		}
	default:
		return let
	}
}

// switched returns the token of a member to whom ann's device was switched.
func (f *apiFixture) switched(t *testing.T) string {
	t.Helper()
	from := f.as(f.token("ann"))
	var out struct{ Token string }
	from.is(from.api(http.MethodPost, "/api/v1/sessions/current/switch", map[string]any{"account_id": f.member}), http.StatusCreated, &out)
	return out.Token
}

// openToSwitched reports whether a switched session may carry the operation out.
func (o contractOperation) openToSwitched() bool {
	return slices.Contains([]string{"listServers", "getHousehold", "switchPerson", "signOut"}, o.OperationID)
}

func (f *apiFixture) checkServerKey(q asks, bearer func(string) http.Header) {
	for _, token := range []string{f.annToken, f.bobToken, f.expired, f.disabled} {
		q.as("a session", bearer(token), only(http.StatusForbidden, "wrong_kind_of_token"))
	}
	q.as("a server that is disabled", bearer(f.third.key), only(http.StatusUnauthorized, "server_disabled"))
	q.as("a key that was replaced", bearer(f.replaced), only(http.StatusUnauthorized, "server_key_wrong"))
	other := let
	if strings.Contains(q.o.path, "id}") {
		other = only(http.StatusNotFound, "not_found")
	}
	q.as("another server", bearer(f.second.key), other)
}

func checkAPIAnswer(t *testing.T, a answer) {
	t.Helper()
	h := a.header
	if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("%s: %d without the headers of CORS: %v", a.path, a.status, h)
	}
	if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Set-Cookie") != "" {
		t.Errorf("%s: headers %v, want no-store and nosniff, and no cookie", a.path, h)
	}
	if (a.status == http.StatusUnauthorized) != (h.Get("WWW-Authenticate") != "") {
		t.Errorf("%s: status %d with WWW-Authenticate %q, want it with 401 alone", a.path, a.status, h.Get("WWW-Authenticate"))
	}
	if a.status >= 400 && h.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: status %d as %s, want application/problem+json", a.path, a.status, h.Get("Content-Type"))
	}
	if a.status == http.StatusNoContent && a.body != "" {
		t.Errorf("%s: 204 with %q, want no body", a.path, a.body)
	}
}
