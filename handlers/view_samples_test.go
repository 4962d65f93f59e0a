package handlers

import (
	"slices"
	"time"

	"github.com/latchkey-media/latchkey/templates"
)

// sample is one page in one of its states.
type sample struct {
	name string
	page any
}

func sampleBase(catalogue *templates.Catalogue, locale, page string) Base {
	return Base{
		Catalogue: catalogue, Locale: locale, Nonce: "bm9uY2U", ServiceName: "Latchkey",
		Page: page, Tabs: tabsOf(page), Path: "/" + page, SignUpOpen: true, Dev: true,
	}
}

// samples returns all pages in one language: pages as they are first shown, pages with
// mistakes, and pages in each other state. The samples of a page are in
// page_NAME_sample_test.go.
func samples(catalogue *templates.Catalogue, locale string) []sample {
	s := sampler{catalogue: catalogue, locale: locale, at: time.Date(2026, time.November, 21, 14, 3, 0, 0, time.UTC)}
	return slices.Concat(
		s.landingSamples(), s.signUpSamples(), s.confirmSamples(), s.signInSamples(),
		s.resetSamples(), s.errorSamples(), s.devMailSamples(), s.apiDocsSamples(),
		s.accountSamples(), s.historySamples(), s.emailChangeSamples(), s.passwordSamples(), s.passwordConfirmSamples(),
		s.pinSamples(), s.pinHelpSamples(), s.helpSamples(), s.pinResetSamples(), s.sessionsSamples(),
		s.serverOwnerSamples(), s.serverSettingsSamples(), s.rosterSamples(), s.wayInSamples(), s.serverInviteSamples(), s.linksSamples(), s.inviteSamples(), s.inviteUseSamples(),
		s.accountDeleteSamples(), s.familySamples(), s.circleSamples(), s.familyMemberSamples(), s.mailStopSamples(), s.pictureSamples(), s.householdSamples(), s.protectionSamples(), s.holdSamples(), s.unlockSamples(), s.staySamples(), s.serversSamples(), s.serverOpenSamples(), s.serverStartSamples(), s.localPasswordSamples(), s.serverRegisterSamples(),
		s.importSamples(),
		s.proofSamples(), s.deviceSamples(), s.quickConnectSamples(), s.televisionSamples(),
		s.serverCheckSamples(), s.operatorSamples(), s.setupSamples(), s.webhookSamples(),
	)
}

// longName is the name of a server that needs two lines on a phone.
const longName = "A server whose name is rather long, as names that people choose at night are"

type sampler struct {
	catalogue *templates.Catalogue
	locale    string
	at        time.Time
}

func (s sampler) base(page string) Base { return sampleBase(s.catalogue, s.locale, page) }

func (s sampler) signedIn(page string) Base {
	b := s.base(page)
	b.Account = &accountView{Username: "mira.k", DisplayName: "Mira Køhler", Face: faceOf("Mira Køhler", 7, "")}
	return b
}

func (s sampler) noticed(b Base, key string) Base {
	b.Notice = b.T(key)
	return b
}

func (s sampler) troubled(b Base, key string) Base {
	b.Wrong = true
	b.Problem = b.T(key, "Wait", b.T("duration.minutes", "Count", 5))
	return b
}

// field returns an input with the texts that have the given key.
func (s sampler) field(name, kind, key string, hint bool) Field {
	b := s.base("")
	f := Field{Name: name, Type: kind, Label: b.T("field." + key), Required: true, Reveal: kind == "password"}
	if hint {
		f.Hint = b.T("field."+key+".hint", "MinLength", 10)
	}
	return f
}

func (s sampler) newPassword() Field {
	f := s.field("password", "password", "new_password", false)
	f.Hint = s.base("").T("field.password.hint", "MinLength", 10)
	f.MinLength, f.Autocomplete = 10, "new-password"
	return f
}

func (s sampler) wrong(f Field, value, code string) Field {
	f.Value = value
	f.Error = s.base("").T("error."+code, "MinLength", 10, "Left", 4)
	return f
}

func (s sampler) currentPassword() Field {
	return s.field("current_password", "password", "current_password", true)
}

func (s sampler) nameOrEmail() Field {
	f := s.field("name_or_email", "text", "name_or_email", false)
	f.Focus = true
	return f
}

func (s sampler) invited(page string) Base {
	b := s.signedIn(page)
	b.Account.Waiting = 2
	return b
}
