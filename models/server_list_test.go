package models_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// endLater sets the end of a link: the link ends after the given time.
func (k *kit) endLater(owner models.Account, m media, linkID int64, after time.Duration) {
	k.t.Helper()
	end := k.clock.Now().Add(after)
	k.must(k.People.SetTerms(k.t.Context(), owner.ID, m.ID, linkID, models.Terms{EndsAt: &end}))
}

// alone returns the tag of the list of a session's account, when it is read without the
// list.
func (k *kit) alone(in models.SignedIn) string {
	k.t.Helper()
	_, tag, err := k.Sessions.LookTag(k.t.Context(), in.Token)
	k.must(err)
	return tag
}

// A list changes when a link ends, although nobody writes anything. After that, no earlier
// tag is accepted as the tag of the present list, even if a second link ends before the
// sweep.
func TestTagEndsWithALink(t *testing.T) {
	for _, swept := range []bool{false, true} {
		name := map[bool]string{false: "not swept", true: "swept between the ends"}[swept]
		t.Run(name, func(t *testing.T) {
			eachServer(t, func(k *kit) {
				owner, person := k.account(), k.account()
				in := k.signIn(person)
				for _, after := range []time.Duration{0, time.Hour, 2 * time.Hour} {
					m := k.server(owner)
					link := k.link(m, person)
					if after > 0 {
						k.endLater(owner, m, link.ID, after)
					}
				}
				old := map[string]bool{}
				servers := func(want int) {
					k.t.Helper()
					found, tag := k.tagged(in)
					if alone := k.alone(in); len(found) != want || old[tag] || old[alone] {
						k.t.Errorf("got %d servers with the tag %q, %q alone, want %d with a tag that no list had before", len(found), tag, alone, want)
					}
					old[tag] = true
				}
				servers(3)
				k.clock.Advance(time.Hour - time.Millisecond)
				if tag := k.alone(in); !old[tag] {
					k.t.Errorf("got the tag %q a moment before a link ends, want that of the list", tag)
				}
				for _, left := range []int{2, 1} {
					k.clock.Advance(time.Second)
					servers(left)
					if tag := k.alone(in); tag != "" {
						k.t.Errorf("got the tag %q while a link that has ended is there, want none", tag)
					}
					if swept || left == 1 {
						k.must(k.Sweep(k.t.Context()))
						servers(left)
					}
					k.clock.Advance(time.Hour - time.Second)
				}
				if tag := k.alone(in); !old[tag] {
					k.t.Errorf("got the tag %q after all ends were swept, want that of the list", tag)
				}
			})
		})
	}
}

// A restored backup brings back the rows of an older list. Then the list also has its older
// version again, and every list that is made later has a version that no list had before.
func TestTagsAreNotUsedAgainAfterARestore(t *testing.T) {
	eachServer(t, func(k *kit) {
		owner, person := k.account(), k.account()
		in := k.signIn(person)
		m := k.server(owner)
		k.link(m, person)
		_, backup := k.tagged(in)
		rename := func(name string) string {
			k.must(k.Servers.Change(k.t.Context(), owner.ID, m.ID, models.ServerChange{OwnName: &name}))
			_, tag := k.tagged(in)
			return tag
		}
		version := k.query("SELECT version FROM server_lists WHERE account_id = ?", person.ID)[0].text(0)
		before := rename("before the restore")
		k.exec("UPDATE servers SET own_name = '' WHERE id = ?", m.ID)
		k.exec("UPDATE server_lists SET version = ? WHERE account_id = ?", version, person.ID)
		if _, tag := k.tagged(in); tag != backup {
			t.Errorf("got the tag %s after the restore, want %s as in the backup", tag, backup)
		}
		if after := rename("after the restore"); after == before || after == backup {
			t.Errorf("got the tag %s for a list that nobody had before, want another one than %s and %s", after, before, backup)
		}
	})
}

// The lists of two accounts never have the same tag: a program that signs in to another account
// must not keep the list of the first one.
func TestTagsBelongToOneAccount(t *testing.T) {
	eachServer(t, func(k *kit) {
		owner, first, second := k.account(), k.account(), k.account()
		m := k.server(owner)
		k.link(m, first)
		k.link(m, second)
		name := "both lists are renewed by one statement"
		k.must(k.Servers.Change(k.t.Context(), owner.ID, m.ID, models.ServerChange{OwnName: &name}))
		if one, other := k.alone(k.signIn(first)), k.alone(k.signIn(second)); one == other || one == "" || other == "" {
			t.Errorf("got the tags %q and %q, want two", one, other)
		}
	})
}

// People accept and leave servers whose names change at the same moment. Each change renews
// the lists that it alters, even the lists of people who accept at this moment.
func TestTagsOfListsThatChangeAtOnce(t *testing.T) {
	eachServer(t, func(k *kit) {
		owner := k.account()
		servers := []media{k.server(owner), k.server(owner)}
		var mu sync.Mutex
		seen := map[string]string{}
		poll := func(a models.Account) error {
			found, tag, err := k.Links.LocateTagged(k.t.Context(), models.Session{ID: a.ID, AccountID: a.ID})
			if err != nil || tag == "" {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			list := fmt.Sprint(found)
			if before, known := seen[tag]; known && before != list {
				return fmt.Errorf("the tag %s stands for two lists:\n%s\n%s", tag, before, list)
			}
			seen[tag] = list
			return nil
		}
		people := []models.Account{k.account(), k.account(), k.account(), k.account()}
		change := func(i, round int) error {
			m, a := servers[(i+round)%len(servers)], people[i]
			if i == 0 {
				return k.rename(owner, m)
			}
			link, err := k.EmbyServers.Ask(k.t.Context(), m.Server, models.AskLink{AccountID: a.ID})
			if err == nil && link.State == models.LinkAccepted {
				return k.Links.Remove(k.t.Context(), a.ID, link.ID, home)
			}
			return errors.Join(err, k.Links.Accept(k.t.Context(), a.ID, link.ID, home))
		}
		const changers = 4 // the others poll until all changes are made
		var done atomic.Int64
		for _, err := range parallel(changers+2, func(i int) error {
			if i < changers {
				defer done.Add(1)
				for round := range 25 {
					if err := change(i, round); err != nil {
						return err
					}
				}
				return nil
			}
			for done.Load() < changers {
				for _, a := range people {
					if err := poll(a); err != nil {
						return err
					}
				}
			}
			return nil
		}) {
			k.must(err)
		}
		for _, a := range people {
			k.must(poll(a))
		}
	}, modelstest.Unlimited)
}
