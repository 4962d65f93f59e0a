package main

import (
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

// TestInviteLinkByCommand makes a link at the machine, with a QR code in the terminal.
// Somebody who has the link accepts the invite, and the list of invites shows that.
func TestInviteLinkByCommand(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner, rosa := w.signUp("anna"), w.signUp("rosa")
	h := buildHouse(owner, "Grandma")
	owner.owns("Grandma")
	at := func(arguments ...string) []string {
		return append(append([]string{"agent"}, arguments...), "--data-dir="+h.folder)
	}
	refused(t, "give a username or an email address, or --link", "", at("invite")...)
	refused(t, "expires: 2020-01-01 has passed", "", at("invite", "--link", "--expires=2020-01-01")...)
	refused(t, "the owner has saved no profile of that name", "", at("invite", "--link", "--profile=club")...)
	said := command(t, "", at("invite", "--link", "--uses=2", "--name=Aunt Nina", "--until=2040-01-31")...)
	link := ""
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, w.url()+"/i#lki_") {
			link = strings.TrimSpace(line)
		}
	}
	for _, want := range []string{"The invite is ready.", "The last day of the link is 2040-01-31 (UTC).", "2 people in all", "▀"} {
		if !strings.Contains(said, want) || link == "" {
			t.Errorf("the command said\n%s\nwant it to say %q, and a link", said, want)
		}
	}
	_, secret, _ := strings.Cut(link, "#")
	if err := rosa.Invites.AcceptLink(t.Context(), secret); err != nil {
		t.Errorf("the link was not accepted: %v, want no error", err)
	}
	list := command(t, "", at("invites")...)
	if !lineWith(list, "Aunt Nina", "guest", "yes", "1 of 2", "2040-01-31 (UTC)") {
		t.Errorf("the list is\n%s\nwant the link, which was used once", list)
	}
	id, _, _ := strings.Cut(strings.TrimSpace(list[strings.Index(list, "\n")+1:]), " ")
	if said := command(t, "", at("invites", "withdraw", id)...); !strings.Contains(said, "withdrawn") {
		t.Errorf("the command said %q, want that it is withdrawn", said)
	}
	if list := command(t, "", at("invites")...); !strings.Contains(list, "No invite waits") {
		t.Errorf("the list is\n%s\nwant it empty", list)
	}
	refused(t, "does not exist, or was answered already", "", at("invites", "withdraw", id)...)
}

// TestInviteOfAFamilyByCommand invites a whole family at the machine. The guardian answers once, for the members that
// they choose.
func TestInviteOfAFamilyByCommand(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner, rosa := w.signUp("anna"), w.signUp("rosa")
	h := buildHouse(owner, "Grandma")
	server, _ := owner.owns("Grandma")
	at := func(arguments ...string) []string {
		return append(append([]string{"agent", "invite"}, arguments...), "--data-dir="+h.folder)
	}
	refused(t, "family: an invite for a whole family needs the username or the email address of the guardian", "", at("--link", "--family")...)
	ctx := t.Context()
	kim, err := rosa.Families.AddMember(ctx, client.NewMember{Username: "kim"})
	if err != nil {
		t.Fatal(err)
	}
	if said := command(t, "", at("rosa", "--family", "--note=For you and Kim")...); !strings.Contains(said, "rosa is invited") {
		t.Errorf("the command said %q, want that rosa is invited", said)
	}
	received, err := rosa.Invites.Received(ctx)
	if err != nil || len(received) != 1 {
		t.Fatalf("received %+v with error %v, want one invite", received, err)
	}
	if people, err := rosa.Invites.Family(ctx, received[0].ID); err != nil || len(people) != 2 {
		t.Errorf("the invite is for %+v with error %v, want Rosa and Kim", people, err)
	}
	if err := rosa.Invites.AcceptForFamily(ctx, received[0].ID, []client.ID{kim.ID}); err != nil {
		t.Fatal(err)
	}
	people := 0
	for one, err := range owner.People.List(ctx, server) {
		if err != nil {
			t.Fatal(err)
		}
		if people++; one.Username != "kim" {
			t.Errorf("linked %+v, want Kim alone", one)
		}
	}
	if people != 1 {
		t.Errorf("%d people are linked, want Kim", people)
	}
}
