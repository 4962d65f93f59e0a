package models_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// rotated lets a server replace its key by itself, and returns the new key.
func (k *kit) rotated(m media, key string) string {
	k.t.Helper()
	fresh, _, err := k.ServerKeys.RotateOwn(k.t.Context(), k.again(media{m.Server, key}).Server, "", models.Caller{Address: "203.0.113.66"})
	k.must(err)
	k.clock.Advance(time.Second)
	return fresh
}

// handedOver is a server with its former owner and its heir.
type handedOver struct {
	media
	former, heir models.Account
}

// handOver gives the server to the heir.
func (h handedOver) handOver(k *kit) {
	k.t.Helper()
	k.must(k.Servers.HandOver(k.t.Context(), h.former.ID, h.ID, h.heir.Username, home))
	k.clock.Advance(time.Second)
}

// The former owner replaces the server key around the hand-over, in any order of events, and
// uses each key. All these keys end by themselves as soon as the server uses a key that the
// heir made. A key that replaces the heir's key keeps working.
func TestKeysOfTheFormerOwnerEndInAnyOrder(t *testing.T) {
	orders := map[string]func(k *kit, h handedOver) (keys []string){
		"nothing": func(k *kit, h handedOver) []string {
			h.handOver(k)
			return nil
		},
		"by key before": func(k *kit, h handedOver) []string {
			before := k.rotated(h.media, h.key)
			h.handOver(k)
			return []string{before, k.rotated(h.media, before)}
		},
		"on the page before": func(k *kit, h handedOver) []string {
			before, err := k.ServerKeys.Rotate(k.t.Context(), h.former.ID, h.ID, home)
			k.must(err)
			h.handOver(k)
			return []string{before, k.rotated(h.media, before)}
		},
		"as stolen before": func(k *kit, h handedOver) []string {
			before, err := k.ServerKeys.RotateStolen(k.t.Context(), h.former.ID, h.ID, home)
			k.must(err)
			h.handOver(k)
			return []string{before, k.rotated(h.media, before)}
		},
		"after": func(k *kit, h handedOver) []string {
			h.handOver(k)
			after := k.rotated(h.media, h.key)
			return []string{after, k.rotated(h.media, after)}
		},
		"looked up before, and done after": func(k *kit, h handedOver) []string {
			this := k.again(h.media).Server
			h.handOver(k)
			after, _, err := k.ServerKeys.RotateOwn(k.t.Context(), this, "", home)
			k.must(err)
			k.clock.Advance(time.Second)
			return []string{after}
		},
		"before and after, with uses between": func(k *kit, h handedOver) []string {
			before := k.rotated(h.media, h.key)
			k.use(h.media, before)
			h.handOver(k)
			after := k.rotated(h.media, before)
			k.use(h.media, after)
			last := k.rotated(h.media, after)
			k.use(h.media, last)
			return []string{before, after, last}
		},
		"twice in parallel": func(k *kit, h handedOver) (keys []string) {
			this := k.again(h.media).Server
			made := make([]string, 8)
			for i, err := range parallel(len(made)+1, func(i int) (err error) {
				if i == len(made) {
					return k.Servers.HandOver(k.t.Context(), h.former.ID, h.ID, h.heir.Username, home)
				}
				made[i], _, err = k.ServerKeys.RotateOwn(k.t.Context(), this, "", home)
				return err
			}) {
				switch {
				case i == len(made):
					k.must(err)
				case err == nil:
					keys = append(keys, made[i])
				case !errors.Is(err, models.ErrNoServer):
					k.t.Errorf("rotation in parallel: error %v, want %v", err, models.ErrNoServer)
				}
			}
			if len(keys) != 1 {
				k.t.Errorf("%d rotations in parallel succeeded, want 1", len(keys))
			}
			k.clock.Advance(time.Second)
			return append(keys, k.rotated(h.media, keys[0]))
		},
	}
	eachServer(t, func(k *kit) {
		for name, order := range orders {
			k.run(name, func(k *kit) {
				former, heir := k.account(), k.account()
				h := handedOver{k.agent(former), former, heir}
				theirs := append([]string{h.key}, order(k, h)...)
				k.use(h.media, theirs[len(theirs)-1]) // the newest key is the former owner's
				own, err := k.ServerKeys.Rotate(k.t.Context(), heir.ID, h.ID, home)
				k.must(err)
				k.clock.Advance(time.Second)
				k.letters()
				ended := k.events(heir)[models.EventServerFormerKeyEnded]
				k.works(h.media, map[string]bool{own: true, theirs[len(theirs)-1]: true}) // the server may not have the heir's key yet
				k.must(k.ServerKeys.Flush(k.t.Context()))
				last := k.rotated(h.media, own)
				k.use(h.media, last)
				want := map[string]bool{own: true, last: true}
				for _, key := range theirs {
					want[key] = false
				}
				k.works(h.media, want)
				if n := k.events(heir)[models.EventServerFormerKeyEnded] - ended; n != 1 {
					k.t.Errorf("%d endings in the heir's history, want 1", n)
				}
				if n := k.events(former)[models.EventServerFormerKeyEnded]; n != 0 {
					k.t.Errorf("%d endings in the former owner's history, want none", n)
				}
				mails := 0
				for _, letter := range k.letters() {
					if letter.Kind == models.MailServerKey && letter.Facts.What == "former" && letter.To == heir.Email {
						mails++
					}
				}
				if mails != 1 {
					k.t.Errorf("%d mails about the end of the former owner's keys, want 1", mails)
				}
			})
		}
	})
}

// An inherited key, which replaced a key of the former owner, is shown to the heir as
// inherited. It cannot end a key that the heir made. After a second hand-over it counts as a
// key that a former owner knows.
func TestInheritedKeys(t *testing.T) {
	eachServer(t, func(k *kit) {
		former, heir, next := k.account(), k.account(), k.account()
		h := handedOver{k.agent(former), former, heir}
		h.handOver(k)
		inherited := k.rotated(h.media, h.key)
		flags := func(owner models.Account) (got [][2]bool) {
			keys, err := k.ServerKeys.List(k.t.Context(), owner.ID, h.ID)
			k.must(err)
			for _, key := range keys {
				got = append(got, [2]bool{key.HandedOver, key.Inherited})
			}
			return got
		}
		if got := flags(heir); len(got) != 2 || got[0] != [2]bool{false, true} || got[1] != [2]bool{true, false} {
			k.t.Errorf("keys %v, want an inherited one and one that the former owner knows", got)
		}
		k.again(media{h.Server, inherited}) // this use is written only after the heir's key was made
		own, err := k.ServerKeys.Rotate(k.t.Context(), heir.ID, h.ID, home)
		k.must(err)
		k.must(k.ServerKeys.Flush(k.t.Context()))
		k.works(h.media, map[string]bool{h.key: true, inherited: true, own: true})
		k.must(k.Servers.HandOver(k.t.Context(), heir.ID, h.ID, next.Username, home))
		if got := flags(next); len(got) != 3 || got[0] != [2]bool{true, false} || got[1] != [2]bool{true, false} {
			k.t.Errorf("keys %v after the second hand-over, want three that a former owner knows", got)
		}
	})
}
