package agent_test

import (
	"strings"
	"sync/atomic"
	"testing"
)

// A token that the media server has made, and that no device has got, is ended. If the
// program was killed in the middle of an exchange, that happens at the next start; if an
// answer was lost, it happens in the same run. If the media server has made no token, the
// former token of the device stays.
func TestTokenThatNobodyGotIsEnded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		former, before, lose bool // the device has a token; the program ends before the media server acts; only the answer is lost
		left                 int  // live tokens in the end
	}{
		"killed":                            {},
		"killed with a former token":        {former: true},
		"killed before":                     {before: true},
		"killed before with a former token": {before: true, former: true, left: 1},
		"answer lost":                       {lose: true},
		"request lost with a former token":  {lose: true, before: true, former: true, left: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s).started()
			bob := s.Join(t, "bob")
			d.linked(bob, "bob", "u1")
			key := d.key(bob)
			if test.former {
				d.exchanged(key, "u1")
			}
			var struck atomic.Bool
			strike := func(call string) error {
				switch {
				case strings.HasPrefix(call, "Mint") && struck.CompareAndSwap(false, true):
					if !test.lose {
						_ = d.store.Close()
					}
					return errDown
				case struck.Load() && !test.lose:
					return errDown // the program is gone, and asks for nothing else
				}
				return nil
			}
			if test.before {
				d.fake.hook(strike, nil)
			} else {
				d.fake.hook(nil, strike)
			}
			if _, err := d.exchange(key); err == nil {
				t.Fatal("the exchange succeeded, want it cut off")
			}
			if !test.lose {
				d.halt()
				d.fake.hook(nil, nil)
				d.open()
				d.run()
			}
			d.fake.hook(nil, nil)
			eventually(t, "the end of the note", func() bool { return d.Ready() && d.status().OwedTokens == 0 }, d.log)
			if live := d.fake.live("u1"); len(live) != test.left {
				t.Errorf("live tokens %q, want %d", live, test.left)
			}
			d.exchanged(key, "u1")
			if live := d.fake.live("u1"); len(live) != 1 {
				t.Errorf("live tokens %q after another exchange, want 1", live)
			}
		})
	}
}

// A token that is being made is not ended, however often the agent looks.
func TestTokenThatIsBeingMadeStays(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	made, goOn := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "Mint") && first.CompareAndSwap(false, true) {
			close(made)
			<-goOn
		}
		return nil
	})
	result := make(chan error, 1)
	key := d.key(bob)
	go func() {
		_, err := d.exchange(key)
		result <- err
	}()
	<-made
	d.never("another token", func() bool { return d.fake.mintedTokens() > 1 || len(d.fake.live("u1")) != 1 })
	close(goOn)
	if err := <-result; err != nil || len(d.fake.live("u1")) != 1 {
		t.Errorf("error %v and live tokens %q, want one token", err, d.fake.live("u1"))
	}
}

func (f *fake) mintedTokens() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.minted
}
