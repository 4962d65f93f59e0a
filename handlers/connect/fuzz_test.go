package connect_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/handlers/connect"
	"github.com/latchkey-media/latchkey/models"
)

// FuzzService sends any value in any parameter of any endpoint. The status of the answer is always
// one of the documented statuses.
func FuzzService(f *testing.F) {
	for _, seed := range []string{
		"", "0", "-1", "9223372036854775807", "99999999999999999999", "null", "[]", `{"userId":{}}`, "' OR 1=1 --", "\x00", "\xff\xfe", "%", "%zz",
		strings.Repeat("x", 300), strings.Repeat("é", 1000), strings.Repeat("é", 5000), "BCDF-GHJK", "\u202e\u0000😀", "a@example.test", "http://[::1", "Waiting", "\r\n",
	} {
		f.Add(seed, strings.Contains(seed, "%"))
	}
	w := fuzzWorld(f)
	f.Fuzz(func(t *testing.T, text string, raw bool) {
		value := encodeURIComponent(text)
		if raw {
			value = text
		}
		header := strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(text)
		for _, route := range w.server.Routes() {
			for _, auth := range []http.Header{
				{},
				{"X-Connect-Usertoken": {w.bobToken}},
				{"X-Connect-Token": {w.key}},
				{"X-Connect-Usertoken": {header}, "X-Connect-Token": {header}, "X-Application": {header}},
			} {
				if route.Path == "/user/logout" && auth.Get("X-Connect-UserToken") == w.bobToken {
					continue // it would end bob's session, and all later calls would be refused
				}
				for _, own := range []string{"", "userId= serverId= id=", "userId= serverId= id=" + w.serverID} {
					w.fuzzCall(t, route, auth.Clone(), value, own)
				}
			}
		}
	})
}

func fuzzWorld(f *testing.F) world {
	f.Helper()
	s := newSite(f, nil, func(o *models.Options) {
		plenty := models.Limit{Hits: 1 << 30, Window: time.Hour}
		o.Limits.SignIn, o.Limits.AskDay, o.Limits.AskDayUnclaimed, o.Limits.FindHour, o.Limits.DeviceMisses = plenty, plenty, plenty, plenty, plenty
	})
	s.person("bob", bobsPassword)
	w := world{site: s}
	w.bob, w.bobToken = s.signIn("bob", bobsPassword)
	w.serverID, w.key = s.media("383ceec546a24889be99de692f6b7b09")
	return w
}

// documented returns the statuses in the description of the protocol, and 413 and 429 in
// addition.
func documented() []int { return []int{200, 400, 401, 403, 404, 405, 409, 413, 429} }

// parameters returns all parameters that any endpoint reads.
func parameters() []string {
	return []string{
		"nameOrEmail", "rawpw", "password", "userId", "serverId", "id", "name", "url", "systemId", "localAddress", "email", "userName", "pin",
		"deviceId", "status", "userType", "accessToken", "requesterUserName", "claimCode", "grecaptcha", "altcha", "format",
	}
}

// Every parameter that the code reads must be in the list of parameters, so that
// FuzzService tries it.
func TestParametersAreKnown(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, name := range parameters() {
		known[strings.ToLower(name)] = true
	}
	read := regexp.MustCompile(`params\["(\w+)"\]|params\.Get\(([^)]*)\)`)
	met := 0
	for _, file := range append(files, "../wire_service.go") {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range read.FindAllStringSubmatch(string(source), -1) {
			for name := range strings.SplitSeq(found[1]+strings.ReplaceAll(found[2], `"`, ""), ", ") {
				met++
				if !known[name] {
					t.Errorf("%s reads the parameter %q, want it in the list that is fuzzed", file, name)
				}
			}
		}
	}
	if met < 30 {
		t.Errorf("%d parameters found in the source, want at least 30", met)
	}
}

// fuzzCall sends a request in which every parameter has the same value, except the
// parameters in own, which has their names and values.
func (w world) fuzzCall(t *testing.T, route connect.Route, header http.Header, value, own string) {
	t.Helper()
	var pairs []string
	for _, name := range parameters() {
		if !strings.Contains(" "+own, " "+name+"=") {
			pairs = append(pairs, name+"="+value)
		}
	}
	pairs = append(pairs, strings.Fields(own)...)
	sent := strings.Join(pairs, "&")
	r := httptest.NewRequestWithContext(t.Context(), route.Method, "/service"+route.Path, strings.NewReader(sent))
	if route.Method == http.MethodGet {
		r = httptest.NewRequestWithContext(t.Context(), route.Method, "/service"+route.Path, nil)
		r.URL.RawQuery = sent
	}
	r.Header = header
	recorder := httptest.NewRecorder()
	if pattern := w.server.Serve(recorder, r, netip.MustParseAddr(home.Address), atHome); pattern != connect.Prefix+route.Path {
		t.Errorf("%s %s met the pattern %q, want %q", route.Method, route.Path, pattern, connect.Prefix+route.Path)
	}
	if !slices.Contains(documented(), recorder.Code) {
		t.Errorf("%s %s with %.300q: status %d, want one of %v\n%.1000s", route.Method, route.Path, sent, recorder.Code, documented(), w.log)
	}
}
