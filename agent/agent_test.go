package agent_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
)

// TestLife goes once through everything that goes well.
func TestLife(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob, cat := s.join(t, "bob"), s.join(t, "cat")

	link := d.linked(bob, "bob", "u1")
	if link.LocalUserID != "u1" || !link.Active || link.Type != client.Linked {
		t.Errorf("%+v", link)
	}
	token := d.exchanged(d.key(bob), "u1")
	if again := d.exchanged(d.key(bob), "u1"); again == token || len(d.fake.live("u1")) != 1 {
		t.Errorf("%v", d.fake.live("u1"))
	}

	d.invite(cat, "cat", func(in *client.NewInvite) { in.Servers[0].Libraries = []string{"l2"} })
	guest := d.guestOf("cat")
	if got := d.fake.named("cat"); len(got) != 1 || !got[0].Hidden || got[0].ID != guest.LocalUserID {
		t.Errorf("%+v", got)
	}
	if to := d.fake.limits[guest.LocalUserID]; to.AllLibraries || len(to.Libraries) != 1 || to.Libraries[0] != "l2" {
		t.Errorf("%+v", to)
	}
	d.exchanged(d.key(cat), guest.LocalUserID)
	d.told("cat")

	key := d.key(bob)
	well(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the key opens nothing", func() bool { _, err := d.exchange(key); return err != nil })
	_, err := d.exchange(key)
	is(t, err, agent.ErrAccessKeyWrong)
	eventually(t, "the token is revoked", func() bool { return len(d.fake.live("u1")) == 0 })

	well(t, d.ann.People.Remove(t.Context(), d.serverID(), client.ID(guest.ID)))
	eventually(t, "the guest is disabled", func() bool { return d.fake.named("cat")[0].Disabled })
	if n := len(d.fake.live(guest.LocalUserID)); n != 0 {
		t.Errorf("%d tokens", n)
	}
	eventually(t, "that is noted", func() bool { return d.status().GuestsShut == 1 })
	status := d.status()
	if !status.Registered || status.Owner != "ann" || status.Name != "Den" || status.Links != 0 || status.GuestsShut != 1 || len(status.Trouble) != 0 {
		t.Errorf("%+v", status)
	}
	if d.log.count("level=WARN")+d.log.count("level=ERROR") > 0 {
		t.Errorf("log:\n%s", d.log)
	}
}
