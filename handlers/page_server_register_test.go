package handlers_test

import (
	"net/http"
	"strings"
	"testing"
)

// A claim code stays on the page until it is used, but only in the browser that made it.
func TestClaimCodeStaysOnThePage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, other := s.browser(t), s.browser(t)
	ann := b.join("ann")
	b.signIn(ann)
	other.signIn(other.join("bob"))
	code := b.claimCode()
	b.says("/servers/new", code)
	other.says("/servers/new", "but not", code)
	other.header.Set("Cookie", "__Host-latchkey-claim="+code) // of somebody else
	other.says("/servers/new", "but not", code)
	other.header.Del("Cookie")

	s.register(t, "Den", code)
	b.says("/servers/new", "but not", code)
	if got := b.get("/servers/new"); strings.Contains(got.body, "Your claim code") {
		t.Error("a code that was used is shown again")
	}
	again := b.claimCode()
	b.led(b.post("/signout"), "/")
	b.signIn(ann)
	b.says("/servers/new", "but not", again)
}

func TestClaimAServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, other := s.browser(t), s.browser(t)
	b.signIn(b.join("ann"))
	other.signIn(other.join("bob"))
	b.says("/servers", "None yet", "Do you run a media server yourself", ">ann<")

	byCode := b.owns("Den")
	b.says("/servers", "Den", "Last contact", byCode.page())
	b.says(byCode.page(), "Den", "4.8.11.0", "https://media.example.org<")
	b.says(byCode.page()+"/settings", "https://media.example.org:443", "http://192.168.1.20:8096")
	b.says(byCode.page()+"/people", "Nobody yet")

	// A server that registered by itself is claimed with its key, once.
	lone := s.register(t, "Attic", "")
	b.plant(lone.Key)
	a := b.post("/servers/claim", "server_id", lone.id(), "access_key", byCode.Key)
	b.wrong(a, "access_key")
	if strings.Contains(a.body, byCode.Key) {
		t.Error("the page holds the key that was typed")
	}
	b.wrong(b.post("/servers/claim", "server_id", "x", "access_key", lone.Key), "access_key")
	b.wrong(b.post("/servers/claim", "server_id", "", "access_key", lone.Key), "server_id")
	b.led(b.post("/servers/claim", "server_id", " "+lone.id()+" ", "access_key", lone.Key+"\n"), lone.page(), "The server is yours now", "Attic")
	other.see(other.post("/servers/claim", "server_id", lone.id(), "access_key", lone.Key), http.StatusUnprocessableEntity, "already belongs to an account")
	b.says("/account/sessions", "The server “Attic” became yours.")
	b.led(b.post("/servers/claim", "server_id", lone.id(), "access_key", lone.Key), lone.page(), "The server is yours now") // sent twice

	var last answer
	for range 40 {
		if last = other.post("/servers/claim", "server_id", "1", "access_key", lone.Key); last.status == http.StatusTooManyRequests {
			break
		}
	}
	other.see(last, http.StatusTooManyRequests, "Please wait")
}
