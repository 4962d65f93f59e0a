package models_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// wrong codes are counted, and the right code of a person's own device does not clear
// the counter.
func TestWrongUserCodesAreLimited(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, person := k.t.Context(), k.account()
		phone := k.signIn(person).Session
		code := k.begin("dev")
		look := func(text string, from models.Caller) error {
			_, err := k.Devices.LookCode(ctx, phone, text, from)
			return err
		}
		for range 10 {
			k.must(look(code, home))
		}
		for i := range 5 {
			k.is(look("BCDF-GHJK", models.Caller{Address: fmt.Sprintf("203.0.113.%d", i)}), models.ErrCodeWrong)
			if i < 4 {
				k.must(look(code, home))
			}
		}
		k.is(look(code, home), models.ErrThrottled)
		k.is(k.Devices.Approve(ctx, phone, code, home), models.ErrThrottled)
		k.clock.Advance(10 * time.Minute)
		code = k.begin("dev")
		k.must(look(code, home))
		// A source has ten tries for all accounts together.
		from := models.Caller{Address: "203.0.113.200"}
		for range 2 {
			other := k.signIn(k.account()).Session
			for range 5 {
				_, err := k.Devices.LookCode(ctx, other, "BCDF-GHJK", from)
				k.is(err, models.ErrCodeWrong)
			}
		}
		k.is(look(code, from), models.ErrThrottled)
		k.must(look(code, home))
	})
}

// The limit refuses right codes too, so that a guesser learns nothing from the answer.
func TestUserCodeLimitRefusesRightCodesToo(t *testing.T) {
	plenty := models.Limit{Hits: 1 << 30, Window: time.Hour}
	eachServer(t, func(k *kit) {
		ctx, phone, code := k.t.Context(), k.signIn(k.account()).Session, k.begin("dev")
		for range 100 {
			_, err := k.Devices.LookCode(ctx, phone, "BCDF-GHJK", home)
			k.is(err, models.ErrCodeWrong)
		}
		_, err := k.Devices.LookCode(ctx, phone, code, home)
		k.is(err, models.ErrThrottled)
		k.clock.Advance(time.Minute)
		_, err = k.Devices.LookCode(ctx, phone, code, home)
		k.must(err)
	}, func(o *models.Options) { o.Limits.CodeAccount, o.Limits.CodeSource = plenty, plenty })
}

// wrong pairs of code and device end the code.
func TestWrongPairsEndTheCode(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, phone := k.t.Context(), k.signIn(k.account()).Session
		code := k.begin("dev")
		k.must(k.Devices.Approve(ctx, phone, code, home))
		thief := models.Caller{Address: "203.0.113.5"}
		for range 5 {
			_, err := k.Devices.EmbyExchange(ctx, "dev", "BCDF-GHJK", thief)
			k.is(err, models.ErrDeviceCodeExpired)
		}
		// After that the right pair is refused as well, from every source.
		_, err := k.Devices.EmbyExchange(ctx, "dev", code, thief)
		k.is(err, models.ErrThrottled)
		_, err = k.Devices.EmbyPoll(ctx, "dev", code)
		k.is(err, models.ErrThrottled)
		_, err = k.Devices.EmbyPoll(ctx, "dev", "BCDF-GHJK")
		k.is(err, models.ErrThrottled)
		// A TV can begin again, even if it kept asking with its old code, which has ended.
		fresh := k.begin("dev")
		for range 3 {
			_, err = k.Devices.EmbyPoll(ctx, "dev", fresh)
			k.must(err)
			_, err = k.Devices.EmbyExchange(ctx, "dev", code, tv)
			k.is(err, models.ErrDeviceCodeExpired)
		}
		k.must(k.Devices.Approve(ctx, phone, fresh, home))
		_, err = k.Devices.EmbyExchange(ctx, "dev", fresh, tv)
		k.must(err)
	})
}

// a guesser does not get more guesses by asking for more codes for the same device,
// and the codes of other devices keep working.
func TestNewCodeGivesNoMoreGuesses(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, phone := k.t.Context(), k.signIn(k.account()).Session
		code, other, api := k.begin("dev"), k.begin("other"), k.beginAPI("dev")
		for range 5 {
			_, err := k.Devices.EmbyPoll(ctx, "dev", "BCDF-GHJK")
			k.is(err, models.ErrDeviceCodeExpired)
			k.begin("dev")
		}
		_, err := k.Devices.EmbyPoll(ctx, "dev", code)
		k.is(err, models.ErrDeviceCodeExpired)
		k.is(k.Devices.Approve(ctx, phone, code, home), models.ErrCodeWrong)
		_, err = k.Devices.EmbyPoll(ctx, "other", other)
		k.must(err)
		k.must(k.Devices.Approve(ctx, phone, api.UserCode, home))
		_, err = k.Devices.Exchange(ctx, api.DeviceCode, tv)
		k.must(err)
	})
}

// If another device already has the code that was drawn, another code is drawn.
func TestTakenCodeIsDrawnAgain(t *testing.T) {
	stuck := &stuckRandom{}
	eachServer(t, func(k *kit) {
		stuck.begin()
		first := k.begin("one")
		stuck.begin()
		if second := k.begin("two"); second == first {
			k.t.Errorf("two devices have the code %s, want different codes", first)
		}
		owner := k.account()
		stuck.begin()
		one := k.claimCode(owner)
		stuck.begin()
		if two := k.claimCode(owner); one == two {
			k.t.Errorf("two claim codes are %s, want different codes", one)
		}
	}, func(o *models.Options) { o.Random = stuck })
}

// stuckRandom is a random source that returns the same byte again and again for the next
// letters of a code. Codes are read byte by byte.
type stuckRandom struct{ left atomic.Int64 }

func (r *stuckRandom) begin() { r.left.Store(8) }

func (r *stuckRandom) Read(p []byte) (int, error) {
	if len(p) == 1 && r.left.Add(-1) >= 0 {
		p[0] = 7
		return 1, nil
	}
	return rand.Read(p)
}

// A session that has ended cannot approve a code.
func TestEndedSessionApprovesNothing(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, person := k.t.Context(), k.account()
		phone, code := k.signIn(person).Session, k.begin("dev")
		k.must(k.Sessions.EndAll(ctx, person.ID, home))
		k.is(k.Devices.Approve(ctx, phone, code, home), models.ErrCodeWrong)
		mine, other := k.account(), k.account()
		stolen := k.signIn(mine).Session
		stolen.AccountID = other.ID
		k.is(k.Devices.Approve(ctx, stolen, code, home), models.ErrCodeWrong)
		k.must(k.Devices.Approve(ctx, k.signIn(person).Session, code, home))
	})
}

// A device that is approved while its owner signs out everywhere is not signed in
// afterwards.
func TestSignOutAgainstApproval(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx := k.t.Context()
		for range 8 {
			person := k.account()
			phone, code := k.signIn(person).Session, k.begin("dev")
			for i, err := range parallel(2, func(i int) error {
				if i == 0 {
					return k.Sessions.EndAll(ctx, person.ID, home)
				}
				return k.Devices.Approve(ctx, phone, code, home)
			}) {
				if i == 0 || err != nil && !errors.Is(err, models.ErrCodeWrong) {
					k.must(err)
				}
			}
			_, err := k.Devices.EmbyExchange(ctx, "dev", code, tv)
			k.is(err, models.ErrDeviceCodeExpired)
		}
	}, looseCodes)
}

func TestDeviceCodesAreLimited(t *testing.T) {
	each(t, func(k *kit) {
		for range 30 {
			k.begin("dev")
		}
		_, err := k.Devices.Begin(k.t.Context(), models.DeviceAsk{DeviceID: "dev", Door: models.DoorEmby}, tv)
		k.is(err, models.ErrThrottled)
	})
}
