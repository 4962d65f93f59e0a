package models

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Checks are the operations on what an agent has found out about its media server, its addresses and its machine.
type Checks struct{ *core }

// The states of a check.
const (
	CheckOK        = "ok"
	CheckWarning   = "warning"
	CheckWrong     = "wrong"
	CheckUnchecked = "unchecked"
)

// serverCheckRow is a row of server_checks: the last result of one check.
type serverCheckRow struct {
	ServerID  int64
	Name      string
	Subject   string // the address that was checked, or ""
	State     string
	Reason    string
	UntilAt   *time.Time // the end of a certificate
	Version   string     // of the media server
	Seconds   int64      // by which the clock is wrong
	Megabytes int64      // that are free on the disk
	SinceAt   time.Time  // when the state with its reason was told for the first time
	MailDueAt *time.Time // when the owner is told by mail; nil if there is nothing to tell, or if it was told
}

// TableName returns the name of the table, server_checks.
func (serverCheckRow) TableName() string { return "server_checks" }

// serverCheckupRow is a row of server_checkups: when the checks of a server were told and asked for.
type serverCheckupRow struct {
	ServerID  int64
	CheckedAt *time.Time
	AskedAt   *time.Time // nil if the answer has come
}

// TableName returns the name of the table, server_checkups.
func (serverCheckupRow) TableName() string { return "server_checkups" }

// Check is the last result of one check of a server.
type Check struct {
	Name, Subject, State, Reason string // of closed lists, see [CheckReasons]; the subject is an address, or ""
	Until                        time.Time
	Version                      string
	Seconds, Megabytes           int64
	Since                        time.Time // when the state with its reason was told for the first time
}

func (r *serverCheckRow) check() Check {
	return Check{
		Name: r.Name, Subject: r.Subject, State: r.State, Reason: r.Reason, Until: orZero(r.UntilAt), Version: r.Version,
		Seconds: r.Seconds, Megabytes: r.Megabytes, Since: r.SinceAt.UTC(),
	}
}

// Checkup holds the results of all checks of a server, the worst first.
type Checkup struct {
	Server    Server
	Checks    []Check
	CheckedAt time.Time // when the agent told them; zero before it did
	AskedAt   time.Time // when the owner asked for newer ones; zero if they have come
}

// CheckReasons returns the names of all checks, each with the reasons that a result can have.
func CheckReasons() map[string][]string {
	return map[string][]string{
		"media_server":  {"ok", "away", "other_program", "starting", "unfinished", "unknown"},
		"version":       {"ok", "newer", "too_old", "not_reached"},
		"key":           {"ok", "refused", "unknown", "not_reached"},
		"quick_connect": {"ok", "off", "unknown", "not_reached"},
		"older_apps":    {"ok", "legacy_off", "prefixes"},
		"address": {
			"ok", "name_unknown", "no_answer", "certificate_soon", "certificate_expired", "certificate_name", "certificate_untrusted", "no_tls",
			"redirect", "base_path", "other_server", "server_away", "not_reached",
		},
		"open_path":    {"ok", "not_handed", "no_answer"},
		"connect_path": {"ok", "not_handed", "no_answer"},
		"clock":        {"ok", "ahead", "behind", "unknown"},
		"disk":         {"ok", "low", "full", "unknown"},
	}
}

// ReadAddress reads an address of a server. It reports false for any other text.
func ReadAddress(text string) (Address, bool) {
	address, mistake := parseAddress(AddressCustom, text)
	return address, mistake == ""
}

// checksMost is the greatest number of results that an agent may tell.
const checksMost = 100

// mailedAfter is the time for which something must be wrong before its owner gets a mail.
const mailedAfter = 24 * time.Hour

// clean returns a result as it is stored. It reports false for a result that this version does not know.
func (in Check) clean() (serverCheckRow, bool) {
	row := serverCheckRow{
		Name: in.Name, State: in.State, Reason: in.Reason, Version: cleanServerName(in.Version), Seconds: max(in.Seconds, 0), Megabytes: max(in.Megabytes, 0),
	}
	if in.Subject != "" {
		address, mistake := parseAddress("", in.Subject)
		if mistake != "" {
			return row, false
		}
		row.Subject = address.URL()
	}
	if !in.Until.IsZero() && in.Until.Year() > 1970 && in.Until.Year() < 9999 {
		until := in.Until.UTC().Truncate(time.Millisecond)
		row.UntilAt = &until
	}
	known := slices.Contains([]string{CheckOK, CheckWarning, CheckWrong, CheckUnchecked}, in.State) && slices.Contains(CheckReasons()[in.Name], in.Reason)
	return row, known
}

// mailed reports whether the owner gets a mail if this stays as it is.
func (r *serverCheckRow) mailed() bool {
	return r.State == CheckWrong || r.Reason == "certificate_soon" || r.Reason == "low"
}

// Tell stores the results of all checks of the calling server. A result that is missing counts as resolved, and one
// that this version does not know is passed over. Tell is counted by server. It returns an error about the field
// checks, [ErrThrottled], [ErrNoServer] or [ErrUnavailable].
func (c *Checks) Tell(ctx context.Context, this Server, results []Check) error {
	if len(results) > checksMost {
		return fieldError(KindInvalid, "checks", "checks_invalid")
	}
	if err := c.throttle.allow(ctx, c.throttle.key("checks told", FormatID(this.ID)), c.opt.Limits.ChecksHour); err != nil {
		return err
	}
	told := map[[2]string]serverCheckRow{}
	for _, one := range results {
		if row, known := one.clean(); known {
			row.ServerID = this.ID
			told[[2]string{row.Name, row.Subject}] = row
		}
	}
	return c.tx(ctx, "take the results of checks", func(tx *gorm.DB) error {
		if err := lockServer(tx, "id = ?", this.ID); err != nil {
			if KindOf(err) == KindNotFound {
				return ErrNoServer
			}
			return err
		}
		if err := c.storeChecks(ctx, tx, this.ID, told); err != nil {
			return err
		}
		return c.storeCheckup(tx, this.ID, "checked_at = ?, asked_at = NULL", "checked_at")
	})
}

// storeCheckup writes the present time into a column of a row of server_checkups, which may not exist yet. The
// caller has locked the server.
func (c *core) storeCheckup(tx *gorm.DB, serverID int64, set, column string) error {
	now := c.Now()
	result := tx.Exec("UPDATE server_checkups SET "+set+" WHERE server_id = ?", now, serverID)
	if result.Error != nil || result.RowsAffected > 0 {
		return result.Error
	}
	return tx.Exec("INSERT INTO server_checkups (server_id, "+column+") VALUES (?, ?)", serverID, now).Error
}

// storeChecks replaces the results of a server by the results in told. A result with the same state
// and reason as before keeps its time.
func (c *core) storeChecks(ctx context.Context, tx *gorm.DB, serverID int64, told map[[2]string]serverCheckRow) error {
	rows, err := database.G[serverCheckRow](tx).Where("server_id = ?", serverID).Find(ctx)
	if err != nil {
		return err
	}
	now := c.Now()
	due := now.Add(mailedAfter)
	before := map[[2]string]serverCheckRow{}
	for _, row := range rows {
		before[[2]string{row.Name, row.Subject}] = row
	}
	if err := tx.Exec("DELETE FROM server_checks WHERE server_id = ?", serverID).Error; err != nil {
		return err
	}
	fresh := make([]serverCheckRow, 0, len(told))
	for key, row := range told {
		row.SinceAt = now
		was, is := before[key]
		switch {
		case is && was.State == row.State && was.Reason == row.Reason:
			row.SinceAt, row.MailDueAt = was.SinceAt, was.MailDueAt
		case row.mailed():
			row.MailDueAt = &due
		}
		fresh = append(fresh, row)
	}
	if len(fresh) == 0 {
		return nil
	}
	return database.G[serverCheckRow](tx).CreateInBatches(ctx, &fresh, rowsAtOnce)
}

// List reads the results of all checks of a server of an owner. It returns [ErrNotFound].
func (c *Checks) List(ctx context.Context, ownerID, serverID int64) (Checkup, error) {
	server, err := c.ownedServer(ctx, c.read(ctx), ownerID, serverID)
	if err != nil {
		return Checkup{}, err
	}
	out := Checkup{Server: server.server()}
	rows, err := database.G[serverCheckRow](c.read(ctx)).Where("server_id = ?", serverID).Find(ctx)
	if err != nil {
		return out, explained("read the checks", err)
	}
	for i := range rows {
		out.Checks = append(out.Checks, rows[i].check())
	}
	slices.SortFunc(out.Checks, worse)
	var checkups []serverCheckupRow
	if checkups, err = database.G[serverCheckupRow](c.read(ctx)).Where("server_id = ?", serverID).Find(ctx); err != nil {
		return out, explained("read when checks were made", err)
	}
	for _, one := range checkups {
		out.CheckedAt, out.AskedAt = orZero(one.CheckedAt), orZero(one.AskedAt)
	}
	return out, nil
}

// worse compares two results: what is wrong comes first, then warnings, then what could not be checked. Among equals,
// the parts come first on which the others depend.
func worse(a, b Check) int {
	states := []string{CheckWrong, CheckWarning, CheckUnchecked, CheckOK}
	names := []string{"media_server", "version", "key", "quick_connect", "address", "clock", "disk", "open_path", "connect_path", "older_apps"}
	return cmp.Or(
		cmp.Compare(slices.Index(states, a.State), slices.Index(states, b.State)),
		cmp.Compare(slices.Index(names, a.Name), slices.Index(names, b.Name)),
		cmp.Compare(a.Subject, b.Subject),
	)
}

// checkProblems reads the problems and the warnings of a server.
const checkProblems = `SELECT c.server_id, c.name, c.subject, c.state, c.reason, c.until_at, c.version, c.seconds, c.megabytes, c.since_at
FROM server_checks c JOIN servers s ON s.id = c.server_id
WHERE c.server_id = ? AND s.owner_id = ? AND c.state IN (?, ?)`

// Problems returns the number of checks of a server of an owner that found something wrong or gave a warning, and the worst of
// them, by one statement. For a server of another owner the number is 0.
func (c *Checks) Problems(ctx context.Context, ownerID, serverID int64) (n int, worst Check, err error) {
	var rows []serverCheckRow
	if err := c.read(ctx).Raw(checkProblems, serverID, ownerID, CheckWrong, CheckWarning).Scan(&rows).Error; err != nil {
		return 0, Check{}, explained("read what is wrong at a server", err)
	}
	for i := range rows {
		if one := rows[i].check(); i == 0 || worse(one, worst) < 0 {
			worst = one
		}
	}
	return len(rows), worst, nil
}

// Ask asks the agent of a server to make all checks now. It returns [ErrNotFound], also for a server without an
// agent, or [ErrThrottled]: it can be asked once a minute.
func (c *Checks) Ask(ctx context.Context, ownerID, serverID int64) error {
	server, err := c.ownedServer(ctx, c.read(ctx), ownerID, serverID)
	if err != nil {
		return err
	}
	if server.Kind != ServerAgent {
		return ErrNotFound
	}
	if err := c.throttle.allow(ctx, c.throttle.key("checks asked", FormatID(serverID)), c.opt.Limits.CheckMinute); err != nil {
		return err
	}
	return c.tx(ctx, "ask for checks", func(tx *gorm.DB) error {
		if err := lockOwnServer(tx, ownerID, serverID); err != nil {
			return err
		}
		if err := c.storeCheckup(tx, serverID, "asked_at = ?", "asked_at"); err != nil {
			return err
		}
		return c.feedChange(ctx, tx, changeRow{ServerID: serverID, Kind: ChangeChecksAsked})
	})
}
