package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// checkObject is the result of a check, as an agent tells it.
type checkObject struct {
	Name      string     `json:"name"`
	Subject   string     `json:"subject"`
	State     string     `json:"state"`
	Reason    string     `json:"reason"`
	Until     *time.Time `json:"until"`
	Version   string     `json:"version"`
	Seconds   int64      `json:"seconds"`
	Megabytes int64      `json:"megabytes"`
}

func (o checkObject) read() models.Check {
	check := models.Check{Name: o.Name, Subject: o.Subject, State: o.State, Reason: o.Reason, Version: o.Version, Seconds: o.Seconds, Megabytes: o.Megabytes}
	if o.Until != nil {
		check.Until = *o.Until
	}
	return check
}

// serverCheckObject is the result of a check, as the owner of the server sees it.
type serverCheckObject struct {
	checkObject

	Since time.Time `json:"since"`
}

func serverCheckOf(c models.Check) serverCheckObject {
	return serverCheckObject{
		checkObject: checkObject{
			Name: c.Name, Subject: c.Subject, State: c.State, Reason: c.Reason, Until: moment(c.Until), Version: c.Version, Seconds: c.Seconds, Megabytes: c.Megabytes,
		},
		Since: c.Since.UTC(),
	}
}

// apiTellChecks answers PUT /api/v1/server/checks.
func (s *site) apiTellChecks(c *gin.Context, this models.Server) error {
	in, err := readJSON[struct {
		Checks []checkObject `json:"checks"`
	}](c)
	if err != nil {
		return err
	}
	return done(c, s.Store.Checks.Tell(c.Request.Context(), this, each(in.Checks, checkObject.read)))
}

// apiServerChecks answers GET /api/v1/servers/{id}/checks.
func (s *site) apiServerChecks(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.Checks.List(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Checks    []serverCheckObject `json:"checks"`
		CheckedAt *time.Time          `json:"checked_at"`
		AskedAt   *time.Time          `json:"asked_at"`
	}{each(found.Checks, serverCheckOf), moment(found.CheckedAt), moment(found.AskedAt)})
}

// apiAskForChecks answers POST /api/v1/servers/{id}/checks.
func (s *site) apiAskForChecks(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return accepted(c, s.Store.Checks.Ask(c.Request.Context(), session.AccountID, id))
}
