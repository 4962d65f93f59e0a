package handlers_test

import (
	"html"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// runServer is a media server that has registered in the same way as a real media server.
type runServer struct {
	models.Registered
	t    *testing.T
	site *site
}

// page returns the path of the server's page, which its owner sees.
func (m *runServer) page() string { return "/servers/" + m.id() }

func (m *runServer) id() string { return strconv.FormatInt(m.Server.ID, 10) }

func (s *site) register(t *testing.T, name, claimCode string) *runServer {
	t.Helper()
	registered, err := s.Store.Registrations.Register(t.Context(), models.Registration{
		Name: name, SystemID: "383ceec546a24889be99de692f6b7b09", Version: "4.8.11.0", Kind: models.ServerEmby,
		WAN: []string{"https://media.example.org"}, LAN: []string{"http://192.168.1.20:8096"}, ClaimCode: claimCode,
	}, models.Caller{Address: "192.0.2.80"})
	if err != nil {
		t.Fatal(err)
	}
	s.plant(registered.Key)
	return &runServer{Registered: registered, t: t, site: s}
}

// ask makes the server ask for a link with the account of that username.
func (m *runServer) ask(username, linkType string) models.Authorization {
	m.t.Helper()
	store := m.site.Store
	account, _, err := store.EmbyServers.FindAccount(m.t.Context(), m.Server, username, models.Caller{})
	if err != nil {
		m.t.Fatal(err)
	}
	link, err := store.EmbyServers.Ask(m.t.Context(), m.Server, models.AskLink{AccountID: account.ID, Type: linkType, RequestedBy: "Bert"})
	if err != nil {
		m.t.Fatal(err)
	}
	m.site.plant(link.AccessKey)
	return link
}

// owns makes b's account the owner of a new server, by a claim code.
func (b *browser) owns(name string) *runServer {
	b.t.Helper()
	return b.register(b.t, name, strings.ToLower(b.claimCode()))
}

// claimCode makes a claim code and returns what the page shows.
func (b *browser) claimCode() string {
	b.t.Helper()
	b.led(b.post("/servers/new"), "/servers/new")
	page := b.get("/servers/new")
	b.see(page, http.StatusOK, "Your claim code")
	code := regexp.MustCompile(`[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}`).FindString(page.body)
	b.plant(code)
	return code
}

// runsAttic makes b's account the owner of a new server, Attic, with an agent that
// has reported two local users and two libraries.
func (b *browser) runsAttic() *runServer {
	b.t.Helper()
	in := models.Registration{Name: "Attic", SystemID: "a-attic", Version: "1.0", Kind: models.ServerAgent, ClaimCode: b.claimCode()}
	registered, err := b.Store.Registrations.Register(b.t.Context(), in, models.Caller{Address: "192.0.2.80"})
	if err != nil {
		b.t.Fatal(err)
	}
	b.plant(registered.Key)
	m := &runServer{Registered: registered, t: b.t, site: b.site}
	m.report(in, "Films", "Music & More")
	return m
}

func (m *runServer) report(in models.Registration, libraries ...string) {
	m.t.Helper()
	report := models.Report{Registration: in, LocalUsers: []models.LocalUser{{ExternalID: "u1", Name: "Anna"}, {ExternalID: "u2", Name: "Bert <b>", Administrator: true}}}
	for _, name := range libraries {
		report.Libraries = append(report.Libraries, models.Library{ExternalID: strings.ToLower(name[:1]), Name: name})
	}
	if _, err := m.site.Store.Agents.Report(m.t.Context(), m.look(), report); err != nil {
		m.t.Fatal(err)
	}
}

// look returns the present state of the server, which it finds by the server key.
func (m *runServer) look() models.Server {
	m.t.Helper()
	server, err := m.site.Store.ServerKeys.Look(m.t.Context(), m.Key)
	if err != nil {
		m.t.Fatal(err)
	}
	return server
}

// localUser returns the id of a local user, from the page of the server.
func (b *browser) localUser(m *runServer, name string) string {
	b.t.Helper()
	page := b.get(m.page() + "/people")
	found := regexp.MustCompile(`people/(\d+)">` + name + `</a></h3>`).FindStringSubmatch(page.body)
	if found == nil {
		b.t.Fatalf("%s: no local user %s to link\n%s", m.page(), name, summary(page.body))
	}
	return found[1]
}

// person returns the address of the page of a person or a local user of a server.
func (b *browser) person(m *runServer, name string) string {
	b.t.Helper()
	return m.page() + "/people/" + b.localUser(m, name)
}

// links returns the accepted links of a person, by the names of their servers.
func (b *browser) links(username string) map[string]models.Link {
	b.t.Helper()
	accounts, err := b.Store.Operators.List(b.t.Context(), username, "", 1)
	if err != nil || len(accounts) != 1 {
		b.t.Fatalf("got the accounts %+v, error %v; want one named %s", accounts, err, username)
	}
	list, err := b.Store.Links.List(b.t.Context(), accounts[0].ID, models.LinkAccepted)
	if err != nil {
		b.t.Fatal(err)
	}
	links := map[string]models.Link{}
	for _, one := range list {
		links[one.Server.Name] = one
	}
	return links
}

// wrongTerms fails unless the page shows an error at the end date (ends_at) in the form
// of the first person.
func (b *browser) wrongTerms(a answer) {
	b.t.Helper()
	b.see(a, http.StatusUnprocessableEntity, `id="ends_at-error"`, `value="2020-01-01"`, "<title>Problem: ")
}

// account makes a confirmed account as an operator does.
func (s *site) account(t *testing.T, username string) person {
	t.Helper()
	p := person{username, username + "@example.org", goodPassword}
	_, err := s.Store.Operators.Create(t.Context(), models.SignUp{Username: p.username, Email: p.email, Password: p.password})
	if err == nil {
		err = s.Store.Operators.Confirm(t.Context(), username)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// says fails unless the page has all the texts, and none of the texts after
// "but not".
func (b *browser) says(path string, texts ...string) {
	b.t.Helper()
	page := b.get(path)
	b.see(page, http.StatusOK)
	wanted := true
	for _, text := range texts {
		if text == "but not" {
			wanted = false
			continue
		}
		if strings.Contains(page.body, text) != wanted {
			b.t.Errorf("%s: says %q: %t\n%s", path, text, !wanted, summary(page.body))
		}
	}
}

// idIn returns the id in the first form of a page.
func (b *browser) idIn(path string) string {
	b.t.Helper()
	id := regexp.MustCompile(`name="id" value="(\d+)"`).FindStringSubmatch(b.get(path).body)
	if id == nil {
		b.t.Fatalf("%s: no form with an id", path)
	}
	return id[1]
}

// idOf finds the link to the URL text on a page, and returns the value of the first
// field named id after it.
func (b *browser) idOf(path, text string) string {
	b.t.Helper()
	_, after, ok := strings.Cut(b.get(path).body, `<a href="`+text+`"`)
	id := regexp.MustCompile(`name="id" value="(\d+)"`).FindStringSubmatch(after)
	if !ok || id == nil {
		b.t.Fatalf("%s: no form beside %q", path, text)
	}
	return id[1]
}

// hidden returns the value of the first hidden field with that name after a
// text.
func (b *browser) hidden(path, name, behind string) string {
	b.t.Helper()
	page := b.get(path)
	b.see(page, http.StatusOK, behind)
	_, rest, _ := strings.Cut(page.body, behind)
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(rest)
	if found == nil {
		b.t.Fatalf("%s: no field %s behind %q", path, name, behind)
	}
	return found[1]
}

// token returns the session token that the browser keeps.
func (b *browser) token() string {
	b.t.Helper()
	return b.held("__Host-latchkey-session")
}

// nextOf returns the address of the next page of a list, or "" on its last page.
func nextOf(page answer) string {
	_, after, _ := strings.Cut(page.body, `rel="next" href="`)
	address, _, _ := strings.Cut(after, `"`)
	return html.UnescapeString(address)
}
