package agent_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// viewOperation is one operation of a media server as the agent of the club calls it.
type viewOperation struct {
	// on calls the operation for a local user.
	on func(ctx context.Context, club mediaserver.Server, id string) error
	// onGuest is the error for a guest of the family, and onShared for a local user whom the family
	// links, too, and whose limits it holds; nil if the operation may succeed.
	onGuest, onShared error
}

// errSeen means that an operation has shown a local user.
var errSeen = errors.New("the local user was shown")

// viewOperations has every operation of a media server that concerns a local user.
func viewOperations(f *fake) map[string]viewOperation {
	const gone, kept, held = "gone", "kept", "held"
	errs := map[string]error{gone: mediaserver.ErrNotFound, kept: mediaserver.ErrNotAllowed, held: mediaserver.ErrHeldElsewhere}
	all := func(*fake) mediaserver.Restriction { return mediaserver.Restriction{AllLibraries: true} }
	shows := func(is bool, err error) error {
		if err == nil && is {
			return errSeen
		}
		return err
	}
	return map[string]viewOperation{
		"LocalUsers": {func(ctx context.Context, club mediaserver.Server, id string) error {
			list, err := club.LocalUsers(ctx)
			return shows(slices.ContainsFunc(list, func(u mediaserver.LocalUser) bool { return u.ID == id }), err)
		}, nil, errSeen},
		"LocalUser": {func(ctx context.Context, club mediaserver.Server, id string) error {
			_, err := club.LocalUser(ctx, id)
			return err
		}, errs[gone], nil},
		"IsGuest": {func(ctx context.Context, club mediaserver.Server, id string) error {
			return shows(club.IsGuest(ctx, id, f.secrets[id]))
		}, nil, nil},
		"Restrict": {func(ctx context.Context, club mediaserver.Server, id string) error {
			return club.Restrict(ctx, id, all(f))
		}, errs[gone], errs[kept]},
		"GivePassword": {func(ctx context.Context, club mediaserver.Server, id string) error {
			return club.GivePassword(ctx, id, "a new one")
		}, errs[gone], errs[kept]},
		"SetDisabled": {func(ctx context.Context, club mediaserver.Server, id string) error {
			return club.SetDisabled(ctx, id, true)
		}, errs[gone], errs[kept]},
		"Delete": {func(ctx context.Context, club mediaserver.Server, id string) error { return club.Delete(ctx, id) }, errs[gone], errs[kept]},
		"Mint": {func(ctx context.Context, club mediaserver.Server, id string) error {
			_, err := club.Mint(ctx, id, tv)
			return err
		}, errs[gone], nil},
		"EndTrial": {func(ctx context.Context, club mediaserver.Server, id string) error { return club.EndTrial(ctx, id) }, errs[gone], nil},
		"SignedIn": {func(ctx context.Context, club mediaserver.Server, id string) error {
			list, err := club.SignedIn(ctx)
			return shows(slices.ContainsFunc(list, func(one mediaserver.SignedIn) bool { return one.LocalUserID == id }), err)
		}, nil, errSeen},
		"EndDevice": {func(ctx context.Context, club mediaserver.Server, id string) error {
			return club.EndDevice(ctx, id, tv.ID)
		}, errs[gone], nil},
		"ChangeLimits": {func(ctx context.Context, club mediaserver.Server, id string) error {
			return club.ChangeLimits(ctx, id, func(now mediaserver.Limits) (mediaserver.Limits, error) {
				now.MayDelete = !now.MayDelete
				return now, nil
			})
		}, errs[gone], errs[held]},
		"AllLimits": {func(ctx context.Context, club mediaserver.Server, id string) error {
			list, err := club.AllLimits(ctx)
			_, is := list[id]
			return shows(is, err)
		}, nil, errSeen},
		"Say": {func(ctx context.Context, club mediaserver.Server, id string) error {
			return club.Say(ctx, id, "Hello", "you")
		}, errs[gone], errs[held]},
		"StopPlaying": {func(ctx context.Context, club mediaserver.Server, id string) error { return club.StopPlaying(ctx, id) }, errs[gone], errs[held]},
		"ApproveCode": {func(ctx context.Context, club mediaserver.Server, id string) error {
			f.codeOn("123456")
			return club.ApproveCode(ctx, "123456", id)
		}, errs[gone], nil},
		"CheckProof": {func(ctx context.Context, club mediaserver.Server, id string) error {
			proof, err := club.StartProof(ctx, "bob")
			if err != nil {
				return err
			}
			f.prove(id)
			_, err = club.CheckProof(ctx, proof.Secret)
			return err
		}, mediaserver.ErrProofOver, nil},
	}
}

// TestOneServiceCannotReachIntoTheOther calls every operation of a media server as the agent of the club
// does, whatever its service asks for: on a guest of the family, and on a local user whom both link.
func TestOneServiceCannotReachIntoTheOther(t *testing.T) {
	t.Parallel()
	n := newNeighbours(t)
	n.family.started()
	bob, sam := n.family.site.Join(t, "bob"), n.family.site.Join(t, "sam")
	n.family.invite(bob, "bob")
	guest := n.family.guestOf("bob").LocalUserID
	n.family.linked(sam, "sam", "u5")
	n.family.exchanged(n.family.key(bob), guest)
	shared := n.family.exchanged(n.family.key(sam), "u5")
	n.family.stop()
	noError(t, n.family.store.HoldLimits(t.Context(), "u5"))
	club, f := n.club.options.MediaServer, n.family.fake
	family := n.family.options.MediaServer

	operations := viewOperations(f)
	withoutLocalUser := []string{"Identity", "Libraries", "Choices", "CreateGuest", "Revoke", "Administrator", "StartProof"}
	for method := range reflect.TypeFor[mediaserver.Server]().Methods() {
		if _, is := operations[method.Name]; !is && !slices.Contains(withoutLocalUser, method.Name) {
			t.Errorf("no row for %s, want one: may one service reach into another by it?", method.Name)
		}
	}
	for name, one := range operations {
		before := len(f.asked())
		if err := one.on(t.Context(), club, guest); !errors.Is(err, one.onGuest) || one.onGuest == nil && err != nil {
			t.Errorf("%s on a guest of the family: error %v, want %v", name, err, one.onGuest)
		}
		if got := f.asked()[before:]; len(got) > 0 {
			t.Errorf("%s on a guest of the family: the media server was asked for %q, want nothing", name, got)
		}
		if len(f.live(guest)) != 1 {
			t.Fatalf("%s: live tokens of the guest %q, want the one of the family", name, f.live(guest))
		}
		if err := one.on(t.Context(), club, "u5"); !errors.Is(err, one.onShared) || one.onShared == nil && err != nil {
			t.Errorf("%s on a local user of both: error %v, want %v", name, err, one.onShared)
		}
		if !slices.Contains(f.live("u5"), shared) {
			t.Fatalf("%s ended the token of the family, want it to live", name)
		}
	}
	// The family may still do what the agent refuses to the club.
	for _, name := range []string{"ChangeLimits", "Say", "StopPlaying", "GivePassword"} {
		if err := operations[name].on(t.Context(), family, "u5"); err != nil {
			t.Errorf("%s by the family: error %v, want none", name, err)
		}
	}
	for _, name := range []string{"Restrict", "SetDisabled", "Delete"} {
		if err := operations[name].on(t.Context(), family, guest); err != nil {
			t.Errorf("%s by the family: error %v, want none", name, err)
		}
	}
}

// checkedFake is a media server that can check itself.
type checkedFake struct{ *fake }

// Check implements [mediaserver.Checker].
func (checkedFake) Check(context.Context) ([]mediaserver.CheckedStep, error) {
	return []mediaserver.CheckedStep{{Name: "key", OK: true}}, nil
}

// TestEachServiceChecksTheMediaServer checks a media server that two services share: each of them is told the same as a
// service that is alone.
func TestEachServiceChecksTheMediaServer(t *testing.T) {
	t.Parallel()
	n := newNeighbours(t)
	shares := []agent.Share{{Name: "main", Store: n.family.store}, {Name: "club", Store: n.club.store}}
	for i, view := range agent.ShareMediaServer(checkedFake{n.family.fake}, shares) {
		checker, can := view.(mediaserver.Checker)
		if !can {
			t.Errorf("the view of %s checks nothing, want it to check the media server", shares[i].Name)
			continue
		}
		if steps := must(checker.Check(t.Context()))(t); len(steps) != 1 || steps[0].Name != "key" {
			t.Errorf("the steps of %s are %+v, want those of the media server", shares[i].Name, steps)
		}
	}
	for i, view := range agent.ShareMediaServer(n.family.fake, shares) {
		if _, can := view.(mediaserver.Checker); can {
			t.Errorf("the view of %s checks a media server that cannot be checked", shares[i].Name)
		}
	}
}

// TestGuestsOfTheSameNameAfterACrash kills both agents between the media server's step and their own, while
// both create a guest of the same name. Each finds its own guest again, and neither takes the other's.
func TestGuestsOfTheSameNameAfterACrash(t *testing.T) {
	t.Parallel()
	n := newNeighbours(t).started()
	family, club := n.family.site.Join(t, "bob"), n.club.site.Join(t, "bob")
	lost := errors.New("the answer was lost")
	n.family.fake.hook(nil, func(call string) error {
		if len(call) > 11 && call[:11] == "CreateGuest" {
			return lost
		}
		return nil
	})
	// The policy of the fake comes after the step that is lost, so both guests see everything until they are
	// found again.
	block := func(call string) error {
		if len(call) > 7 && call[:7] == "IsGuest" {
			return errDown
		}
		return nil
	}
	n.family.fake.set(func() { n.family.fake.before = block })
	n.family.invite(family, "bob")
	n.club.invite(club, "bob")
	eventually(t, "both guests exist", func() bool { return len(n.family.fake.named("bob")) == 2 })
	n.family.halt()
	n.club.halt()
	n.family.fake.hook(nil, nil)
	n.family.open()
	n.club.open()
	n.divide()
	n.family.run()
	n.club.run()
	ours, theirs := n.family.guestOf("bob").LocalUserID, n.club.guestOf("bob").LocalUserID
	if ours == theirs || len(n.family.fake.named("bob")) != 2 {
		t.Errorf("the guests are %s and %s of %v, want the two local users, one for each", ours, theirs, n.family.fake.named("bob"))
	}
	for _, d := range []*deployment{n.family, n.club} {
		own := d.guestOf("bob").LocalUserID
		eventually(t, "the report has the own guest", func() bool { return slices.Contains(d.idsThere(), own) })
		d.never("a service hears of the guest of the other", func() bool { return len(d.idsThere()) != 6 })
	}
}

// idsThere returns the ids of the local users that a service has from its agent.
func (d *deployment) idsThere() (ids []string) {
	d.t.Helper()
	for _, u := range must(d.ann.People.LocalUsers(context.Background(), d.serverID()))(d.t) {
		ids = append(ids, u.ExternalID)
	}
	return ids
}

// TestALocalUserOfBothHasATokenOfEach signs the same device in at both services as the same local user. A
// media server keeps one token for that; here each service has one, and ends its own alone.
func TestALocalUserOfBothHasATokenOfEach(t *testing.T) {
	t.Parallel()
	n := newNeighbours(t).started()
	family, club := n.family.site.Join(t, "kid"), n.club.site.Join(t, "kid")
	n.family.linked(family, "kid", "u1")
	n.club.linked(club, "kid", "u1")
	ours := n.family.exchanged(n.family.key(family), "u1")
	n.club.exchanged(n.club.key(club), "u1")
	if live := n.family.fake.live("u1"); len(live) != 2 || !slices.Contains(live, ours) {
		t.Fatalf("live tokens %q, want one of each service", live)
	}
	n.restart()
	links := must(club.Links.List(t.Context(), client.Accepted))(t)
	noError(t, club.Links.Remove(t.Context(), links[0].ID))
	eventually(t, "the token of the club has ended", func() bool { return len(n.family.fake.live("u1")) == 1 })
	if live := n.family.fake.live("u1"); !slices.Contains(live, ours) {
		t.Errorf("live tokens %q, want the one of the family", live)
	}
	if again, err := n.door.Exchange(t.Context(), agent.ExchangeAsk{AccessKey: n.family.key(family), Device: tv}); err != nil || again.LocalUserID != "u1" {
		t.Errorf("the family's key opens %+v with error %v, want u1", again, err)
	}
}
