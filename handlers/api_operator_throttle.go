package handlers

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// throttlesObject has counters that refuse tries now.
type throttlesObject struct {
	Throttles []throttledObject `json:"throttles"`
}

// throttledObject is a counter that refuses tries now.
type throttledObject struct {
	What  string    `json:"what"`
	Scope string    `json:"scope"` // account, name, address or network
	Tries int       `json:"tries"`
	Until time.Time `json:"until"`
}

func throttledOf(t models.Throttled) throttledObject {
	return throttledObject{What: t.What, Scope: t.Scope, Tries: t.Tries, Until: t.Until}
}

// apiThrottles answers GET /api/v1/operator/throttles, for the name or address in the parameter subject.
func (s *site) apiThrottles(c *gin.Context) error {
	subject, _, err := parameter(c, "subject")
	if err == nil && strings.TrimSpace(subject) == "" {
		err = oneMistake("subject", "subject_missing")
	}
	if err != nil {
		return err
	}
	found, err := s.Store.Console.Throttles(c.Request.Context(), subject)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, throttlesObject{each(found, throttledOf)})
}

// apiLiftThrottles answers POST /api/v1/operator/throttles/lift.
func (s *site) apiLiftThrottles(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Subject string `json:"subject"`
	}](c)
	if err != nil {
		return err
	}
	if strings.TrimSpace(in.Subject) == "" {
		return oneMistake("subject", "subject_missing")
	}
	return done(c, s.Store.Console.LiftThrottles(c.Request.Context(), session.AccountID, in.Subject))
}
