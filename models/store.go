// Package models holds the things that the service is about, the rules they
// obey, and the operations on them. An operation is one method of an area of
// the [Store]; writes that must agree share one transaction. It knows no HTTP,
// sends no mail and reads no configuration.
package models

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/picture"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/internal/wordlists"
	"github.com/latchkey-media/latchkey/models/migrations"
)

// Store holds the areas of operations on the database. An area is the set of
// operations that one kind of caller needs.
type Store struct {
	Accounts   *Accounts
	Emails     *Emails
	Sessions   *Sessions
	Recovery   *Recovery
	PINs       *PINs
	Mail       *Mail
	MailStops  *MailStops
	Pictures   *Pictures
	Families   *Families
	Members    *Members
	Households *Households
	Throttle   *Throttle
	History    *History
	Operators  *Operators
	Servers    *Servers
	Addresses  *Addresses
	People     *People
	Roster     *Roster
	Agents     *Agents
	Links      *Links
	Devices    *Devices
	Invites    *Invites
	Changes    *Changes
	Proofs     *Proofs
	Unlocks    *Unlocks
	Holds      *Holds

	Protections *Protections
	Televisions *Televisions
	Checks      *Checks
	Tries       *Tries
	Stays       *Stays
	Backups     *Backups

	InviteLinks      *InviteLinks
	InviteProfiles   *InviteProfiles
	Imports          *Imports
	QuickConnects    *QuickConnects
	LocalPasswords   *LocalPasswords
	Opens            *Opens
	Restores         *Restores
	Registrations    *Registrations
	ServerKeys       *ServerKeys
	EmbyServers      *EmbyServers
	OperatedServers  *OperatedServers
	OperatedMails    *OperatedMails
	OperatedInvites  *OperatedInvites
	OperatedFamilies *OperatedFamilies
	OperatedMessages *OperatedMessages
	Circles          *Circles
	CirclePeople     *CirclePeople
	Metrics          *Metrics
	Console          *Console
	OperatorSettings *OperatorSettings
	Setups           *Setups
	Webhooks         *Webhooks
	WebhookQueue     *WebhookQueue

	OperatedAccounts *OperatedAccounts

	*core
}

// SignUpPolicy says who may make an account.
type SignUpPolicy string

// The values of [SignUpPolicy].
const (
	SignUpOpen   SignUpPolicy = "open"
	SignUpInvite SignUpPolicy = "invite"
	SignUpClosed SignUpPolicy = "closed"
)

// Lives says how long sessions, mailed links and other things last. All values are
// positive.
type Lives struct {
	SessionIdle, Session time.Duration // of a browser
	DeviceIdle, Device   time.Duration
	Confirm              time.Duration // the time in which a sign-up must be confirmed
	Reset                time.Duration
	PINReset             time.Duration
	EmailChange          time.Duration
	EmailUndo            time.Duration
	History              time.Duration
}

// DefaultLives returns the lives that apply unless the configuration sets others.
func DefaultLives() Lives {
	const day = 24 * time.Hour
	return Lives{
		SessionIdle: 7 * day, Session: 30 * day, DeviceIdle: 180 * day, Device: 365 * day,
		Confirm: 7 * day, Reset: time.Hour, PINReset: time.Hour, EmailChange: day, EmailUndo: 3 * day, History: 90 * day,
	}
}

// Options are the settings of a [Store]. All fields are needed, except those whose comments
// say otherwise.
type Options struct {
	Database          string         // sqlite:PATH or mysql://user:password@host:port/name
	Connections       int            // open at once, at most; 0 for what suits the engine
	Pages             database.Pages // of a SQLite file; the zero value for the usual ones
	SessionsMost      int            // of an account: this many browsers, and this many devices; 0 for no limit
	FamilyLimit       int            // members, and grown people besides, of a family; 0 for 10
	Keys              secret.Keys
	Hashing           secret.HasherOptions // without Now
	Limits            Limits
	BusyNetworks      []BusyNetwork // may be empty
	Lives             Lives
	SignUp            SignUpPolicy
	Servers           ServersPolicy
	LegacyMD5         bool   // MD5 sign-ins of old clients
	PlainWebhooks     bool   // addresses of webhooks may begin with http; the worker decides which are trusted
	ServiceName       string // no username or password may be made of it
	PasswordMinLength int    // in code points
	Languages         []string
	Now               func() time.Time // the clock of this machine; see [Store.Now]
	DatabaseNow       func() time.Time // for tests: the database's clock; nil for the one that the database has
	Random            io.Reader
	Log               *slog.Logger
}

// core holds the values that all areas share.
type core struct {
	db     *database.DB
	hot    statements
	keys   secret.Keys
	hasher *secret.Hasher
	opt    Options
	clock  *clock
	lastID atomic.Int64
	feed   *feed

	throttle *Throttle // the counters that every area's limits use
}

// New returns a Store on the database of o. It does not read the database: call
// [Store.Prepare] before the first operation.
func New(o Options) (*Store, error) {
	if o.Connections == 0 {
		o.Connections = database.UsualConnections(o.Database)
	}
	if o.Pages == (database.Pages{}) {
		o.Pages = database.UsualPages()
	}
	db, err := database.OpenPages(o.Database, o.Connections, o.Pages)
	if err != nil {
		return nil, err
	}
	db.Waits = func(ctx context.Context) {
		o.Log.InfoContext(ctx, "another instance brings the database up to date; the service waits for it")
	}
	o.Hashing.Now = o.Now
	hasher, err := secret.NewHasher(o.Keys, o.Hashing)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	c := &core{db: db, hot: prepareStatements(db), keys: o.Keys, hasher: hasher, opt: o, clock: newClock(db, o), feed: newFeed()}
	c.throttle = &Throttle{core: c, pause: throttlePause}
	sessions := &Sessions{core: c, seen: newNotes[int64, time.Time]()}
	invites := &Invites{core: c}
	pins := &PINs{core: c}
	pictures := &Pictures{core: c, drawer: picture.Drawer{Side: pictureSide}}
	members := &Members{core: c, pins: pins, links: &Links{core: c}, invites: invites, sessions: sessions, pictures: pictures}
	unlocks := &Unlocks{core: c, pins: pins, members: members}
	agents := &Agents{core: c, invites: invites, seen: newNotes[int64, time.Time]()}
	return &Store{
		Accounts:   &Accounts{core: c},
		Emails:     &Emails{core: c},
		Sessions:   sessions,
		Recovery:   &Recovery{core: c},
		PINs:       pins,
		Mail:       &Mail{core: c},
		MailStops:  &MailStops{core: c},
		Pictures:   pictures,
		Families:   &Families{core: c, invites: invites},
		Members:    members,
		Households: &Households{core: c, pins: pins},
		Throttle:   c.throttle,
		History:    &History{core: c},
		Operators:  &Operators{core: c},
		Servers:    &Servers{core: c},
		Addresses:  &Addresses{core: c},
		People:     &People{core: c},
		Roster:     &Roster{core: c},
		Agents:     agents,
		Links:      &Links{core: c},
		Devices:    &Devices{core: c, sessions: sessions},
		Invites:    invites,
		Changes:    &Changes{core: c, lookEvery: changesLookEvery},
		Proofs:     &Proofs{core: c},
		Unlocks:    unlocks,
		Holds:      &Holds{core: c, unlocks: unlocks},

		Protections: &Protections{core: c},
		Televisions: &Televisions{core: c, quickConnects: &QuickConnects{c}},
		Checks:      &Checks{core: c},
		Tries:       newTries(c),
		Stays:       &Stays{core: c},
		Backups:     &Backups{core: c},

		InviteLinks:      &InviteLinks{core: c, invites: invites},
		InviteProfiles:   &InviteProfiles{core: c},
		Imports:          &Imports{core: c, invites: invites},
		QuickConnects:    &QuickConnects{core: c},
		LocalPasswords:   &LocalPasswords{core: c},
		Opens:            &Opens{core: c},
		Restores:         &Restores{core: c},
		Registrations:    &Registrations{core: c, agents: agents},
		ServerKeys:       &ServerKeys{core: c, used: newNotes[secret.Hash, keyUse]()},
		EmbyServers:      &EmbyServers{core: c},
		OperatedServers:  &OperatedServers{core: c},
		OperatedMails:    &OperatedMails{core: c, mail: &Mail{core: c}},
		OperatedInvites:  &OperatedInvites{core: c, invites: &Invites{core: c}},
		OperatedMessages: &OperatedMessages{core: c},
		OperatedFamilies: &OperatedFamilies{core: c, families: &Families{core: c, invites: invites}},
		Circles:          &Circles{core: c},
		CirclePeople:     &CirclePeople{core: c, invites: invites},
		Metrics:          &Metrics{core: c},
		Console:          &Console{core: c},
		OperatorSettings: &OperatorSettings{core: c},
		Setups:           &Setups{core: c, registrations: &Registrations{core: c, agents: agents}},
		Webhooks:         &Webhooks{core: c},
		WebhookQueue:     &WebhookQueue{core: c},

		OperatedAccounts: &OperatedAccounts{core: c},

		core: c,
	}, nil
}

// Observe calls the function heard with the text and the values of every statement that the
// Store runs, for tests that count statements; see [database.DB.Observe].
func (s *Store) Observe(heard func(text string, args []any)) error { return s.db.Observe(heard) }

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// ErrWrongKey says that the secret key does not fit the database.
var ErrWrongKey = errors.New("the secret key does not fit this database: set secret-key to the key it was made with, " +
	"or set secret-key-previous to it when you are changing the key")

// OnMigrated calls the function told before the first file of migrations and after each of them, with how many are done and how
// many there are to do. It must be called before [Store.Prepare].
func (s *Store) OnMigrated(told func(done, all int64)) { s.db.Migrated = told }

// Prepare brings the schema up to date, sets the time of the Store by the database's clock, and
// checks that the secret key fits. owner names this process among others that start at the same time. It returns the number
// of migrations that it applied, and [ErrWrongKey] or database.ErrNewerSchema.
func (s *Store) Prepare(ctx context.Context, owner string) (applied int, err error) {
	steps, err := migrations.For(string(s.db.Dialect))
	if err != nil {
		return 0, err
	}
	if applied, err = s.db.Migrate(ctx, steps, owner); err != nil {
		return applied, err
	}
	if _, err := s.CompareClocks(ctx); err != nil {
		return applied, err
	}
	if err := s.checkKey(ctx); err != nil {
		return applied, err
	}
	if err := s.reseal(ctx); err != nil {
		return applied, err
	}
	if err := s.resealInvites(ctx); err != nil {
		return applied, err
	}
	if err := s.resealSettings(ctx); err != nil {
		return applied, err
	}
	if err := s.resealWebhooks(ctx); err != nil {
		return applied, err
	}
	return applied, s.clearMD5(ctx)
}

// secretKey is a row of secret_keys: the id of a secret key that was used with this
// database.
type secretKey struct {
	KeyID     string
	CreatedAt time.Time
}

// TableName returns the name of the table, secret_keys.
func (secretKey) TableName() string { return "secret_keys" }

// checkKey accepts the key that the database was last used with. A new database takes
// the current key, and so does a database that was last used with the previous key.
// Any other key is refused, because it cannot check the newest values.
func (s *Store) checkKey(ctx context.Context) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		known, err := database.G[secretKey](tx).Order("created_at DESC").Find(ctx)
		if err != nil {
			return fmt.Errorf("read the key check: %w", err)
		}
		if len(known) > 0 && known[0].KeyID == s.keys.ID() {
			return nil
		}
		if len(known) > 0 && known[0].KeyID != s.keys.PreviousID() {
			return ErrWrongKey
		}
		// An older key that is used again becomes the newest row. Its time must be later
		// than the others', even if the clock was set back.
		at := s.Now()
		if len(known) > 0 && !at.After(known[0].CreatedAt) {
			at = known[0].CreatedAt.UTC().Add(time.Millisecond)
		}
		if err := tx.Exec("DELETE FROM secret_keys WHERE key_id = ?", s.keys.ID()).Error; err != nil {
			return fmt.Errorf("write the key check: %w", err)
		}
		if err := database.G[secretKey](tx).Create(ctx, &secretKey{KeyID: s.keys.ID(), CreatedAt: at}); err != nil {
			return fmt.Errorf("write the key check: %w", err)
		}
		return forgetMailStops(tx, slices.DeleteFunc(known, func(k secretKey) bool { return k.KeyID == s.keys.ID() }))
	})
}

// Ready returns nil if the database can be used and its clock agrees with the clock of
// this machine. Otherwise it returns the reason why not: an error of [database.DB.Ready],
// or [ErrClocksDiffer].
func (s *Store) Ready(ctx context.Context) error {
	if err := s.db.Ready(ctx); err != nil {
		return err
	}
	return s.clock.agrees()
}

// Rest frees the memory of the lists of words with which passwords are judged, if nobody
// has used them since the last call.
func (*Store) Rest() { wordlists.Rest() }

// idEpoch is the time from which ids count, in Unix milliseconds: 2025-01-01.
const idEpoch = 1735689600000

// idRandomBits is the number of random bits at the end of an id.
const idRandomBits = 22

// timeOfID returns the time when an id was made.
func timeOfID(id int64) time.Time { return time.UnixMilli(id>>idRandomBits + idEpoch).UTC() }

// newID makes an id of 41 bits of milliseconds and 22 random bits, so that ids sort by
// time and instances need not agree on them. The ids of one instance always rise, even
// within a millisecond and when the clock is set back.
func (c *core) newID() (int64, error) {
	var tail [4]byte
	if _, err := io.ReadFull(c.opt.Random, tail[:]); err != nil {
		return 0, fmt.Errorf("no randomness: %w", err)
	}
	ms := c.Now().UnixMilli() - idEpoch
	id := ms<<idRandomBits | int64(binary.BigEndian.Uint32(tail[:])>>(32-idRandomBits))
	for {
		last := c.lastID.Load()
		next := max(id, last+1)
		if c.lastID.CompareAndSwap(last, next) {
			return next, nil
		}
	}
}

// tx runs work in a transaction; see [database.DB.Tx]. After the commit it wakes the
// long polls of the servers whose feeds have new changes.
func (c *core) tx(ctx context.Context, doing string, work func(tx *gorm.DB) error) error {
	ctx, told := c.feed.collect(ctx)
	err := c.db.Tx(ctx, work)
	if err == nil {
		told()
	}
	return explained(doing, err)
}

// read returns the database for a single statement outside a transaction.
func (c *core) read(ctx context.Context) *gorm.DB { return c.db.Gorm.WithContext(ctx) }
