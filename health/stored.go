package health

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Stored is what the database knows.
type Stored struct {
	Engine       Engine
	ClockOwn     bool          // the database has a clock of its own
	ClockAhead   time.Duration // how far this machine's clock is ahead of it
	Backup       Backup
	Queue        Queue
	Agents       []Agent
	Certificates []Certificate // of servers, that end soon or have ended
}

// Backup is what is known about backups.
type Backup struct {
	Every    time.Duration // between two that the service makes by itself; 0 if it makes none
	LastAt   time.Time
	FailedAt time.Time // zero if the last one did not fail
	Failure  string
}

// Queue has the mails that were not sent yet.
type Queue struct {
	Waiting, Dead int
	Oldest        time.Duration // the age of the mail that waits for the longest time
}

// Agent is an agent, with the numbers of its own last checks.
type Agent struct {
	Server              string
	Version             string
	Away, Disabled      bool
	Wrong, Warnings, OK int
	CheckedAt           time.Time // zero if it has told no checks
}

// Certificate is a certificate of a server.
type Certificate struct {
	Server, Address string
	Until           time.Time
}

func lookAtStored(ctx context.Context, s *Sources) []Check {
	stored, err := s.Stored(ctx)
	if err != nil {
		return []Check{found("database", "away", map[string]any{"Text": err.Error()})}
	}
	now := s.Now()
	checks := append(judgeEngine(stored.Engine), judgeDrift(stored), judgeBackup(stored.Backup, now), judgeQueue(stored.Queue))
	checks = append(checks, judgeAgents(stored.Agents, s.Version)...)
	return append(checks, judgeCertificates(stored.Certificates, now)...)
}

// The differences of clocks.
const (
	clockApart  = 5 * time.Second
	clockDiffer = time.Minute
)

func judgeDrift(stored Stored) Check {
	off := stored.ClockAhead.Abs()
	params := map[string]any{"Seconds": int(off / time.Second)}
	switch {
	case !stored.ClockOwn:
		return found("clock", "same", nil)
	case off > clockDiffer:
		return found("clock", "differ", params)
	case off > clockApart:
		return found("clock", "apart", params)
	default:
		return found("clock", "ok", params)
	}
}

// backupOld is the age after which a backup that somebody made by hand is old.
const backupOld = 7 * 24 * time.Hour

func judgeBackup(b Backup, now time.Time) Check {
	age := now.Sub(b.LastAt)
	params := map[string]any{"Hours": int(age / time.Hour), "Date": b.LastAt.UTC().Format(time.DateOnly), "Text": b.Failure}
	oldAfter := backupOld
	if b.Every > 0 {
		oldAfter = 2*b.Every + time.Hour
	}
	switch {
	case !b.FailedAt.IsZero():
		return found("backup", "failed", params)
	case b.LastAt.IsZero() && b.Every > 0:
		return found("backup", "pending", params)
	case b.LastAt.IsZero():
		return found("backup", "never", params)
	case age > oldAfter:
		return found("backup", "old", params)
	case b.Every == 0:
		return found("backup", "by_hand", params)
	default:
		return found("backup", "ok", params)
	}
}

// The ages of the oldest mail.
const (
	queueSlow  = time.Hour
	queueStuck = 6 * time.Hour
)

func judgeQueue(q Queue) Check {
	params := map[string]any{"Waiting": q.Waiting, "Dead": q.Dead, "Minutes": int(q.Oldest / time.Minute)}
	switch {
	case q.Oldest > queueStuck:
		return found("queue", "stuck", params)
	case q.Oldest > queueSlow:
		return found("queue", "waiting", params)
	case q.Dead > 0:
		return found("queue", "dead", params)
	default:
		return found("queue", "ok", params)
	}
}

// judgeAgents shows the last own check of each agent. What is wrong there is told to the owner of the server; for the
// operator it is advice.
func judgeAgents(agents []Agent, version string) []Check {
	if len(agents) == 0 {
		return []Check{found("agent", "none", nil)}
	}
	checks := make([]Check, len(agents))
	for i, a := range agents {
		params := map[string]any{"Version": a.Version, "Wrong": a.Wrong, "Warnings": a.Warnings, "Good": a.OK, "Date": a.CheckedAt.UTC().Format(time.DateTime), "Ours": version}
		if a.Version == "" {
			params["Version"] = "?"
		}
		reason := "ok"
		switch {
		case a.Disabled:
			reason = "disabled"
		case a.Away:
			reason = "away"
		case a.Wrong > 0:
			reason = "wrong"
		case a.Warnings > 0:
			reason = "warnings"
		case older(a.Version, version):
			reason = "older"
		case a.CheckedAt.IsZero():
			reason = "unchecked"
		}
		checks[i] = found("agent", reason, params).about(a.Server)
	}
	return checks
}

// older reports whether a version such as 1.4.0 is older than another one. It is false if one of them is not such a number.
func older(version, than string) bool {
	a, b := numbers(version), numbers(than)
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// numbers returns the numbers at the beginning of a version.
func numbers(version string) (all []int) {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "v"), "-")
	for part := range strings.SplitSeq(version, ".") {
		number, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		all = append(all, number)
	}
	return all
}

func judgeCertificates(list []Certificate, now time.Time) []Check {
	if len(list) == 0 {
		return []Check{found("server_certificate", "ok", nil)}
	}
	checks := make([]Check, len(list))
	for i, one := range list {
		params := map[string]any{"Server": one.Server, "Date": one.Until.UTC().Format(time.DateOnly)}
		reason := "soon"
		if one.Until.Before(now) {
			reason = "expired"
		}
		checks[i] = found("server_certificate", reason, params).about(one.Address)
	}
	return checks
}
