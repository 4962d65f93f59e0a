package handlers_test

import (
	"encoding/json"
	"net/http"
	"strings"
)

const v1 = "/api/v1"

// post sends an object of texts, and remembers the texts that no log may
// contain.
func (p *program) post(path string, pairs ...string) answer {
	p.t.Helper()
	return p.send(http.MethodPost, path, pairs...)
}

func (p *program) send(method, path string, pairs ...string) answer {
	p.t.Helper()
	in := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		in[pairs[i]] = pairs[i+1]
		if strings.Contains(pairs[i], "password") || strings.Contains(pairs[i], "token") || strings.Contains(pairs[i], "pin") || pairs[i] == "captcha" {
			p.plant(pairs[i+1])
		}
	}
	return p.api(method, v1+path, in)
}

// get asks for path.
func (p *program) get(path string) answer {
	p.t.Helper()
	return p.api(http.MethodGet, v1+path, nil)
}

// done fails unless the answer has no content.
func (p *program) done(a answer) {
	p.t.Helper()
	p.is(a, http.StatusNoContent, nil)
	if a.body != "" {
		p.t.Errorf("%s: 204 with %q, want no body", a.path, a.body)
	}
}

// mailed fails unless the answer says that a mail follows.
func (p *program) mailed(a answer) {
	p.t.Helper()
	p.is(a, http.StatusAccepted, nil)
	if a.body != "{}" {
		p.t.Errorf("%s: 202 with %s, want %q", a.path, a.body, "{}")
	}
}

// wrong fails unless the answer has exactly these mistakes. The members and codes alternate
// in pairs.
func (p *program) wrong(a answer, status int, pairs ...string) {
	p.t.Helper()
	p.isProblem(a, status, "invalid")
	checkAPIAnswer(p.t, a)
	var got struct {
		Errors []struct {
			Field  string `json:"field"`
			Code   string `json:"code"`
			Detail string `json:"detail"`
		} `json:"errors"`
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		p.t.Fatal(err)
	}
	var have []string
	for _, e := range got.Errors {
		have = append(have, e.Field, e.Code)
		if e.Detail == "" || strings.HasPrefix(e.Detail, "error.") || strings.Contains(e.Detail, "<no value>") {
			p.t.Errorf("%s: %s has the text %q, want some detail, not beginning with %q, without %q", a.path, e.Code, e.Detail, "error.", "<no value>")
		}
	}
	if strings.Join(have, " ") != strings.Join(pairs, " ") {
		p.t.Errorf("%s: mistakes %q, want %q", a.path, have, pairs)
	}
}

// refused fails unless the answer is that problem, complete with its headers.
func (p *program) refused(a answer, status int, code string) {
	p.t.Helper()
	p.isProblem(a, status, code)
	checkAPIAnswer(p.t, a)
	if retry := a.header.Get("Retry-After"); (retry != "") != (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) {
		p.t.Errorf("%s: status %d with Retry-After %q, want it with 429 and 503 alone", a.path, status, retry)
	}
}

// signedUp makes a confirmed account through the API and signs in.
func (p *program) signedUp(name string) *program {
	p.t.Helper()
	p.is(p.post("/accounts", "username", name, "email", name+"@example.org", "password", goodPassword), http.StatusAccepted, nil)
	p.done(p.post("/accounts/confirm", "token", p.letter(p.t, "confirm", name+"@example.org").Secret))
	return p.as(p.token(name))
}

// anyToken has the form of a session token and belongs to no session.
const anyToken = "lks_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAxjaquw"
