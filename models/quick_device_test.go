package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// arrived lets a person sign a device in by Quick Connect, and lets the agent of the server find
// the device.
func (k *kit) arrived(session models.Session, m media, device models.QuickDevice) models.QuickDevice {
	k.t.Helper()
	asked := k.quick(session, m, "135790")
	k.must(k.QuickConnects.Arrived(k.t.Context(), m.Server, asked.ID, device))
	k.must(k.QuickConnects.Complete(k.t.Context(), m.Server, asked.ID))
	return k.arrivals(session.AccountID)[0]
}

// arrivals lists the devices of Quick Connect of an account.
func (k *kit) arrivals(accountID int64) []models.QuickDevice {
	k.t.Helper()
	list, err := k.QuickConnects.Arrivals(k.t.Context(), accountID)
	k.must(err)
	return list
}

var television = models.QuickDevice{DeviceID: "tv-1", Name: "Television", Client: "Films", Certain: true}

// A device that came in by Quick Connect is listed, and a person can end this device alone: the
// agent learns which device of which person has ended, and nobody else can end it.
func TestQuickDeviceIsEnded(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		m, person, session := k.quickHome()
		known := k.arrived(session, m, television)
		if known.Name != "Television" || known.Client != "Films" || known.ServerName != "Den" || !known.Certain || !known.CreatedAt.Equal(k.Now()) {
			k.t.Errorf("got the device %+v, want it as the agent found it", known)
		}
		k.clock.Advance(time.Second)
		if again := k.arrived(session, m, models.QuickDevice{DeviceID: "tv-1"}); len(k.arrivals(person.ID)) != 1 || again.Certain || again.ID == known.ID {
			k.t.Errorf("got the device %+v, want it anew and once", again)
		}
		stranger := k.account()
		known = k.arrivals(person.ID)[0]
		k.is(k.QuickConnects.EndDevice(ctx, stranger.ID, known.ID, home), models.ErrNotFound)
		last := k.last(m)
		k.must(k.QuickConnects.EndDevice(ctx, person.ID, known.ID, home))
		k.is(k.QuickConnects.EndDevice(ctx, person.ID, known.ID, home), models.ErrNotFound)
		changes := k.changes(m, last)
		if len(changes) != 1 || changes[0].Kind != models.ChangeDevicesEnded || changes[0].DeviceID != "tv-1" || changes[0].AccountID != person.ID {
			k.t.Errorf("got the changes %+v, want one that ends the device of the person", changes)
		}
		events, err := k.History.List(ctx, person.ID, 1)
		if err != nil || len(events) != 1 || events[0].Kind != models.EventSessionEnded {
			k.t.Errorf("got the history %+v with error %v, want the end of a session", events, err)
		}
	})
}

// The devices of a person are forgotten when the person leaves the server, signs out everywhere, or
// ends all other sessions. The devices of other people are kept.
func TestQuickDevicesGoWithTheirLink(t *testing.T) {
	for name, end := range map[string]func(k *kit, m media, session models.Session){
		"left": func(k *kit, m media, session models.Session) {
			link, err := k.Links.ByServer(k.t.Context(), session.AccountID, m.ID)
			k.must(err)
			k.must(k.Links.Remove(k.t.Context(), session.AccountID, link.ID, home))
		},
		"everywhere": func(k *kit, _ media, session models.Session) {
			k.must(k.Sessions.EndAll(k.t.Context(), session.AccountID, home))
		},
		"others": func(k *kit, _ media, session models.Session) {
			k.must(k.Sessions.EndOthers(k.t.Context(), session, home))
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachInvite(t, func(k *kit) {
				m, person, session := k.quickHome()
				other := k.member(models.Account{ID: m.OwnerID}, m)
				k.arrived(session, m, television)
				k.arrived(k.signIn(other).Session, m, television)
				end(k, m, session)
				if left := k.arrivals(person.ID); len(left) != 0 {
					k.t.Errorf("devices %+v, want none", left)
				}
				if left := k.arrivals(other.ID); len(left) != 1 {
					k.t.Errorf("devices of another person %+v, want one", left)
				}
			})
		})
	}
}

// An agent names a device only for an open try of its own server, with an id that can be the id
// of a device. The names that the agent sends are shortened and cleaned.
func TestQuickDeviceIsChecked(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		m, person, session := k.quickHome()
		other := k.agent(k.account())
		asked := k.quick(session, m, "135790")
		k.is(k.QuickConnects.Arrived(ctx, other.Server, asked.ID, television), models.ErrNotFound)
		for _, id := range []string{"", strings.Repeat("x", 256)} {
			k.is(k.QuickConnects.Arrived(ctx, m.Server, asked.ID, models.QuickDevice{DeviceID: id}), models.ErrDeviceIDInvalid)
		}
		k.must(k.QuickConnects.Arrived(ctx, m.Server, asked.ID, models.QuickDevice{DeviceID: "d", Name: strings.Repeat("n", 200) + "\x00"}))
		if got := k.arrivals(person.ID); len(got) != 1 || len(got[0].Name) != 80 {
			k.t.Errorf("got the devices %+v, want one with a short name", got)
		}
		k.must(k.QuickConnects.Complete(ctx, m.Server, asked.ID))
		k.is(k.QuickConnects.Arrived(ctx, m.Server, asked.ID, television), models.ErrNotFound)
	})
}

// Only the newest devices of a link are kept.
func TestQuickDevicesAreLimited(t *testing.T) {
	eachInvite(t, func(k *kit) {
		m, person, session := k.quickHome()
		asked := k.quick(session, m, "135790")
		for i := range 55 {
			k.clock.Advance(time.Second)
			k.must(k.QuickConnects.Arrived(k.t.Context(), m.Server, asked.ID, models.QuickDevice{DeviceID: fmt.Sprint("d", i)}))
		}
		if got := k.arrivals(person.ID); len(got) != 50 || got[0].DeviceID != "d54" {
			k.t.Errorf("got %d devices, want the newest 50", len(got))
		}
	})
}
