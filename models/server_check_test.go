package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// tell makes a server tell the results of checks, each as "name reason" with the state before it.
func (k *kit) tell(m media, results ...models.Check) {
	k.t.Helper()
	k.must(k.Checks.Tell(k.t.Context(), m.Server, results))
}

func found(state, name, reason string) models.Check {
	return models.Check{Name: name, State: state, Reason: reason}
}

// told returns the checks of a server as texts, in the order of the page.
func (k *kit) told(owner models.Account, m media) (list []string) {
	k.t.Helper()
	up, err := k.Checks.List(k.t.Context(), owner.ID, m.ID)
	k.must(err)
	for _, one := range up.Checks {
		list = append(list, strings.TrimSpace(one.State+" "+one.Name+" "+one.Reason+" "+one.Subject))
	}
	return list
}

func TestChecksAreKeptByServer(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner, stranger := k.t.Context(), k.account(), k.account()
		m, other := k.agent(owner), k.agent(owner)
		up, err := k.Checks.List(ctx, owner.ID, m.ID)
		if k.must(err); !up.CheckedAt.IsZero() || up.Checks != nil {
			k.t.Errorf("before any check: %+v, want nothing", up)
		}
		until := k.Now().Add(-72 * time.Hour)
		expired := models.Check{Name: "address", Subject: "https://Media.example.test", State: models.CheckWrong, Reason: "certificate_expired", Until: until}
		k.tell(
			m, found(models.CheckOK, "key", "ok"), expired, found(models.CheckWarning, "disk", "low"), found("maybe", "clock", "ok"), found(models.CheckOK, "weather", "ok"),
			found(models.CheckOK, "disk", "refused"), models.Check{Name: "address", Subject: "https://x.test/<script>?a=b", State: models.CheckWrong, Reason: "redirect"},
		)
		want := []string{"wrong address certificate_expired https://media.example.test:443", "warning disk low", "ok key ok"}
		if diff := cmp.Diff(want, k.told(owner, m)); diff != "" {
			k.t.Errorf("checks (-want +got), without those that nobody knows:\n%s", diff)
		}
		if got := k.told(owner, other); got != nil {
			k.t.Errorf("the other server has the checks %q, want none", got)
		}
		began := k.Now()
		k.clock.Advance(time.Hour)
		k.tell(m, expired, found(models.CheckWarning, "disk", "low"), found(models.CheckWrong, "key", "refused"))
		up, err = k.Checks.List(ctx, owner.ID, m.ID)
		k.must(err)
		for _, one := range up.Checks {
			if since := one.Since.Equal(began); since != (one.Name != "key") {
				k.t.Errorf("%s is so since %v, want a new time for what changed alone", one.Name, one.Since)
			}
			if one.Name == "address" && !one.Until.Equal(until) {
				k.t.Errorf("the certificate ended %v, want %v", one.Until, until)
			}
		}
		n, worst, err := k.Checks.Problems(ctx, owner.ID, m.ID)
		if k.must(err); n != 3 || worst.Name != "key" {
			k.t.Errorf("%d problems, the worst %+v, want 3 and the key", n, worst)
		}
		n, _, err = k.Checks.Problems(ctx, stranger.ID, m.ID)
		if k.must(err); n != 0 {
			k.t.Errorf("a stranger sees %d problems, want none", n)
		}
		_, err = k.Checks.List(ctx, stranger.ID, m.ID)
		k.is(err, models.ErrNotFound)
		k.isKind(k.Checks.Tell(ctx, m.Server, make([]models.Check, 101)), models.KindInvalid)
		k.must(k.Servers.Remove(ctx, owner.ID, m.ID, home))
		k.is(k.Checks.Tell(ctx, m.Server, nil), models.ErrNoServer)
		if rows := k.query("SELECT server_id FROM server_checks UNION SELECT server_id FROM server_checkups"); len(rows) != 0 {
			k.t.Errorf("%d rows of the removed server are left, want none", len(rows))
		}
	})
}

// An owner asks once a minute, and the agent hears it by its feed.
func TestOwnersAskForChecks(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner, stranger := k.t.Context(), k.account(), k.account()
		m, plain := k.agent(owner), k.server(owner)
		k.is(k.Checks.Ask(ctx, stranger.ID, m.ID), models.ErrNotFound)
		k.is(k.Checks.Ask(ctx, owner.ID, plain.ID), models.ErrNotFound)
		begin := k.last(m)
		k.must(k.Checks.Ask(ctx, owner.ID, m.ID))
		if diff := cmp.Diff([]models.ChangeKind{models.ChangeChecksAsked}, k.changeKinds(m, begin)); diff != "" {
			k.t.Errorf("changes (-want +got): %s", diff)
		}
		k.is(k.Checks.Ask(ctx, owner.ID, m.ID), models.ErrThrottled)
		up, err := k.Checks.List(ctx, owner.ID, m.ID)
		if k.must(err); up.AskedAt.IsZero() {
			k.t.Error("the page does not know that new checks were asked for")
		}
		k.clock.Advance(time.Second)
		k.tell(m)
		up, err = k.Checks.List(ctx, owner.ID, m.ID)
		if k.must(err); !up.AskedAt.IsZero() || !up.CheckedAt.Equal(k.Now()) {
			k.t.Errorf("asked at %v, checked at %v, want no question and the present time", up.AskedAt, up.CheckedAt)
		}
		k.clock.Advance(time.Minute)
		k.must(k.Checks.Ask(ctx, owner.ID, m.ID))
		for range 59 {
			k.tell(m)
		}
		k.is(k.Checks.Tell(ctx, m.Server, nil), models.ErrThrottled)
	})
}

// The owner gets one mail about everything that has been wrong for a day. A problem is mailed again only after it was
// resolved in between. Most warnings are not mailed.
func TestOwnersAreToldAfterADay(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m, bare := k.agent(owner), k.agent(owner)
		k.letters()
		off, expired := found(models.CheckWrong, "quick_connect", "off"), models.Check{Name: "address", Subject: "https://media.example.test", State: models.CheckWrong, Reason: "certificate_expired", Until: k.Now()}
		older, refused := found(models.CheckWarning, "older_apps", "legacy_off"), found(models.CheckWrong, "key", "refused")
		hours := func(n int, results ...models.Check) {
			k.t.Helper()
			for range n {
				k.clock.Advance(time.Hour)
				k.tell(m, results...)
			}
			k.must(k.Sweep(ctx))
		}
		mails := func(what string, want int, has ...string) {
			k.t.Helper()
			var texts []string
			for _, one := range k.letters() {
				if one.Kind == models.MailServerChecks {
					texts = append(texts, one.Facts.Problems)
				}
			}
			if len(texts) != want {
				k.t.Errorf("%s: %d mails %q, want %d", what, len(texts), texts, want)
			}
			for _, part := range has {
				if !strings.Contains(fmt.Sprint(texts), part) {
					k.t.Errorf("%s: the mail has %q, want %q in it", what, texts, part)
				}
			}
		}
		k.tell(bare, off)
		k.tell(m, off, older)
		hours(20, off, older)
		mails("20 hours", 0)
		hours(4, off, expired, older)
		mails("a day", 1, `"quick_connect"`)
		hours(30, off, expired, older)
		mails("the certificate a day later", 1, `"certificate_expired"`, "https://media.example.test:443")
		hours(50, off, expired, older)
		mails("once for each problem", 0)
		hours(1, older)
		hours(25, off, older)
		hours(1, off, older)
		mails("again after it was resolved", 1, `"quick_connect"`)
		hours(1, refused)
		k.clock.Advance(40 * time.Hour) // the agent is away
		k.must(k.Sweep(ctx))
		mails("without news of the agent", 0)
		hours(1, refused)
		mails("the agent is back", 1, `"refused"`)
	})
}
