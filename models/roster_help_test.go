package models_test

import (
	"strings"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
)

// named returns a confirmed account with a username.
func (k *kit) named(name string) models.Account {
	k.t.Helper()
	_, err := k.Operators.Create(k.t.Context(), models.SignUp{Username: name, Email: addressOf(name), Password: goodPassword})
	k.must(err)
	k.must(k.Operators.Confirm(k.t.Context(), name))
	return k.byName(name)
}

// offerTo invites an account to a server, as a guest or as the local user with an external id.
func (k *kit) offerTo(owner, to models.Account, m media, linkType, externalID string) models.Invite {
	k.t.Helper()
	in := models.InviteServer{ServerID: m.ID}
	if externalID != "" {
		in.LocalUserID = k.localUser(owner, m, externalID).ID
	}
	invite, err := k.Invites.Create(k.t.Context(), owner.ID, models.NewInvite{To: to.Username, Type: linkType, Servers: []models.InviteServer{in}}, home)
	k.must(err)
	return invite
}

// accept accepts an invite for an account.
func (k *kit) accept(invite models.Invite, a models.Account) {
	k.t.Helper()
	k.must(k.Invites.Accept(k.t.Context(), a.ID, invite.ID, home))
}

// analyze lets the engine count the rows of the tables of a roster, so that it plans as on a real server.
func (k *kit) analyze() {
	k.t.Helper()
	if models.DatabaseOf(k.Store).Dialect == database.SQLite {
		k.exec("ANALYZE")
		return
	}
	k.skipOtherPlans()
	_ = k.texts("ANALYZE TABLE links, local_users, accounts, invites, invite_servers")
}

// planText returns how the engine would run a statement, as one text.
func (k *kit) planText(statement string, args ...any) string {
	k.t.Helper()
	explain := "EXPLAIN "
	if models.DatabaseOf(k.Store).Dialect == database.SQLite {
		explain = "EXPLAIN QUERY PLAN "
	}
	var lines []string
	for _, row := range k.texts(explain+statement, values(args)...) {
		lines = append(lines, strings.Join(row, " "))
	}
	return strings.Join(lines, "\n")
}
