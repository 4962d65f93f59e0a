package models

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Changes are the operations on the feed from which the agent of a server learns what
// happened to its links. The numbers of a feed rise without gaps in the order in which
// the changes were committed, because the counter is a column of the server's row that
// the transaction of the change raises.
type Changes struct {
	*core
	lookEvery time.Duration // the time between two reads of the database, for changes that another process made
}

// changesLookEvery is the longest time after which a waiting agent learns of a change
// that another process made.
const changesLookEvery = time.Second / 2

// ChangeKind says what happened.
type ChangeKind string

// The kinds of changes.
const (
	ChangeLink         ChangeKind = "link_changed"  // it was made or accepted, its terms or access key changed, or its account was disabled or enabled
	ChangeLinkRemoved  ChangeKind = "link_removed"  // it was declined, left or ended; an agent removes a link for no other reason
	ChangeDevicesEnded ChangeKind = "devices_ended" // the sessions of one device ended; without a device id, the sessions of all devices ended
	ChangeProofAsked   ChangeKind = "proof_asked"   // see [Proofs.Open]

	ChangeSessionEnded    ChangeKind = "session_ended"     // a session ended: its access key, and the local tokens that were given for it
	ChangeSessionKeyEnded ChangeKind = "session_key_ended" // a session ended, but its local tokens stay, see device_key.go

	ChangeQuickConnectAsked  ChangeKind = "quick_connect_asked"  // see [QuickConnects.Open]
	ChangeLocalPasswordAsked ChangeKind = "local_password_asked" // see [LocalPasswords.Open]
	ChangeChecksAsked        ChangeKind = "checks_asked"         // see [Checks.Ask]
	ChangeHandedOver         ChangeKind = "server_handed_over"   // the server has another owner; see [Server.KeyHandedOver]
)

// Change is one entry of the feed. Link is the present state of the link, nil if the
// link no longer exists.
type Change struct {
	Seq       int64
	Kind      ChangeKind
	At        time.Time
	LinkID    int64 // 0 for a change that is not about a link
	AccountID int64
	DeviceID  string // of [ChangeDevicesEnded]; "" for all devices of the account
	SessionID int64  // of [ChangeSessionEnded] and [ChangeSessionKeyEnded]; else 0
	Link      *AgentLink
}

// changeRow is a row of link_changes.
type changeRow struct {
	ServerID  int64
	Seq       int64
	Kind      ChangeKind
	LinkID    int64
	AccountID int64
	DeviceID  string
	CreatedAt time.Time
	SessionID int64
}

// TableName returns the name of the table, link_changes.
func (changeRow) TableName() string { return "link_changes" }

// feedChange writes a change into the feed of a server that an agent runs; other
// servers have no feed. Call it in the transaction of the change. It locks the row of
// the server until the commit.
func (c *core) feedChange(ctx context.Context, tx *gorm.DB, row changeRow) error {
	result := tx.Exec("UPDATE servers SET change_seq = change_seq + 1 WHERE id = ? AND kind = ?", row.ServerID, ServerAgent)
	if result.Error != nil || result.RowsAffected == 0 {
		return result.Error
	}
	if err := tx.Raw("SELECT change_seq FROM servers WHERE id = ?", row.ServerID).Scan(&row.Seq).Error; err != nil {
		return err
	}
	row.CreatedAt = c.Now()
	if err := database.G[changeRow](tx).Create(ctx, &row); err != nil {
		return err
	}
	c.feed.remember(tx.Statement.Context, row.ServerID)
	return nil
}

// feedLink writes a change of a link into the feed of its server.
func (c *core) feedLink(ctx context.Context, tx *gorm.DB, link *linkRow, kind ChangeKind) error {
	return c.feedChange(ctx, tx, changeRow{ServerID: link.ServerID, Kind: kind, LinkID: link.ID, AccountID: link.AccountID})
}

// feedAccount writes a change into the feeds of all servers that an account is linked to.
func (c *core) feedAccount(ctx context.Context, tx *gorm.DB, accountID int64, kind ChangeKind) error {
	return c.feedRows(ctx, tx, accountID, []changeRow{{Kind: kind}})
}

// feedRows writes changes, which have a kind and perhaps a device or a session, into the feeds of
// all servers that an account is linked to.
func (c *core) feedRows(ctx context.Context, tx *gorm.DB, accountID int64, rows []changeRow) error {
	var links []linkRow
	// The links are sorted by the ids of their servers, because every transaction locks
	// servers in that order.
	err := tx.Raw(`SELECT l.id, l.server_id, l.account_id, l.state FROM links l JOIN servers s ON s.id = l.server_id
WHERE l.account_id = ? AND s.kind = ? ORDER BY l.server_id`, accountID, ServerAgent).Scan(&links).Error
	if err != nil {
		return err
	}
	for _, link := range links {
		for _, row := range rows {
			if row.Kind != ChangeLink && row.Kind != ChangeLinkRemoved && link.State != LinkAccepted {
				continue // no device has got an access key from a pending link
			}
			row.ServerID, row.LinkID, row.AccountID = link.ServerID, link.ID, accountID
			if err := c.feedChange(ctx, tx, row); err != nil {
				return err
			}
		}
	}
	return nil
}

// List returns the oldest changes of a server whose numbers are above the number after, the
// oldest first and at most n of them.
func (c *Changes) List(ctx context.Context, this Server, after int64, n int) ([]Change, error) {
	rows, err := database.G[changeRow](c.read(ctx)).Where("server_id = ? AND seq > ?", this.ID, after).Order("seq").Limit(n).Find(ctx)
	if err != nil {
		return nil, explained("read the changes", err)
	}
	var ids []int64
	for _, r := range rows {
		if r.LinkID != 0 {
			ids = append(ids, r.LinkID)
		}
	}
	links := map[int64]*AgentLink{}
	if len(ids) > 0 {
		list, err := c.agentLinks(ctx, this.ID, " AND l.id IN ?", ids)
		if err != nil {
			return nil, err
		}
		for i := range list {
			links[list[i].ID] = &list[i]
		}
	}
	changes := make([]Change, len(rows))
	for i, r := range rows {
		changes[i] = Change{
			Seq: r.Seq, Kind: r.Kind, At: r.CreatedAt.UTC(), LinkID: r.LinkID, AccountID: r.AccountID, DeviceID: r.DeviceID,
			SessionID: r.SessionID, Link: links[r.LinkID],
		}
	}
	return changes, nil
}

// lookChanges reads the number of the last change of a server, for an agent that wants to
// wait for the next one.
const lookChanges = "SELECT change_seq, disabled_at FROM servers WHERE id = ?"

// lookAllChanges reads the number of the last change for the agents that wait at this process,
// up to [lookStep] of them in one statement.
const lookAllChanges = "SELECT id, change_seq, disabled_at FROM servers WHERE id IN ?"

const lookStep = 250

// Last returns the number of the last change of a server. It returns [ErrNoServer] for
// a server that was removed meanwhile, or [ErrServerDisabled].
func (c *Changes) Last(ctx context.Context, this Server) (int64, error) {
	var last int64
	var disabledAt *time.Time
	found, err := c.hot.change.One(ctx, []any{this.ID}, &last, &disabledAt)
	switch {
	case err != nil:
		return 0, explained("look for changes", err)
	case !found:
		return 0, ErrNoServer
	case disabledAt != nil:
		return 0, ErrServerDisabled
	default:
		return last, nil
	}
}

// Wait waits until the number of the last change differs from after, the number that the agent
// knows. It also returns nil when the time most is over, when leave is closed, or when ctx
// ends. If the numbers differ already, it does not wait at all, even if after is the higher
// number, as happens when a backup was restored. Wait returns [ErrNoServer],
// [ErrServerDisabled] or [ErrUnavailable].
func (c *Changes) Wait(ctx context.Context, this Server, after int64, most time.Duration, leave <-chan struct{}) error {
	every := c.lookEvery
	heard, forget := c.feed.hear(this.ID, after, func() { c.watch(every) })
	defer forget()
	over := time.NewTimer(most)
	defer over.Stop()
	for {
		last, err := c.Last(ctx, this)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil || last != after {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-leave:
			return nil
		case <-over.C:
			return nil
		case <-heard:
		}
	}
}

// watch looks at the given interval for changes that other processes made, for all agents that
// wait at this process, and wakes those whose feed has changed. It returns when nobody waits.
func (c *Changes) watch(every time.Duration) {
	timer := time.NewTicker(every)
	defer timer.Stop()
	for range timer.C {
		waiting := c.feed.servers()
		if waiting == nil {
			return
		}
		for ids := range slices.Chunk(waiting, lookStep) {
			c.lookAll(ids)
		}
	}
}

// lookAll wakes the agents of the given servers whose feed has changed, and the agents whose
// server was removed or disabled. If the database does not answer, it wakes all of them, and each
// reads its own number.
func (c *Changes) lookAll(ids []int64) {
	var rows []struct {
		ID, ChangeSeq int64
		DisabledAt    *time.Time
	}
	err := c.read(context.Background()).Raw(lookAllChanges, ids).Scan(&rows).Error
	last := make(map[int64]int64, len(rows))
	for _, row := range rows {
		if row.DisabledAt == nil {
			last[row.ID] = row.ChangeSeq
		}
	}
	for _, id := range ids {
		if seq, found := last[id]; err == nil && found {
			c.feed.wakeBehind(id, seq)
		} else {
			c.feed.wake(id)
		}
	}
}

// Acknowledge stores that the agent has carried out all changes up to seq, so that
// they can be deleted later. It returns an error about the field seq for a number
// above the last change.
func (c *Changes) Acknowledge(ctx context.Context, this Server, seq int64) error {
	return c.tx(ctx, "acknowledge changes", func(tx *gorm.DB) error {
		row, err := c.serverByID(ctx, tx, this.ID)
		if err != nil {
			return err
		}
		if seq < 0 || seq > row.ChangeSeq {
			return fieldError(KindInvalid, "seq", "seq_unknown")
		}
		return tx.Exec("UPDATE servers SET acked_seq = ? WHERE id = ? AND acked_seq < ?", seq, this.ID, seq).Error
	})
}

// feed wakes the long polls of this process when a change is committed.
type feed struct {
	mu       sync.Mutex
	waiting  map[int64]map[chan struct{}]int64 // by server: the number of the last change that the caller knows
	watching bool                              // a goroutine looks for changes of other processes
}

func newFeed() *feed { return &feed{waiting: map[int64]map[chan struct{}]int64{}} }

// hear returns a channel that receives a value at every change of a server, until forget is
// called. after is the number of the last change that the caller knows. hear starts watch
// unless watch runs already; watch must end as soon as [feed.servers] returns nil.
func (f *feed) hear(serverID, after int64, watch func()) (heard <-chan struct{}, forget func()) {
	word := make(chan struct{}, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiting[serverID] == nil {
		f.waiting[serverID] = map[chan struct{}]int64{}
	}
	f.waiting[serverID][word] = after
	if !f.watching {
		f.watching = true
		go watch()
	}
	return word, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.waiting[serverID], word)
		if len(f.waiting[serverID]) == 0 {
			delete(f.waiting, serverID)
		}
	}
}

// changedServers are the servers whose feeds a transaction has written.
type changedServers struct {
	mu  sync.Mutex
	ids map[int64]bool
}

type changedKey struct{}

// collect returns a context for a transaction, and a function to call after the commit,
// which wakes the long polls of all servers that the transaction has remembered.
func (f *feed) collect(ctx context.Context) (inside context.Context, told func()) {
	changed := &changedServers{ids: map[int64]bool{}}
	return context.WithValue(ctx, changedKey{}, changed), func() {
		changed.mu.Lock()
		defer changed.mu.Unlock()
		for id := range changed.ids {
			f.wake(id)
		}
	}
}

// remember stores in the context of a transaction that the transaction has written into the
// feed of a server.
func (f *feed) remember(ctx context.Context, serverID int64) {
	if changed, ok := ctx.Value(changedKey{}).(*changedServers); ok {
		changed.mu.Lock()
		defer changed.mu.Unlock()
		changed.ids[serverID] = true
	}
}

// count returns how many agents wait.
func (f *feed) count() (number int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, words := range f.waiting {
		number += len(words)
	}
	return number
}

// servers returns the servers at which somebody waits. When nobody waits it returns nil.
// Then the caller, which is the watch that [feed.hear] started, must end; the next hear
// starts another watch.
func (f *feed) servers() []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watching = len(f.waiting) > 0
	return slices.Sorted(maps.Keys(f.waiting))
}

// wake wakes everybody who waits at a server.
func (f *feed) wake(serverID int64) {
	f.wakeIf(serverID, func(int64) bool { return true })
}

// wakeBehind wakes everybody who waits at a server and knows another number than last, the
// number of its last change.
func (f *feed) wakeBehind(serverID, last int64) {
	f.wakeIf(serverID, func(after int64) bool { return after != last })
}

func (f *feed) wakeIf(serverID int64, is func(after int64) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for word, after := range f.waiting[serverID] {
		if !is(after) {
			continue
		}
		select {
		case word <- struct{}{}:
		default: // the channel already holds a value
		}
	}
}

// changesKept is the time for which acknowledged changes stay, for an agent whose own
// data was restored from a backup.
const changesKept = 7 * 24 * time.Hour

// sweepChanges deletes changes that were acknowledged long ago. Changes that were not
// acknowledged stay.
func (s *Store) sweepChanges(ctx context.Context) error {
	for {
		var done []struct{ ServerID, Seq int64 }
		err := s.read(ctx).Raw(`SELECT c.server_id, MAX(c.seq) AS seq FROM link_changes c JOIN servers s ON s.id = c.server_id
WHERE c.created_at <= ? AND c.seq <= s.acked_seq GROUP BY c.server_id LIMIT ?`, s.Now().Add(-changesKept), sweepStep).Scan(&done).Error
		if err != nil {
			return explained("find old changes", err)
		}
		var failed error
		for _, one := range done {
			err := s.db.Again(ctx, func(db *gorm.DB) error {
				return db.Exec("DELETE FROM link_changes WHERE server_id = ? AND seq <= ?", one.ServerID, one.Seq).Error
			})
			failed = errors.Join(failed, err)
		}
		if failed != nil || len(done) < sweepStep {
			return explained("sweep changes", failed)
		}
	}
}
