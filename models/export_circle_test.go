package models_test

import (
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// circleVerdicts are the verdicts of exportVerdicts about circles.
var circleVerdicts = map[string]string{
	"links.circle_id":              "not: an internal number; Circles names the circles",
	"invites.circle_id":            "not: Invites.Circle names the circle",
	"circle_people.circle_id":      "as Circles.CircleID",
	"circle_people.account_id":     "not: it is the account's own id, see Account.ID",
	"circle_people.invited_by":     "not: another person",
	"circle_people.joined_at":      "as Circles.JoinedAt",
	"circle_servers.circle_id":     "as CircleServers.CircleID",
	"circle_servers.server_id":     "as CircleServers.ServerID",
	"circle_servers.owner_id":      "not: it is the account's own id, see Account.ID",
	"circle_servers.libraries":     "not: CircleServers.Terms.Libraries holds the names",
	"circle_servers.link_days":     "as CircleServers.Terms.LinkDays",
	"circle_servers.ends_at":       "as CircleServers.Terms.EndsAt",
	"circle_servers.people_most":   "as CircleServers.Terms.PeopleMost",
	"circle_servers.ask_first":     "as CircleServers.Terms.AskFirst",
	"circle_servers.shut":          "as CircleServers.Terms.Shut",
	"circle_servers.terms_version": "not: an internal counter",
	"circle_servers.joined_at":     "as CircleServers.JoinedAt",
	"circle_servers.lock_version":  "not: an internal counter",
	"circle_asks.circle_id":        "as CircleAsks.CircleID",
	"circle_asks.account_id":       "not: it is the account's own id, see Account.ID",
	"circle_asks.asked_by":         "not: another person",
	"circle_asks.created_at":       "as CircleAsks.AskedAt",
	"circle_asks.expires_at":       "as CircleAsks.ExpiresAt",
	"circle_answers.circle_id":     "as CircleWaits.CircleID",
	"circle_answers.server_id":     "as CircleWaits.ServerID",
	"circle_answers.account_id":    "not: it is the account's own id, see Account.ID",
	"circle_answers.state":         "not: the export has the rows that wait; the others are notes of an owner about their own server",
	"circle_answers.created_at":    "as CircleWaits.At",
}

// fillCircles puts a server of an account into a circle. Another circle asks the account, and a server there lets it
// wait.
func (k *kit) fillCircles(own media, a models.Account) {
	k.t.Helper()
	terms := models.CircleTerms{
		PeopleMost: 5, LinkDays: 30, EndsAt: k.Now().Add(24 * time.Hour), AskFirst: true, Shut: true, Libraries: []models.Library{{ExternalID: "l-films"}},
	}
	_, err := k.Circles.Make(k.t.Context(), a.ID, "Friends", own.ID, terms, home)
	k.must(err)
	k.exec("INSERT INTO circle_asks (circle_id, account_id, asked_by, created_at, expires_at) VALUES (7, ?, 8, ?, ?)", a.ID, k.Now(), k.Now())
	k.exec("INSERT INTO circle_answers (circle_id, server_id, account_id, state, created_at) VALUES (7, 9, ?, 'waiting', ?)", a.ID, k.Now())
}
