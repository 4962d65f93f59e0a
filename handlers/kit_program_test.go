package handlers_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// busySite starts a site without limits.
func busySite(t *testing.T, change ...func(*handlers.Server)) *site {
	t.Helper()
	return start(t, servicetest.Options{}, change...)
}

// eachBusySite runs f against a site without limits on each engine.
func eachBusySite(t *testing.T, f func(t *testing.T, s *site)) {
	t.Helper()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		f(t, start(t, servicetest.Options{Database: database}))
	})
}

// program is a program that calls the site. It keeps no cookies.
type program struct {
	*site
	t      *testing.T
	header http.Header
}

func (s *site) program(t *testing.T) *program {
	t.Helper()
	return &program{site: s, t: t, header: http.Header{"User-Agent": {"Program/1.0"}}}
}

// with returns the program with one more header, or without the header if the
// value is "".
func (p *program) with(name, value string) *program {
	header := maps.Clone(p.header)
	if header.Set(name, value); value == "" {
		header.Del(name)
	}
	return &program{p.site, p.t, header}
}

// as returns the program with a session token.
func (p *program) as(token string) *program { return p.with("Authorization", "Bearer "+token) }

func (p *program) do(method, path, contentType, body string) answer {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.URL+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	maps.Copy(request.Header, p.header)
	request.Host = p.header.Get("Host") // "" for the site's
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := p.Client().Transport.RoundTrip(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	got := answer{response.StatusCode, response.Header, string(read), method + " " + path}
	checkContract(p.t, request, body, got)
	return got
}

// api sends value as JSON, or no body if it is nil.
func (p *program) api(method, path string, value any) answer {
	p.t.Helper()
	if value == nil {
		return p.do(method, path, "", "")
	}
	body, err := json.Marshal(value)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.do(method, path, "application/json", string(body))
}

// form sends names and values as clients of Emby do: in the query if the method
// is GET.
func (p *program) form(method, path string, values url.Values) answer {
	p.t.Helper()
	if method == http.MethodGet {
		return p.do(method, path+"?"+values.Encode(), "", "")
	}
	return p.do(method, path, "application/x-www-form-urlencoded", values.Encode())
}

// is checks the status and, unless value is nil, decodes the answer's JSON into value.
func (p *program) is(a answer, status int, value any) {
	p.t.Helper()
	if a.status != status {
		p.t.Fatalf("%s: %d, want %d\n%s", a.path, a.status, status, a.body)
	}
	if value == nil {
		return
	}
	if err := json.Unmarshal([]byte(a.body), value); err != nil {
		p.t.Fatalf("%s: %v in %s, want no error", a.path, err, a.body)
	}
}

// isProblem checks that the answer is that problem.
func (p *program) isProblem(a answer, status int, code string) {
	p.t.Helper()
	var got struct {
		Type, Title, Code, Detail string
		Status                    int
	}
	p.is(a, status, &got)
	if got.Code != code || got.Status != status || got.Title == "" || got.Detail == "" || strings.HasPrefix(got.Detail, "error.") ||
		a.header.Get("Content-Type") != "application/problem+json" {
		p.t.Errorf("%s: %s %s, want the problem %s", a.path, a.header.Get("Content-Type"), a.body, code)
	}
}

// token signs in a person and returns the session token.
func (p *program) token(name string) string {
	p.t.Helper()
	var in struct{ Token string }
	p.is(p.api(http.MethodPost, "/api/v1/sessions", map[string]string{"name_or_email": name, "password": goodPassword}), http.StatusCreated, &in)
	p.plant(in.Token, goodPassword)
	return in.Token
}

// registeredServer is a server with its key.
type registeredServer struct{ id, key string }

// register registers the server of an agent, with a claim code of the owner, or
// without one if ownerToken is "".
func (p *program) register(name, ownerToken string) registeredServer {
	p.t.Helper()
	in := map[string]any{
		"name": name, "system_id": systemIDOf(name), "version": "1.2.3",
		"addresses": []map[string]string{{"kind": "wan", "url": "https://" + name + ".example.org"}, {"kind": "lan", "url": "http://192.168.1.2:8096"}},
	}
	if ownerToken != "" {
		in["claim_code"] = p.claimCode(ownerToken)
	}
	var out struct{ ID, Key string }
	p.is(p.api(http.MethodPost, "/api/v1/servers", in), http.StatusCreated, &out)
	p.plant(out.Key)
	return registeredServer{out.ID, out.Key}
}

// registerEmby registers a media server of Emby's kind, in the way in which such a server
// registers over the Emby wire, with a claim code of the owner, or without one if
// ownerToken is "".
func (p *program) registerEmby(name, ownerToken string) registeredServer {
	p.t.Helper()
	in := url.Values{
		"name": {name}, "systemId": {systemIDOf(name)}, "url": {"https://" + name + ".example.org"}, "localAddress": {"http://192.168.1.2:8096"},
	}
	if ownerToken != "" {
		in.Set("claimCode", p.claimCode(ownerToken))
	}
	var out struct {
		ID  string `json:"Id"`
		Key string `json:"AccessKey"`
	}
	p.is(p.form(http.MethodPost, "/service/Servers", in), http.StatusOK, &out)
	p.plant(out.Key)
	return registeredServer{out.ID, out.Key}
}

// systemIDOf returns the id that the media server with that name gives itself.
func systemIDOf(name string) string { return strings.Repeat("a", 24) + strconv.Itoa(len(name)) }

// claimCode returns a claim code of the owner.
func (p *program) claimCode(ownerToken string) string {
	p.t.Helper()
	var made struct{ Code string }
	p.is(p.as(ownerToken).api(http.MethodPost, "/api/v1/servers/claim-codes", nil), http.StatusCreated, &made)
	p.plant(made.Code)
	return made.Code
}

// ask makes a server of Emby's kind ask for a link with an account.
func (p *program) ask(server registeredServer, accountID, accessKey string) {
	p.t.Helper()
	p.plant(accessKey)
	p.is(p.with("X-Connect-Token", server.key).form(http.MethodPost, "/service/ServerAuthorizations", url.Values{
		"serverId": {server.id}, "userId": {accountID}, "userType": {"Linked"}, "accessToken": {accessKey},
	}), http.StatusOK, nil)
}

// link returns the id of the only link with that status.
func (p *program) link(token, status string) string {
	p.t.Helper()
	var list struct{ Links []struct{ ID string } }
	p.is(p.as(token).api(http.MethodGet, "/api/v1/links?status="+status, nil), http.StatusOK, &list)
	if len(list.Links) != 1 {
		p.t.Fatalf("%d links are %s, want 1", len(list.Links), status)
	}
	return list.Links[0].ID
}
