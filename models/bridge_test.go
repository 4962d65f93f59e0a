package models

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// This file opens some internals to the tests. In all other respects they call the Store
// as other packages do.

// DatabaseOf returns the database of a store.
func DatabaseOf(s *Store) *database.DB { return s.db }

// AddressOf returns the address of the database of a store.
func AddressOf(s *Store) string { return s.opt.Database }

// Impatient makes a store refuse a try at once, instead of waiting until a counter opens.
func Impatient(s *Store) { s.Throttle.pause = time.Millisecond }

// PauseTries sets the average time before a store counts a refused try again.
func PauseTries(s *Store, pause time.Duration) { s.Throttle.pause = pause }

// NewID returns a new id.
func NewID(s *Store) (int64, error) { return s.newID() }

// SpendConfirm spends a confirmation link and does nothing with it.
func SpendConfirm(ctx context.Context, s *Store, text string) error {
	return s.tx(ctx, "spend a link", func(tx *gorm.DB) error {
		_, err := s.spend(ctx, tx, purposeConfirm, text)
		return err
	})
}

// Raise counts one try with a counter that only tests use, and returns the number of
// tries.
func Raise(ctx context.Context, s *Store, subject string, limit Limit) (int, error) {
	return s.Throttle.raise(ctx, s.Throttle.key("test", subject), limit)
}

// CountTry counts one try with a counter that only tests use. It returns a function that
// gives the try back.
func CountTry(ctx context.Context, s *Store, subject string, limit Limit) (giveBack func() error, err error) {
	try, err := s.Throttle.count(ctx, s.Throttle.key("test", subject), limit)
	return func() error { return s.Throttle.giveBack(ctx, try) }, err
}

// UseUpResets asks for as many resets as the whole service and the network of an address
// allow, as strangers could. Afterwards both counters are full.
func UseUpResets(ctx context.Context, s *Store, address string) error {
	l, t := s.opt.Limits, s.Throttle
	_, network := t.raise(ctx, t.key("recover network", t.placeOf(address).far), Limit{Hits: 1, Window: l.RecoverNetwork.Window})
	_, service := t.raise(ctx, t.key("recover service", ""), Limit{Hits: 1, Window: l.RecoverService.Window})
	return errors.Join(network, service)
}

// WaitAfter returns the wait that a limit gives after a number of hits, computed in Go.
func WaitAfter(l Limit, hits int) time.Duration { return l.waitAfter(hits) }

// MailSecretFrom makes the secret of a mail from its row in the database and the given
// keys.
func MailSecretFrom(keys secret.Keys, kind MailKind, id int64, salt secret.Hash, keyID string) (string, error) {
	c := core{keys: keys}
	return c.mailSecret(&outboxRow{ID: id, Kind: kind, Salt: salt, KeyID: keyID})
}

// FinishOneStep does the first part of [Restores.Finish]: it ends the old sessions, tokens
// and invites, and replaces the access keys of the first few accounts only. A process that
// crashes in the middle leaves the database in this state.
func FinishOneStep(ctx context.Context, s *Store) error {
	row, err := s.Restores.row(ctx)
	if err != nil {
		return err
	}
	return errors.Join(s.Restores.endOld(ctx, *row.RestoredAt), s.Restores.nextAccounts(ctx, row))
}

// RowTypes returns the types that read and write rows.
func RowTypes() []any {
	return []any{
		&secretKey{}, &mailStopRow{}, &pictureRow{}, &familyPersonRow{}, &circleRow{}, &circleServerRow{}, &circlePersonRow{}, &circleAskRow{}, &circleAnswerRow{}, &protectionRow{}, &linkLevelsRow{}, &formerStayRow{}, &accountRow{}, &emailRow{}, &emailChange{}, &sessionRow{}, &token{}, &outboxRow{}, &historyRow{}, &operatorActRow{}, &operatorSettingRow{}, &setupRow{}, &messageRow{}, &mailDayRow{},
		&serverRow{}, &serverKeyRow{}, &addressRow{}, &linkRow{}, &claimCodeRow{}, &deviceCodeRow{},
		&serverCheckRow{}, &serverCheckupRow{}, &serverTryRow{}, &serverAnswerRow{},
		&localUserRow{}, &libraryRow{}, &inviteRow{}, &inviteServerRow{}, &inviteProfileRow{}, &inviteUseRow{}, &importRow{}, &importLineRow{}, &changeRow{}, &proofRow{}, &quickRow{}, &quickDeviceRow{}, &openRow{}, &localPasswordRow{}, &idempotencyRow{}, &restoreRow{}, &backupRow{}, &serverListRow{}, &webhookRow{}, &webhookEventRow{}, &webhookDeliveryRow{}, &serverAbsenceRow{},
	}
}

// These are statements that run often.
const (
	LookServer     = lookServer
	Locate         = locate
	Authorizations = authorizations
	CountWaiting   = countWaiting
	ListLinks      = listLinks
	OwnServers     = ownServers
	OwnWaiting     = ownWaiting
	LookChanges    = lookChanges
	LookAllChanges = lookAllChanges
	AgentLinks     = agentLinks
	ListPeople     = listPeople
	LocalUsersOf   = localUsersOf
	InviteServers  = inviteServers
	DueReminders   = dueReminders
	DuePauses      = duePauses
)

// FilteredMD5 returns the MD5 of a password after the filter. Old clients send this or
// [PlainMD5].
func FilteredMD5(password string) string { return md5Hex(filtered(password)) }

// PlainMD5 returns the MD5 of a password without the filter.
func PlainMD5(password string) string { return md5Hex(password) }

// ParseShortCode reads a code as people type it.
func ParseShortCode(typed string) (string, bool) { return parseShortCode(typed) }

// LookForChanges sets how often a long poll looks for changes of other
// processes.
func LookForChanges(s *Store, every time.Duration) { s.Changes.lookEvery = every }

// Watching reports whether a goroutine looks for changes of other processes.
func Watching(s *Store) bool {
	s.Changes.feed.mu.Lock()
	defer s.Changes.feed.mu.Unlock()
	return s.Changes.feed.watching
}

// Listening returns how many long polls wait for a change of a server.
func Listening(s *Store, serverID int64) int {
	s.Changes.feed.mu.Lock()
	defer s.Changes.feed.mu.Unlock()
	return len(s.Changes.feed.waiting[serverID])
}

// HeldExchange reads a device code as both exchanges do, with the code alone for RFC 8628
// or with the id of an Emby device, and returns the rest of the exchange. So a test can
// hold callers between the look-up and the spending.
func HeldExchange(ctx context.Context, s *Store, deviceID, code string) (func(Caller) (SignedIn, error), error) {
	row, err := s.Devices.byMAC(ctx, secret.Sum(code))
	if deviceID != "" {
		row, err = s.Devices.byEmby(ctx, deviceID, code, s.Devices.byMAC)
	}
	return func(caller Caller) (SignedIn, error) { return s.Devices.admit(ctx, &row, caller) }, err
}

// RestTries replaces the function by which a try waits for its end.
func RestTries(s *Store, rest func(ctx context.Context, until time.Time) error) { s.Tries.rest = rest }

// NoteStep is the number of notes that are written at once.
const NoteStep = noteStep

// Notes gives tests the notes in memory.
type Notes[K, V comparable] struct{ *notes[K, V] }

// NewNotes returns notes without a value.
func NewNotes[K, V comparable]() Notes[K, V] { return Notes[K, V]{newNotes[K, V]()} }

// Note keeps a value.
func (n Notes[K, V]) Note(key K, value V) { n.note(key, value) }

// Get returns a value that is not written yet.
func (n Notes[K, V]) Get(key K) (V, bool) { return n.get(key) }

// Flush writes all values.
func (n Notes[K, V]) Flush(compare func(a, b K) int, write func([]K, map[K]V) error) error {
	return n.flush(compare, write)
}

// SweepStatements returns the statements by which a sweep finds rows, with their values.
func SweepStatements(s *Store) map[string][]any {
	all := map[string][]any{}
	for _, rule := range append(s.sweepRules(), s.sessionRules()...) {
		all[rule.find()] = append(slices.Clone(rule.args), 500)
	}
	return all
}

// Steady gives a store a clock that nobody can set: a function that returns how long the store
// has existed.
func Steady(s *Store, steady func() time.Duration) { s.clock.steady = steady }

// Answer sets what the database answers when it is asked for its time: how far its clock is
// ahead of the time of the store, and by how much this may be wrong.
func Answer(s *Store, ahead, doubt time.Duration) {
	s.clock.ask = func(_ context.Context, now func() time.Time) (time.Duration, time.Duration, error) {
		return s.clock.now().Add(ahead).Sub(now()), doubt, nil
	}
}

// DrawPictures makes a Store behave as if it drew the greatest number of pictures that it may draw at
// once, until release is called.
func DrawPictures(s *Store) (release func()) {
	s.Pictures.drawing.Add(picturesAtOnce)
	return func() { s.Pictures.drawing.Add(-picturesAtOnce) }
}

// LevelsTogether returns the level that has the stricter limit of two levels in every field. Empty lists
// that limit nothing become nil.
func LevelsTogether(a, b Level) Level {
	both := a.and(b)
	for _, list := range []*[]string{&both.HiddenLibraries, &both.HiddenFolders, &both.Unrated, &both.BlockedTags, &both.MayNot} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	return both
}

// BackupTables returns the tables that a backup holds, and the tables that it leaves out.
func BackupTables() (held []string, leftOut map[string]string) {
	return backupTables(), backupLeftOut()
}

// BackupColumns returns for each table of a backup of s its columns with their kinds.
func BackupColumns(ctx context.Context, s *Store) (map[string]string, error) {
	schema, err := schemaOf(ctx, s.db)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for table, columns := range schema.tables {
		for _, column := range columns {
			all[table+"."+column.Name] = column.Kind
		}
	}
	return all, nil
}
