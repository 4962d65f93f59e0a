package handlers_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// An answer with an error names its request in a header, for programs that get a problem
// document and for apps that get a bare status. A page shows the number of the status and the
// id in small print below the sentence that helps. The line in the log has the same id.
func TestErrorsNameTheirRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, program := s.browser(t), s.program(t)
	b.signIn(b.join("ann"))
	ids := map[string]bool{}
	isNamed := func(what string, a answer, status string) (id string) {
		t.Helper()
		id = a.header.Get("X-Request-Id")
		if len(id) != 22 || ids[id] {
			t.Errorf("%s: the request is called %q, want 22 characters that no other request has", what, id)
		}
		ids[id] = true
		if line := lineOf(s.Log.String(), "msg=request ", "request="+id); !strings.Contains(line, "status="+status+" ") {
			t.Errorf("%s: the log has the line %q about this request, want one with the status %s", what, line, status)
		}
		return id
	}
	isPage := func(what string, a answer, status, sentence string) (id string) {
		t.Helper()
		id = isNamed(what, a, status)
		if small := regexp.MustCompile(`(?s)<p>[^<]*` + regexp.QuoteMeta(sentence) + `.*<p class="hint reference">` + status + ` · [^<]+<code>` + id + `</code></p>`); !small.MatchString(a.body) {
			t.Errorf("%s: the page is %s\nwant %q, and below it %s and the id %s in small print", what, summary(a.body), sentence, status, id)
		}
		return id
	}
	isPage("page that is not there", b.get("/nowhere"), "404", "There is nothing at this address.")
	isPage("link that was used", b.get("/reset?token=a&token=b"), "410", "The link was already used")
	isPage("form of another site", b.send(func() *http.Request {
		r := b.request(http.MethodPost, "/signout", "")
		r.Header.Set("Origin", "https://elsewhere.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		return r
	}()), "403", "Open the page here and try again.")
	isNamed("problem without a token", program.get("/account"), "401")
	isNamed("problem about a path", program.get("/nowhere"), "404")
	isNamed("problem about a form of OAuth", program.form("POST", "/api/v1/device-codes/token", nil), "400")
	isNamed("app without a token", program.do("GET", "/service/servers", "", ""), "401")
	isNamed("app at no path", program.do("GET", "/service/nowhere", "", ""), "404")
	isNamed("app with a wrong method", program.do("DELETE", "/service/servers", "", ""), "405")
	if id := b.get("/signin").header.Get("X-Request-Id"); id != "" {
		t.Errorf("an answer without an error has the id %q, want none", id)
	}
	token := program.token("ann")
	if err := s.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for what, id := range map[string]string{
		"page":    isPage("page without a database", b.get("/account"), "500", "If it happens again, tell the person"),
		"problem": isNamed("problem without a database", program.as(token).get("/account"), "500"),
		"app":     isNamed("app without a database", program.with("X-Connect-UserToken", token).do("GET", "/service/servers", "", ""), "500"),
	} {
		if lineOf(s.Log.String(), "level=ERROR", "request="+id) == "" {
			t.Errorf("%s: no error in the log names the request %s", what, id)
		}
	}
}

// lineOf returns the last line of a log that has all of the texts, or "".
func lineOf(log string, texts ...string) (found string) {
	for line := range strings.Lines(log) {
		has := true
		for _, text := range texts {
			has = has && strings.Contains(line, text)
		}
		if has {
			found = line
		}
	}
	return found
}
