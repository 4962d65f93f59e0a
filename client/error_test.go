package client_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/client"
)

func TestErrorsHoldWhatTheServiceSaid(t *testing.T) {
	t.Parallel()
	body := `{"type":"about:blank","title":"x","status":422,"code":"invalid","detail":"Look\u001b[31m again.","errors":[{"field":"email","code":"email_invalid","detail":"No."}]}`
	f := newFake(t, reply{422, "application/problem+json; charset=utf-8", body, []string{"Retry-After", "7", "X-Request-Id", "aB-_9"}})
	err := f.client(t).Emails.Change(t.Context(), "x", "y")
	want := &client.Error{
		Status: 422, Code: "invalid", Detail: "Look[31m again.", RetryAfter: 7 * time.Second, RequestID: "aB-_9",
		Fields: []client.FieldError{{Field: "email", Code: "email_invalid", Detail: "No."}},
	}
	got, ok := errors.AsType[*client.Error](err)
	if !ok {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if !errors.Is(err, client.ErrInvalid) || errors.Is(err, client.ErrNotFound) || client.CodeOf(err) != "invalid" || client.CodeOf(nil) != "" {
		t.Errorf("error %v with the code %q, want the code invalid, and no code for nil", err, client.CodeOf(err))
	}
	if wrong, ok := got.Field("email"); !ok || wrong.Code != "email_invalid" {
		t.Errorf("field email %+v, want email_invalid", wrong)
	}
	if _, ok := got.Field("password"); ok {
		t.Error("the field password has a mistake, want one for email alone")
	}
	const said = "POST /api/v1/account/email: 422 invalid: Look[31m again. [email: email_invalid]"
	if text := err.Error(); text != said {
		t.Errorf("got the text %q, want %q", text, said)
	}
	// An error that the service did not write has no code, so errors.Is finds no error of this
	// package in it.
	for name, r := range map[string]reply{
		"a page": {status: 404, kind: "text/html", body: "<p>"}, "a lie": {404, "application/problem+json", `{"status":410,"code":"not_found"}`, nil},
		"plain JSON": {status: 404, body: `{"status":404,"code":"not_found"}`}, "garbage": {404, "application/problem+json", "{", nil},
	} {
		_, err := newFake(t, r).client(t).Accounts.Get(t.Context())
		if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != 404 || e.Code != "" || errors.Is(err, client.ErrNotFound) || errors.Is(err, &client.Error{}) {
			t.Errorf("%s: got the error %v, want one with status 404, without a code and unlike every known one", name, err)
		}
	}
}
