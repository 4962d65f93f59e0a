package handlers

import (
	"net/http"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// setupSamples returns the pages of the first run.
func (s sampler) setupSamples() []sample {
	base := func(page string) Base {
		b := s.base(page)
		b.OnlySetUp, b.Dev = true, false
		return b
	}
	fine := mistakes{status: http.StatusOK}
	code := setupCodePage{Base: base("setup_code")}
	code.Code = s.field("code", "text", "setup_code", true)
	code.Code.Code = true
	begun := setupPage{Base: base("setup"), Next: "/welcome/mail", Missing: []string{"mail-from", "mail-url"}}
	for _, step := range models.SetupSteps() {
		state := map[models.SetupStep]string{models.SetupAccount: models.SetupDone, models.SetupName: models.SetupDone, models.SetupAddress: models.SetupSkipped}[step]
		begun.Steps = append(begun.Steps, setupStepView{Href: "/welcome/" + string(step), Title: begun.T("setup.step." + string(step)), State: state})
	}
	ready := begun
	ready.Missing, ready.Ready = nil, true
	samples := []sample{
		{"setup_code", code},
		{"setup", begun},
		{"setup-ready", ready},
		{"setup_done", setupDonePage{Base: base("setup_done"), Address: "https://latchkey.example.org", Username: "mira.k"}},
		{"setup_arrived", setupArrivedPage{Base: base("setup_arrived")}},
		{"setup_arrived-done", setupArrivedPage{Base: base("setup_arrived"), Done: true}},
	}
	settings := []Setting{
		{Name: "service-name", Text: "Latchkey", Value: "Latchkey", Origin: "default", Console: true},
		{Name: "operator-name", Console: true},
		{Name: "security-contact", Value: "mailto:a@example.org", Origin: "environment LATCHKEY_SECURITY_CONTACT"},
		{Name: "public-url", Text: "https://latchkey.example.org", Console: true},
		{Name: "trusted-proxies", Console: true},
		{Name: "mail-url", Console: true, Secret: true},
		{Name: "mail-from", Console: true},
		{Name: "captcha", Text: "pow", Console: true, Choices: []string{"pow", "recaptcha", "off"}},
		{Name: "recaptcha-site-key", Console: true},
		{Name: "recaptcha-secret", Console: true, Secret: true},
		{Name: "sign-up", Text: "open", Console: true, Choices: []string{"open", "invite", "closed"}},
	}
	for _, step := range models.SetupSteps() {
		page := setupStepPage{Base: base("setup_step"), Step: string(step)}
		page.Title, page.Text, page.Submit = page.T("setup.step."+page.Step), page.T("setup.text."+page.Step), page.T("setup.save")
		in := newInputs(page.Base, nil, fine)
		switch step {
		case models.SetupAccount:
			page.account(in, 10, models.Setup{})
		case models.SetupMail:
			page.mail(in, settings, mailParts{encryption: mailTLS, server: "mail.example.org"}, models.Setup{MailSentAt: s.at, MailTo: "mira@example.org"})
		case models.SetupServer:
			page.Code, page.Until, page.Command = "BCDF-GHJK", s.at.Add(10*time.Minute), "latchkey agent setup --service=https://latchkey.example.org --claim-code=BCDF-GHJK"
		case models.SetupAddress:
			for _, check := range []string{"seen", "same", "other", "plain", "direct", "no_client", "not_trusted", "trusted"} {
				page.Checks = append(page.Checks, setupCheck{check == "same", page.T("setup.check."+check, "Address", "https://latchkey.example.org", "Proxy", "10.0.0.1")})
			}
			page.settings(in, settings)
		default:
			page.settings(in, settings)
		}
		samples = append(samples, sample{"setup_step-" + page.Step, page})
	}
	done := setupStepPage{Base: base("setup_step"), Step: "account", Title: "x", Text: "y"}
	done.account(newInputs(done.Base, nil, fine), 10, models.Setup{Operators: true})
	seen := setupStepPage{Base: base("setup_step"), Step: "mail", Title: "x", Text: "y"}
	seen.mail(newInputs(seen.Base, nil, fine), nil, mailParts{}, models.Setup{MailSentAt: s.at, MailSeenAt: s.at})
	return append(samples, sample{"setup_step-account-done", done}, sample{"setup_step-mail-seen", seen})
}
