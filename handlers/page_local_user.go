package handlers

import (
	"github.com/latchkey-media/latchkey/internal/printable"
	"github.com/latchkey-media/latchkey/models"
)

// localUserView is a local user to whom nobody is linked.
type localUserView struct {
	ID, Name                      string
	Disabled, Administrator, Gone bool
}

func newLocalUserView(one models.LocalUser) localUserView {
	return localUserView{
		ID: idText(one.ID), Name: one.Name, Disabled: one.Disabled, Administrator: one.Administrator, Gone: !one.GoneAt.IsZero(),
	}
}

// commandToAllow returns the command with which somebody at the machine of the media server
// allows a local user. It returns "" if no yes is needed: the agent already allows the
// local user, no account is linked to it, or the media server no longer has it.
func commandToAllow(one models.LocalUser) string {
	if !one.NotAllowed || one.LinkedTo == "" || !one.GoneAt.IsZero() {
		return ""
	}
	return "sudo latchkey agent allow " + printable.Word(one.Name)
}
