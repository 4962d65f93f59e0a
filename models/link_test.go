package models_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

func TestAskAndAccept(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner, person := k.t.Context(), k.account(), k.account()
		m := k.server(owner)
		k.letters()
		asked := k.ask(m, person)
		if asked.State != models.LinkPending || asked.Type != models.LinkLinked || asked.AccessKey != serversKey || !asked.Active ||
			asked.Username != person.Username || asked.RequestedBy != "boss" {
			k.t.Errorf("got the link %+v, want the username and the asking person", asked)
		}
		letter := k.letter(models.MailLinkAsked, person.Email)
		if letter.Facts.Server != "Den" || letter.Facts.Person != owner.Username {
			k.t.Errorf("the mail has the facts %v, want the server and its owner", letter.Facts)
		}
		// The server sees the key that it made; the person sees it only after accepting.
		if got := k.keyOf(m); got != serversKey {
			k.t.Errorf("the server sees the key %q, want the one it made", got)
		}
		pending := k.located(person, models.LinkPending)
		if len(pending) != 1 || pending[0].AccessKey != "" || pending[0].Server.Name != "Den" {
			k.t.Errorf("got the pending links %+v, want one of the server without a key", pending)
		}
		if got := k.located(person, models.LinkAccepted); len(got) != 0 {
			k.t.Errorf("the pending link is among the servers %+v, want none", got)
		}
		k.is(k.Links.Accept(ctx, owner.ID, asked.ID, home), models.ErrNotFound)
		k.is(k.Links.Accept(ctx, person.ID, 0, home), models.ErrNotFound)
		k.must(k.Links.Accept(ctx, person.ID, asked.ID, home))
		k.is(k.Links.Accept(ctx, person.ID, asked.ID, home), models.ErrNotFound)
		k.letter(models.MailLinkAccepted, owner.Email)
		located := k.located(person, models.LinkAccepted)
		if len(located) != 1 || located[0].AccessKey != serversKey || located[0].Server.SystemID != den.SystemID ||
			urls(located[0].Addresses) != "http://192.168.1.2:8096 http://media.example.test:8096" {
			k.t.Errorf("got the servers %+v, want one with both addresses", located)
		}
		if list := k.authorizations(m); list[0].State != models.LinkAccepted || !list[0].AcceptedAt.Equal(k.Now()) {
			k.t.Errorf("the server sees the links %+v, want the first one accepted now", list)
		}
		// If the server asks again, the link stays accepted and gets the new key.
		k.letters()
		ask := models.AskLink{
			AccountID: person.ID, Type: models.LinkGuest, AccessKey: "30e983b8410f42bc883a3d7ecc6f95bd", Caller: models.Caller{Address: "203.0.113.66"},
		}
		again, err := k.EmbyServers.Ask(ctx, m.Server, ask)
		k.must(err)
		_, err = k.EmbyServers.Ask(ctx, m.Server, ask) // the same key again is not an event
		k.must(err)
		for kind, who := range map[models.EventKind]models.Account{models.EventLinkKeySet: person, models.EventServerLinkKeySet: owner} {
			list, err := k.History.List(ctx, who.ID, 100)
			k.must(err)
			list = slices.DeleteFunc(list, func(e models.Event) bool { return e.Kind != kind })
			if len(list) != 1 || (list[0].Address == "203.0.113.66") != (kind == models.EventServerLinkKeySet) {
				k.t.Errorf("%s: got the events %+v, want one, with the server's address for the owner alone", kind, list)
			}
		}
		if again.ID != asked.ID || again.State != models.LinkAccepted {
			k.t.Errorf("got the link %+v, want the same one, still accepted", again)
		}
		if got := k.located(person, models.LinkAccepted)[0].AccessKey; got != "30e983b8410f42bc883a3d7ecc6f95bd" {
			k.t.Errorf("got the key %q, want the new one", got)
		}
		if letters := k.letters(); len(letters) != 0 {
			k.t.Errorf("asking again sent the mails %+v, want none", letters)
		}
		events := k.events(person)
		if events[models.EventLinkAsked] != 1 || events[models.EventLinkAccepted] != 1 {
			k.t.Errorf("got the events %v, want one asked and one accepted", events)
		}
	})
}

func TestAskRules(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, m := k.t.Context(), k.server(k.account())
		waiting := newName()
		k.signUp(waiting)
		gone := k.account()
		k.must(k.Operators.Disable(ctx, gone.Username))
		for _, id := range []int64{0, -1, 12345, k.byName(waiting).ID, gone.ID} {
			_, err := k.EmbyServers.Ask(ctx, m.Server, models.AskLink{AccountID: id, AccessKey: serversKey})
			k.is(err, models.ErrNotFound)
		}
		person := k.account()
		for _, key := range []string{"short", strings.Repeat("a", 65), "92946949b56f4c5e831d072ba4929de ", "' OR 1=1 -- aaaaaaaa", "\x00\x01aaaaaaaaaaaaaaaaaa"} {
			_, err := k.EmbyServers.Ask(ctx, m.Server, models.AskLink{AccountID: person.ID, AccessKey: key})
			k.isKind(err, models.KindInvalid)
		}
		made, err := k.EmbyServers.Ask(ctx, m.Server, models.AskLink{AccountID: person.ID})
		k.must(err)
		if len(made.AccessKey) != 32 {
			k.t.Errorf("made the key %q, want 32 characters", made.AccessKey)
		}
		// The rows do not contain the key, and an account cannot have two links to one
		// server.
		if stored := k.texts("SELECT access_key FROM links")[0][0]; strings.Contains(stored, made.AccessKey) {
			k.t.Errorf("the stored key %s shows the access key, want it encrypted", stored)
		}
	})
}

func TestAskIsLimited(t *testing.T) {
	eachServer(t, func(k *kit) {
		person, m := k.account(), k.stray()
		for range 20 {
			k.ask(m, person)
		}
		_, err := k.EmbyServers.Ask(k.t.Context(), m.Server, models.AskLink{AccountID: person.ID})
		k.is(err, models.ErrThrottled)
		owned := k.server(k.account())
		for range 21 {
			k.ask(owned, person)
		}
	})
}

func TestRemoveLink(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.server(owner)
		k.run("the person declines", func(k *kit) {
			person := k.account()
			asked := k.ask(m, person)
			k.is(k.Links.Decline(ctx, owner.ID, asked.ID, home), models.ErrNotFound)
			k.must(k.Links.Decline(ctx, person.ID, asked.ID, home))
			k.is(k.Links.Decline(ctx, person.ID, asked.ID, home), models.ErrNotFound)
			k.is(k.Links.Accept(ctx, person.ID, asked.ID, home), models.ErrNotFound)
			k.letter(models.MailLinkRemoved, owner.Email)
		})
		k.run("the person leaves", func(k *kit) {
			person := k.account()
			link := k.link(m, person)
			k.letters()
			k.is(k.Links.Decline(ctx, person.ID, link.ID, home), models.ErrNotFound) // from a page that was opened earlier
			k.is(k.Links.Remove(ctx, owner.ID, link.ID, home), models.ErrNotFound)
			k.must(k.Links.Remove(ctx, person.ID, link.ID, home))
			k.letter(models.MailLinkRemoved, owner.Email)
			if got := k.events(person); got[models.EventLinkLeft] != 1 || got[models.EventLinkRemoved] != 0 {
				k.t.Errorf("events %v, want one of a link that its person left", got)
			}
			if len(k.located(person, models.LinkAccepted)) != 0 || len(k.authorizations(m)) != 0 {
				k.t.Error("the link or its authorization is still there, want it removed")
			}
		})
		k.run("the server cancels", func(k *kit) {
			person := k.account()
			k.link(m, person)
			k.letters()
			other := k.server(k.account())
			k.is(k.EmbyServers.Cancel(ctx, other.Server, person.ID), models.ErrNotFound)
			k.must(k.EmbyServers.Cancel(ctx, m.Server, person.ID))
			k.is(k.EmbyServers.Cancel(ctx, m.Server, person.ID), models.ErrNotFound)
			k.letter(models.MailLinkEnded, person.Email)
			if len(k.located(person, models.LinkAccepted)) != 0 {
				k.t.Error("the link is still there, want it removed")
			}
		})
		k.run("the server cancels a pending link", func(k *kit) {
			person := k.account()
			k.ask(m, person)
			k.letters()
			k.must(k.EmbyServers.Cancel(ctx, m.Server, person.ID))
			if letters := k.letters(); len(letters) != 0 {
				k.t.Errorf("got the mails %+v, want none", letters)
			}
		})
		k.run("the owner removes a person", func(k *kit) {
			person := k.account()
			link := k.link(m, person)
			k.must(k.People.Remove(ctx, owner.ID, m.ID, link.ID))
			k.is(k.People.Remove(ctx, owner.ID, m.ID, link.ID), models.ErrNotFound)
			if len(k.located(person, models.LinkAccepted)) != 0 || k.events(person)[models.EventLinkRemoved] != 1 {
				k.t.Error("the link is still there or its removal is not in the history, want it removed")
			}
		})
	})
}

func TestLinksAreOnePerPair(t *testing.T) {
	eachServer(t, func(k *kit) {
		person, m := k.account(), k.server(k.account())
		link := k.link(m, person)
		_, err := models.DatabaseOf(k.Store).SQL.ExecContext(k.t.Context(), `INSERT INTO links (id, server_id, account_id, type, state, access_key,
 requested_by, created_at) SELECT id + 1, server_id, account_id, type, state, access_key, requested_by, created_at FROM links WHERE id = ?`, link.ID)
		if err == nil {
			k.t.Error("a second link of the same account and server was stored, want an error")
		}
	})
}

func TestLocateListsOldestLinkFirst(t *testing.T) {
	eachServer(t, func(k *kit) {
		person, owner := k.account(), k.account()
		first, second, bare := k.server(owner), k.server(owner), k.server(owner)
		for _, m := range []media{first, second, bare} {
			k.link(m, person)
		}
		for _, url := range []string{"http://192.168.1.2:8096", "http://media.example.test:8096"} {
			k.must(k.Addresses.Remove(k.t.Context(), owner.ID, bare.ID, k.addressID(owner, bare, url)))
		}
		got := k.located(person, models.LinkAccepted)
		ids := []int64{}
		for _, one := range got {
			ids = append(ids, one.ServerID)
		}
		if !slices.Equal(ids, []int64{first.ID, second.ID, bare.ID}) {
			k.t.Fatalf("got the servers %v, want them in the order of their links", ids)
		}
		if len(got[0].Addresses) != 2 || len(got[1].Addresses) != 2 || len(got[2].Addresses) != 0 {
			k.t.Errorf("got the servers %+v, want two addresses, two and none", got)
		}
		stranger := k.account()
		if got := k.located(stranger, models.LinkAccepted); len(got) != 0 {
			k.t.Errorf("a stranger sees the servers %+v, want none", got)
		}
	})
}

func TestUnreadableKeyFailsTheWholeList(t *testing.T) {
	eachServer(t, func(k *kit) {
		person, owner := k.account(), k.account()
		a, b := k.server(owner), k.server(owner)
		link, other := k.link(a, person), k.link(b, person)
		// A sealed key cannot be opened in another row.
		k.exec("UPDATE links SET access_key = (SELECT k FROM (SELECT access_key AS k FROM links WHERE id = ?) x) WHERE id = ?", other.ID, link.ID)
		list, err := func() ([]models.Located, error) {
			found, _, err := k.Links.LocateTagged(k.t.Context(), models.Session{ID: 1, AccountID: person.ID})
			return found, err
		}()
		k.isKind(err, models.KindInternal)
		if list != nil {
			k.t.Errorf("got the list %+v with an error, want nil", list)
		}
		_, err = k.EmbyServers.Links(k.t.Context(), a.Server)
		k.isKind(err, models.KindInternal)
	})
}

func TestKeysAreReplaced(t *testing.T) {
	for name, c := range map[string]struct {
		replaced bool
		do       func(k *kit, a models.Account)
	}{
		"password reset": {true, func(k *kit, a models.Account) {
			k.must(k.Recovery.ResetPassword(k.t.Context(), k.resetSecret(a), otherPassword, home))
		}},
		"disabled": {true, func(k *kit, a models.Account) { k.must(k.Operators.Disable(k.t.Context(), a.Username)) }},
		"signed out the others": {true, func(k *kit, a models.Account) {
			k.must(k.Sessions.EndOthers(k.t.Context(), k.signIn(a).Session, home))
		}},
		"signed out everywhere": {true, func(k *kit, a models.Account) { k.must(k.Sessions.EndAll(k.t.Context(), a.ID, home)) }},
		"email change undone": {true, func(k *kit, a models.Account) {
			_, err := k.Emails.Undo(k.t.Context(), k.change(a, "elsewhere-"+a.Email), home)
			k.must(err)
		}},
		"password change": {false, func(k *kit, a models.Account) {
			_, err := k.Accounts.ChangePassword(k.t.Context(), k.signIn(a).Session, models.ChangePassword{Current: goodPassword, Password: otherPassword}, home)
			k.must(err)
		}},
		"signed out": {false, func(k *kit, a models.Account) { k.must(k.Sessions.SignOut(k.t.Context(), k.signIn(a).Token, home)) }},
	} {
		t.Run(name, func(t *testing.T) {
			eachServer(t, func(k *kit) {
				person, m := k.account(), k.server(k.account())
				k.link(m, person)
				pending := k.server(k.account())
				k.ask(pending, person)
				c.do(k, person)
				for _, server := range []media{m, pending} {
					if got := k.keyOf(server); (got != serversKey) != c.replaced || len(got) != 32 {
						k.t.Errorf("got the key %q, want one of 32 characters, replaced only where the case says so", got)
					}
				}
				if got := k.located(person, models.LinkAccepted); len(got) != 1 || got[0].AccessKey != k.keyOf(m) {
					k.t.Errorf("the person sees %+v, want one server with the current key", got)
				}
				if k.authorizations(m)[0].Active != (name != "disabled") {
					k.t.Error("the link has the wrong active state, want it inactive only if the account is disabled")
				}
				if _, err := k.ServerKeys.Look(k.t.Context(), m.key); err != nil {
					t.Errorf("the server key is refused with error %v, want it accepted", err)
				}
			})
		})
	}
}

func TestFindAccount(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, person, m := k.t.Context(), k.account(), k.server(k.account())
		find := func(text string) error {
			_, _, err := k.EmbyServers.FindAccount(ctx, m.Server, text, home)
			return err
		}
		found, byEmail, err := k.EmbyServers.FindAccount(ctx, m.Server, strings.ToUpper(person.Username), home)
		k.must(err)
		if found.ID != person.ID || byEmail {
			k.t.Errorf("found %+v, by address %v; want the person by username", found, byEmail)
		}
		k.is(find("nobody"), models.ErrNotFound)
		k.is(find(""), models.ErrNotFound)
		// An address finds a person only after they have accepted a link to this server.
		k.is(find(person.Email), models.ErrNotFound)
		k.is(find("unknown@example.org"), models.ErrNotFound)
		asked := k.ask(m, person)
		k.is(find(person.Email), models.ErrNotFound)
		k.must(k.Links.Accept(ctx, person.ID, asked.ID, home))
		found, byEmail, err = k.EmbyServers.FindAccount(ctx, m.Server, strings.ToUpper(person.Email), home)
		k.must(err)
		if found.ID != person.ID || !byEmail {
			k.t.Errorf("found %+v, by address %v; want the person by address", found, byEmail)
		}
		_, _, err = k.EmbyServers.FindAccount(ctx, k.server(k.account()).Server, person.Email, home)
		k.is(err, models.ErrNotFound)
		// An account that waits or is disabled is found by its name, and the server sees
		// its state.
		waiting := newName()
		k.signUp(waiting)
		found, _, err = k.EmbyServers.FindAccount(ctx, m.Server, waiting, home)
		k.must(err)
		if !found.ConfirmedAt.IsZero() {
			k.t.Errorf("found %+v, want an account without a confirmed address", found)
		}
		for range 120 - 8 {
			_ = find("nobody")
		}
		k.is(find(person.Username), models.ErrThrottled)
	})
}

func TestEmbyInviteNeedsALookUp(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, m, stray := k.t.Context(), k.server(k.account()), k.stray()
		elsewhere := models.Caller{Address: "203.0.113.99"}
		const address = "new.person@example.org"
		invite := func(want int, from models.Caller, email string) {
			k.t.Helper()
			k.must(k.EmbyServers.Invite(ctx, email, "alice", from))
			letters := k.letters()
			if len(letters) != want {
				k.t.Fatalf("%d mails, want %d: %+v", len(letters), want, letters)
			}
			if want == 1 && (letters[0].Kind != models.MailInvited || !strings.EqualFold(letters[0].To, address) || letters[0].Facts.Person != "alice") {
				k.t.Errorf("got the mail %+v, want an invitation from the asking person to the address", letters[0])
			}
		}
		look := func(m media, email string) {
			k.t.Helper()
			_, _, err := k.EmbyServers.FindAccount(ctx, m.Server, email, home)
			k.is(err, models.ErrNotFound)
		}
		k.letters()
		invite(0, home, address) // without a look-up before, no mail is sent
		look(stray, address)
		invite(0, home, address) // a server without an owner sends no mail
		look(m, address)
		invite(0, elsewhere, address)
		invite(0, home, "other@example.org")
		invite(0, home, "no address")
		invite(0, home, "")
		invite(1, home, "New.Person@Example.org")
		invite(0, home, address) // one look-up gives one mail
		look(m, address)
		k.clock.Advance(9 * time.Minute)
		look(m, address) // the time counts from the last look-up
		k.clock.Advance(9 * time.Minute)
		invite(1, home, address)
		look(m, address)
		k.clock.Advance(10 * time.Minute)
		invite(0, home, address)
	})
}

func TestOneLookUpInvitesOnce(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, m := k.t.Context(), k.server(k.account())
		k.letters()
		_, _, err := k.EmbyServers.FindAccount(ctx, m.Server, "new@example.org", home)
		k.is(err, models.ErrNotFound)
		for _, err := range parallel(16, func(int) error { return k.EmbyServers.Invite(ctx, "new@example.org", "alice", home) }) {
			k.must(err)
		}
		if n := k.texts("SELECT COUNT(*) FROM outbox")[0][0]; n != "1" {
			k.t.Errorf("one look-up gave %s mails, want 1", n)
		}
	})
}

// The name of the person who asked is cleaned, whether the server or the service
// makes the key.
func TestRequestedByIsCleaned(t *testing.T) {
	eachServer(t, func(k *kit) {
		m := k.server(k.account())
		for _, key := range []string{"", serversKey} {
			asked, err := k.EmbyServers.Ask(k.t.Context(), m.Server, models.AskLink{
				AccountID: k.account().ID, AccessKey: key, RequestedBy: "bo\u202ess\r\n\x00\xff " + strings.Repeat("x", 300),
			})
			k.must(err)
			if want := "bo ss " + strings.Repeat("x", 94); asked.RequestedBy != want {
				k.t.Errorf("with the key %q: asked by %q, want %q", key, asked.RequestedBy, want)
			}
		}
	})
}

// A server that asked for a link knows a username. It sees the display name of the
// person only after they have accepted.
func TestPendingLinkShowsNoDisplayName(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		k.must(k.Accounts.SetProfile(ctx, anna.ID, models.Profile{Username: anna.Username, DisplayName: "Anna Tell-Nobody", Locale: "en"}, home))
		asked, err := k.Agents.AskFor(ctx, m.Server, models.AskLink{Username: anna.Username})
		k.must(err)
		names := func(when, want string) {
			k.t.Helper()
			people, err := k.People.List(ctx, owner.ID, m.ID, 0, 10)
			k.must(err)
			links, changes := k.agentLinks(m), k.changes(m, 0)
			for who, got := range map[string]string{
				"owner": people[0].DisplayName, "agent": links[0].DisplayName, "feed": changes[len(changes)-1].Link.DisplayName,
			} {
				if got != want {
					k.t.Errorf("%s, the %s sees %q, want %q", when, who, got, want)
				}
			}
		}
		if asked.DisplayName != anna.Username {
			k.t.Errorf("the server sees the display name %q, want only the username", asked.DisplayName)
		}
		names("pending", anna.Username)
		k.must(k.Links.Accept(ctx, anna.ID, asked.ID, home))
		names("accepted", "Anna Tell-Nobody")
	})
}
