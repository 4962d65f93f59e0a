//go:build e2e

package e2e

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
	"github.com/latchkey-media/latchkey/templates"
)

// shown is one page in one of its forms.
type shown struct {
	page   string // the name of its template
	as     string // the name of this form of the page; "" for the usual one
	arrive func(v *visitor)
}

func (p shown) name() string {
	if p.as == "" {
		return p.page
	}
	return p.page + " " + p.as
}

// at returns a function that arrives at a page by opening a path.
func at(path string) func(*visitor) { return func(v *visitor) { v.t.Helper(); v.open(path) } }

// status returns a function that arrives at a page as arrive does, and checks the status of the
// page.
func status(arrive func(*visitor), want int) func(*visitor) {
	return func(v *visitor) {
		v.t.Helper()
		arrive(v)
		v.wantStatus(want)
	}
}

// wantStatus fails the test unless the page came with this status.
func (v *visitor) wantStatus(want int) {
	v.t.Helper()
	if got := ask[int](v, `performance.getEntriesByType("navigation")[0].responseStatus`); got != want {
		v.t.Errorf("%s came with status %d, want %d", v.where(), got, want)
	}
}

// TestPages audits every page. The rows of each visitor are a story: later rows need
// the results of earlier ones.
func TestPages(t *testing.T) {
	t.Parallel()
	s := serve(t)
	mira := s.account(t, "mira")
	seen := map[string]bool{}
	for _, story := range []struct {
		name string
		rows []shown
	}{
		{"strangers", strangersPages()},
		{"owners", ownersPages(mira)},
		{"mails", mailedPages(t, s, mira)},
		{"link", linkPages(t, s)},
		{"invite", invitePages(t, s)},
		{"quick connect", quickConnectPages(t, s)},
		{"television", televisionPages(t, s)},
		{"unlock", unlockPages(t, s)},
		{"stay", stayPages(t, s)},
		{"operator", operatorPages(t, s)},
		{"setup", setupPages(t)},
		{"errors", errorPages(t)},
		{"closed", closedPages(t)},
	} {
		for _, row := range story.rows {
			seen[row.page] = true
		}
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			v := s.visit(t, desktop, "en")
			for _, row := range story.rows {
				row.arrive(v)
				if page := ask[string](v, `document.body.dataset.page`); page != row.page {
					t.Errorf("%s: got the page %q, want the one of the row", row.name(), page)
				}
				v.audit(row.name())
			}
		})
	}
	pages, err := templates.Pages(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range slices.Sorted(maps.Keys(pages)) {
		if !seen[page] {
			t.Errorf("the page %s has no row in this test, want one", page)
		}
	}
}

func strangersPages() []shown {
	ada := newPerson("ada")
	return []shown{
		{"api_docs", "", at("/api/docs")},
		{"api_docs_group", "", at("/api/docs/device-codes")},
		{"api_docs_objects", "", at("/api/docs/objects")},
		{"dev_mail", "empty", at("/dev/mail")},
		{"landing", "", at("/")},
		{"pin_help", "", at("/help/pin")},
		{"help", "", at("/help")},
		{"help_topic", "", at("/help/get-in")},
		{"help_topic", "a table", at("/help/trouble")},
		{"invite_open", "", at("/i")},
		{"signin", "", at("/signin")},
		{"signin", "with mistakes", func(v *visitor) {
			v.fill("name_or_email", ada.email)
			v.fill("password", "wrong")
			v.send("/signin")
		}},
		{"reset_request", "", at("/forgot")},
		{"reset_request", "with a mistake", func(v *visitor) {
			v.tabTo("[name=name_or_email]")
			v.send("/forgot")
		}},
		{"reset_sent", "", func(v *visitor) {
			v.fill("name_or_email", ada.email)
			v.send("/forgot/sent")
		}},
		{"signup", "", func(v *visitor) {
			v.open("/signup")
			v.keepScreenshots()
		}},
		{"signup", "with mistakes", func(v *visitor) {
			v.fill("username", "a")
			v.fill("email", "ada at home")
			v.fill("password", "12345678")
			v.tabTo("[name=password_again]")
			v.send("/signup")
		}},
		{"signup_sent", "gone", at("/signup/sent")},
		{"signup_sent", "", func(v *visitor) {
			v.open("/signup")
			fillSignUp(v, ada)
			v.send("/signup/sent")
		}},
		{"signup_sent", "with a mistake", func(v *visitor) {
			v.tabTo("summary")
			v.press(" ")
			v.fill("email", "ada at home")
			v.send("/signup/correct")
		}},
		{"confirm", "", func(v *visitor) { v.open(v.site.link(v.t, "confirm", ada.email)) }},
		{"signin", "with a notice", func(v *visitor) { v.push(`form[action="/confirm"] button`, "/signin") }},
	}
}

func ownersPages(p person) []shown {
	return []shown{
		{"account", "", func(v *visitor) {
			signIn(v, p)
			v.open("/account")
		}},
		{"account", "with mistakes", func(v *visitor) {
			v.fill("username", "_")
			v.send("/account")
		}},
		{"landing", "signed in", at("/")},
		{"family", "", at("/family")},
		{"family", "with a mistake", func(v *visitor) {
			v.fill("username", "_")
			v.send("/family/members")
		}},
		{"family", "with a member", func(v *visitor) {
			v.fill("username", p.username+"-kid")
			v.send("/family")
		}},
		{"family_member", "", func(v *visitor) {
			var page string
			v.do(chromedp.AttributeValue(`a[href^="/family/members/"]`, "href", &page, nil))
			v.open(page)
		}},
		{"family_member", "with an address that waits", func(v *visitor) {
			v.fill("email", "kid@example.org")
			v.send(ask[string](v, `location.pathname`))
		}},
		{"picture_member", "", func(v *visitor) {
			page := ask[string](v, `location.pathname`)
			v.follow(`main a[href$="/picture"]`, page+"/picture")
		}},
		{"picture", "", at("/account/picture")},
		{"picture", "with a mistake", func(v *visitor) {
			v.choosePicture("letter.png", []byte("no picture"))
			v.push("form[data-picture] button", "/account/picture")
		}},
		{"account", "with a picture", func(v *visitor) {
			v.choosePicture("photo.png", picturetest.PNG(v.t, 900, 600))
			v.push("form[data-picture] button", "/account")
		}},
		{"picture", "chosen", at("/account/picture")},
		{"email_change", "", at("/account/email")},
		{"email_change", "with mistakes", func(v *visitor) {
			v.fill("email", "nowhere")
			v.tabTo("[name=current_password]")
			v.send("/account/email")
		}},
		{"password", "", at("/account/password")},
		{"password", "with mistakes", func(v *visitor) {
			v.fill("current_password", "wrong")
			v.fill("password", "short")
			v.send("/account/password")
		}},
		{"password_confirm", "", at("/account/confirm-password")},
		{"account_delete", "", at("/account/delete")},
		{"pin", "", at("/account/pin")},
		{"pin", "with mistakes", func(v *visitor) {
			v.fill("pin", "1234")
			v.fill("pin_again", "1234")
			v.send("/account/pin")
		}},
		{"account", "with a PIN", func(v *visitor) {
			v.fill("pin", p.pin)
			v.fill("pin_again", p.pin)
			v.send("/account")
		}},
		{"pin", "set", at("/account/pin")},
		{"household", "", at("/who")},
		{"household_pin", "", func(v *visitor) {
			v.open(ask[string](v, `document.querySelector('main a[href^="/who/"]').getAttribute("href")`))
		}},
		{"pin_reset_request", "", at("/account/pin/forgot")},
		{"pin", "after wrong tries", func(v *visitor) {
			for range 6 {
				v.open("/account/pin")
				v.tabTo("#remove_current_pin")
				v.replace("wr0ng")
				v.send("/account/pin")
			}
		}},
		{"pin", "off", func(v *visitor) {
			v.site.alter(v.t, `UPDATE accounts SET pin_off_at = pin_changed_at WHERE username = ?`, p.username)
			v.open("/account/pin")
			v.wantText("main", v.says("page.pin.off"))
		}},
		{"account", "with a PIN that is off", at("/account")},
		{"pin", "old", func(v *visitor) {
			v.site.alter(v.t, `UPDATE accounts SET pin_off_at = NULL, pin_changed_at = '2020' || substr(pin_changed_at, 5) WHERE username = ?`, p.username)
			v.open("/account/pin")
			v.wantText("main", v.says("page.pin.old"))
		}},
		{"account", "with an old PIN", at("/account")},
		{"sessions", "", func(v *visitor) {
			other := v.site.visit(v.t, phone, "en")
			signIn(other, p)
			v.open("/account/sessions")
		}},
		{"history", "", at("/account/history")},
	}
}

// mailedPages returns the pages to which the links of mails lead.
func mailedPages(t *testing.T, s *service, mira person) []shown {
	t.Helper()
	otto := s.account(t, "otto")
	next := otto
	next.email = "otto.new@example.org"
	return []shown{
		{"pin_reset", "", func(v *visitor) {
			signIn(v, otto)
			v.open("/account/pin")
			v.fill("pin", otto.pin)
			v.fill("pin_again", otto.pin)
			v.send("/account")
			v.open("/account/pin/forgot")
			v.push(`form[action="/account/pin/mail"] button`, "/account/pin/forgot")
			v.open(v.site.link(v.t, "pin_reset", otto.email))
		}},
		{"email_change", "waiting", func(v *visitor) {
			v.open("/account/email")
			v.fill("email", next.email)
			v.fill("current_password", otto.password)
			v.send("/account/email")
		}},
		{"email_change_confirm", "", func(v *visitor) { v.open(v.site.link(v.t, "email_confirm", next.email)) }},
		{"account", "with another address", func(v *visitor) { v.push(`form[action="/account/email/confirm"] button`, "/account") }},
		{"account_delete", "waiting", at("/account/delete")},
		{"email_change_undo", "", func(v *visitor) { v.open(v.site.link(v.t, "email_changed", otto.email)) }},
		{"reset", "after an undo", func(v *visitor) { v.push(`form[action="/account/email/undo"] button`, "/reset") }},
		{"reset", "", func(v *visitor) {
			v.site.operate(v.t, "", "account", "send-reset", otto.username)
			v.open(v.site.link(v.t, "password_reset", otto.email))
		}},
		{"reset", "with mistakes", func(v *visitor) {
			v.fill("password", "seven quiet herons")
			v.fill("password_again", "seven quiet heron")
			v.send("/reset")
		}},
		{"session_not_me", "", func(v *visitor) {
			signIn(v.site.visit(t, phone, "en"), mira)
			signIn(v.site.visit(t, phone, "en"), mira)
			v.open(v.site.link(v.t, "new_device", mira.email))
		}},
		{"dev_mail", "", at("/dev/mail")},
	}
}

func errorPages(t *testing.T) []shown {
	t.Helper()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!DOCTYPE html><link rel="icon" href="data:,"><form method="post" action="http://` + r.URL.Query().Get("to") + `/signout"><button>Win a prize</button></form>`))
	}))
	t.Cleanup(elsewhere.Close)
	return []shown{
		{"error", "404", status(at("/nothing/here"), http.StatusNotFound)},
		{"error", "405", status(at("/signout"), http.StatusMethodNotAllowed)},
		{"error", "410", status(at("/confirm?token=c3BlbnQ"), http.StatusGone)},
		{"error", "403", func(v *visitor) {
			v.allow(elsewhere.URL)
			v.open(elsewhere.URL + "/?to=" + v.site.origin[len("http://"):])
			v.leaving("/signout", func() { v.do(chromedp.Click("button", chromedp.ByQuery)) })
			v.wantStatus(http.StatusForbidden)
		}},
		{"signin", "429", func(v *visitor) {
			v.open("/signin")
			for range 5 {
				v.fill("name_or_email", "nobody")
				v.fill("password", "wrong")
				v.send("/signin")
			}
			v.wantStatus(http.StatusTooManyRequests)
		}},
	}
}

// closedPages returns pages of services with limited sign-up.
func closedPages(t *testing.T) []shown {
	t.Helper()
	closed, invite := serve(t, "--sign-up", "closed"), serve(t, "--sign-up", "invite")
	from := func(s *service) func(*visitor) {
		return func(v *visitor) {
			v.allow(s.origin)
			v.open(s.origin + "/signup")
		}
	}
	return []shown{
		{"signup_closed", "", from(closed)},
		{"signup_closed", "invite only", from(invite)},
	}
}

// keepScreenshots writes the pictures for the documents, if a folder for them is set.
func (v *visitor) keepScreenshots() {
	v.t.Helper()
	folder := os.Getenv("LATCHKEY_TEST_SCREENSHOTS")
	if folder == "" {
		return
	}
	v.become(look{width: 1280, height: 720})
	v.until(`document.querySelector("[data-captcha-status]").textContent === ` + quote(v.says("captcha.done")))
	v.do(chromedp.Evaluate(`document.activeElement.blur()`, nil))
	foot := ask[float64](v, `document.querySelector("footer").getBoundingClientRect().top + scrollY`)
	if err := os.WriteFile(filepath.Join(folder, "signup.png"), v.picture(foot), 0o644); err != nil {
		v.t.Fatal(err)
	}
	v.become(desktop)
	v.open("/signup")
}
