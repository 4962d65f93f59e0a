package models

import (
	"context"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
)

// HealthFacts has what the database knows about the health of the service, for operators.
type HealthFacts struct {
	Engine       database.Engine
	ClockAhead   time.Duration // how far the clock of this machine is ahead of the database's; 0 for SQLite
	Backup       BackupState
	Mails        Counts
	Agents       []AgentHealth       // at most [healthMost] of them
	Certificates []CertificateHealth // that have ended or end within [HealthSoon], the soonest first; at most [healthMost]
}

// AgentHealth has what the service knows about an agent, with the numbers of its last own checks.
type AgentHealth struct {
	ServerID                       int64
	Name                           string
	Version                        string // of the agent; "" if it has not told one
	Away, Disabled                 bool
	Wrong, Warnings, Unchecked, OK int
	CheckedAt                      time.Time // zero if it has not told any
}

// CertificateHealth is a certificate of a server's address that ends soon.
type CertificateHealth struct {
	ServerID int64
	Name     string // of the server
	Address  string
	Until    time.Time
}

const (
	// HealthSoon is how long before its end a certificate is named.
	HealthSoon = 14 * 24 * time.Hour
	healthMost = 200
)

const healthAgents = `SELECT s.id, COALESCE(NULLIF(s.own_name, ''), s.name) AS name, s.agent_version, s.last_seen_at, s.disabled_at, u.checked_at
FROM servers s LEFT JOIN server_checkups u ON u.server_id = s.id WHERE s.kind = ? ORDER BY s.id LIMIT ?`

const healthChecks = `SELECT server_id, state, COUNT(*) AS number FROM server_checks GROUP BY server_id, state`

// healthCertificates reads the ends of certificates that agents told and that tries from outside have found.
const healthCertificates = `SELECT s.id, COALESCE(NULLIF(s.own_name, ''), s.name) AS name, c.address, MIN(c.until_at) AS until_at
FROM (SELECT server_id, subject AS address, until_at FROM server_checks WHERE until_at IS NOT NULL
UNION ALL SELECT server_id, address, until_at FROM server_tries WHERE until_at IS NOT NULL) c
JOIN servers s ON s.id = c.server_id WHERE s.disabled_at IS NULL AND c.until_at < ? GROUP BY s.id, s.own_name, s.name, c.address ORDER BY 4, 1 LIMIT ?`

// Health reads what the database knows about the health of the service. It reads whole tables of servers, so its caller
// keeps the result for a while. The clocks are those of the last [Store.CompareClocks]. It returns [ErrUnavailable].
func (o *Console) Health(ctx context.Context) (HealthFacts, error) {
	var all HealthFacts
	var err error
	if all.Engine, err = o.db.Engine(ctx); err != nil {
		return all, explained("ask the database about itself", err)
	}
	all.ClockAhead = o.clock.drift()
	if all.Backup, err = (&Backups{o.core}).Last(ctx); err != nil {
		return all, err
	}
	if all.Mails, err = (&Metrics{o.core}).Count(ctx); err != nil {
		return all, err
	}
	if all.Agents, err = o.healthOfAgents(ctx); err != nil {
		return all, err
	}
	all.Certificates, err = o.healthOfCertificates(ctx)
	return all, err
}

func (o *Console) healthOfAgents(ctx context.Context) ([]AgentHealth, error) {
	var rows []struct {
		ID           int64
		Name         string
		AgentVersion string
		LastSeenAt   time.Time
		DisabledAt   *time.Time
		CheckedAt    *time.Time
	}
	if err := o.read(ctx).Raw(healthAgents, ServerAgent, healthMost).Scan(&rows).Error; err != nil {
		return nil, explained("read the agents", err)
	}
	var counts []struct {
		ServerID int64
		State    string
		Number   int
	}
	if err := o.read(ctx).Raw(healthChecks).Scan(&counts).Error; err != nil {
		return nil, explained("count the checks", err)
	}
	at := make(map[int64]int, len(rows))
	list := make([]AgentHealth, len(rows))
	for i, row := range rows {
		at[row.ID] = i
		list[i] = AgentHealth{
			ServerID: row.ID, Name: row.Name, Version: row.AgentVersion, Disabled: row.DisabledAt != nil, CheckedAt: orZero(row.CheckedAt),
			Away: row.DisabledAt == nil && o.Now().Sub(row.LastSeenAt) >= AwayAfter,
		}
	}
	for _, count := range counts {
		i, known := at[count.ServerID]
		if !known {
			continue
		}
		switch agent := &list[i]; count.State {
		case CheckWrong:
			agent.Wrong = count.Number
		case CheckWarning:
			agent.Warnings = count.Number
		case CheckOK:
			agent.OK = count.Number
		default:
			agent.Unchecked = count.Number
		}
	}
	return list, nil
}

func (o *Console) healthOfCertificates(ctx context.Context) ([]CertificateHealth, error) {
	var rows []struct {
		ID      int64
		Name    string
		Address string
		UntilAt time.Time
	}
	if err := o.read(ctx).Raw(healthCertificates, o.Now().Add(HealthSoon), healthMost).Scan(&rows).Error; err != nil {
		return nil, explained("read the certificates of servers", err)
	}
	list := make([]CertificateHealth, len(rows))
	for i, row := range rows {
		list[i] = CertificateHealth{ServerID: row.ID, Name: row.Name, Address: row.Address, Until: row.UntilAt.UTC()}
	}
	return list, nil
}
