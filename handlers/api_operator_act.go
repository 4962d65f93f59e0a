package handlers

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// actObject is something that an operator did.
type actObject struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	By        string    `json:"by"`         // the username of the operator; "" for the command line and for an account that is gone
	AccountID *string   `json:"account_id"` // whom it concerns; null for nobody and for an account that is gone
	Username  string    `json:"username"`   // of that account; "" without one
	ServerID  *string   `json:"server_id"`
	Subject   string    `json:"subject"` // the name of a server or the kind of a mail; "" for neither
	At        time.Time `json:"at"`
}

// apiOperatorActs answers GET /api/v1/operator/acts, the newest first.
func (s *site) apiOperatorActs(c *gin.Context) error {
	asked, err := s.pageAsked(c, "acts of operators")
	if err != nil {
		return err
	}
	found, err := s.Store.Console.Acts(c.Request.Context(), models.ActsAsk{Before: asked.afterID(), Most: asked.more()})
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, actOf, func(a models.Act) string { return idText(a.ID) })
}

func actOf(a models.Act) actObject {
	out := actObject{ID: idText(a.ID), Kind: string(a.Kind), By: a.Actor, Username: a.Account, Subject: a.Subject, At: a.At}
	if a.AccountID > 0 {
		id := idText(a.AccountID)
		out.AccountID = &id
	}
	if a.ServerID != 0 {
		id := idText(a.ServerID)
		out.ServerID = &id
	}
	return out
}
