package handlers

import (
	"errors"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// setupStepPage is the data of templates/pages/setup_step.html. Its form goes to the address of the page; with the button "skip"
// it notes that the step was skipped.
type setupStepPage struct {
	Base
	Step, Title, Text string
	Checks            []setupCheck
	Fixed             []Setting // settings of the step that the machine has set
	Inputs            []setupInput
	Done              bool   // there is nothing to type, or not any longer
	Submit            string // text of the button
	MailState, MailTo string
	Code, Command     string // a claim code, and the command that takes it
	Until             time.Time
}

// setupInput is a field or a choice.
type setupInput struct {
	Field  Field
	Select SelectField
}

// setupCheck is something that the service has found out, in words.
type setupCheck struct {
	Good bool
	Text string
}

// setupSettings returns the settings of a step, in the order of its form.
func setupSettings(step models.SetupStep) []string {
	switch step {
	case models.SetupName:
		return []string{"service-name", "operator-name", "security-contact"}
	case models.SetupAddress:
		return []string{"public-url", "trusted-proxies"}
	case models.SetupMail:
		return []string{"mail-from"}
	case models.SetupCaptcha:
		return []string{"captcha", "recaptcha-site-key", "recaptcha-secret"}
	case models.SetupSignUp:
		return []string{"sign-up"}
	default:
		return nil
	}
}

// setupVisit is a request for one step.
type setupVisit struct {
	step  models.SetupStep
	setup models.Setup
	pass  string
}

// setupStepOf reads the step in the path, and looks the set-up up. Somebody without the pass is led to the form of the code.
func (s *site) setupStepOf(c *gin.Context) (setupVisit, error) {
	v := setupVisit{step: models.SetupStep(c.Param("step"))}
	if !slices.Contains(models.SetupSteps(), v.step) {
		return v, models.ErrNotFound
	}
	var err error
	v.setup, v.pass, err = s.setupOf(c)
	if errors.Is(err, models.ErrTokenSpent) {
		return v, &detour{to: setupPath}
	}
	return v, err
}

// setupStep answers GET /welcome/STEP.
func (s *site) setupStep(c *gin.Context) error {
	v, err := s.setupStepOf(c)
	if err != nil {
		return err
	}
	return s.showSetupStep(c, v, nil, nil)
}

// doSetupStep answers POST /welcome/STEP.
func (s *site) doSetupStep(c *gin.Context, f form) error {
	v, err := s.setupStepOf(c)
	if err != nil {
		return err
	}
	switch {
	case f["skip"] != "":
		return s.goOnSetup(c, v, f, s.Store.Setups.Answer(c.Request.Context(), v.pass, v.step, models.SetupSkipped))
	case f["next"] != "":
		return s.goOnSetup(c, v, f, s.Store.Setups.Answer(c.Request.Context(), v.pass, v.step, models.SetupDone))
	}
	switch v.step {
	case models.SetupAccount:
		return s.goOnSetup(c, v, f, s.makeSetupOperator(c, v, f))
	case models.SetupMail:
		s.lastLonger(c)
		if err := s.trySetupMail(c, v, f); err != nil {
			return s.showSetupStep(c, v, f, err)
		}
		return seeOther(c, setupPath+"/"+string(v.step))
	case models.SetupServer:
		return s.makeSetupClaimCode(c, v)
	default:
		return s.goOnSetup(c, v, f, s.setSetupSettings(c, v, f))
	}
}

// goOnSetup leads to the next step, or shows the step again with what is wrong.
func (s *site) goOnSetup(c *gin.Context, v setupVisit, f form, cause error) error {
	if cause != nil {
		return s.showSetupStep(c, v, f, cause)
	}
	steps := models.SetupSteps()
	if at := slices.Index(steps, v.step); at+1 < len(steps) {
		return seeOther(c, setupPath+"/"+string(steps[at+1]))
	}
	return seeOther(c, setupPath)
}

func (s *site) makeSetupOperator(c *gin.Context, v setupVisit, f form) error {
	if v.setup.Operators {
		return nil
	}
	if err := differ(f, "password", "passwords_differ"); err != nil {
		return err
	}
	_, err := s.Store.Setups.MakeOperator(c.Request.Context(), v.pass, models.SignUp{
		Username: f["username"], Email: f["email"], Password: f["password"], Locale: s.locale(c),
	}, caller(c))
	return err
}

// askedSettings returns what the form of a step asks for: a value for each setting that has another one now. An empty secret stays
// as it is.
func (s *site) askedSettings(c *gin.Context, step models.SetupStep, f form) ([]askedSetting, error) {
	all, _, err := s.settingsNow(c.Request.Context())
	if err != nil {
		return nil, err
	}
	var asked []askedSetting
	for _, one := range all {
		value, typed := f[one.Name]
		if !typed || !one.Console || !slices.Contains(setupSettings(step), one.Name) || !one.Secret && value == one.Text || one.Secret && value == "" {
			continue
		}
		asked = append(asked, askedSetting{name: one.Name, value: value, remove: value == ""})
	}
	return asked, nil
}

func (s *site) setSetupSettings(c *gin.Context, v setupVisit, f form) error {
	asked, err := s.askedSettings(c, v.step, f)
	if err != nil {
		return err
	}
	return s.saveSetup(c, v, asked)
}

// saveSetup saves settings. Outside a service that only sets up they are in force at once.
func (s *site) saveSetup(c *gin.Context, v setupVisit, asked []askedSetting) error {
	ctx := c.Request.Context()
	var changes []models.SettingChange
	if len(asked) > 0 {
		var err error
		if changes, err = s.settingChanges(ctx, asked...); err != nil {
			return err
		}
	}
	if err := s.Store.Setups.Change(ctx, v.pass, v.step, changes, caller(c)); err != nil {
		return err
	}
	if s.OnlySetUp || len(changes) == 0 {
		return nil
	}
	return s.Desk.Reload(ctx)
}

func (s *site) makeSetupClaimCode(c *gin.Context, v setupVisit) error {
	code, _, err := s.Store.Setups.NewClaimCode(c.Request.Context(), v.pass)
	if err != nil {
		return s.showSetupStep(c, v, nil, err)
	}
	s.setCookie(c, cookieClaim, code, codeLife)
	return seeOther(c, setupPath+"/"+string(v.step))
}

func (s *site) showSetupStep(c *gin.Context, v setupVisit, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	all, values, err := s.settingsNow(c.Request.Context())
	if err != nil {
		return err
	}
	page := setupStepPage{Base: s.base(c, "setup_step").telling(wrong), Step: string(v.step)}
	page.Title, page.Text = page.T("setup.step."+page.Step), page.T("setup.text."+page.Step)
	page.Submit = page.T("setup.save")
	in := newInputs(page.Base, f, wrong)
	switch v.step {
	case models.SetupAccount:
		page.account(in, s.PasswordMinLength, v.setup)
	case models.SetupMail:
		page.mail(in, all, mailPartsOf(values["mail-url"]), v.setup)
	case models.SetupServer:
		if err := s.fillSetupServer(c, &page, all, v.setup); err != nil {
			return err
		}
	case models.SetupAddress:
		page.Checks = addressChecks(c, page.Base, all)
		proposeAddress(c, all)
		page.settings(in, all)
	default:
		page.settings(in, all)
	}
	return s.render(c, wrong.status, "setup_step", page)
}

// settings fills in a field for each setting of the step.
func (p *setupStepPage) settings(in *inputs, all []Setting) {
	for _, name := range setupSettings(models.SetupStep(p.Step)) {
		at := slices.IndexFunc(all, func(one Setting) bool { return one.Name == name })
		switch {
		case at < 0:
		case !all[at].Console:
			p.Fixed = append(p.Fixed, all[at])
		default:
			field, choice := in.setting(all[at])
			p.Inputs = append(p.Inputs, setupInput{field, choice})
		}
	}
}

func (p *setupStepPage) account(in *inputs, minLength int, setup models.Setup) {
	if setup.Operators {
		p.Done = true
		p.Checks = append(p.Checks, setupCheck{true, p.T("setup.account.there")})
		return
	}
	for _, field := range []Field{in.username(), in.email("email"), in.newPassword("password", minLength), in.newPasswordAgain("password")} {
		p.Inputs = append(p.Inputs, setupInput{Field: field})
	}
}

// fillSetupServer fills in the claim code that this browser has made.
func (s *site) fillSetupServer(c *gin.Context, page *setupStepPage, all []Setting, setup models.Setup) error {
	page.Submit = page.T("page.server_register.make")
	code := s.cookie(c, cookieClaim)
	if code == "" || setup.AccountID == 0 {
		return nil
	}
	until, err := s.Store.Registrations.ClaimCodeUntil(c.Request.Context(), setup.AccountID, code)
	if errors.Is(err, models.ErrClaimCodeWrong) {
		s.clearCookie(c, cookieClaim)
		return nil
	}
	address := s.origin
	if at := slices.IndexFunc(all, func(one Setting) bool { return one.Name == "public-url" }); at >= 0 && all[at].Text != "" {
		address = all[at].Text
	}
	page.Code, page.Until, page.Command = code, until, "latchkey agent setup --service="+address+" --claim-code="+code
	page.Submit = page.T("page.server_register.another")
	return err
}
