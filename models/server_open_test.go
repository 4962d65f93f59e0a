package models_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

const (
	openVerifier = "a verifier that only the agent of the server knows"
	openFilms    = "https://films.example.org/jellyfin"
)

// challengeOf returns the code challenge of a verifier.
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// openHome returns a server of a new owner that opens at [openFilms], and a session of a person
// who is linked to it.
func (k *kit) openHome() (m media, owner models.Account, session models.Session) {
	k.t.Helper()
	owner = k.account()
	m = k.agent(owner)
	k.opens(m, openFilms)
	return k.again(m), owner, k.signIn(k.member(owner, m)).Session
}

// opens lets the agent of a server report the addresses at which it opens, after others.
func (k *kit) opens(m media, addresses ...string) {
	k.t.Helper()
	in := report()
	in.WAN = append(slices.Clone(in.WAN), addresses...)
	in.OpenAddresses = addresses
	k.report(k.again(m), in)
}

// allow makes a code for the person of a session.
func (k *kit) allow(session models.Session, m media) string {
	k.t.Helper()
	got, err := k.Opens.Allow(k.t.Context(), session, m.ID, challengeOf(openVerifier), true)
	k.must(err)
	return got.Code
}

// over checks that a code cannot be redeemed.
func (k *kit) over(m media, code, verifier string) {
	k.t.Helper()
	got, err := k.Opens.Redeem(k.t.Context(), m.Server, code, verifier)
	if !errors.Is(err, models.ErrOpenOver) || got != (models.Opened{}) {
		k.t.Errorf("got %+v and error %v, want nothing and %v", got, err, models.ErrOpenOver)
	}
}

func TestOpenLeadsToTheAgent(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		m, _, session := k.openHome()
		challenge := challengeOf(openVerifier)
		_, err := k.Opens.Authorize(ctx, session, m.ID, challenge, true)
		k.is(err, models.ErrOpenNotNoted)
		to, err := k.Opens.Note(ctx, session, m.ID, true)
		if k.must(err); to.URL() != "https://films.example.org:443/jellyfin" || to.Origin() != "https://films.example.org:443" {
			k.t.Errorf("it leads to %s of %s, want the registered address and its origin", to.URL(), to.Origin())
		}
		got, err := k.Opens.Authorize(ctx, session, m.ID, challenge, true)
		if k.must(err); got.To.URL() != to.URL() || !secret.WellFormed(secret.OpenCode, got.Code) {
			k.t.Errorf("got %+v, want a code for the same address", got)
		}
		_, err = k.Opens.Authorize(ctx, session, m.ID, challenge, true)
		k.is(err, models.ErrOpenNotNoted) // pressing Open counts once
		if n := k.texts("SELECT COUNT(*) FROM server_opens WHERE code_hash = ?", []byte(got.Code))[0][0]; n != "0" {
			k.t.Error("the database holds the code itself, want its hash alone")
		}
		opened, err := k.Opens.Redeem(ctx, m.Server, got.Code, openVerifier)
		k.must(err)
		if opened.AccountID != session.AccountID || opened.LinkID == 0 || opened.DeviceID == "" {
			k.t.Errorf("got %+v, want the person, the link and an id for the session", opened)
		}
		k.over(m, got.Code, openVerifier)

		// The end of the session reaches the agent under the same id, also after a second opening.
		again, err := k.Opens.Redeem(ctx, m.Server, k.allow(session, m), openVerifier)
		if k.must(err); again != opened {
			k.t.Errorf("the second opening gave %+v, want %+v", again, opened)
		}
		last := k.last(m)
		k.must(k.Sessions.End(ctx, session.AccountID, session.ID, home))
		changes := k.changes(m, last)
		if len(changes) != 2 || changes[0].Kind != models.ChangeDevicesEnded || changes[0].DeviceID != opened.DeviceID {
			k.t.Errorf("got the changes %+v, want the end of %s", changes, opened.DeviceID)
		}
	})
}

// TestStolenOpenCodes brings a code to wrong places. Each of them spends it.
func TestStolenOpenCodes(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		m, owner, session := k.openHome()
		other := k.agent(owner)
		good := func() string { return k.allow(session, m) }

		code := good()
		k.over(m, code, "another verifier")
		k.over(m, code, openVerifier) // burnt
		code = good()
		k.over(other, code, openVerifier)
		k.over(m, code, openVerifier)
		code = good()
		k.over(m, code, "")
		code = good()
		k.clock.Advance(time.Minute)
		k.over(m, code, openVerifier)
		code, newer := good(), good()
		k.over(m, code, openVerifier) // a newer one replaces it
		_, err := k.Opens.Redeem(ctx, m.Server, newer, openVerifier)
		k.must(err)
		for _, text := range []string{"", "lko_", secret.FormatToken(secret.OpenCode, secret.Sum("made up")), secret.FormatToken(secret.ServerKey, secret.Sum("x"))} {
			k.over(m, text, openVerifier)
		}
		for _, text := range []string{"", "x", challengeOf("x") + "=", challengeOf("x")[:42], challengeOf("x")[:42] + "+", openVerifier} {
			_, err := k.Opens.Allow(ctx, session, m.ID, text, true)
			k.hasField(err, "code_challenge", "code_challenge_invalid")
		}
	})
}

// TestOpenCodeDiesWithItsCause ends the things that a code depends on, before the code is redeemed.
func TestOpenCodeDiesWithItsCause(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		for name, end := range map[string]func(m media, owner models.Account, s models.Session) error{
			"session": func(_ media, _ models.Account, s models.Session) error {
				return k.Sessions.End(ctx, s.AccountID, s.ID, home)
			},
			"all sessions": func(_ media, _ models.Account, s models.Session) error {
				return k.Sessions.EndAll(ctx, s.AccountID, home)
			},
			"link": func(m media, owner models.Account, _ models.Session) error {
				return k.People.Remove(ctx, owner.ID, m.ID, k.agentLinks(m)[0].ID)
			},
			"account": func(_ media, _ models.Account, s models.Session) error {
				return k.OperatedAccounts.Disable(ctx, models.CommandLine, s.AccountID)
			},
		} {
			k.run(name, func(k *kit) {
				m, owner, session := k.openHome()
				code := k.allow(session, m)
				k.must(end(m, owner, session))
				k.over(m, code, openVerifier)
				if _, err := k.Opens.Note(ctx, session, m.ID, true); err == nil {
					k.t.Error("a new opening was noted, want an error")
				}
			})
		}
	})
}

func TestWhereServersOpen(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		m, owner, session := k.openHome()
		opensAt := func(secure bool, want string) {
			k.t.Helper()
			found, err := k.Opens.Addresses(ctx, session.AccountID, secure)
			k.must(err)
			got := ""
			if a, opens := found[m.ID]; opens {
				got = a.URL()
			}
			if got != want {
				k.t.Errorf("it opens at %q, want %q", got, want)
			}
		}
		opensAt(true, "https://films.example.org:443/jellyfin")
		k.opens(m, "http://films.example.org", "https://[2001:db8::1]:8920", "https://my_films.example.org")
		opensAt(true, "")
		opensAt(false, "http://films.example.org:80")
		k.opens(m, "http://a.example.org", "https://b.example.org")
		opensAt(false, "https://b.example.org:443")
		// A text that is not one of the addresses of the report opens nothing.
		in := report()
		in.OpenAddresses = []string{"https://evil.example.org", "no address"}
		k.report(k.again(m), in)
		opensAt(true, "")
		// An address that the owner has added opens while the report names it, and does not open when a later
		// report does not name it.
		_, err := k.Addresses.Add(ctx, owner.ID, m.ID, "https://own.example.org")
		k.must(err)
		opensAt(true, "")
		k.opens(m, "https://own.example.org")
		opensAt(true, "https://own.example.org:443")
		k.report(k.again(m), report())
		opensAt(true, "")
		k.opens(m, openFilms)
		server, err := k.Servers.Get(ctx, owner.ID, m.ID)
		k.must(err)
		for _, address := range server.Addresses {
			k.must(k.Addresses.Hide(ctx, owner.ID, m.ID, address.ID, true))
		}
		opensAt(true, "")
		_, err = k.Opens.Note(ctx, session, m.ID, true)
		k.is(err, models.ErrNotFound)
		_, err = k.Opens.Note(ctx, k.signIn(k.account()).Session, m.ID, true)
		k.is(err, models.ErrNotFound)
	})
}

func TestOpenCodeWorksOnce(t *testing.T) {
	each(t, func(k *kit) {
		m, _, session := k.openHome()
		code := k.allow(session, m)
		results := make([]error, 8)
		var all sync.WaitGroup
		for i := range results {
			all.Go(func() { _, results[i] = k.Opens.Redeem(k.t.Context(), m.Server, code, openVerifier) })
		}
		all.Wait()
		k.oneWinner(results, models.ErrOpenOver)
	})
}

func TestOpensAreSwept(t *testing.T) {
	each(t, func(k *kit) {
		m, _, session := k.openHome()
		k.allow(session, m)
		k.clock.Advance(time.Minute)
		k.must(k.Sweep(k.t.Context()))
		if n := k.texts("SELECT COUNT(*) FROM server_opens")[0][0]; n != "0" {
			k.t.Errorf("%s rows are left, want none", n)
		}
	})
}
