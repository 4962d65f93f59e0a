package models_test

import (
	"errors"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// canQuick lets the agent of a server report that codes of Quick Connect can be
// approved.
func (k *kit) canQuick(m media) {
	k.t.Helper()
	in := report()
	in.QuickConnect = true
	k.report(k.again(m), in)
}

// quick enters a code for a server, as a person does.
func (k *kit) quick(session models.Session, m media, code string) models.QuickConnect {
	k.t.Helper()
	asked, err := k.QuickConnects.Ask(k.t.Context(), session, m.ID, code, home)
	k.must(err)
	return asked
}

// openQuick returns the Quick Connect codes that wait for the agent of a server.
func (k *kit) openQuick(m media) []models.QuickConnect {
	k.t.Helper()
	open, err := k.QuickConnects.Open(k.t.Context(), m.Server)
	k.must(err)
	return open
}

// isQuick checks the state of a try.
func (k *kit) isQuick(q models.QuickConnect, state, reason string) {
	k.t.Helper()
	got, err := k.QuickConnects.Get(k.t.Context(), q.AccountID, q.ID)
	k.must(err)
	if got.State != state || got.Reason != reason || got.Code != "" {
		k.t.Errorf("try %+v, want %s %s", got, state, reason)
	}
}

// hasField checks that err is about one field and has the given code.
func (k *kit) hasField(err error, field, code string) {
	k.t.Helper()
	e, ok := errors.AsType[*models.Error](err)
	if !ok || len(e.Fields) != 1 || e.Fields[0].Field != field || e.Fields[0].Code != code {
		k.t.Errorf("got error %v, want %s=%s", err, field, code)
	}
}

// quickHome returns a server of a new owner whose agent can approve codes, and a session of
// a person who is linked to it.
func (k *kit) quickHome() (m media, person models.Account, session models.Session) {
	k.t.Helper()
	owner := k.account()
	m = k.agent(owner)
	k.canQuick(m)
	person = k.member(owner, m)
	return k.again(m), person, k.signIn(person).Session
}

// limitedQuick sets the production limits for Quick Connect again.
func limitedQuick(o *models.Options) {
	l := models.ProductionLimits()
	o.Limits.QuickAccount, o.Limits.QuickHour, o.Limits.QuickSource, o.Limits.QuickServer = l.QuickAccount, l.QuickHour, l.QuickSource, l.QuickServer
}

func (k *kit) inviteHere(m media, to string) (models.Invite, error) {
	return k.Agents.InviteHere(k.t.Context(), m.Server, models.ServerInvite{
		To: to, Type: models.LinkGuest, Libraries: []models.Library{{ExternalID: "l-films"}}, EndsAt: k.Now().Add(time.Hour),
	}, tv)
}
