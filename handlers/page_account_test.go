package handlers_test

import (
	"net/http"
	"testing"
)

func TestProfileAndLanguage(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	p := b.join("ann")
	b.signIn(p)
	b.wrong(b.post("/account", "username", "root", "display_name", "Ann", "language", "en"), "username")
	b.see(b.post("/account", "username", "ann", "display_name", "Ann", "language", "xx"), http.StatusUnprocessableEntity, `id="language-error"`)
	b.led(b.post("/account", "username", "anna", "display_name", "Änn", "language", "de"), "/account", "Änn", `<html lang="de" dir="ltr">`, "Dein Profil ist gespeichert")
	b.led(b.post("/language", "language", "en", "return_to", "/account/password"), "/account/password", `<html lang="en" dir="ltr">`)
	b.see(b.post("/language", "language", "xx"), http.StatusBadRequest)

	visitor := b.browser(t)
	visitor.see(visitor.get("/signin"), http.StatusOK, `<html lang="en" dir="ltr">`)
	visitor.header.Set("Accept-Language", "de-AT,de;q=0.9,en;q=0.1")
	visitor.see(visitor.get("/signin"), http.StatusOK, `<html lang="de" dir="ltr">`)
	visitor.led(visitor.post("/language", "language", "en", "return_to", "//evil.example"), "/servers")
	visitor.see(visitor.get("/signin"), http.StatusOK, `<html lang="en" dir="ltr">`)
}
