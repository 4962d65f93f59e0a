package handlers_test

import (
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
)

// The help tells people the address of this very service, and is in the language of the reader.
func TestHelp(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(server *handlers.Server) { server.ServiceName = "Filmclub" })
	b := s.browser(t)
	b.see(b.get("/help"), http.StatusOK, `href="/help/television"`, `href="/help/pin"`, "Something is wrong")
	a := b.get("/help/television")
	b.see(a, http.StatusOK, "<h1>Sign a TV in</h1>", "<code>"+s.URL+"/link</code>", "<strong>Link a TV</strong>", `<a href="/help">`)
	b.see(b.get("/help/account"), http.StatusOK, `<a href="/help/invitation">`)
	b.see(b.get("/help/trouble"), http.StatusOK, "<table>")
	b.see(b.get("/help/nothing"), http.StatusNotFound, "not found")
	b.header.Set("Accept-Language", "de")
	b.see(b.get("/help/television"), http.StatusOK, "<h1>Einen Fernseher anmelden</h1>", `<article class="prose help" lang="de">`)
}
