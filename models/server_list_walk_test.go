package models_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// street is a few people and servers to whom anything may happen. Each person has a program
// that keeps the list of servers as televisions do.
type street struct {
	*kit
	owner  models.Account
	people []*viewer
	media  []media // the even ones speak the Emby Connect protocol, the odd ones have an agent
}

// viewer is a person whose program keeps a list of servers and the tag of the list.
type viewer struct {
	models.Account
	in   models.SignedIn
	list []models.Located
	tag  string
}

func (k *kit) street() *street {
	k.t.Helper()
	s := &street{kit: k, owner: k.account()}
	for range 3 {
		s.people = append(s.people, s.viewer())
	}
	for i := range 4 {
		s.media = append(s.media, s.newServer(i))
	}
	return s
}

func (s *street) viewer() *viewer {
	a := s.account()
	return &viewer{Account: a, in: s.signIn(a)}
}

func (s *street) newServer(i int) media {
	if i%2 == 0 {
		return s.server(s.owner)
	}
	return s.agent(s.owner)
}

// poll asks whether the list of a person has changed, as the program of the person does, and fails if
// the answer is wrong.
func (s *street) poll(v *viewer, after string) {
	s.t.Helper()
	_, alone, err := s.Sessions.LookTag(s.t.Context(), v.in.Token)
	s.must(err)
	list, tag, err := s.Links.LocateTagged(s.t.Context(), v.in.Session)
	s.must(err)
	if alone != "" && alone == v.tag && !cmp.Equal(v.list, list) {
		s.t.Errorf("after %s the program is told that its list is still\n%+v\nwant\n%+v", after, v.list, list)
	}
	if len(list) > 0 && tag != alone {
		s.t.Errorf("after %s the list has the tag %q and %q alone, want the same", after, tag, alone)
	}
	v.list, v.tag = list, tag
}

// events returns all events that may happen to a person and a server. Most events need
// something that exists already, such as a link, and do nothing without it.
func (s *street) events(v *viewer, at int, draw func(most int) int) map[string]func() error {
	ctx, m := s.t.Context(), s.media[at]
	return joined(s.linkEvents(v, m, draw), s.peopleEvents(v, m, draw), s.serverEvents(at, draw), map[string]func() error{
		"time":  func() error { s.clock.Advance(time.Duration(draw(90)) * time.Minute); return nil },
		"sweep": func() error { return s.Sweep(ctx) },
		"a restored backup": func() error {
			if err := s.Restores.Declare(ctx); err != nil {
				return err
			}
			_, err := s.Restores.Finish(ctx)
			for _, one := range s.people {
				one.in = s.signIn(one.Account)
			}
			return err
		},
		"the account is deleted": func() error {
			err := s.Operators.Delete(ctx, v.Username)
			*v = *s.viewer()
			return err
		},
	})
}

// joined returns a map with the entries of several.
func joined[V any](all ...map[string]V) map[string]V {
	sum := map[string]V{}
	for _, one := range all {
		maps.Copy(sum, one)
	}
	return sum
}

// linked returns the link of a person to a server. It accepts the link first, if that is
// possible.
func (s *street) linked(v *viewer, m media) (models.Link, error) {
	ctx := s.t.Context()
	for _, step := range []func() error{
		func() error { return s.OperatedServers.Enable(ctx, models.CommandLine, m.ID) },
		func() error { _, err := s.EmbyServers.Ask(ctx, m.Server, models.AskLink{AccountID: v.ID}); return err },
		func() error { return s.Invites.AcceptServer(ctx, v.ID, m.ID, home) },
	} {
		if err := step(); err != nil {
			return models.Link{}, err
		}
	}
	return s.Links.ByServer(ctx, v.ID, m.ID)
}

// linkEvents returns the events of the link of a person to a server.
func (s *street) linkEvents(v *viewer, m media, draw func(most int) int) map[string]func() error {
	ctx := s.t.Context()
	ask := func(key string) func() error {
		return func() error {
			_, err := s.EmbyServers.Ask(ctx, m.Server, models.AskLink{AccountID: v.ID, AccessKey: key, Type: []string{models.LinkLinked, models.LinkGuest}[draw(1)]})
			return err
		}
	}
	answer := func(do func(ctx context.Context, accountID, linkID int64, caller models.Caller) error) func() error {
		return func() error {
			_ = ask("")() // so that there is a link
			link, err := s.Links.ByServer(ctx, v.ID, m.ID)
			if err != nil {
				return err
			}
			return do(ctx, v.ID, link.ID, home)
		}
	}
	end := func(do func() error) func() error {
		return func() error {
			if _, err := s.linked(v, m); err != nil {
				return err
			}
			return do()
		}
	}
	return map[string]func() error{
		"the server asks": ask(""), "the server asks with a key": ask(strings.Repeat(fmt.Sprint(draw(9)), 32)),
		"the agent asks": func() error {
			_, err := s.Agents.AskFor(ctx, m.Server, models.AskLink{Username: v.Username, Type: models.LinkGuest})
			return err
		},
		"the person accepts":  answer(s.Links.Accept),
		"the person declines": answer(s.Links.Decline),
		"the person leaves":   answer(s.Links.Remove),
		"the person accepts the server": func() error {
			_ = ask("")()
			return s.Invites.AcceptServer(ctx, v.ID, m.ID, home)
		},
		"the person declines the server": end(func() error { return s.Invites.DeclineServer(ctx, v.ID, m.ID, home) }),
		"the server ends the link":       end(func() error { return s.EmbyServers.Cancel(ctx, m.Server, v.ID) }),
		"the other sessions end":         func() error { return s.Sessions.EndOthers(ctx, v.in.Session, home) },
		"all sessions end": func() error {
			err := s.Sessions.EndAll(ctx, v.ID, home)
			v.in = s.signIn(v.Account)
			return err
		},
	}
}

// peopleEvents returns the events that an owner or an agent starts for a person.
func (s *street) peopleEvents(v *viewer, m media, draw func(most int) int) map[string]func() error {
	ctx := s.t.Context()
	later := func() time.Time { return s.clock.Now().Add(time.Duration(1+draw(120)) * time.Minute) }
	terms := func(do func(linkID int64) error) func() error {
		return func() error {
			link, err := s.linked(v, m)
			if err != nil {
				return err
			}
			return do(link.ID)
		}
	}
	setEnd := func(linkID int64, end time.Time) error {
		return s.People.SetTerms(ctx, s.owner.ID, m.ID, linkID, models.Terms{EndsAt: &end})
	}
	return map[string]func() error{
		"an invite is accepted": func() error {
			in := models.NewInvite{To: v.Username, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: m.ID}}}
			if draw(1) == 1 {
				in.Servers[0].EndsAt = later()
			}
			invite, err := s.Invites.Create(ctx, s.owner.ID, in, home)
			if err != nil {
				return err
			}
			return s.Invites.Accept(ctx, v.ID, invite.ID, home)
		},
		"the link gets an end":         terms(func(linkID int64) error { return setEnd(linkID, later()) }),
		"the link has no end":          terms(func(linkID int64) error { return setEnd(linkID, time.Time{}) }),
		"the owner removes the person": terms(func(linkID int64) error { return s.People.Remove(ctx, s.owner.ID, m.ID, linkID) }),
		"a proof succeeds": func() error {
			_, _ = s.linked(v, m)
			_ = s.EmbyServers.Cancel(ctx, m.Server, v.ID) // a person with a link has nothing to prove
			proof, err := s.Proofs.Start(ctx, v.ID, m.ID)
			if err != nil {
				return err
			}
			return s.Proofs.Complete(ctx, m.Server, proof.ID, []string{"u-anna", "u-ben"}[draw(1)], home)
		},
	}
}

// serverEvents returns the events of a server.
func (s *street) serverEvents(at int, draw func(most int) int) map[string]func() error {
	ctx, m := s.t.Context(), s.media[at]
	facts := func() models.Registration {
		in := den
		in.Name, in.Version, in.SystemID = fmt.Sprint("Den ", draw(1)), fmt.Sprint("1.", draw(1)), fmt.Sprint("system", draw(1))
		in.WAN = []string{"https://one.example.test:443", "https://two.example.test:443"}[draw(2):]
		return in
	}
	own := func(name string) error {
		return s.Servers.Change(ctx, s.owner.ID, m.ID, models.ServerChange{OwnName: &name})
	}
	return joined(s.addressEvents(m, draw), map[string]func() error{
		"the server says what it is": func() error {
			this, err := s.ServerKeys.Look(ctx, m.key)
			if err == nil {
				_, err = s.Registrations.Update(ctx, this, facts())
			}
			return err
		},
		"the agent reports": func() error {
			in := report()
			in.Registration = facts()
			in.Kind, in.DeviceKeys = models.ServerAgent, draw(1) == 1
			this, err := s.ServerKeys.Look(ctx, m.key)
			if err == nil {
				_, err = s.Agents.Report(ctx, this, in)
			}
			return err
		},
		"the owner names it": func() error { return own([]string{"", "Attic", "attic"}[draw(2)]) },
		"people may prove": func() error {
			on := true
			return s.Servers.Change(ctx, s.owner.ID, m.ID, models.ServerChange{SelfService: &on})
		},
		"it is disabled":         func() error { return s.OperatedServers.Disable(ctx, models.CommandLine, m.ID) },
		"it is enabled":          func() error { return s.OperatedServers.Enable(ctx, models.CommandLine, m.ID) },
		"its owner removes it":   func() error { return s.replaced(at, s.Servers.Remove(ctx, s.owner.ID, m.ID, home)) },
		"an operator removes it": func() error { return s.replaced(at, s.OperatedServers.Remove(ctx, models.CommandLine, m.ID)) },
		"it gets another owner": func() error {
			heir := s.account()
			if err := s.Servers.HandOver(ctx, s.owner.ID, m.ID, heir.Username, home); err != nil {
				return err
			}
			return s.Servers.HandOver(ctx, heir.ID, m.ID, s.owner.Username, home)
		},
	})
}

// replaced puts a new server in the place of one that was removed.
func (s *street) replaced(at int, err error) error {
	if err == nil {
		s.media[at] = s.newServer(at)
	}
	return err
}

// addressEvents returns the events of the addresses of a server.
func (s *street) addressEvents(m media, draw func(most int) int) map[string]func() error {
	ctx := s.t.Context()
	one := func(do func(id int64) error) func() error {
		return func() error {
			all := s.detail(s.owner, m).Addresses
			if len(all) == 0 {
				return nil
			}
			return do(all[draw(len(all)-1)].ID)
		}
	}
	return map[string]func() error{
		"an address is added":   func() error { return s.addAddress(s.owner, m, fmt.Sprintf("https://own%d.example.org:443", draw(3))) },
		"an address moves up":   one(func(id int64) error { return s.Addresses.Move(ctx, s.owner.ID, m.ID, id, true) }),
		"an address moves down": one(func(id int64) error { return s.Addresses.Move(ctx, s.owner.ID, m.ID, id, false) }),
		"an address is hidden":  one(func(id int64) error { return s.Addresses.Hide(ctx, s.owner.ID, m.ID, id, true) }),
		"an address is shown":   one(func(id int64) error { return s.Addresses.Hide(ctx, s.owner.ID, m.ID, id, false) }),
		"an address is removed": one(func(id int64) error { return s.Addresses.Remove(ctx, s.owner.ID, m.ID, id) }),
	}
}

// Whatever happens to links, servers and addresses, in whatever order, a program never
// hears that its list of servers is still the same if the list has changed. The guard of
// the lists watches too, see [listGuard].
func TestListsAfterAnything(t *testing.T) {
	eachInvite(t, func(k *kit) {
		s := k.street()
		done := map[string]int{}
		rapid.Check(k.t, func(t *rapid.T) {
			for range rapid.IntRange(4, 12).Draw(t, "events") {
				draw := func(most int) int { return rapid.IntRange(0, most).Draw(t, "draw") }
				v, at := s.people[draw(len(s.people)-1)], draw(len(s.media)-1)
				events := s.events(v, at, draw)
				name := rapid.SampledFrom(slices.Sorted(maps.Keys(events))).Draw(t, "event")
				err := events[name]()
				if err == nil {
					done[name]++
				} else if models.KindOf(err) == models.KindUnavailable {
					t.Fatalf("%s: got error %v", name, err)
				}
				for _, one := range s.people {
					s.poll(one, name)
				}
			}
		})
		for name := range s.events(s.people[0], 0, func(int) int { return 0 }) {
			if done[name] == 0 {
				k.t.Errorf("%q never succeeded, want that it does now and then", name)
			}
		}
		k.t.Log(done)
	}, modelstest.Unlimited)
}
