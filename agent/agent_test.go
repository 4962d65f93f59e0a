package agent_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
)

// TestLinkAndGuestFromStartToEnd goes once through a link and a guest without any
// trouble.
func TestLinkAndGuestFromStartToEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")

	link := d.linked(bob, "bob", "u1")
	if link.LocalUserID != "u1" || !link.Active || link.Type != client.Linked {
		t.Errorf("link %+v, want an active one with u1", link)
	}
	token := d.exchanged(d.key(bob), "u1")
	if again := d.exchanged(d.key(bob), "u1"); again == token || len(d.fake.live("u1")) != 1 {
		t.Errorf("second token %s, live tokens %v; want a new token, and it alone", again, d.fake.live("u1"))
	}

	d.invite(cat, "cat", func(in *client.NewInvite) { in.Servers[0].Libraries = []string{"l2"} })
	guest := d.guestOf("cat")
	if got := d.fake.named("cat"); len(got) != 1 || !got[0].Hidden || got[0].ID != guest.LocalUserID {
		t.Errorf("local users named cat: %+v, want one hidden %s", got, guest.LocalUserID)
	}
	if to := d.fake.limits[guest.LocalUserID]; to.AllLibraries || len(to.Libraries) != 1 || to.Libraries[0] != "l2" {
		t.Errorf("restriction %+v, want library l2 alone", to)
	}
	d.exchanged(d.key(cat), guest.LocalUserID)
	d.told("cat")

	key := d.key(bob)
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the key opens nothing", func() bool { _, err := d.exchange(key); return err != nil })
	_, err := d.exchange(key)
	isError(t, err, agent.ErrAccessKeyWrong)
	eventually(t, "the token is revoked", func() bool { return len(d.fake.live("u1")) == 0 })

	noError(t, d.ann.People.Remove(t.Context(), d.serverID(), client.ID(guest.ID)))
	eventually(t, "the guest is disabled", func() bool { return d.fake.named("cat")[0].Disabled })
	if n := len(d.fake.live(guest.LocalUserID)); n != 0 {
		t.Errorf("%d live tokens of a disabled guest, want 0", n)
	}
	eventually(t, "that is noted", func() bool { return d.status().GuestsShut == 1 })
	status := d.status()
	if !status.Registered || status.Owner != "ann" || status.Name != "Den" || status.Links != 0 || status.GuestsShut != 1 || len(status.Trouble) != 0 {
		t.Errorf("status %+v, want registered, owned by ann, without links and trouble, with one guest shut", status)
	}
	if d.log.Count("level=WARN")+d.log.Count("level=ERROR") > 0 {
		t.Errorf("got warnings or errors, want none; log:\n%s", d.log)
	}
}
