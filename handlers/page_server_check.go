package handlers

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// serverCheckPage is the data of templates/pages/server_check.html: what the agent of a server has found out, and what the
// service finds from outside.
type serverCheckPage struct {
	Base
	ServerID, Server string
	Agent            bool // whether the server runs our agent
	CheckedAt        time.Time
	Waits            bool // the owner has asked for new results, which have not come yet
	Slow             bool // and they have not come for longer than usual
	Found            []checkView
	Fine             []checkView
	Outside          bool // the operator lets the service ask from outside
	Tries            []tryView
}

// checkView is the result of one check.
type checkView struct {
	Name, Subject string // the subject is the address that was checked, or ""
	State, Tag    string // the state, and its name in the reader's language
	Text, Advice  string // the advice is "" if nothing is to be done
	Since         time.Time
}

// tryView shows the finding at one address from outside.
type tryView struct {
	Address      string
	Tried        bool
	Good         bool
	Text, Advice string
	At           time.Time
}

// serverChecks answers GET /servers/ID/checks.
func (s *site) serverChecks(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	return s.showServerChecks(c, own, nil)
}

// askForChecks answers POST /servers/ID/checks: the agent makes all checks again.
func (s *site) askForChecks(c *gin.Context, _ form) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	if err := s.Store.Checks.Ask(c.Request.Context(), own.session.AccountID, own.serverID); err != nil {
		return s.showServerChecks(c, own, err)
	}
	return seeOther(c, own.to+"/checks")
}

// tryOutside answers POST /servers/ID/tries: the service asks the addresses of the server from outside.
func (s *site) tryOutside(c *gin.Context, _ form) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	if _, err := s.Store.Tries.Make(c.Request.Context(), own.session.AccountID, own.serverID, s.askOutside()); err != nil {
		return s.showServerChecks(c, own, err)
	}
	return seeOther(c, own.to+"/checks#outside")
}

// checksSlow is the time after which an agent that was asked should have told its results.
const checksSlow = 2 * time.Minute

func (s *site) showServerChecks(c *gin.Context, own owned, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	found, err := s.Store.Checks.List(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return err
	}
	tries, err := s.Store.Tries.List(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return err
	}
	page := serverCheckPage{
		Base: s.base(c, "server_check").telling(wrong), ServerID: idText(own.serverID), Server: found.Server.Name,
		Agent: found.Server.Kind == models.ServerAgent, CheckedAt: found.CheckedAt, Waits: !found.AskedAt.IsZero(), Outside: s.Outside != nil,
	}
	page.Slow = page.Waits && s.Store.Now().Sub(found.AskedAt) > checksSlow
	for _, one := range found.Checks {
		view := s.newCheckView(page.Base, one)
		if one.State == models.CheckOK {
			page.Fine = append(page.Fine, view)
		} else {
			page.Found = append(page.Found, view)
		}
	}
	for _, one := range tries {
		page.Tries = append(page.Tries, newTryView(page.Base, one))
	}
	return s.render(c, wrong.status, "server_check", page)
}

// newCheckView returns a check with its words.
func (s *site) newCheckView(b Base, one models.Check) checkView {
	key := "check." + one.Name + "." + one.Reason
	params := []any{
		"Date", b.Date(one.Until), "Version", one.Version, "Duration", s.duration(b.Locale, time.Duration(one.Seconds)*time.Second),
		"Megabytes", strconv.FormatInt(one.Megabytes, 10),
	}
	view := checkView{
		Name: b.T("check.name." + one.Name), State: one.State, Tag: b.T("check.state." + one.State),
		Text: b.wordsUntil(key, one.Until, params...), Advice: b.maybe(key+".do", params...), Since: one.Since,
	}
	if address, ok := shortAddress(one.Subject); ok {
		view.Subject = address
	}
	return view
}

// shortAddress returns an address as people write it. It reports false for any other text.
func shortAddress(text string) (string, bool) {
	address, ok := models.ReadAddress(text)
	return address.Short(), ok
}

func newTryView(b Base, one models.Try) tryView {
	view := tryView{Address: one.Address.Short(), Tried: one.Finding != "", Good: one.Finding == models.TryFine, At: one.At}
	if !view.Tried {
		return view
	}
	key := "try." + one.Finding
	view.Text = b.wordsUntil(key, one.Until, "Date", b.Date(one.Until))
	view.Advice = b.maybe(key+".do", "Date", b.Date(one.Until))
	return view
}

// wordsUntil returns a text. If the end of a certificate is known and there is a text with it, that one is returned.
func (b Base) wordsUntil(key string, until time.Time, params ...any) string {
	if !until.IsZero() {
		if said := b.maybe(key+".until", params...); said != "" {
			return said
		}
	}
	return b.T(key, params...)
}

// maybe returns a text, or "" if there is none with that key.
func (b Base) maybe(key string, params ...any) string {
	if said := b.T(key, params...); said != key {
		return said
	}
	return ""
}

// serverChecksState answers GET /servers/ID/checks/state, by which the page learns that new results have come.
func (s *site) serverChecksState(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	found, err := s.Store.Checks.List(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return err
	}
	state := "here"
	if !found.AskedAt.IsZero() {
		state = "asked"
	}
	return answerJSON(c, http.StatusOK, struct {
		State string `json:"state"`
	}{state})
}
