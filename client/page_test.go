package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

func TestPages(t *testing.T) {
	t.Parallel()
	first := reply{status: 200, body: `{"items":[{"id":"3"},{"id":"2"}],"next":"c+1"}`}
	last := reply{status: 200, body: `{"items":[{"id":"1"}],"next":null}`}
	f := newFake(t, first, last)
	var ids []string
	for event, err := range f.client(t).Accounts.History(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, string(event.ID))
	}
	if got := strings.Join(ids, " "); got != "3 2 1" {
		t.Errorf("ids %s, want 3 2 1", got)
	}
	if f.got()[0].URL.RawQuery != "limit=100" || f.got()[1].URL.RawQuery != "cursor=c%2B1&limit=100" {
		t.Errorf("queries %s, %s, want raw query limit=100, raw query %q", f.got()[0].URL.RawQuery, f.got()[1].URL.RawQuery, "cursor=c%2B1&limit=100")
	}
	// A loop that stops early fetches no more pages.
	f = newFake(t, first, last)
	for range f.client(t).Invites.Sent(t.Context()) {
		break
	}
	if len(f.got()) != 1 {
		t.Errorf("%d requests, want 1 request", len(f.got()))
	}
	// An error ends the list, and the loop gets it.
	f = newFake(t, first, problem(401, "session_ended"))
	var found []error
	for _, err := range f.client(t).People.List(t.Context(), someID) {
		found = append(found, err)
	}
	if len(found) != 3 || found[1] != nil || !errors.Is(found[2], client.ErrSessionEnded) {
		t.Errorf("got %v, want two items and then the error %v", found, client.ErrSessionEnded)
	}
	// A page whose cursor leads to the same page again does not make the loop go on for ever.
	f, found = newFake(t, first), nil
	for _, err := range f.client(t).Operators.Servers(t.Context(), "") {
		found = append(found, err)
	}
	if len(found) != 3 || !errors.Is(found[2], client.ErrBadAnswer) {
		t.Errorf("got %v, want two items and then the error %v", found, client.ErrBadAnswer)
	}
	f = newFake(t, last)
	for range f.client(t).Operators.Accounts(t.Context(), client.AccountsAsk{Prefix: "an&n"}) {
		continue
	}
	if f.got()[0].URL.RawQuery != "limit=100&prefix=an%26n" {
		t.Errorf("query %s, want %q", f.got()[0].URL.RawQuery, "limit=100&prefix=an%26n")
	}
}
