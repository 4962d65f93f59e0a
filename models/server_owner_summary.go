package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// ServerSummary has the facts that an owner has to know about a server.
type ServerSummary struct {
	Server
	Addresses []Address // hidden ones too, in the order in which clients try them

	Away         bool      // it has an agent that has not called for [AwayAfter]
	UpSince      time.Time // when it called after an absence; zero while that is not known
	AgentVersion string    // "" while the agent has not told it
	StatesAt     time.Time // when the agent told the states of local users last; zero for never
	QuickConnect bool      // its agent has reported that codes can be approved

	NeedsQuickConnect bool // the media server makes tokens by Quick Connect alone

	People     int // accepted links
	Pending    int // links that wait for the answer of their person
	KeptOut    int // accepted links that something keeps out, see [RosterOut]
	NotAllowed int // those of KeptOut whose local user waits for the yes of the agent's admin
	Free       int // local users without a link
	Invites    int // invites that can be accepted

	ChecksWrong   int // checks of its agent that found something wrong, see [Checks]
	ChecksWarning int // checks that gave a warning
}

// The things that can be wrong with a server, for [ServerSummary.Troubles].
const (
	TroubleDisabled     = "disabled"      // an operator shut the server out
	TroubleAway         = "away"          // see [ServerSummary.Away]
	TroubleNotAllowed   = "not_allowed"   // people wait for the yes of the agent's admin
	TroubleKeptOut      = "kept_out"      // something else keeps people out
	TroubleQuickConnect = "quick_connect" // the media server has Quick Connect switched off, so linked people get no token
	TroubleNoAddress    = "no_address"    // devices get no address of the server
	TroubleOnlyHome     = "only_home"     // devices get only addresses that work at home
	TroubleChecks       = "checks"        // a check of its agent found something wrong
	TroubleWarnings     = "warnings"      // the checks found nothing wrong, and gave a warning
)

// Troubles lists what is wrong with the server, the worst first.
func (s *ServerSummary) Troubles() []string {
	shown := slices.DeleteFunc(slices.Clone(s.Addresses), func(a Address) bool { return a.Hidden })
	var list []string
	for _, one := range []struct {
		name string
		is   bool
	}{
		{TroubleDisabled, !s.DisabledAt.IsZero()},
		{TroubleAway, s.Away},
		{TroubleChecks, s.ChecksWrong > 0},
		{TroubleNotAllowed, s.NotAllowed > 0},
		{TroubleKeptOut, s.KeptOut > s.NotAllowed},
		{TroubleQuickConnect, s.NeedsQuickConnect && !s.QuickConnect},
		{TroubleNoAddress, len(shown) == 0},
		{TroubleOnlyHome, len(shown) > 0 && !slices.ContainsFunc(shown, func(a Address) bool { return a.Kind != AddressLAN })},
		{TroubleWarnings, s.ChecksWrong == 0 && s.ChecksWarning > 0},
	} {
		if one.is {
			list = append(list, one.name)
		}
	}
	return list
}

// The statements that count for a summary read indexes alone, and the links of those who are kept out, so that they
// take no longer for a server with many people.
const (
	countLinks      = "SELECT state, COUNT(*) AS links, COUNT(local_user_id) AS named FROM links WHERE server_id = ? AND (ends_at IS NULL OR ends_at > ?) GROUP BY state"
	countLocalUsers = "SELECT COUNT(*) FROM local_users WHERE server_id = ?"
	countLocked     = `SELECT COUNT(*) AS kept_out, COALESCE(SUM(CASE WHEN u.not_allowed = ? AND u.gone_at IS NULL AND u.disabled = ? THEN 1 ELSE 0 END), 0) AS not_allowed
FROM local_users u JOIN links l ON l.server_id = u.server_id AND l.local_user_id = u.id
WHERE u.server_id = ? AND ` + rosterLocked + ` AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?) AND NOT ` + rosterPaused
	countGuestsToMake = "SELECT COUNT(*) FROM links WHERE server_id = ? AND local_user_id IS NULL AND state = ? AND type = ? AND (ends_at IS NULL OR ends_at > ?)"
	countInvites      = "SELECT COUNT(*) FROM invites i WHERE i.owner_id = ? AND " + openAtServer
)

// Summary reads what an owner has to know about a server. It returns [ErrNotFound].
func (s *Servers) Summary(ctx context.Context, ownerID, serverID int64) (ServerSummary, error) {
	row, err := s.ownedServer(ctx, s.read(ctx), ownerID, serverID)
	if err != nil {
		return ServerSummary{}, err
	}
	now := s.Now()
	sum := ServerSummary{
		Server: row.server(), UpSince: orZero(row.UpSince), AgentVersion: row.AgentVersion, StatesAt: orZero(row.StatesAt),
		QuickConnect: row.QuickConnect, NeedsQuickConnect: row.NeedsQuickConnect, Away: row.away(now),
	}
	if sum.Addresses, err = s.addressesOf(ctx, serverID); err != nil {
		return sum, err
	}
	if err := sum.count(s.read(ctx), ownerID, now); err != nil {
		return sum, explained("count the people", err)
	}
	return sum, explained("count what is wrong", sum.countChecks(s.read(ctx)))
}

// countChecks fills in the numbers of the checks. The results of an agent that is away are old, and do not count.
func (s *ServerSummary) countChecks(db *gorm.DB) error {
	if s.Kind != ServerAgent || s.Away {
		return nil
	}
	var rows []struct {
		State string
		N     int
	}
	if err := db.Raw("SELECT state, COUNT(*) AS n FROM server_checks WHERE server_id = ? GROUP BY state", s.ID).Scan(&rows).Error; err != nil {
		return err
	}
	for _, one := range rows {
		switch one.State {
		case CheckWrong:
			s.ChecksWrong = one.N
		case CheckWarning:
			s.ChecksWarning = one.N
		}
	}
	return nil
}

// away reports whether the agent of a server has not called for [AwayAfter]. A server without an agent calls so
// seldom that a long time without a call does not mean anything.
func (r *serverRow) away(now time.Time) bool {
	return r.Kind == ServerAgent && now.Sub(r.LastSeenAt) > AwayAfter
}

// addressesOf reads all addresses of a server, hidden ones too.
func (c *core) addressesOf(ctx context.Context, serverID int64) ([]Address, error) {
	rows, err := database.G[addressRow](c.read(ctx)).Where("server_id = ?", serverID).Order("position, id").Find(ctx)
	if err != nil {
		return nil, explained("read the addresses", err)
	}
	var list []Address
	for i := range rows {
		list = append(list, rows[i].address())
	}
	return list, nil
}

// count sets the numbers of the summary: of people, of free local users, of people who are kept
// out, and of invites.
func (s *ServerSummary) count(db *gorm.DB, ownerID int64, now time.Time) error {
	var links []struct {
		State        string
		Links, Named int
	}
	if err := db.Raw(countLinks, s.ID, now).Scan(&links).Error; err != nil {
		return err
	}
	named := 0
	for _, one := range links {
		named += one.Named
		if one.State == LinkAccepted {
			s.People = one.Links
		} else {
			s.Pending = one.Links
		}
	}
	var users, guests int
	if err := db.Raw(countLocalUsers, s.ID).Scan(&users).Error; err != nil {
		return err
	}
	s.Free = max(users-named, 0)
	var locked struct{ KeptOut, NotAllowed int }
	if err := db.Raw(countLocked, true, false, s.ID, true, true, true, LinkAccepted, now, now).Scan(&locked).Error; err != nil {
		return err
	}
	if s.Kind == ServerAgent {
		if err := db.Raw(countGuestsToMake, s.ID, LinkAccepted, LinkGuest, now).Scan(&guests).Error; err != nil {
			return err
		}
	}
	s.KeptOut, s.NotAllowed = locked.KeptOut+guests, locked.NotAllowed
	return db.Raw(countInvites, ownerID, InvitePending, now, s.ID, now).Scan(&s.Invites).Error
}

// noteServerSeen writes the time of a call of a server, unless the row already has a later time. A call after an
// absence also begins the time that the server is up.
func noteServerSeen(db *gorm.DB, serverID int64, at time.Time) error {
	// MySQL sets the columns one after the other, so up_since must compare with last_seen_at before that is set.
	return db.Exec("UPDATE servers SET up_since = CASE WHEN last_seen_at < ? THEN ? ELSE up_since END, last_seen_at = ? WHERE id = ? AND last_seen_at < ?",
		at.Add(-AwayAfter), at, at, serverID, at).Error
}
