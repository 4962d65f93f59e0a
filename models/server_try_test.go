package models_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// outside answers tries in the place of the internet.
type outside struct {
	mu    sync.Mutex
	by    map[string]models.Found // by host
	asked []string
	ids   map[string]bool
	waits []time.Time // the ends for which a try waited
}

func newOutside(k *kit) *outside {
	o := &outside{by: map[string]models.Found{}, ids: map[string]bool{}}
	models.RestTries(k.Store, func(_ context.Context, until time.Time) error {
		o.waits = append(o.waits, until)
		return nil
	})
	return o
}

func (o *outside) ask(_ context.Context, address models.Address, systemID string) models.Found {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, address.URL())
	o.ids[systemID] = true
	return o.by[address.Host]
}

// findings makes a try and returns what the owner learns: "address finding until".
func (k *kit) findings(o *outside, owner models.Account, m media) []string {
	k.t.Helper()
	k.clock.Advance(time.Minute)
	o.asked, o.waits = nil, nil
	tries, err := k.Tries.Make(k.t.Context(), owner.ID, m.ID, o.ask)
	k.must(err)
	again, err := k.Tries.List(k.t.Context(), owner.ID, m.ID)
	k.must(err)
	if diff := cmp.Diff(tries, again); diff != "" {
		k.t.Errorf("what is listed differs from the answer (-answer +list):\n%s", diff)
	}
	var list []string
	for _, one := range tries {
		text := one.Address.Host + " " + one.Finding
		if !one.Until.IsZero() {
			text += " " + one.Until.Format(time.DateOnly)
		}
		list = append(list, text)
	}
	return list
}

func (k *kit) reported(m media, urls ...string) {
	k.t.Helper()
	in := report()
	in.LAN, in.WAN = []string{"http://192.168.1.2:8096", "http://8.8.4.4:8096"}, urls
	k.report(k.again(m), in)
}

const (
	place  = "93.184.215.14"
	place2 = "93.184.215.99"
)

// Before the server has answered at a place, the owner gets the same answer for every state of that place, and the answer
// takes the same time. After that, each fault has its name.
func TestTriesTellNothingOfStrangers(t *testing.T) {
	eachServer(t, func(k *kit) {
		owner := k.account()
		m := k.agent(owner)
		k.reported(m, "https://media.example.com:8443")
		o := newOutside(k)
		end := k.Now().AddDate(0, 2, 0)
		strange := []models.Found{
			{Finding: "no_answer", At: place},
			{Finding: "certificate_expired", At: place, Until: k.Now()},
			{Finding: "certificate_name", At: place, Until: end},
			{Finding: "certificate_untrusted", At: place, Until: end},
			{Finding: "no_tls", At: place},
			{Finding: "redirect", At: place},
			{Finding: "base_path", At: place},
			{Finding: "other_server", At: place},
			{Finding: "server_away", At: place},
			{Finding: "fine", At: place, Until: end}, // "fine" without the id does not come from the server
		}
		for _, one := range strange {
			o.by["media.example.com"] = one
			if diff := cmp.Diff([]string{"media.example.com nothing_found"}, k.findings(o, owner, m)); diff != "" {
				k.t.Errorf("%s at an unknown place (-want +got): %s", one.Finding, diff)
			}
			if want := k.Now().Add(models.TryTime); len(o.waits) != 1 || !o.waits[0].Equal(want) {
				k.t.Errorf("%s at an unknown place: waited until %v, want once until %v", one.Finding, o.waits, want)
			}
			k.clock.Advance(2 * time.Minute)
		}
		o.by["media.example.com"] = models.Found{Finding: "certificate_expired", At: place, Until: k.Now(), Itself: true}
		want := "media.example.com certificate_expired " + k.Now().Format(time.DateOnly)
		if diff := cmp.Diff([]string{want}, k.findings(o, owner, m)); diff != "" {
			k.t.Errorf("the server itself with an expired certificate (-want +got): %s", diff)
		}
		for _, one := range strange[:9] {
			o.by["media.example.com"] = one
			want := "media.example.com " + one.Finding
			if !one.Until.IsZero() {
				want += " " + one.Until.Format(time.DateOnly)
			}
			if diff := cmp.Diff([]string{want}, k.findings(o, owner, m)); diff != "" || o.waits != nil {
				k.t.Errorf("%s at a known place, waited until %v (-want +got): %s", one.Finding, o.waits, diff)
			}
			k.clock.Advance(2 * time.Minute)
			// The name now leads to somebody else's machine: nothing is known of that one.
			one.At = place2
			o.by["media.example.com"] = one
			if diff := cmp.Diff([]string{"media.example.com nothing_found"}, k.findings(o, owner, m)); diff != "" {
				k.t.Errorf("%s where the name leads now (-want +got): %s", one.Finding, diff)
			}
			k.clock.Advance(2 * time.Minute)
		}
		k.reported(m, "https://media.example.com:22")
		o.by["media.example.com"] = models.Found{Finding: "no_answer", At: place}
		if diff := cmp.Diff([]string{"media.example.com nothing_found"}, k.findings(o, owner, m)); diff != "" {
			k.t.Errorf("another port of the known machine (-want +got): %s", diff)
		}
	})
}

// Only what the agent has reported for use from outside is asked, with the id that it reported.
func TestTriesAskReportedAddressesAlone(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner, stranger := k.t.Context(), k.account(), k.account()
		m, plain := k.agent(owner), k.server(owner)
		k.reported(m, "https://media.example.com/jellyfin", "http://nas.local:8096", "http://10.0.0.1:8096", "http://a.example.com:81", "http://b.example.com:82", "http://c.example.com:83", "http://d.example.com:84")
		_, err := k.Addresses.Add(ctx, owner.ID, m.ID, "https://victim.example.com:22")
		k.must(err)
		o := newOutside(k)
		soon := k.Now().AddDate(0, 0, 10)
		o.by = map[string]models.Found{
			"media.example.com": {Finding: "fine", At: place, Until: soon, Itself: true}, "a.example.com": {Finding: "name_unknown"},
			"b.example.com": {Finding: "own_machine", At: place}, "c.example.com": {Finding: "fine", At: place, Itself: true},
		}
		want := []string{
			"media.example.com certificate_soon " + soon.Format(time.DateOnly), "a.example.com name_unknown", "b.example.com own_machine", "c.example.com fine",
		}
		if diff := cmp.Diff(want, k.findings(o, owner, m)); diff != "" || o.waits != nil {
			k.t.Errorf("findings, waited until %v (-want +got): %s", o.waits, diff)
		}
		if len(o.asked) != 4 || len(o.ids) != 1 || !o.ids[den.SystemID] {
			k.t.Errorf("asked %q for the ids %v, want four addresses and %s", o.asked, o.ids, den.SystemID)
		}
		_, err = k.Tries.Make(ctx, stranger.ID, m.ID, o.ask)
		k.is(err, models.ErrNotFound)
		_, err = k.Tries.List(ctx, stranger.ID, m.ID)
		k.is(err, models.ErrNotFound)
		_, err = k.Tries.Make(ctx, owner.ID, plain.ID, o.ask)
		k.is(err, models.ErrNotFound)
		_, err = k.Tries.Make(ctx, owner.ID, m.ID, nil)
		k.is(err, models.ErrTriesOff)
		k.must(k.Servers.Remove(ctx, owner.ID, m.ID, home))
		if rows := k.query("SELECT server_id FROM server_tries UNION SELECT server_id FROM server_answers"); len(rows) != 0 {
			k.t.Errorf("%d rows of the removed server are left, want none", len(rows))
		}
	})
}

func TestTriesArePaced(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		o := newOutside(k)
		m := k.agent(owner)
		k.reported(m, "https://media.example.com")
		try := func() error {
			_, err := k.Tries.Make(ctx, owner.ID, m.ID, o.ask)
			return err
		}
		k.must(try())
		k.is(try(), models.ErrThrottled)
		passed := 1
		for range 59 {
			k.clock.Advance(time.Minute)
			if try() == nil {
				passed++
			}
		}
		if passed != 30 || len(o.asked) != 30 {
			k.t.Errorf("%d tries of an account in an hour with %d questions, want 30", passed, len(o.asked))
		}
	})
}

// An answer of half a year ago proves nothing: another server may have the address now.
func TestAnswersAreForgotten(t *testing.T) {
	eachServer(t, func(k *kit) {
		owner := k.account()
		m := k.agent(owner)
		k.reported(m, "https://media.example.com")
		o := newOutside(k)
		o.by["media.example.com"] = models.Found{Finding: "fine", At: place, Itself: true}
		k.findings(o, owner, m)
		o.by["media.example.com"] = models.Found{Finding: "no_answer", At: place}
		k.clock.Advance(179 * 24 * time.Hour)
		if got := fmt.Sprint(k.findings(o, owner, m)); got != "[media.example.com no_answer]" {
			k.t.Errorf("after 179 days: %s, want the fault", got)
		}
		k.clock.Advance(24 * time.Hour)
		if got := fmt.Sprint(k.findings(o, owner, m)); got != "[media.example.com nothing_found]" {
			k.t.Errorf("after half a year: %s, want nothing", got)
		}
		k.must(k.Sweep(k.t.Context()))
		if rows := k.query("SELECT place FROM server_answers"); len(rows) != 0 {
			k.t.Errorf("%d answers are left, want none", len(rows))
		}
	})
}

// However many accounts somebody has, the service asks only so often.
func TestTriesOfTheWholeServiceArePaced(t *testing.T) {
	eachServer(t, func(k *kit) {
		o := newOutside(k)
		for n, want := range []error{nil, nil, models.ErrThrottled} {
			owner := k.account()
			m := k.agent(owner)
			k.reported(m, "https://media.example.com")
			if _, err := k.Tries.Make(k.t.Context(), owner.ID, m.ID, o.ask); n < 2 {
				k.must(err)
			} else {
				k.is(err, want)
			}
		}
	}, func(o *models.Options) { o.Limits.TryService = models.Limit{Hits: 2, Window: time.Hour} })
}
