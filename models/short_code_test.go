package models_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// otherKeyboards returns text as people type it on other keyboards and as they paste it:
// with the digits of other scripts, in full width, and with invisible characters such as a
// zero-width space.
func otherKeyboards(text string) []string {
	shift := func(digits, letters rune) string {
		return strings.Map(func(r rune) rune {
			switch {
			case '0' <= r && r <= '9':
				return r - '0' + digits
			case letters != 0 && r > ' ' && r <= '~':
				return r - ' ' + letters
			default:
				return r
			}
		}, text)
	}
	return []string{
		text, shift('٠', 0), shift('۰', 0), shift('०', 0), shift('０', '\uff00'),
		"\u200e" + text + "\u200b", "\u2067" + text + "\u2069\u00a0", "\ufeff" + text[:2] + "\u2060\u00ad" + text[2:],
	}
}

// cannotBeCodes returns texts that are neither a code nor a PIN.
func cannotBeCodes() []string {
	return []string{"", "x", "BCDF GHJ", "12 34 5?", "пароль", "\u200b", "83\x0005", strings.Repeat("BCDFGHJK", 100)}
}

// A code has the same meaning on every keyboard, and a text that cannot be a code is not
// counted as a try.
func TestCodesOfEveryKeyboard(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("device code", func(k *kit) {
			phone, code := k.signIn(k.account()).Session, k.begin("dev")
			for range 30 {
				for _, text := range cannotBeCodes() {
					_, err := k.Devices.LookCode(ctx, phone, text, home)
					k.is(err, models.ErrCodeWrong)
				}
			}
			for _, text := range otherKeyboards(code) {
				if got, err := k.Devices.LookCode(ctx, phone, text, home); err != nil || got.UserCode != code {
					k.t.Errorf("%+q finds %+v with error %v, want the device with the code %s", text, got, err, code)
				}
			}
		})
		k.run("device code of the Emby wire", func(k *kit) {
			code := k.begin("dev-emby")
			for _, text := range otherKeyboards(code) {
				_, err := k.Devices.EmbyPoll(ctx, "dev-emby", text)
				k.must(err)
			}
		})
		k.run("claim code", func(k *kit) {
			register := func(code string) error {
				_, err := k.Registrations.Register(ctx, models.Registration{
					Name: "Den", SystemID: "den-1", Kind: models.ServerAgent, ClaimCode: code,
				}, models.Caller{Address: "203.0.113.77"})
				return err
			}
			for range 30 {
				for _, text := range cannotBeCodes()[1:] {
					k.is(register(text), models.ErrClaimCodeWrong)
				}
			}
			k.must(register("\u200e" + strings.ToLower(k.claimCode(k.account())) + "\u200b"))
		})
		k.run("server key", func(k *kit) {
			owner, m := k.account(), k.stray()
			for range 30 {
				k.is(k.Registrations.Claim(ctx, owner.ID, m.ID, "not a key", home), models.ErrNotFound)
			}
			k.must(k.Registrations.Claim(ctx, owner.ID, m.ID, " \u200e"+m.key+"\u200b", home))
		})
		k.run("Quick Connect", func(k *kit) {
			m, _, session := k.quickHome()
			for range 30 {
				for _, text := range cannotBeCodes() {
					_, err := k.QuickConnects.Ask(ctx, session, m.ID, text, home)
					k.hasField(err, "code", "quick_code_invalid")
				}
			}
			first := int64(0)
			for i, text := range otherKeyboards("123456")[3:] { // five tries in ten minutes
				asked, err := k.QuickConnects.Ask(ctx, session, m.ID, text, home)
				k.must(err)
				if i == 0 {
					first = asked.ID
				}
				if asked.ID != first {
					k.t.Errorf("%+q is another try, want the try of 123456", text)
				}
			}
		})
	}, limitedQuick, func(o *models.Options) {
		l := models.ProductionLimits()
		o.Limits.CodeAccount, o.Limits.CodeSource, o.Limits.CodeService = l.CodeAccount, l.CodeSource, l.CodeService
		o.Limits.RegisterSource, o.Limits.ClaimHour, o.Limits.DeviceMisses = l.RegisterSource, l.ClaimHour, l.DeviceMisses
	})
}

func TestPINsOfEveryKeyboard(t *testing.T) {
	each(t, func(k *kit) {
		ctx, a := k.t.Context(), k.account()
		k.must(k.PINs.Set(ctx, a.ID, "", "٨٣٠٥", home))
		for range 3 {
			for _, text := range cannotBeCodes() {
				k.is(k.PINs.Verify(ctx, a.ID, text, home), models.ErrPINImpossible)
			}
		}
		err := k.PINs.Verify(ctx, a.ID, "9999", home)
		if known, ok := errors.AsType[*models.Error](err); !ok || !errors.Is(err, models.ErrWrongPIN) || known.Fields[0].Params["Left"] != "4" {
			k.t.Errorf("got error %v, want a wrong PIN with 4 tries left", err)
		}
		for _, text := range otherKeyboards("8305") {
			k.must(k.PINs.Verify(ctx, a.ID, text, home))
		}
		k.must(k.PINs.Set(ctx, a.ID, "８３０５", "Ｋ７ｗ２", home))
		for _, text := range otherKeyboards("k7w2") {
			k.must(k.PINs.Verify(ctx, a.ID, text, home))
		}
	})
}
