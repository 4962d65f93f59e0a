package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// The ways in which a parameter can be sent.
const (
	shapeQuery = iota
	shapeRawQuery
	shapeForm
	shapeRawForm
	shapeJSON
	shapeMultipart
	shapeBody // the value is the whole body
	shapeHeader
	shapes
)

// serviceParameters returns the names of all parameters of the protocol.
func serviceParameters() []string {
	return []string{
		"nameOrEmail", "userName", "rawpw", "password", "id", "name", "email", "deviceId", "pin", "userId", "status", "serverId",
		"userType", "accessToken", "requesterUserName", "url", "systemId", "localAddress", "claimCode", "grecaptcha", "altcha", "format", "",
	}
}

// prober sends requests to the service.
type prober struct {
	handler http.Handler
	store   *models.Store
	account models.Account
	server  models.Registered
	routes  []string
	token   string // of the account; "" if it has to sign in
}

func newProber(t testing.TB, database string) *prober {
	t.Helper()
	clock := modelstest.NewClock()
	store := modelstest.Open(t, database, clock, modelstest.Unlimited, func(o *models.Options) { o.LegacyMD5 = true })
	config := servicetest.Handlers(t, store, clock)
	handler, err := config.Handler()
	if err != nil {
		t.Fatal(err)
	}
	p := &prober{handler: handler, store: store}
	for _, route := range handlers.ServiceRoutes(config) {
		p.routes = append(p.routes, route.Method+" "+route.Path)
	}
	ctx := context.Background()
	p.account, err = store.Operators.Create(ctx, models.SignUp{Username: "ann", Email: "ann@example.org", Password: goodPassword, Locale: "en"})
	if err == nil {
		err = store.Operators.Confirm(ctx, "ann")
	}
	if err == nil {
		p.server, err = store.Registrations.Register(ctx, models.Registration{Name: "Den", SystemID: "5ed", Kind: models.ServerEmby}, models.Caller{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// valid returns parameters that are valid for every route.
func (p *prober) valid() url.Values {
	account, server := strconv.FormatInt(p.account.ID, 10), strconv.FormatInt(p.server.Server.ID, 10)
	return pairs("nameOrEmail", "ann", "rawpw", goodPassword, "userName", "carl", "email", "carl@example.org", "deviceId", "tv",
		"pin", "BCDF-GHJK", "userId", account, "serverId", server, "userType", "Guest", "accessToken", strings.Repeat("0a", 16),
		"name", "Den", "url", "http://198.51.100.1:8096", "systemId", "5ed", "localAddress", "http://192.168.1.2:8096")
}

// ask sends a request to a route, with value as one of its parameters. The numbers route and parameter
// choose the route and the name of the parameter, and shape is one of the ways in which a parameter
// can be sent. All three may be greater than the number of choices. ask returns the method and the
// path of the route, and the answer.
func (p *prober) ask(t testing.TB, route, shape, parameter int, value []byte) (string, *httptest.ResponseRecorder) {
	t.Helper()
	named := p.routes[route%len(p.routes)]
	method, path, _ := strings.Cut(named, " ")
	name := serviceParameters()[parameter%len(serviceParameters())]
	params := p.valid()
	if name != "id" && path == "/servers" {
		params.Set("id", strconv.FormatInt(p.server.Server.ID, 10))
	}
	params.Del(name)
	request := httptest.NewRequest(method, "/service"+path, nil)
	request.Host = "id.example.org"
	var body []byte
	switch shape % shapes {
	case shapeQuery:
		params.Set(name, string(value))
		request.URL.RawQuery = params.Encode()
	case shapeRawQuery:
		request.URL.RawQuery = params.Encode() + "&" + name + "=" + string(value)
	case shapeForm:
		params.Set(name, string(value))
		body = []byte(params.Encode())
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	case shapeRawForm:
		body = slices.Concat([]byte(params.Encode()+"&"+name+"="), value)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case shapeJSON:
		body = jsonOf(t, params, name, value)
		request.Header.Set("Content-Type", "application/json")
	case shapeMultipart:
		var contentType string
		body, contentType = multipartOf(t, params, name, value)
		request.Header.Set("Content-Type", contentType)
	case shapeBody:
		body = value
		request.URL.RawQuery = params.Encode()
		request.Header.Set("Content-Type", "application/json")
	case shapeHeader:
		request.URL.RawQuery = params.Encode()
		request.Header.Set("X-Application", string(value))
		request.Header.Set("User-Agent", string(value))
		request.Header.Set("Accept-Language", string(value))
		request.Header.Set("If-None-Match", string(value))
	}
	if body != nil {
		fresh := httptest.NewRequest(method, request.URL.RequestURI(), bytes.NewReader(body))
		fresh.Host, fresh.Header, fresh.URL.RawQuery = request.Host, request.Header, request.URL.RawQuery
		request = fresh
	}
	p.identify(t, request, named, parameter)
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, request)
	return named, w
}

// identify adds the token that the route needs, and sometimes both kinds of
// token.
func (p *prober) identify(t testing.TB, request *http.Request, route string, parameter int) {
	t.Helper()
	if p.token == "" {
		signed, err := p.store.Sessions.SignIn(context.Background(), models.SignIn{
			NameOrEmail: "ann", Password: goodPassword, Kind: models.SessionDevice, DeviceID: "prober",
		}, models.Caller{})
		if err != nil {
			t.Fatal(err)
		}
		p.token = signed.Token
	}
	if parameter%2 == 0 || !strings.Contains(route, "authorizations") {
		request.Header.Set(userToken, p.token)
	}
	if route == "POST /user/logout" {
		p.token = ""
	}
	if strings.HasSuffix(route, "/serverauthorizations") || route == "POST /servers" {
		request.Header.Set(serverToken, p.server.Key)
	}
}

func jsonOf(t testing.TB, params url.Values, name string, value []byte) []byte {
	t.Helper()
	members := map[string]any{}
	for key := range params {
		members[key] = params.Get(key)
	}
	members[name] = string(value)
	if json.Valid(value) {
		members[name] = json.RawMessage(value)
	}
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func multipartOf(t testing.TB, params url.Values, name string, value []byte) (body []byte, contentType string) {
	t.Helper()
	var buffer bytes.Buffer
	writer := multipart.NewWriter(&buffer)
	params.Set(name, string(value))
	for key := range params {
		if err := writer.WriteField(key, params.Get(key)); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes(), writer.FormDataContentType()
}

// check reports an answer that is not allowed.
func (p *prober) check(t testing.TB, route string, w *httptest.ResponseRecorder) {
	t.Helper()
	documented := []int{200, 304, 400, 401, 403, 404, 409, 413, 429, 503}
	if !slices.Contains(documented, w.Code) {
		t.Errorf("%s: status %d, want one of %v", route, w.Code, documented)
	}
	if w.Code >= 400 && w.Body.Len() > 0 && route != "POST /register" {
		t.Errorf("%s: status %d with the body %q, want no body", route, w.Code, w.Body)
	}
	if w.Code < 300 && route != "GET /ip" && !json.Valid(w.Body.Bytes()) {
		t.Errorf("%s: status %d with %q, want JSON", route, w.Code, w.Body)
	}
	if w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%s: %d without CORS, want *", route, w.Code)
	}
}

// serviceSeeds returns values that have caused faults.
func serviceSeeds() []string {
	return []string{
		"", "ann", "0", "-1", "9223372036854775808", "null", "true", `{"a":[1]}`, `["ann"]`, "{", `{"rawpw":1e999}`, "\x00", "a\x00b", "\xff\xfe",
		"\xed\xa0\x80", "😀", "%", "%zz", "%00", "%ff", "a&b=c&&d", "Den & Co + 50% \"Server\"", "' OR 1=1 --", "\\", "..", "%2e%2e/",
		"\u202eevil", strings.Repeat("a", 300), strings.Repeat("ä", 5000), strings.Repeat("x", 70000), strings.Repeat("&", 500),
		"http://[::1%25eth0]:8096", "http://a:b@c/", "javascript:alert(1)", "ann@example.org", "a@b\r\nBcc: c@d", "BCDF-GHJK", "waiting",
		strings.Repeat("0a", 16), "\r\n\r\n", "--boundary--", "=", "a=b", "\t", " ",
	}
}

// Any bytes in any parameter of the protocol get a documented status.
func FuzzService(f *testing.F) {
	p := newProber(f, modelstest.SQLite(f))
	for i, seed := range serviceSeeds() {
		for j := range 2 { // two of each leave time for new values
			f.Add(uint8(i+j), uint8(i*3+j), uint8(i*7+j), []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, route, shape, parameter uint8, value []byte) {
		name, w := p.ask(t, int(route), int(shape), int(parameter), value)
		p.check(t, name, w)
	})
}

// The seeds run again on MySQL, which refuses other bytes than SQLite.
func TestServiceTakesAnyBytesOnMySQL(t *testing.T) {
	t.Parallel()
	p := newProber(t, modelstest.MySQL(t))
	statuses := map[int]int{}
	for i, seed := range serviceSeeds() {
		for route := range p.routes {
			name, w := p.ask(t, route, i+route, i*7+route, []byte(seed))
			p.check(t, name, w)
			statuses[w.Code]++
		}
	}
	for _, status := range []int{200, 400, 401, 404, 413} {
		if statuses[status] == 0 {
			t.Errorf("no request got %d: the test does not reach far: %v", status, statuses)
		}
	}
}
