package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// tryObject holds the finding at an address from outside.
type tryObject struct {
	Address string     `json:"address"`
	Finding string     `json:"finding"` // "" before the first try
	Until   *time.Time `json:"until"`
	TriedAt *time.Time `json:"tried_at"`
}

func tryOf(t models.Try) tryObject {
	return tryObject{Address: t.Address.URL(), Finding: t.Finding, Until: moment(t.Until), TriedAt: moment(t.At)}
}

// apiServerTries answers GET /api/v1/servers/{id}/tries.
func (s *site) apiServerTries(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	tries, err := s.Store.Tries.List(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	return answerList(c, "tries", tries, tryOf)
}

// apiMakeTry answers POST /api/v1/servers/{id}/tries.
func (s *site) apiMakeTry(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	tries, err := s.Store.Tries.Make(c.Request.Context(), session.AccountID, id, s.askOutside())
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Tries []tryObject `json:"tries"`
	}{each(tries, tryOf)})
}
