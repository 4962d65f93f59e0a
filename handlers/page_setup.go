package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// setupCodePage is the data of templates/pages/setup_code.html.
type setupCodePage struct {
	Base
	Code Field
}

// setupPage is the data of templates/pages/setup.html, which shows how far the set-up is.
type setupPage struct {
	Base
	Steps   []setupStepView
	Next    string   // the address of the first step that nobody has answered; "" for none
	Missing []string // settings without which the service cannot run
	Ready   bool     // the set-up can be finished
}

// setupStepView is a step in the list of all.
type setupStepView struct {
	Href, Title, State string // State is models.SetupDone, models.SetupSkipped or ""
}

// setupDonePage is the data of templates/pages/setup_done.html.
type setupDonePage struct {
	Base
	Address  string // where the service is from now on
	Username string
}

// setupArrivedPage is the data of templates/pages/setup_arrived.html, to which the mail of the set-up leads.
type setupArrivedPage struct {
	Base
	Done bool
}

// setupOf returns how far the set-up is, and the pass that the browser keeps.
func (s *site) setupOf(c *gin.Context) (models.Setup, string, error) {
	pass := s.cookie(c, linkSetup)
	setup, err := s.Store.Setups.Look(c.Request.Context(), pass)
	if err == nil {
		s.setCookie(c, linkSetup, pass, linkLife) // as long as somebody goes on
	}
	return setup, pass, err
}

// setup answers GET /welcome, to which the link of the program leads.
func (s *site) setup(c *gin.Context) error {
	_, err := s.arriveByLink(c, linkSetup)
	if _, arrives := errors.AsType[*detour](err); arrives {
		return err
	}
	setup, _, err := s.setupOf(c)
	if errors.Is(err, models.ErrTokenSpent) {
		return s.showSetupCode(c, nil, nil)
	}
	if err != nil {
		return err
	}
	page := setupPage{Base: s.base(c, "setup")}
	missing, err := s.setupMissing(c)
	if err != nil {
		return err
	}
	page.Missing, page.Ready = missing, setup.Operators && len(missing) == 0
	if next := setup.Next(); next != "" {
		page.Next = setupPath + "/" + string(next)
	}
	for _, step := range models.SetupSteps() {
		page.Steps = append(page.Steps, setupStepView{
			Href: setupPath + "/" + string(step), Title: page.T("setup.step." + string(step)), State: setup.Steps[step],
		})
	}
	return s.render(c, http.StatusOK, "setup", page)
}

// setupMissing returns the names of the settings that are still missing.
func (s *site) setupMissing(c *gin.Context) ([]string, error) {
	_, values, err := s.settingsNow(c.Request.Context())
	if err != nil || values == nil {
		return nil, err
	}
	var missing []string
	for name, text := range s.Desk.Check(values) {
		if strings.HasPrefix(text, settingMissing) {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing, nil
}

func (s *site) showSetupCode(c *gin.Context, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := setupCodePage{Base: s.base(c, "setup_code").telling(wrong)}
	page.Code = newInputs(page.Base, f, wrong).add(Field{Name: "code", Type: "text", Hint: page.T("field.setup_code.hint"), Autocomplete: "off", Code: true, Required: true}, "setup_code")
	return s.render(c, wrong.status, "setup_code", page)
}

// enterSetup answers POST /welcome, the form with the code.
func (s *site) enterSetup(c *gin.Context, f form) error {
	pass, err := s.Store.Setups.Enter(c.Request.Context(), f["code"], caller(c))
	if errors.Is(err, models.ErrNotFound) {
		return err
	}
	if err != nil {
		return s.showSetupCode(c, f, err)
	}
	s.setCookie(c, linkSetup, pass, linkLife)
	return seeOther(c, setupPath)
}

// finishSetup answers POST /welcome/finish. It answers with a page and no redirect, because the service may have another address
// from now on.
func (s *site) finishSetup(c *gin.Context, _ form) error {
	setup, pass, err := s.setupOf(c)
	if errors.Is(err, models.ErrTokenSpent) {
		return seeOther(c, setupPath)
	}
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	missing, err := s.setupMissing(c)
	if err != nil {
		return err
	}
	if len(missing) > 0 || !setup.Operators { // the page says what is missing
		return seeOther(c, setupPath)
	}
	page := setupDonePage{Base: s.base(c, "setup_done"), Address: s.origin}
	page.OnlySetUp = true // the links of the header may not lead anywhere yet
	all, _, err := s.settingsNow(ctx)
	if err != nil {
		return err
	}
	if at := slices.IndexFunc(all, func(one Setting) bool { return one.Name == "public-url" }); at >= 0 {
		page.Address = all[at].Text
	}
	if setup.AccountID != 0 {
		account, err := s.Store.Accounts.Get(ctx, setup.AccountID)
		if err != nil {
			return err
		}
		page.Username = account.Username
	}
	if err := s.Store.Setups.Finish(ctx, pass); err != nil {
		return err
	}
	s.clearCookie(c, linkSetup)
	if err := s.Desk.Reload(ctx); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "setup_done", page)
}

// setupArrivedForm answers GET /welcome/arrived, to which the mail of the set-up leads.
func (s *site) setupArrivedForm(c *gin.Context) error {
	if _, err := s.arriveByLink(c, linkSetupMail); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "setup_arrived", setupArrivedPage{Base: s.base(c, "setup_arrived")})
}

// setupArrived answers POST /welcome/arrived.
func (s *site) setupArrived(c *gin.Context, _ form) error {
	token, err := s.linkToken(c, linkSetupMail)
	if err != nil {
		return err
	}
	if err := s.Store.Setups.SeeMail(c.Request.Context(), token); err != nil {
		return s.spent(c, linkSetupMail, err)
	}
	s.clearCookie(c, linkSetupMail)
	return s.render(c, http.StatusOK, "setup_arrived", setupArrivedPage{Base: s.base(c, "setup_arrived"), Done: true})
}

// setupMailState answers GET /welcome/mail/state. The page that waits for the click asks for it.
func (s *site) setupMailState(c *gin.Context) error {
	setup, _, err := s.setupOf(c)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		State string `json:"state"`
	}{mailState(setup)})
}

// mailState says how far the trial of the mail settings is: "" for no mail yet, "sent" or "seen".
func mailState(setup models.Setup) string {
	switch {
	case !setup.MailSeenAt.IsZero():
		return "seen"
	case !setup.MailSentAt.IsZero():
		return "sent"
	default:
		return ""
	}
}
