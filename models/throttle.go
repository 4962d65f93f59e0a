package models

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Throttle counts tries in the database, so that all instances count together and a
// restart does not reset the counts. The names of counters are keyed hashes, so that
// the table holds no names or addresses. One statement raises a counter before the
// work that it guards.
type Throttle struct {
	*core
	pause time.Duration // the average time before a refused try is counted again
}

// throttlePause is the average time that [Throttle.attempt] waits before it counts a
// refused try again.
const throttlePause = 150 * time.Millisecond

// Limit says how often something may be tried.
type Limit struct {
	Hits   int           // tries in a window; the next try has to wait for the end of the window
	Window time.Duration // begins with the first hit
	Steps  []Step        // waits that grow inside a window, in rising order of After
}

// Step says that each try has to wait for Wait once more than After tries have been
// counted.
type Step struct {
	After int
	Wait  time.Duration
}

// Limits are all limits of the service. Tests loosen them.
type Limits struct {
	SignIn          Limit // by account or by typed name, existing or not
	KnownDevice     Limit // instead of SignIn and SignInSource, for a browser that signed in before
	KnownDevices    Limit // all known browsers of an account together
	RightPasswords  Limit // right passwords of an account that give the try back to their source
	SignedIn        Limit // passwords typed again by somebody who is signed in
	SignInSource    Limit // by address of the caller
	SignInNetwork   Limit // by its /24 or /48
	SignUpSource    Limit
	SignUpNetwork   Limit
	SignUpService   Limit
	SignUpAgain     Limit // by name, a sign-up that waits and is sent again; each may be a guess at its password
	RecoverSource   Limit // requests for a password reset, by source; requests to send a mail again have counters of their own with the same limits
	RecoverNetwork  Limit
	RecoverService  Limit
	RecoverMinute   Limit // requests for a password reset, by typed name
	RecoverHour     Limit
	RecoverDay      Limit
	RecoverNoProof  Limit // requests for a password reset, by source, while the captcha service is away
	MailDay         Limit // mails to one address that strangers can start
	MailHour        Limit // mails of one group from one starter that pass anyway when MailDay is used up
	MailsHour       Limit // such mails to one address from all starters together
	ResetHour       Limit // requests for a password reset, by typed name, that pass even if every other limit except RecoverSource is used up
	PINQuarter      Limit
	PINDay          Limit
	ProfileHour     Limit // saved profiles of one account
	SwitchQuarter   Limit // switches on one device
	PictureHour     Limit // files that one account uploads as pictures
	FamilyHour      Limit // usernames that one guardian types
	EmailChangeDay  Limit // changes of address asked by one account
	ResendMinute    Limit // by pending sign-up
	ResendDay       Limit
	RegisterSource  Limit // servers that register
	RegisterNetwork Limit
	RegisterService Limit
	AskDay          Limit // links that a claimed server asks for
	AskDayUnclaimed Limit
	FindHour        Limit // people that a server looks up
	ReportHour      Limit // reports of a claimed server that change something; each may rewrite thousands of rows
	ReportUnclaimed Limit
	ChecksHour      Limit // results of checks that a server tells
	CheckMinute     Limit // requests of its owner for new checks
	TryMinute       Limit // tries from outside at one server
	TryAccount      Limit // tries by one account
	TryService      Limit // tries of the whole service
	ClaimCodeHour   Limit
	ClaimHour       Limit
	ServerKeyDay    Limit // rotations by a server itself
	DeviceSource    Limit // devices that ask for a code
	DeviceNetwork   Limit
	DeviceService   Limit
	DeviceMisses    Limit // wrong codes from one device
	CodeAccount     Limit // codes typed by one account
	CodeSource      Limit
	CodeService     Limit // wrong codes of all callers together
	InviteDay       Limit // invites of one owner
	CircleHour      Limit // circles that one account makes, joins or asks into, and servers of circles that it takes

	ImportHour    Limit // drafts of imports by one owner
	ImportDay     Limit // invites that all imports of one owner make
	ImportMissDay Limit // usernames in imports of one owner that nobody has

	InviteLinkSource  Limit // looks for the invite of a link
	InviteLinkNetwork Limit
	InviteLinkService Limit

	ProofHour     Limit // proofs that one account starts
	QuickAccount  Limit // codes of Quick Connect by one account, right or wrong
	QuickHour     Limit // the same codes, counted in a longer time
	QuickSource   Limit
	QuickServer   Limit
	LocalPassword Limit // passwords that one account chooses for its local users
	SetupSource   Limit // codes of the set-up that are typed
	SetupNetwork  Limit
	SetupService  Limit
	StayDay       Limit // changes of one stay that its person hears of by mail
	WebhookHour   Limit // tests and repeated messages of the webhooks of one owner
}

// ProductionLimits returns the limits of the service.
func ProductionLimits() Limits {
	const day = 24 * time.Hour
	return Limits{
		SignIn: Limit{Hits: 100, Window: day, Steps: []Step{
			{After: 3, Wait: 3 * time.Second}, {After: 9, Wait: 5 * time.Second}, {After: 25, Wait: 10 * time.Second},
		}},
		KnownDevice:     Limit{Hits: 10, Window: 15 * time.Minute},
		KnownDevices:    Limit{Hits: 100, Window: day},
		RightPasswords:  Limit{Hits: 60, Window: time.Hour},
		SignedIn:        Limit{Hits: 10, Window: 15 * time.Minute},
		SignInSource:    Limit{Hits: 10, Window: time.Minute},
		SignInNetwork:   Limit{Hits: 100, Window: time.Minute},
		SignUpSource:    Limit{Hits: 10, Window: 10 * time.Minute},
		SignUpNetwork:   Limit{Hits: 100, Window: 10 * time.Minute},
		SignUpService:   Limit{Hits: 1000, Window: time.Hour},
		SignUpAgain:     Limit{Hits: 10, Window: day},
		RecoverSource:   Limit{Hits: 5, Window: 10 * time.Minute},
		RecoverNetwork:  Limit{Hits: 50, Window: 10 * time.Minute},
		RecoverService:  Limit{Hits: 1000, Window: time.Hour},
		RecoverMinute:   Limit{Hits: 1, Window: time.Minute},
		RecoverHour:     Limit{Hits: 5, Window: time.Hour},
		RecoverDay:      Limit{Hits: 10, Window: day},
		RecoverNoProof:  Limit{Hits: 2, Window: time.Hour},
		MailDay:         Limit{Hits: 10, Window: day},
		MailHour:        Limit{Hits: 1, Window: time.Hour},
		MailsHour:       Limit{Hits: 3, Window: time.Hour},
		ResetHour:       Limit{Hits: 1, Window: time.Hour},
		PINQuarter:      Limit{Hits: 5, Window: 15 * time.Minute},
		PINDay:          Limit{Hits: 10, Window: day},
		ProfileHour:     Limit{Hits: 30, Window: time.Hour},
		SwitchQuarter:   Limit{Hits: 60, Window: 15 * time.Minute},
		PictureHour:     Limit{Hits: 30, Window: time.Hour},
		FamilyHour:      Limit{Hits: 30, Window: time.Hour},
		EmailChangeDay:  Limit{Hits: 10, Window: day},
		ResendMinute:    Limit{Hits: 1, Window: 30 * time.Second},
		ResendDay:       Limit{Hits: 10, Window: day},
		RegisterSource:  Limit{Hits: 5, Window: time.Hour},
		RegisterNetwork: Limit{Hits: 30, Window: time.Hour},
		RegisterService: Limit{Hits: 300, Window: time.Hour},
		AskDay:          Limit{Hits: 300, Window: day},
		AskDayUnclaimed: Limit{Hits: 20, Window: day},
		FindHour:        Limit{Hits: 120, Window: time.Hour},
		ReportHour: Limit{Hits: 120, Window: time.Hour, Steps: []Step{
			{After: 20, Wait: 10 * time.Second}, {After: 60, Wait: 30 * time.Second},
		}},
		ReportUnclaimed: Limit{Hits: 20, Window: time.Hour},
		ChecksHour:      Limit{Hits: 60, Window: time.Hour},
		CheckMinute:     Limit{Hits: 1, Window: time.Minute},
		TryMinute:       Limit{Hits: 1, Window: time.Minute},
		TryAccount:      Limit{Hits: 30, Window: time.Hour},
		TryService:      Limit{Hits: 600, Window: time.Hour},
		ClaimCodeHour:   Limit{Hits: 20, Window: time.Hour},
		ClaimHour:       Limit{Hits: 20, Window: time.Hour},
		ServerKeyDay:    Limit{Hits: 10, Window: 24 * time.Hour},
		DeviceSource:    Limit{Hits: 30, Window: 10 * time.Minute},
		DeviceNetwork:   Limit{Hits: 300, Window: 10 * time.Minute},
		DeviceService:   Limit{Hits: 3000, Window: 10 * time.Minute},
		DeviceMisses:    Limit{Hits: 5, Window: 10 * time.Minute},
		CodeAccount:     Limit{Hits: 5, Window: 10 * time.Minute},
		CodeSource:      Limit{Hits: 10, Window: 10 * time.Minute},
		CodeService:     Limit{Hits: 100, Window: time.Minute},
		InviteDay:       Limit{Hits: 50, Window: day},
		CircleHour:      Limit{Hits: 60, Window: time.Hour},

		ImportHour:    Limit{Hits: 30, Window: time.Hour},
		ImportDay:     Limit{Hits: 1000, Window: day},
		ImportMissDay: Limit{Hits: 200, Window: day},

		InviteLinkSource:  Limit{Hits: 60, Window: 10 * time.Minute},
		InviteLinkNetwork: Limit{Hits: 300, Window: 10 * time.Minute},
		InviteLinkService: Limit{Hits: 3000, Window: 10 * time.Minute},

		ProofHour:     Limit{Hits: 10, Window: time.Hour},
		QuickAccount:  Limit{Hits: 5, Window: 10 * time.Minute},
		QuickHour:     Limit{Hits: 20, Window: time.Hour},
		QuickSource:   Limit{Hits: 10, Window: 10 * time.Minute},
		QuickServer:   Limit{Hits: 30, Window: time.Hour},
		LocalPassword: Limit{Hits: 10, Window: time.Hour},
		SetupSource:   Limit{Hits: 5, Window: 10 * time.Minute},
		SetupNetwork:  Limit{Hits: 20, Window: 10 * time.Minute},
		SetupService:  Limit{Hits: 60, Window: time.Hour},
		StayDay:       Limit{Hits: 20, Window: day},
		WebhookHour:   Limit{Hits: 30, Window: time.Hour},
	}
}

// waitAfter returns how long the next try has to wait after a number of tries; the SQL
// of [Throttle.raise] computes the same.
func (l Limit) waitAfter(hits int) time.Duration {
	if hits >= l.Hits {
		return l.Window
	}
	wait := time.Duration(0)
	for _, step := range l.Steps {
		if hits > step.After {
			wait = step.Wait
		}
	}
	return wait
}

// key returns the key of a counter. The parameter what names the kind of try that is
// counted; subject is the account, address or server that the tries are about.
func (t *Throttle) key(what, subject string) secret.Hash {
	return t.keys.MAC("throttle", what, subject)
}

// raise counts one try. It returns the number of tries in this window, or 0 if the try is
// refused and therefore not counted. Because it is a single statement, parallel callers get
// different numbers.
func (t *Throttle) raise(ctx context.Context, key secret.Hash, limit Limit) (hits int, err error) {
	return t.raiseAt(ctx, key, limit, t.Now().UnixMilli())
}

// raiseAt does the same as raise at a given time, in Unix milliseconds.
func (t *Throttle) raiseAt(ctx context.Context, key secret.Hash, limit Limit, now int64) (hits int, err error) {
	err = t.db.Again(ctx, func(db *gorm.DB) error {
		hits, err = t.raiseIn(db, key, limit, now)
		return err
	})
	return hits, explained("count a try", err)
}

// raiseIn does the same as raiseAt by one statement of db, which may be a transaction.
func (t *Throttle) raiseIn(db *gorm.DB, key secret.Hash, limit Limit, now int64) (hits int, err error) {
	ends := now + limit.Window.Milliseconds()
	first := int64(0)
	if wait := limit.waitAfter(1); wait > 0 {
		first = now + wait.Milliseconds()
	}
	if t.db.Dialect == database.SQLite {
		return raiseSQLite(db, key, limit, now, ends, first)
	}
	return raiseMySQL(db, key, limit, now, ends, first)
}

// steps returns an SQL CASE. It gives the time when the counter opens again for the new
// number of tries, or 0 if the counter stays open. The present time would be wrong instead
// of 0: a parallel try that has read its clock a moment earlier would be refused.
func (l Limit) steps(hits string, now int64) (text string, args []any) {
	var b strings.Builder
	fmt.Fprintf(&b, "CASE WHEN %s >= ? THEN window_ends", hits)
	args = append(args, l.Hits)
	for _, step := range slices.Backward(l.Steps) {
		fmt.Fprintf(&b, " WHEN %s > ? THEN ?", hits)
		args = append(args, step.After, now+step.Wait.Milliseconds())
	}
	b.WriteString(" ELSE 0 END")
	return b.String(), args
}

func raiseSQLite(db *gorm.DB, key secret.Hash, limit Limit, now, ends, first int64) (hits int, err error) {
	steps, stepArgs := limit.steps("hits + 1", now)
	args := []any{key, ends, first, now, now, first}
	args = append(args, stepArgs...)
	args = append(args, now, now, now)
	statement := `INSERT INTO throttle (throttle_key, hits, window_ends, open_at) VALUES (?, 1, ?, ?)
ON CONFLICT (throttle_key) DO UPDATE SET
 hits = CASE WHEN window_ends <= ? THEN 1 ELSE hits + 1 END,
 open_at = CASE WHEN window_ends <= ? THEN ? ELSE ` + steps + ` END,
 window_ends = CASE WHEN window_ends <= ? THEN excluded.window_ends ELSE window_ends END
WHERE window_ends <= ? OR open_at <= ?
RETURNING hits`
	rows, err := database.Query(db, statement, args...)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if rows.Next() {
		err = rows.Scan(&hits)
	}
	return hits, errors.Join(err, rows.Err()) // no row: refused
}

// refusedMark is added to the insert id of a refused try. No counter reaches this number.
const refusedMark int64 = 1 << 40

// raiseMySQL assigns from left to right, and each assignment sees the values that were assigned
// before it. So hits comes first, then open_at, which needs the new hits, and window_ends last.
// The row count does not show whether the try was refused, so the statement returns its result
// as its insert id: the number of tries, 0 for a new counter, or at least [refusedMark] for a
// refused try. Each LAST_INSERT_ID reads a column: TiDB would compute a LAST_INSERT_ID without a
// column too early, before it knows which of the two is needed.
func raiseMySQL(db *gorm.DB, key secret.Hash, limit Limit, now, ends, first int64) (int, error) {
	steps, stepArgs := limit.steps("hits", now)
	args := []any{key, ends, first, now, now, now, refusedMark, refusedMark, now, now, first}
	args = append(args, stepArgs...)
	args = append(args, now)
	statement := `INSERT INTO throttle (throttle_key, hits, window_ends, open_at) VALUES (?, 1, ?, ?)
ON DUPLICATE KEY UPDATE
 hits = IF(window_ends <= ? OR open_at <= ?, LAST_INSERT_ID(IF(window_ends <= ?, 1, hits + 1)), LAST_INSERT_ID(hits + ?) - ?),
 open_at = IF(window_ends <= ? OR open_at <= ?, IF(hits = 1, ?, ` + steps + `), open_at),
 window_ends = IF(window_ends <= ?, VALUES(window_ends), window_ends)`
	result, err := database.Exec(db, statement, args...)
	if err != nil {
		return 0, err
	}
	id, err := result.LastInsertId()
	switch {
	case id >= refusedMark:
		return 0, err
	case id == 0 && err == nil:
		return 1, nil
	default:
		return int(id), err
	}
}

// attempt raises a counter. If the try is refused it waits a moment and counts it again:
// successful tries clear the counter at once, so that people whose devices try at the same
// time all get in. It returns [ErrThrottled] with the time to wait.
func (t *Throttle) attempt(ctx context.Context, key secret.Hash, limit Limit) error {
	_, err := t.attemptCounted(ctx, key, limit)
	return err
}

func (t *Throttle) attemptCounted(ctx context.Context, key secret.Hash, limit Limit) (hits int, err error) {
	const patience = 6
	for try := 1; ; try++ {
		if hits, err = t.raise(ctx, key, limit); err != nil || hits > 0 {
			return hits, err
		}
		if try == patience {
			return 0, ErrThrottled.after(t.wait(ctx, key))
		}
		select {
		case <-ctx.Done():
			return 0, explained("wait for a counter", ctx.Err())
		case <-time.After(t.pause/2 + rand.N(t.pause)): //nolint:gosec // jitter, not a secret
		}
	}
}

// allow raises a counter and returns [ErrThrottled] if the try is refused.
func (t *Throttle) allow(ctx context.Context, key secret.Hash, limit Limit) error {
	hits, err := t.raise(ctx, key, limit)
	if err == nil && hits == 0 {
		err = ErrThrottled.after(t.wait(ctx, key))
	}
	return err
}

// wait returns how long a full counter will still refuse tries, at least a second.
func (t *Throttle) wait(ctx context.Context, key secret.Hash) time.Duration {
	var openAt int64
	if err := t.read(ctx).Raw("SELECT open_at FROM throttle WHERE throttle_key = ?", key).Scan(&openAt).Error; err != nil {
		return time.Minute
	}
	return max(time.Duration(openAt-t.Now().UnixMilli())*time.Millisecond, time.Second)
}

// stillOpen returns [ErrThrottled] when a counter is full. It does not raise the
// counter.
func (t *Throttle) stillOpen(ctx context.Context, key secret.Hash) error {
	now := t.Now().UnixMilli()
	var openAt int64
	err := t.read(ctx).Raw("SELECT open_at FROM throttle WHERE throttle_key = ? AND window_ends > ?", key, now).Scan(&openAt).Error
	if err != nil {
		return explained("look at a counter", err)
	}
	if openAt > now {
		return ErrThrottled.after(max(time.Duration(openAt-now)*time.Millisecond, time.Second))
	}
	return nil
}

// forget clears counters after a success, one after the other.
func (t *Throttle) forget(ctx context.Context, keys ...secret.Hash) error {
	for _, key := range keys {
		if err := t.db.Again(ctx, func(db *gorm.DB) error { return forgetIn(db, key) }); err != nil {
			return explained("clear a counter", err)
		}
	}
	return nil
}

// forgetIn clears one counter by one statement of db, which may be a transaction.
func forgetIn(db *gorm.DB, key secret.Hash) error {
	_, err := database.Exec(db, "DELETE FROM throttle WHERE throttle_key = ?", key)
	return err
}

// Remember stores mark until the given time and reports whether it is new, so that a
// solved captcha counts once. One of several parallel callers gets true.
func (t *Throttle) Remember(ctx context.Context, mark [32]byte, until time.Time) (fresh bool, err error) {
	err = t.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("INSERT INTO spent_marks (mark, expires_at) VALUES (?, ?)", secret.Hash(mark), until.UTC().Truncate(time.Millisecond)).Error
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return false, nil
	}
	return err == nil, explained("remember a captcha", err)
}
