package handlers

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// eventObject is an event in the history of an account.
type eventObject struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Subject string    `json:"subject"` // what it was about, by its name then; "" for nothing
	Address string    `json:"address"` // "" when unknown
	Device  string    `json:"device"`  // "" when unknown
	By      string    `json:"by"`      // the username of the guardian who did it; "" for nobody
	At      time.Time `json:"at"`
}

// apiHistory answers GET /api/v1/account/history, the newest event first.
func (s *site) apiHistory(c *gin.Context, session models.Session) error {
	asked, err := s.pageAsked(c, "history", idText(session.AccountID))
	if err != nil {
		return err
	}
	found, err := s.Store.History.Page(c.Request.Context(), session.AccountID, asked.afterID(), asked.more())
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, func(e models.PastEvent) eventObject {
		return eventObject{ID: idText(e.ID), Kind: string(e.Kind), Subject: e.Subject, Address: e.Address, Device: e.Device, By: e.By, At: e.At.UTC()}
	}, func(e models.PastEvent) string { return idText(e.ID) })
}
