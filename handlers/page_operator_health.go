package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/health"
)

// operatorHealthPage is the data of templates/pages/operator_health.html.
type operatorHealthPage struct {
	operatorPage
	At    time.Time // when the checks were made
	Wrong []healthView
	Fine  []healthView
}

// healthView is one check.
type healthView struct {
	health.Line
	Tag string // the state, in the reader's language
}

// operatorHealth answers GET /admin/health. Besides the checks, it looks at how the request of this reader arrived.
func (s *site) operatorHealth(c *gin.Context) error {
	if _, err := s.operatorSession(c); err != nil {
		return err
	}
	list, at := s.healthOf(c)
	page := operatorHealthPage{operatorPage: s.operatorBase(c, "operator_health", "health", mistakes{status: http.StatusOK}), At: at}
	page.fill(list)
	return s.render(c, http.StatusOK, "operator_health", page)
}

// fill writes the checks into the page, those that are in order apart from the others.
func (p *operatorHealthPage) fill(list []health.Check) {
	for _, line := range health.Tell(list, p.sayHealth) {
		view := healthView{line, p.T("health.state." + string(line.State))}
		if line.State == health.OK {
			p.Fine = append(p.Fine, view)
		} else {
			p.Wrong = append(p.Wrong, view)
		}
	}
}

// sayHealth returns a text of a check in the reader's language.
func (b Base) sayHealth(key string, params map[string]any) string {
	return b.Catalogue.Say(b.Locale, key, params)
}
