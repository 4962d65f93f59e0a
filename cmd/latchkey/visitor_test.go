package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// goodPassword passes every rule.
const goodPassword = "seven-lanterns over-Quay 93"

// visitor is a browser with its own IP address.
type visitor struct {
	client  *http.Client
	base    string
	from    string // the IP address of the visitor, in the form in which a proxy forwards it
	cookies *cookiejar.Jar
}

// answer is the answer to a request.
type answer struct {
	status   int
	location string
	header   http.Header
	body     string
	took     time.Duration
}

// newVisitor returns a browser without cookies. Visitors with different n have different addresses.
func newVisitor(address string, n int) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err)
	}
	client := oneShot()
	client.Jar, client.Timeout = jar, patience
	return &visitor{
		client: client, base: "http://" + address, cookies: jar,
		from: fmt.Sprintf("10.%d.%d.%d", n/12500%250, n/50%250, n%50+1), // some limits count a whole network of 256 addresses
	}
}

// do asks for a path. If form is nil, it sends a GET.
func (v *visitor) do(path string, form url.Values) (answer, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(context.Background(), method, v.base+path, body)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Forwarded-For", v.from)
	request.Header.Set("Accept-Language", "en")
	began := time.Now()
	response, err := v.client.Do(request)
	if err != nil {
		return answer{took: time.Since(began)}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header.Get("Location"), response.Header, string(text), time.Since(began)}, err
}

// get fetches a page, and fails the test if the page does not exist.
func (v *visitor) get(t *testing.T, path string) answer {
	t.Helper()
	a, err := v.do(path, nil)
	if err != nil || a.status >= http.StatusBadRequest {
		t.Fatalf("GET %s: status %d with the error %v, want one below 400\n%s", path, a.status, err, a.body)
	}
	return a
}

// post sends a form, and fails the test unless the answer redirects the browser to want.
func (v *visitor) post(t *testing.T, path, want string, form url.Values) answer {
	t.Helper()
	a, err := v.do(path, form)
	if err != nil || a.status != http.StatusSeeOther || a.location != want {
		t.Fatalf("POST %s: %d to %q, %v; want 303 to %q\n%s", path, a.status, a.location, err, want, a.body)
	}
	return a
}

// signUpForm returns a valid form for username.
func signUpForm(username string) url.Values {
	return url.Values{
		"username": {username}, "display_name": {""}, "email": {emailOf(username)},
		"password": {goodPassword}, "password_again": {goodPassword},
	}
}

func emailOf(username string) string { return username + "@mail.example.org" }

// acknowledged reports whether the answer a says that a sign-up was accepted.
func acknowledged(a answer) bool {
	return a.status == http.StatusSeeOther && a.location == "/signup/sent"
}

// signIn signs in and leaves the session's cookie with the visitor.
func (v *visitor) signIn(t *testing.T, username string) {
	t.Helper()
	v.post(t, "/signin", "/servers", url.Values{"name_or_email": {username}, "password": {goodPassword}})
}
