package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// The owner writes people beside local users, sees what would happen, and invites them.
func TestImportPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, eve := s.browser(t), s.browser(t)
	owner.signIn(s.account(t, "ann"))
	eve.signIn(s.account(t, "eve"))
	attic := owner.runsAttic()
	page := attic.page() + "/import"
	owner.says(attic.page(), `href="`+page+`"`)
	body := owner.get(page).body
	var fields []string
	for _, part := range strings.Split(body, `name="to.`)[1:] {
		id, _, _ := strings.Cut(part, `"`)
		fields = append(fields, "to."+id)
	}
	if len(fields) < 2 {
		t.Fatalf("the page has the fields %v, want one for each local user", fields)
	}
	owner.see(owner.post(page, fields[0], " "), http.StatusUnprocessableEntity, "Name at least one person.")
	owner.see(owner.post(page, fields[0], "eve@example.org", "ends_at", "soon"), http.StatusUnprocessableEntity)
	sent := owner.post(page, fields[0], "new@example.org", fields[1], "nobody-at-all")
	batch := sent.location()
	if sent.status != http.StatusSeeOther || !strings.HasPrefix(batch, attic.page()+"/imports/") {
		t.Fatalf("the form answers %d to %q, want a redirect to the draft", sent.status, batch)
	}
	owner.says(batch, "Get an invitation: 1.", "Cannot be invited: 1.", "new@example.org", "Gets an invitation.", "Nobody has this username.", "Invite one person")
	eve.see(eve.get(batch), http.StatusNotFound)
	eve.see(eve.post(batch+"/run"), http.StatusNotFound)
	owner.led(owner.post(batch+"/run"), batch, "Invited: 1 of 1.", "Has an invitation and has not answered yet.")
	owner.says(page, "but not", `name="`+fields[0]+`"`)
	owner.led(owner.post(batch+"/remind", "line.1", "on"), batch)
	owner.led(owner.post(batch+"/discard"), page)
	owner.see(owner.get(batch), http.StatusNotFound)
}

// A list in a file becomes a draft; a file that cannot be read is refused with the reason.
func TestImportUpload(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.browser(t)
	owner.signIn(s.account(t, "ann"))
	attic := owner.runsAttic()
	upload := func(file string) (int, string, string) {
		t.Helper()
		got := owner.upload(attic.page()+"/import/file", "file", []byte(file))
		return got.status, got.location(), got.body
	}
	status, to, _ := upload("name;address;libraries\nNina;nina@example.org;Nonsense\nBen;ben@example.org;\n")
	if status != http.StatusSeeOther {
		t.Fatalf("a list answers %d, want a redirect", status)
	}
	owner.says(to, "Get an invitation: 1.", "The server does not have one of these libraries.", "Invite one person")
	for file, want := range map[string]string{"SQLite format 3\x00": "latchkey agent import", "a,b\n1,2\n": "must name its columns"} {
		if status, _, body := upload(file); status != http.StatusUnprocessableEntity || !strings.Contains(body, want) {
			t.Errorf("the file %q answers %d, want 422 with %q", file, status, want)
		}
	}
}

// A list of more people than a page shows is read page by page, what was refused comes first, and everybody can be
// reminded with one button.
func TestImportOfManyPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.browser(t)
	owner.signIn(s.account(t, "ann"))
	attic := owner.runsAttic()
	list := "email\n"
	for i := range 600 {
		list += fmt.Sprintf("many%d@example.org\n", i)
	}
	batch := owner.upload(attic.page()+"/import/file", "file", []byte(list+"wrong@\n")).location()
	body := owner.get(batch).body
	if wrong, first := strings.Index(body, "wrong@"), strings.Index(body, "many0@"); wrong < 0 || first < wrong || strings.Contains(body, "many99@") {
		t.Errorf("the refused line is at %d, the first one at %d; want the refused one first, and a hundred lines in all", wrong, first)
	}
	seen, pages, next := 0, 0, batch
	for ; next != ""; pages++ {
		body = owner.get(next).body
		seen += strings.Count(body, "@example.org</h3>")
		next = strings.ReplaceAll(between(body, `rel="next" href="`, `"`), "&amp;", "&")
		if !strings.HasPrefix(next, batch) {
			next = ""
		}
	}
	if seen != 600 || pages != 7 {
		t.Errorf("%d pages show %d people, want 7 with 600", pages, seen)
	}
	owner.led(owner.post(batch+"/run"), batch, "The rest is made within a minute.")
	if err := s.Store.Imports.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(48 * time.Hour) // the last mail goes out nine hours after the first
	owner.says(batch, "Remind all 600 people")
	if n := strings.Count(owner.get(batch).body, `name="line.`); n != 100 {
		t.Errorf("the page has %d boxes, want 100", n)
	}
	owner.led(owner.post(batch+"/remind", "all", "1"), batch, "Reminded on 6 March 2026")
	owner.says(batch, "but not", "Remind all")
}

// An owner with sixty local users brings all in with one table: ten answer, three are reminded, and one is refused with the reason.
func TestImportOfSixty(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.browser(t)
	owner.signIn(s.account(t, "ann"))
	attic := owner.runsAttic()
	report := models.Report{Registration: models.Registration{Name: "Attic", SystemID: "a-attic", Version: "1.0", Kind: models.ServerAgent}}
	var people []person
	for i := range 60 {
		name := fmt.Sprint("local", i)
		report.LocalUsers = append(report.LocalUsers, models.LocalUser{ExternalID: name, Name: name, NotAllowed: true})
		if i < 10 {
			people = append(people, s.account(t, fmt.Sprint("person.", i)))
		}
	}
	if _, err := s.Store.Agents.Report(t.Context(), attic.look(), report); err != nil {
		t.Fatal(err)
	}
	page := attic.page() + "/import"
	body := owner.get(page).body
	var typed []string
	for i := range 60 {
		label := between(body, `<label for="`, fmt.Sprintf(`">local%d</label>`, i))
		id := label[strings.LastIndexByte(label, '"')+1:]
		to := fmt.Sprintf("stranger%d@example.org", i)
		switch {
		case i < 10:
			to = people[i].username
		case i == 59:
			to = "stranger58@example.org" // the same person again
		}
		typed = append(typed, id, to)
	}
	sent := owner.post(page, typed...)
	batch := sent.location()
	if sent.status != http.StatusSeeOther {
		t.Fatalf("the table answers %d, want a redirect to the draft", sent.status)
	}
	owner.says(batch, "Get an invitation: 59.", "Cannot be invited: 1.", "has the same person", "Invite 59 people", "latchkey agent allow --listed")
	owner.led(owner.post(batch+"/run"), batch, "Invited: 59 of 59.", "Not answered: 59.")
	for _, one := range people {
		b := s.browser(t)
		b.led(b.post("/signin", "name_or_email", one.username, "password", one.password), "/invitations")
		b.led(b.post("/invites/accept", "id", b.hidden("/invitations", "id", `action="/invites/accept"`)), attic.page()+"/start")
	}
	owner.says(batch, "Came in: 10.", "Not answered: 49.", "as person.3", "but not", "Remind these people")
	s.Clock.Advance(25 * time.Hour)
	owner.says(batch, "Remind these people", `name="line.11"`)
	owner.led(owner.post(batch+"/remind", "line.11", "on", "line.12", "on", "line.20", "on", "line.1", "on"), batch, "Reminded on 5 March 2026")
	if n := strings.Count(owner.get(batch).body, "Reminded on"); n != 3 {
		t.Errorf("%d people are reminded, want 3", n)
	}
}
