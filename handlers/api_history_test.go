package handlers_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type listedEvents struct {
	Items []struct {
		ID, Kind, Address, Device string
		At                        time.Time
	}
	Next *string
}

func TestAPIHistory(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	s.browser(t).join("ann")
	s.browser(t).join("bob")
	p := s.program(t)
	own, bob := p.as(p.token("ann")), p.as(p.token("bob"))
	for i := range 5 {
		own.is(own.send(http.MethodPatch, "/account", "display_name", "Ann "+strconv.Itoa(i)), http.StatusOK, nil)
	}
	var all listedEvents
	own.is(own.get("/account/history"), http.StatusOK, &all)
	if len(all.Items) != 8 || all.Next != nil || all.Items[0].Kind != "profile_changed" || all.Items[7].Kind != "signed_up" ||
		all.Items[0].Address != "127.0.0.1" {
		t.Fatalf("history %+v, want the latest event first, with its address", all)
	}
	// The pages together have the same events, even if another event happens in
	// between.
	var read listedEvents
	cursor, pages := "", 0
	for {
		path := "/account/history?limit=3"
		if cursor != "" {
			path += "&cursor=" + cursor
		}
		var page listedEvents
		own.is(own.get(path), http.StatusOK, &page)
		pages++
		read.Items = append(read.Items, page.Items...)
		if page.Next == nil {
			break
		}
		cursor = *page.Next
		own.is(own.send(http.MethodPatch, "/account", "language", "en"), http.StatusOK, nil)
	}
	if diff := cmp.Diff(all, read); diff != "" || pages != 3 {
		t.Errorf("%d pages, want 3 (-at once +by pages):\n%s", pages, diff)
	}
	// The page that ends the list has no next page.
	var last listedEvents
	own.is(own.get("/account/history?limit=10"), http.StatusOK, &last)
	if len(last.Items) != 10 || last.Next != nil {
		t.Errorf("%d items, next %v, want 10 items, no next", len(last.Items), last.Next)
	}

	bad := func(p *program, query, field, code string) {
		t.Helper()
		p.wrong(p.get("/account/history?"+query), 422, field, code)
	}
	for _, limit := range []string{"0", "101", "-1", "x", "", "1.5", "99999999999999999999"} {
		bad(own, "limit="+limit, "limit", "limit_invalid")
	}
	bad(own, "limit=1&limit=2", "limit", "parameter_invalid")
	bad(own, "cursor=%ff", "cursor", "parameter_invalid")
	bad(own, "cursor="+cursor+"&cursor="+cursor, "cursor", "parameter_invalid")
	other := "A" + cursor[1:]
	if other == cursor {
		other = "B" + cursor[1:]
	}
	for _, text := range []string{"", "x", "AAAA", all.Items[0].ID, cursor + "A", cursor[:len(cursor)-1], other, strings.Repeat("A", 3000)} {
		bad(own, "cursor="+text, "cursor", "cursor_invalid")
	}
	bad(bob, "cursor="+cursor, "cursor", "cursor_invalid") // the cursor of another person's list
}
