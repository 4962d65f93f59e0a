package handlers_test

import (
	"cmp"
	"flag"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/servicetest"
)

var update = flag.Bool("update", false, "write the golden answers")

// asked is a request whose answer and log lines are kept in testdata/answers.txt.
type asked struct {
	method, path string
	body         string            // a form; "" for none
	header       map[string]string // besides Host
	times        int               // how often it is sent; only the last answer is kept, and all lines are counted
	before       func()            // runs before the request; nil for nothing
}

// TestAnswersAndLinesStay compares the headers of the answers and the lines of the log
// with those that are kept in testdata/answers.txt, for each kind of route: a change of
// the front door must lose no header, no counter and no line.
func TestAnswersAndLinesStay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.account(t, "ann")
	token := s.program(t).token(p.username)
	b := s.browser(t)
	b.signIn(p)
	handler, log := s.logged(t)
	var out strings.Builder
	for _, one := range s.everyKind(token, b.token()) {
		if one.before != nil {
			one.before()
		}
		out.WriteString(s.recorded(t, handler, log, one))
	}
	sameAsKept(t, filepath.Join("testdata", "answers.txt"), out.String())
}

// logged returns a handler with the settings of s, and its log, which has the lines of
// every level as JSON.
func (s *site) logged(t *testing.T) (http.Handler, *servicetest.Log) {
	t.Helper()
	log := &servicetest.Log{}
	config := *s.Config
	config.Log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return servicetest.Must(config.Handler())(t), log
}

// everyKind returns requests of every kind of route. The parameter token is the session
// token of a device, and the parameter session is the session token of a browser.
func (s *site) everyKind(token, session string) []asked {
	bearer := map[string]string{"Authorization": "Bearer " + token}
	wire := map[string]string{"X-Connect-UserToken": token}
	cookie := map[string]string{"Cookie": "__Host-latchkey-session=" + session}
	own := map[string]string{"Origin": s.Config.PublicURL, "Sec-Fetch-Site": "same-origin"}
	poll := "/service/pin?deviceId=tv&pin=BCDF"
	return slices.Concat(machineRequests(), pageRequests(cookie, own), apiRequests(bearer), wireRequests(wire), []asked{
		{method: "GET", path: "/captcha/challenge"}, // there is no challenge without a captcha
		{method: "GET", path: poll, times: 80},
		{method: "GET", path: "/readyz", before: func() { s.Clock.Advance(time.Minute); _ = s.Store.Close() }},
		{method: "GET", path: "/api/v1/account", header: bearer, times: 3},
		{method: "GET", path: "/service/user", header: wire, times: 3},
		{method: "GET", path: "/servers", header: cookie, times: 3},
		{method: "GET", path: "/", header: cookie},
	})
}

func machineRequests() []asked {
	return []asked{
		{method: "GET", path: "/livez"},
		{method: "HEAD", path: "/livez"},
		{method: "GET", path: "/readyz"},
		{method: "GET", path: "/robots.txt"},
		{method: "GET", path: "/favicon.ico"},
		{method: "GET", path: "/static/css/latchkey.css"},
		{method: "GET", path: "/static/js/latchkey.js"},
		{method: "GET", path: "/static/css/latchkey.css", header: map[string]string{"Accept-Encoding": "gzip"}},
		{method: "GET", path: "/static/nothing"},
		{method: "GET", path: "/.well-known/security.txt"},
		{method: "GET", path: "/.well-known/change-password"},
	}
}

func pageRequests(cookie, own map[string]string) []asked {
	signedOut := maps.Clone(own)
	signedOut["Cookie"] = "__Host-latchkey-session=" + strings.Repeat("x", 40)
	return []asked{
		{method: "GET", path: "/"},
		{method: "HEAD", path: "/"},
		{method: "GET", path: "/", header: map[string]string{"Accept-Encoding": "gzip"}},
		{method: "GET", path: "/", header: cookie},
		{method: "GET", path: "/", header: map[string]string{"Accept-Language": "de", "Cookie": "__Host-latchkey-notice=signed_out"}},
		{method: "GET", path: "/help/pin"},
		{method: "GET", path: "/signin"},
		{method: "GET", path: "/signin?return_to=/servers"},
		{method: "GET", path: "/signup"},
		{method: "GET", path: "/forgot"},
		{method: "GET", path: "/api/docs"},
		{method: "GET", path: "/nowhere"},
		{method: "GET", path: "/signin."},
		{method: "GET", path: "/pin"},
		{method: "GET", path: "/servers"},
		{method: "GET", path: "/servers", header: signedOut},
		{method: "GET", path: "/servers", header: cookie},
		{method: "GET", path: "/servers/1", header: cookie},
		{method: "GET", path: "/account", header: cookie},
		{method: "GET", path: "/confirm?token=secret-in-query"},
		{method: "POST", path: "/signin", header: own, body: "name_or_email=ann&password=wrong-password"},
		{method: "POST", path: "/signin", body: "name_or_email=ann", header: map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}},
		{method: "POST", path: "/language", header: own, body: "language=de&return_to=/"},
		{method: "PUT", path: "/signin"},
		{method: "STRANGE", path: "/signin"},
		{method: "GET", path: "/signin", header: map[string]string{"Host": "evil.example"}},
		{method: "GET", path: "/signin?" + strings.Repeat("a=b&", 120)},
		{method: "GET", path: "/signin", header: map[string]string{"X-Forwarded-For": "203.0.113.9"}},
	}
}

func apiRequests(bearer map[string]string) []asked {
	return []asked{
		{method: "GET", path: "/api/openapi.yaml"},
		{method: "GET", path: "/api/v1/account"},
		{method: "GET", path: "/api/v1/account", header: bearer},
		{method: "HEAD", path: "/api/v1/account", header: bearer},
		{method: "GET", path: "/api/v1/servers", header: bearer},
		{method: "OPTIONS", path: "/api/v1/account"},
		{method: "OPTIONS", path: "/api/v1/nothing"},
		{method: "GET", path: "/api/v1/nothing"},
		{method: "GET", path: "/API/v1/account"},
		{method: "PUT", path: "/api/v1/account", header: bearer},
		{method: "POST", path: "/api/v1/sessions", body: "not json"},
	}
}

func wireRequests(wire map[string]string) []asked {
	return []asked{
		{method: "GET", path: "/service/user"},
		{method: "GET", path: "/service/user", header: wire},
		{method: "HEAD", path: "/service/user", header: wire},
		{method: "GET", path: "//Service//User/", header: wire},
		{method: "GET", path: "/service/servers", header: wire},
		{method: "OPTIONS", path: "/service/servers"},
		{method: "DELETE", path: "/service/user"},
		{method: "GET", path: "/service/nothing"},
		{method: "GET", path: "/service"},
		{method: "GET", path: "/service/ip"},
		{method: "POST", path: "/service/user/authenticate", body: "nameOrEmail=ann&rawpw=wrong-password"},
	}
}

// recorded sends a request and returns its answer and the lines of the log as text, in
// which everything that differs between two runs is replaced.
func (s *site) recorded(t *testing.T, handler http.Handler, log *servicetest.Log, one asked) string {
	t.Helper()
	var answer *httptest.ResponseRecorder
	for range max(one.times, 1) {
		request := httptest.NewRequestWithContext(t.Context(), one.method, s.Config.PublicURL+"/", strings.NewReader(one.body))
		request.URL.Path, request.URL.RawQuery, _ = strings.Cut(one.path, "?")
		if one.body != "" {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		request.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0")
		for name, value := range one.header {
			request.Header.Set(name, value)
		}
		request.Host = cmp.Or(one.header["Host"], request.Host)
		answer = httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
	}
	text := fmt.Sprintf("%s %.60s %s\n%d\n", one.method, one.path, strings.Join(slices.Sorted(maps.Keys(one.header)), " "), answer.Code)
	for _, name := range slices.Sorted(maps.Keys(answer.Header())) {
		for _, value := range answer.Header()[name] {
			text += "  " + name + ": " + value + "\n"
		}
	}
	for line, times := range countLines(masked(log.String())) {
		text += fmt.Sprintf("  %d × %s\n", times, line)
	}
	log.Reset()
	return masked(text) + "\n"
}

// countLines returns the different lines of a text in their order, each with the number of
// its occurrences.
func countLines(text string) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		counts := map[string]int{}
		var order []string
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if counts[line]++; counts[line] == 1 {
				order = append(order, line)
			}
		}
		for _, line := range order {
			if !yield(line, counts[line]) {
				return
			}
		}
	}
}

// masked replaces the parts of a text that differ between two runs, or that change with the
// text of a page.
func masked(text string) string {
	for _, mask := range [][2]string{
		{`'nonce-[\w-]{22}'`, "'nonce-NONCE'"},
		{`X-Request-Id: [\w-]{22}`, "X-Request-Id: ID"},
		{`"request":"[\w-]{22}"`, `"request":"ID"`},
		{`"time":"[^"]+"`, `"time":"TIME"`},
		{`"took":\d+`, `"took":TOOK`},
		{`"bytes":[1-9]\d*`, `"bytes":SOME`},
		{`Etag: "[\w-]+"`, `Etag: TAG`},
		{`Content-Length: [1-9]\d*`, `Content-Length: SOME`},
		{`"err":"[^"]*"`, `"err":"ERROR"`},
		{`127\.0\.0\.1:\d+`, "127.0.0.1:PORT"},
		{`lk[a-z]_[\w-]{49}`, "TOKEN"},
	} {
		text = regexp.MustCompile(mask[0]).ReplaceAllString(text, mask[1])
	}
	return text
}

// sameAsKept fails if got is not the content of the file. With -update it writes the file.
func sameAsKept(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("answers or lines of the log (-want +got); -update writes them:\n%s", diff)
	}
}
