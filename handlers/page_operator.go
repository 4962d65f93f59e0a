package handlers

import (
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatorPage is the part of a page that all pages of operators share.
type operatorPage struct {
	Base
	Parts operatorParts
}

// operatorParts are the links between the pages of operators, for partials/operator_parts.html.
type operatorParts struct {
	Base
	Parts []serverPart
}

// operatorSession returns the session of an operator. It returns models.ErrNotFound to everybody
// else, so that these pages do not exist for them.
func (s *site) operatorSession(c *gin.Context) (models.Session, error) {
	session, err := s.signedIn(c)
	if err != nil {
		return session, err
	}
	return session, s.onlyOperators(c)
}

// onlyOperators returns models.ErrNotFound if the visitor is not an operator.
func (s *site) onlyOperators(c *gin.Context) error {
	visitor, err := visitOf(c).visitor()
	if err == nil && !visitor.Operator {
		err = models.ErrNotFound
	}
	return err
}

// operatorSessionRecently does the work of operatorSession, for acts that must not be open to a person who finds an
// unattended browser.
func (s *site) operatorSessionRecently(c *gin.Context) (models.Session, error) {
	if _, err := s.operatorSession(c); err != nil {
		return models.Session{}, err
	}
	return s.signedInRecently(c)
}

// operatorBase returns the part of a page of operators that all of them share. The parameter here is the part of the
// console to which the page belongs, as addresses name it; "" for the overview.
func (s *site) operatorBase(c *gin.Context, name, here string, wrong mistakes) operatorPage {
	base := s.base(c, name).telling(wrong)
	return operatorPage{base, operatorParts{base, base.operatorLinks(here)}}
}

// operatorLinks returns the links between the pages of operators.
func (b Base) operatorLinks(here string) []serverPart {
	texts := []string{
		b.T("operator.parts.overview"), b.T("operator.parts.accounts"), b.T("operator.parts.families"), b.T("operator.parts.servers"), b.T("operator.parts.invites"), b.T("operator.parts.messages"), b.T("operator.parts.mails"),
		b.T("operator.parts.throttles"), b.T("operator.parts.webhooks"), b.T("operator.parts.health"), b.T("operator.parts.settings"), b.T("operator.parts.history"),
	}
	parts := []string{"", "accounts", "families", "servers", "invites", "messages", "mails", "throttles", "webhooks", "health", "settings", "history"}
	links := make([]serverPart, len(parts))
	for i, part := range parts {
		links[i] = serverPart{Href: operatorAddress(part, nil), Text: texts[i], Here: part == here}
	}
	return links
}

// operatorAddress returns the address of a page of operators with the parameters of its query that are not "".
func operatorAddress(part string, query map[string]string) string {
	address := operatorPath
	if part != "" {
		address += "/" + part
	}
	values := url.Values{}
	for name, value := range query {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return address
	}
	return address + "?" + values.Encode()
}

// operatorFilters returns the links to a list with each of its states. The parameter query has the other parameters.
func operatorFilters(part, chosen string, query map[string]string, states, texts []string) []serverPart {
	filters := make([]serverPart, len(states))
	for i, state := range states {
		with := map[string]string{"state": state}
		maps.Copy(with, query)
		filters[i] = serverPart{Href: operatorAddress(part, with), Text: texts[i], Here: state == chosen}
	}
	return filters
}

// operatorTurns returns the links to the first and the next page of a list.
func operatorTurns(b Base, part string, query map[string]string, asked pageAsked, next string) turnsView {
	var turns Turns
	if asked.after != "" {
		turns.First = operatorAddress(part, query)
	}
	if next != "" {
		with := map[string]string{turnBefore: next}
		maps.Copy(with, query)
		turns.Next = operatorAddress(part, with)
	}
	return turnsView{b, turns}
}

// operatorOverviewPage is the data of templates/pages/operator.html.
type operatorOverviewPage struct {
	operatorPage
	models.Overview
	ServersUp int
	Version   string // of the program
	Charts    []chartView
}

// chartView is one chart of the overview, with the table that says the same.
type chartView struct {
	ID, Title string
	Total     int
	Most      int        // the highest number of a day
	Rows      []chartRow // a day each, the oldest first
}

// chartRow is one day of a chart. The bar has the lower left corner X, Y+Height in a drawing of 300 by 60.
type chartRow struct {
	Date         time.Time
	Count        int
	X, Y, Height int
}

// The size of the drawings.
const (
	chartHeight = 60
	chartStep   = 10
)

// operatorOverview answers GET /admin.
func (s *site) operatorOverview(c *gin.Context) error {
	if _, err := s.operatorSession(c); err != nil {
		return err
	}
	found, err := s.Store.Console.Overview(c.Request.Context())
	if err != nil {
		return err
	}
	page := operatorOverviewPage{operatorPage: s.operatorBase(c, "operator", "", mistakes{status: http.StatusOK}), Overview: found, Version: s.Version}
	page.ServersUp = found.Servers - found.ServersAway - found.ServersDisabled
	page.Charts = page.charts(found.Days)
	return s.render(c, http.StatusOK, "operator", page)
}

// charts returns the charts of the overview.
func (b Base) charts(days []models.Day) []chartView {
	return []chartView{
		newChartView("sign-ups", b.T("operator.chart.sign_ups"), days, func(d models.Day) int { return d.SignUps }),
		newChartView("sign-ins", b.T("operator.chart.sign_ins"), days, func(d models.Day) int { return d.SignIns }),
		newChartView("devices", b.T("operator.chart.devices"), days, func(d models.Day) int { return d.Devices }),
		newChartView("mails", b.T("operator.chart.mails"), days, func(d models.Day) int { return d.Mails }),
	}
}

func newChartView(id, title string, days []models.Day, count func(models.Day) int) chartView {
	chart := chartView{ID: id, Title: title}
	for _, day := range days {
		chart.Total += count(day)
		chart.Most = max(chart.Most, count(day))
	}
	for i, day := range days {
		row := chartRow{Date: day.Date, Count: count(day), X: i * chartStep}
		if row.Count > 0 {
			row.Height = max(2, row.Count*chartHeight/chart.Most) // so that one of many can be seen
		}
		row.Y = chartHeight - row.Height
		chart.Rows = append(chart.Rows, row)
	}
	return chart
}

// operatorRecord reads what the page of one account, mail or server begins with: the session of the operator, the id in
// the path, and the mistakes of the act that was refused, if cause is not nil.
func (s *site) operatorRecord(c *gin.Context, cause error) (session models.Session, id int64, wrong mistakes, err error) {
	if session, err = s.operatorSession(c); err != nil {
		return session, 0, mistakes{}, err
	}
	if id, err = idOf(c.Param("id")); err != nil {
		return session, 0, mistakes{}, err
	}
	wrong, err = s.mistakesOf(c, cause)
	return session, id, wrong, err
}
