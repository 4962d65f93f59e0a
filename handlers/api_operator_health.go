package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/health"
)

// healthOf returns the checks of the service, with that of the request itself at their beginning, and when they were made.
func (s *site) healthOf(c *gin.Context) ([]health.Check, time.Time) {
	list, at := []health.Check{}, s.Store.Now()
	if s.Health != nil {
		list, at = s.Health.List(c.Request.Context())
	}
	arrived := health.ArrivalOf(c.Request, s.TrustedProxies).Judge("reader", s.PublicURL)
	return append([]health.Check{arrived}, list...), at
}

// healthObject has the checks of the service.
type healthObject struct {
	State     string              `json:"state"` // the worst of all
	CheckedAt time.Time           `json:"checked_at"`
	Checks    []healthCheckObject `json:"checks"`
}

// healthCheckObject is one check.
type healthCheckObject struct {
	Name    string       `json:"name"`
	Title   string       `json:"title"`
	Subject string       `json:"subject"`
	State   health.State `json:"state"`
	Reason  string       `json:"reason"`
	Found   string       `json:"found"`
	Advice  string       `json:"advice"`
}

// apiOperatorHealth answers GET /api/v1/operator/health.
func (s *site) apiOperatorHealth(c *gin.Context) error {
	list, at := s.healthOf(c)
	locale := s.locale(c)
	lines := health.Tell(list, func(key string, params map[string]any) string { return s.Catalogue.Say(locale, key, params) })
	return answerJSON(c, http.StatusOK, healthObject{
		State: string(health.Worst(list)), CheckedAt: at.UTC().Truncate(time.Second),
		Checks: each(lines, func(line health.Line) healthCheckObject { return healthCheckObject(line) }),
	})
}
