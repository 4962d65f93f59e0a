package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// A message of an operator stands above all pages, for strangers only if the operator wants that, until a browser closes it or the
// operator takes it back.
func TestConsoleMessages(t *testing.T) {
	t.Parallel()
	s, rita, bob, _ := consoleSite(t)
	stranger := s.browser(t)
	bob.see(bob.get("/admin/messages"), http.StatusNotFound)
	rita.says("/admin/messages", "There is no message yet.")
	rita.see(rita.post("/admin/messages", "kind", "information", "title_en", "", "until", "tomorrow"), http.StatusUnprocessableEntity, "until-error")
	rita.see(rita.post("/admin/messages", "kind", "information", "title_en", "", "until", "2026-03-04T22:00"), http.StatusUnprocessableEntity, "title_en-error")

	made := rita.post("/admin/messages", "kind", "warning", "title_en", "We move <house>", "text_en", "See https://status.example.org", "title_de", "Wir ziehen um",
		"from", "2026-03-04T05:00", "until", "2026-03-04T22:00", "by_mail", "on")
	page := made.header.Get("Location")
	rita.led(made, page, "Shown now", "0 of 2 mails written", "Wir ziehen um")
	bob.says("/servers", "We move &lt;house&gt;", "See https://status.example.org", "banner-warning", "but not", `href="https://status.example.org"`)
	stranger.says("/signin", "but not", "We move")
	everybody := rita.post("/admin/messages", "kind", "information", "title_en", "Open day", "until", "2026-03-05T22:00", "to_strangers", "on")
	rita.led(everybody, everybody.header.Get("Location"), "also without signing in")
	stranger.says("/signin", "Open day", "but not", "We move")
	stranger.says("/", "Open day")
	bob.says("/account", "We move", "Open day")

	id := page[strings.LastIndexByte(page, '/')+1:]
	bob.led(bob.post("/messages/close", "id", id, "return_to", "/account"), "/account")
	bob.says("/account", "Open day", "but not", "We move")
	rita.says("/account", "We move")
	rita.led(rita.post(page+"/withdraw"), page, "Withdrawn", "stopped")
	rita.see(rita.post(page+"/withdraw"), http.StatusNotFound)
	rita.says("/account", "Open day", "but not", "We move")
	rita.says("/admin/history", "Message to everybody made", "Message to everybody withdrawn", "We move &lt;house&gt;")
	s.Clock.Advance(48 * time.Hour)
	stranger.says("/signin", "but not", "Open day")
	rita.led(rita.post("/admin/messages", "kind", "information", "title_en", "x", "until", "2026-03-09T22:00"), "/account/confirm-password?return_to="+url.QueryEscape("/admin/messages"))
}

// A program of an operator does the same, and reads how the mails stand.
func TestAPIOperatesMessages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, name := range []string{"bob", "rita"} {
		s.browser(t).join(name)
	}
	p := s.program(t)
	bob, op := p.as(p.token("bob")), p.operator("rita")
	bob.refused(bob.get("/operator/messages"), http.StatusForbidden, "operators_only")
	in := map[string]any{
		"kind": "warning", "texts": []any{map[string]string{"language": "en", "title": "We move house"}}, "until": s.Store.Now().Add(time.Hour), "by_mail": true,
	}
	type message struct {
		ID, Status string
		Texts      []struct{ Language, Title, Text string }
		Mails      struct {
			State                  string
			Total, Written, Queued int
		}
	}
	var made message
	op.is(op.api(http.MethodPost, v1+"/operator/messages", in), http.StatusCreated, &made)
	if made.Status != "shown" || len(made.Texts) != 1 || made.Texts[0].Title != "We move house" || made.Mails.Total != 2 || made.Mails.State != "waiting" {
		t.Errorf("made %+v, want a message that is shown and mailed to two", made)
	}
	in["kind"] = "joke"
	op.wrong(op.api(http.MethodPost, v1+"/operator/messages", in), 422, "kind", "message_kind_invalid")
	if err := s.Store.OperatedMessages.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	at := "/operator/messages/" + made.ID
	op.is(op.get(at), http.StatusOK, &made)
	if made.Mails.Written != 2 || made.Mails.Queued != 2 || made.Mails.State != "done" {
		t.Errorf("the mails are %+v, want two in the queue", made.Mails)
	}
	if l := s.letter(t, models.MailServiceMessage, "bob@example.org"); l.Facts.Note != "We move house\n" {
		t.Errorf("the mail says %q", l.Facts.Note)
	}
	op.done(op.api(http.MethodDelete, v1+at, nil))
	op.refused(op.api(http.MethodDelete, v1+at, nil), http.StatusNotFound, "not_found")
	var list struct{ Items []message }
	op.is(op.get("/operator/messages"), http.StatusOK, &list)
	if len(list.Items) != 1 || list.Items[0].Status != "withdrawn" {
		t.Errorf("listed %+v, want the message, withdrawn", list.Items)
	}
}
