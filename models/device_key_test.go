package models_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

// keyHome returns a server of a new owner whose agent takes device keys, and a person with a
// link and two devices.
func (k *kit) keyHome() (m media, person models.Account, one, other models.SignedIn) {
	k.t.Helper()
	owner := k.account()
	m = k.agent(owner)
	k.takesDeviceKeys(m, true)
	person = k.member(owner, m)
	return m, person, k.onDevice(person, "tv-1"), k.onDevice(person, "tv-2")
}

// takesDeviceKeys sends a report that says whether the agent of a server takes device keys.
func (k *kit) takesDeviceKeys(m media, does bool) {
	k.t.Helper()
	in := report()
	in.DeviceKeys = does
	k.report(k.again(m), in)
}

// onDevice signs an account in on a device.
func (k *kit) onDevice(a models.Account, deviceID string) models.SignedIn {
	k.t.Helper()
	in, err := k.Sessions.SignIn(k.t.Context(), models.SignIn{
		NameOrEmail: a.Username, Password: goodPassword, Kind: models.SessionDevice, Client: "TV app", DeviceID: deviceID,
	}, tv)
	k.must(err)
	return in
}

// toldKey returns the access key that a session gets for its only server.
func (k *kit) toldKey(in models.SignedIn) string {
	k.t.Helper()
	found, _, err := k.Links.LocateTagged(k.t.Context(), in.Session)
	k.must(err)
	if len(found) != 1 {
		k.t.Fatalf("%d servers, want 1", len(found))
	}
	return found[0].AccessKey
}

// checks lets the agent of a server check a key in the way in which agents check device keys.
func (k *kit) checks(m media, key string, accountID int64) error {
	k.t.Helper()
	_, err := k.Agents.Check(k.t.Context(), m.Server, models.ShownKey{Hash: secret.Sum(key), AccountID: accountID, SessionID: secret.DeviceKeyNumber(key)})
	return err
}

// endedKeys returns the sessions whose keys ended after a change, by the kind of the change.
func (k *kit) endedKeys(m media, after int64) (signedOut, keysAlone []int64) {
	k.t.Helper()
	for _, c := range k.changes(m, after) {
		if c.Kind == models.ChangeSessionEnded {
			signedOut = append(signedOut, c.SessionID)
		}
		if c.Kind == models.ChangeSessionKeyEnded {
			keysAlone = append(keysAlone, c.SessionID)
		}
	}
	return signedOut, keysAlone
}

func TestEachSessionHasItsAccessKey(t *testing.T) {
	eachInvite(t, func(k *kit) {
		m, person, one, other := k.keyHome()
		link := k.agentLinks(m)[0]
		if !link.DeviceKeys || link.SessionMark <= max(one.Session.ID, other.Session.ID) {
			k.t.Errorf("link %+v, want device keys and a mark above both sessions", link)
		}
		keys := []string{k.toldKey(one), k.toldKey(other)}
		for i, in := range []models.SignedIn{one, other} {
			if want := secret.DeviceKey(link.AccessKeyHash, in.Session.ID); keys[i] != want || keys[i] == k.keyOf(m) {
				k.t.Errorf("key %s, want %s", keys[i], want)
			}
			k.must(k.checks(m, keys[i], person.ID))
			k.must(k.checks(m, keys[i], 0))
		}
		stranger := k.account()
		forged := secret.DeviceKey(secret.Sum(keys[0]), other.Session.ID)
		for what, err := range map[string]error{
			"the link's own key":      k.checks(m, k.keyOf(m), person.ID),
			"another account":         k.checks(m, keys[0], stranger.ID),
			"a key of two halves":     k.checks(m, keys[0][:16]+keys[1][16:], person.ID),
			"derived from a key":      k.checks(m, forged, person.ID),
			"a session of nobody":     k.checks(m, secret.DeviceKey(link.AccessKeyHash, 77), person.ID),
			"the stranger's session":  k.checks(m, secret.DeviceKey(link.AccessKeyHash, k.signIn(stranger).Session.ID), 0),
			"no key":                  k.checks(m, "", person.ID),
			"a key at another server": k.checks(k.agent(k.account()), keys[0], person.ID),
		} {
			if !errors.Is(err, models.ErrAccessKeyWrong) {
				k.t.Errorf("%s: got error %v, want ErrAccessKeyWrong", what, err)
			}
		}
		_, err := k.Agents.Check(k.t.Context(), m.Server, models.ShownKey{AccountID: person.ID})
		k.is(err, models.ErrAccessKeyWrong) // a device showed an account but no key
	})
}

// A signed-out device has no key, and the other devices keep theirs.
func TestSignedOutDeviceHasNoKey(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		m, person, one, other := k.keyHome()
		key, kept := k.toldKey(one), k.toldKey(other)
		for what, end := range map[string]func(in models.SignedIn) error{
			"by itself":     func(in models.SignedIn) error { return k.Sessions.SignOut(ctx, in.Token, tv) },
			"by the person": func(in models.SignedIn) error { return k.Sessions.End(ctx, person.ID, in.Session.ID, home) },
			"without a device id": func(models.SignedIn) error {
				in := k.onDevice(person, "")
				key = k.toldKey(in)
				one = in
				return k.Sessions.SignOut(ctx, in.Token, tv)
			},
		} {
			before := k.last(m)
			k.must(end(one))
			if ended, alone := k.endedKeys(m, before); !slices.Equal(ended, []int64{one.Session.ID}) || alone != nil {
				k.t.Errorf("%s: sessions %v ended and keys %v, want %d and none", what, ended, alone, one.Session.ID)
			}
			k.is(k.checks(m, key, person.ID), models.ErrAccessKeyWrong)
			k.must(k.checks(m, kept, person.ID))
			if now := k.toldKey(other); now != kept {
				k.t.Errorf("%s: the other device is told the key %s, want %s still", what, now, kept)
			}
			one = k.onDevice(person, "tv-1")
			key = k.toldKey(one)
		}
	})
}

// The agent also learns of every other end of a session.
func TestEveryEndOfASessionIsTold(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		m, person, one, other := k.keyHome()
		after := k.last(m)
		expect := func(what string, signedOut, keysAlone []int64) {
			k.t.Helper()
			gotOut, gotAlone := k.endedKeys(m, after)
			if !slices.Equal(gotOut, signedOut) || !slices.Equal(gotAlone, keysAlone) {
				k.t.Errorf("%s: sessions %v ended and keys %v, want %v and %v", what, gotOut, gotAlone, signedOut, keysAlone)
			}
			after = k.last(m)
		}
		again := k.onDevice(person, "tv-1")
		expect("the same app signs in again", nil, []int64{one.Session.ID})
		browser := k.signIn(person)
		in, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: person.Username, Password: goodPassword, OldToken: browser.Token}, home)
		k.must(err)
		expect("the same browser signs in again", nil, []int64{browser.Session.ID})
		renewed, err := k.Accounts.ChangePassword(ctx, in.Session, models.ChangePassword{Current: goodPassword, Password: otherPassword}, home)
		k.must(err)
		expect("the password is changed", nil, []int64{other.Session.ID, again.Session.ID})
		k.clock.Advance(400 * 24 * time.Hour)
		k.must(k.Sweep(ctx))
		expect("the session grows old", []int64{in.Session.ID}, nil)
		_, err = k.Sessions.Look(ctx, renewed.Token)
		k.is(err, models.ErrNoSession)
	})
}

// If all sessions of an account end, the keys of all its devices are replaced.
func TestEndOfAllSessionsReplacesDeviceKeys(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		m, person, one, other := k.keyHome()
		key := k.toldKey(other)
		k.must(k.Sessions.EndOthers(ctx, one.Session, tv))
		if k.is(k.checks(m, key, person.ID), models.ErrAccessKeyWrong); k.agentLinks(m)[0].AccessKeyHash == (secret.Hash{}) {
			k.t.Error("the link has no key, want another")
		}
		key = k.toldKey(one)
		k.must(k.checks(m, key, person.ID))
		k.must(k.Sessions.EndAll(ctx, person.ID, home))
		k.is(k.checks(m, key, person.ID), models.ErrAccessKeyWrong)
	})
}

// Agents and services of different versions work together: a device gets the key of the link while
// the agent takes no device keys. When the agent begins to take device keys, the keys change,
// because devices know the present keys.
func TestDeviceKeysBeginAndEnd(t *testing.T) {
	eachInvite(t, func(k *kit) {
		owner := k.account()
		m := k.agent(owner)
		person := k.member(owner, m)
		in, foreign := k.onDevice(person, "tv-1"), k.server(owner)
		plain, before := k.toldKey(in), k.last(m)
		_, tag := k.tagged(in)
		k.must(k.checks(m, plain, person.ID))
		k.takesDeviceKeys(m, true)
		key := k.toldKey(in)
		k.is(k.checks(m, plain, person.ID), models.ErrAccessKeyWrong)
		k.is(k.checks(m, secret.DeviceKey(secret.Sum(plain), in.Session.ID), person.ID), models.ErrAccessKeyWrong)
		k.must(k.checks(m, key, person.ID))
		if kinds := k.changeKinds(m, before); !slices.Equal(kinds, []models.ChangeKind{models.ChangeLink}) {
			k.t.Errorf("changes %v, want the link with its new key", kinds)
		}
		if _, now := k.tagged(in); now == tag {
			k.t.Error("the list has the tag that it had, want another")
		}
		k.takesDeviceKeys(m, true)
		if now := k.toldKey(in); now != key {
			k.t.Errorf("key %s after the same report, want %s", now, key)
		}
		k.takesDeviceKeys(m, false)
		k.must(k.checks(m, k.toldKey(in), person.ID))
		if now := k.toldKey(in); now != k.keyOf(m) {
			k.t.Errorf("key %s, want that of the link", now)
		}
		k.must(k.Links.Remove(k.t.Context(), person.ID, k.agentLinks(m)[0].ID, home))
		k.link(foreign, person)
		if now := k.toldKey(in); now != serversKey {
			k.t.Errorf("key %s for a server of Emby's kind, want %s", now, serversKey)
		}
	})
}

// The tag of one session's list does not stand for the list of another session.
func TestTagBelongsToTheSession(t *testing.T) {
	eachInvite(t, func(k *kit) {
		_, _, one, other := k.keyHome()
		_, tag := k.tagged(one)
		if _, second := k.tagged(other); tag == second || tag == "" {
			k.t.Errorf("both sessions have the tag %q, want two", tag)
		}
	})
}
