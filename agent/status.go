package agent

import (
	"context"
	"time"
)

// Trouble is something that is wrong now.
type Trouble struct {
	Name  string // stable: "service_away"
	Text  string // says people what is wrong and what to do
	Since time.Time
}

// Status returns the state of the agent.
type Status struct {
	ServiceURL          string
	Registered          bool
	ServerID            string // id at the service
	Name, SystemID      string // of the media server, as last reported
	Product, Version    string
	Owner               string // a username; "" while the server has no owner
	LastContact         time.Time
	LastReport          time.Time
	SeenAs              string      // the address from which the service sees this machine
	ChangeSeq           int64       // the number of the last change that was carried out
	Links, Pending      int         // accepted links, and pending ones
	Guests, GuestsShut  int         // guests who are let in, and disabled ones
	Tokens, OwedTokens  int         // local tokens in use, and tokens that still have to be revoked
	OwedGuests          int         // links whose guest still has to be created
	Waiting             []Allowance // local users whose links wait for a yes
	Trouble             []Trouble
	OfflineTrustedUntil time.Time
}

// Status returns the state of the agent.
func (a *Agent) Status(ctx context.Context) (Status, error) {
	facts, err := a.store.facts(ctx)
	if err != nil {
		return Status{}, err
	}
	status := Status{
		ServiceURL: a.opt.ServiceURL, Registered: facts[factServerKey] != "", ServerID: facts[factServerID],
		Name: facts[factServerName], SystemID: facts[factSystemID], Product: facts[factProduct], Version: facts[factVersion],
		Owner: facts[factOwner], LastContact: a.service.lastContact(facts), LastReport: parseStamp(facts[factLastReport]), SeenAs: facts[factSeenAs],
	}
	if !status.LastContact.IsZero() {
		status.OfflineTrustedUntil = status.LastContact.Add(a.opt.Policy.OfflineTrust)
	}
	if status.ChangeSeq, err = changeSeq(a.store.read(ctx)); err != nil {
		return Status{}, err
	}
	status.ChangeSeq = max(status.ChangeSeq, 0)
	if status.Trouble, err = a.store.troubles(ctx); err != nil {
		return Status{}, err
	}
	if status.Waiting, err = a.Allowances.Waiting(ctx); err != nil {
		return Status{}, err
	}
	return status, a.store.countAll(ctx, &status)
}

func (s *Store) countAll(ctx context.Context, status *Status) error {
	now := stamp(s.now())
	for _, one := range []struct {
		into      *int
		statement string
		args      []any
	}{
		{&status.Links, "SELECT COUNT(*) FROM links WHERE status = 'accepted'", nil},
		{&status.Pending, "SELECT COUNT(*) FROM links WHERE status = 'pending'", nil},
		{&status.Guests, "SELECT COUNT(*) FROM guests WHERE left_alone = '' AND applied LIKE 'open:%'", nil},
		{&status.GuestsShut, "SELECT COUNT(*) FROM guests WHERE left_alone = '' AND applied IN ('shut', 'paused')", nil},
		{&status.Tokens, "SELECT COUNT(*) FROM tokens WHERE ending_at = 0", nil},
		{&status.OwedTokens, "SELECT COUNT(*) FROM tokens WHERE ending_at > 0", nil},
		{&status.OwedGuests, "SELECT COUNT(*) FROM links WHERE type = 'guest' AND local_user_id = '' AND " + usable, []any{now}},
	} {
		n, err := s.count(ctx, one.statement, one.args...)
		if err != nil {
			return err
		}
		*one.into = n
	}
	return nil
}
