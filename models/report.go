package models

import (
	"cmp"
	"context"
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Agents are the operations that the agent beside a media server calls with the server
// key.
type Agents struct {
	*core
	invites *Invites

	seen *notes[int64, time.Time] // last calls that are not written yet
}

// Report is the complete state of a server as its agent reports it.
type Report struct {
	Registration             // ClaimCode and IdempotencyKey are ignored
	LocalUsers   []LocalUser // ExternalID, Name, Disabled, Administrator, NotAllowed and Sees count
	Libraries    []Library
	QuickConnect bool // codes of Quick Connect can be approved now

	// Media says which media server it is: [MediaJellyfin], [MediaEmby] or [MediaBuiltin]; "" if the agent
	// does not say, and for every other text.
	Media string

	// PasswordKey is the public key to which browsers seal a local password: an uncompressed point
	// of P-256 in base64url. It is "" if the agent takes no passwords.
	PasswordKey string

	// OpenAddresses are the addresses, out of Addresses, below which the agent answers
	// browsers; see [Opens]. An address that is not in Addresses is ignored.
	OpenAddresses []string

	// DeviceKeys reports whether the agent accepts an access key for each session; see
	// device_key.go.
	DeviceKeys bool

	// Levels says for whom the agent holds levels: [LevelsGuests] and the others; "" for an agent that
	// knows no levels. Choices are the names that levels can use; nil changes nothing.
	Levels  string
	Choices *LevelChoices

	// Televisions says for whom the agent lets the owner sign televisions in: [TelevisionsGuests] and the
	// others; "" for an agent that does not say.
	Televisions string

	// Run tells the runs of agents apart: each run has a random text of its own. It is "" if
	// the agent does not send one.
	Run string
}

// Reported is the answer to a report.
type Reported struct {
	Changed    bool // the report differs from the report before
	AnotherRun bool // the report before came from another run of an agent with the same key
}

// The largest numbers of things that a report may hold.
const (
	localUsersMax = 5000
	librariesMax  = 1000
)

// checkedReport is a report in the form that is stored and compared.
type checkedReport struct {
	Name, Version, SystemID string
	Addresses               []Address
	LocalUsers              []LocalUser
	Libraries               []Library
	QuickConnect            bool
	PasswordKey             string        `json:",omitempty"` // left out if empty, so that a report without a key has the same digest as before this field existed
	Media                   string        `json:",omitempty"` // left out for the same reason
	DeviceKeys              bool          `json:",omitempty"` // left out for the same reason
	Levels                  string        `json:",omitempty"`
	Televisions             string        `json:",omitempty"`
	Choices                 *LevelChoices `json:",omitempty"`
}

// check returns the report in the form that is stored. It returns errors about the
// fields name, system_id, local_users and libraries.
func (r Report) check() (checkedReport, error) {
	registration, addresses, err := r.Registration.check()
	if err != nil {
		return checkedReport{}, err
	}
	out := checkedReport{Name: registration.Name, Version: registration.Version, SystemID: registration.SystemID, Addresses: addresses, QuickConnect: r.QuickConnect, PasswordKey: r.PasswordKey, DeviceKeys: r.DeviceKeys}
	markOpens(out.Addresses, r.OpenAddresses)
	var wrong []FieldError
	if !isPasswordKey(r.PasswordKey) {
		wrong = append(wrong, FieldError{Field: "password_key", Code: "password_key_invalid"})
	}
	seen := map[string]bool{}
	for _, u := range r.LocalUsers {
		sees, ok := u.Sees.check()
		if !ok || !isExternalID(u.ExternalID) || seen[u.ExternalID] || len(r.LocalUsers) > localUsersMax {
			wrong = append(wrong, FieldError{Field: "local_users", Code: "local_users_invalid"})
			break
		}
		seen[u.ExternalID] = true
		out.LocalUsers = append(out.LocalUsers, LocalUser{
			ExternalID: u.ExternalID, Name: nameOr(u.Name, u.ExternalID), Disabled: u.Disabled, Administrator: u.Administrator,
			NotAllowed: u.NotAllowed, Sees: sees,
		})
	}
	clear(seen)
	for _, l := range r.Libraries {
		if !isExternalID(l.ExternalID) || seen[l.ExternalID] || len(r.Libraries) > librariesMax {
			wrong = append(wrong, FieldError{Field: "libraries", Code: "libraries_invalid"})
			break
		}
		seen[l.ExternalID] = true
		out.Libraries = append(out.Libraries, Library{ExternalID: l.ExternalID, Name: nameOr(l.Name, l.ExternalID), Kind: libraryKind(l.Kind)})
	}
	if slices.Contains([]string{LevelsOff, LevelsGuests, LevelsLinked}, r.Levels) {
		out.Levels = r.Levels
	}
	if slices.Contains([]string{TelevisionsOff, TelevisionsGuests, TelevisionsLinked}, r.Televisions) {
		out.Televisions = r.Televisions
	}
	if slices.Contains([]string{MediaJellyfin, MediaEmby, MediaBuiltin}, r.Media) {
		out.Media = r.Media
	}
	if r.Choices != nil {
		choices := r.Choices.check()
		out.Choices = &choices
	}
	slices.SortFunc(out.LocalUsers, func(a, b LocalUser) int { return cmp.Compare(a.ExternalID, b.ExternalID) })
	slices.SortFunc(out.Libraries, func(a, b Library) int { return cmp.Compare(a.ExternalID, b.ExternalID) })
	return out, invalid(wrong)
}

// isPasswordKey reports whether a text is an uncompressed point of P-256 in base64url, or "".
func isPasswordKey(text string) bool {
	if text == "" {
		return true
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return false
	}
	_, err = ecdh.P256().NewPublicKey(raw)
	return err == nil
}

// markOpens marks the addresses that are in the list open. The agent says that it answers browsers
// below these addresses.
func markOpens(addresses []Address, open []string) {
	for _, text := range open {
		named, _ := parseAddress("", text)
		for i := range addresses {
			addresses[i].Opens = addresses[i].Opens || addresses[i].URL() == named.URL()
		}
	}
}

// nameOr returns a name in the form that is stored, or the id if the name is empty.
func nameOr(name, id string) string {
	if name = cleanServerName(name); name == "" {
		name = cleanServerName(id)
	}
	return name
}

// digest returns a text that is the same for two reports with the same facts, even in
// another order.
func (r checkedReport) digest() (string, error) {
	text, err := json.Marshal(r) //nolint:musttag // the text is only compared with other digests
	if err != nil {
		return "", fmt.Errorf("digest of a report: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Report stores the name, version, addresses, local users and libraries of a server. If nothing has
// changed it writes only the time of the call, every few minutes, and the run of the agent if that
// is another one. A local user or a library that is missing is deleted; if a link or a pending
// invite names it, it is marked as gone instead, and keeps its last name. Reports that change
// something are counted by server. It returns errors about fields, [ErrThrottled], [ErrNoServer]
// for a server that was removed meanwhile, or [ErrUnavailable].
func (a *Agents) Report(ctx context.Context, this Server, in Report) (out Reported, err error) {
	report, err := in.check()
	if err != nil {
		return out, err
	}
	digest, err := report.digest()
	if err != nil {
		return out, explained("read a report", err)
	}
	a.NoteContact(this)
	if out.AnotherRun, err = a.noteRun(ctx, &this, in.Run); err != nil || digest == this.ReportHash {
		return out, err
	}
	limit := a.opt.Limits.ReportHour
	if this.OwnerID == 0 {
		limit = a.opt.Limits.ReportUnclaimed
	}
	if err := a.throttle.allow(ctx, a.throttle.key("report", FormatID(this.ID)), limit); err != nil {
		return out, err
	}
	err = a.tx(ctx, "take a report", func(tx *gorm.DB) error {
		err := a.changeTold(tx, this.ID, func() error { return a.storeFacts(ctx, tx, this.ID, &report, digest) })
		if err != nil {
			return err
		}
		if err := a.reportLocalUsers(ctx, tx, this.ID, report.LocalUsers); err != nil {
			return err
		}
		if err := a.reportLibraries(ctx, tx, this.ID, report.Libraries); err != nil {
			return err
		}
		return a.reportLevels(ctx, tx, this.ID, &report)
	})
	out.Changed = err == nil
	return out, err
}

// storeFacts stores what a report says about the server itself, and its addresses. It returns
// [ErrNoServer].
func (c *core) storeFacts(ctx context.Context, tx *gorm.DB, serverID int64, report *checkedReport, digest string) error {
	if err := noteServerSeen(tx, serverID, c.Now()); err != nil {
		return err
	}
	result := tx.Table("servers").Where("id = ?", serverID).Updates(map[string]any{
		"name": report.Name, "version": report.Version, "system_id": report.SystemID, "kind": ServerAgent,
		"media":         report.Media,
		"quick_connect": report.QuickConnect, "password_key": report.PasswordKey, "report_hash": digest,
	})
	if result.Error != nil {
		return result.Error
	}
	if result.RowsAffected == 0 {
		return ErrNoServer
	}
	if err := c.switchDeviceKeys(ctx, tx, serverID, report.DeviceKeys); err != nil {
		return err
	}
	return c.storeAddresses(ctx, tx, serverID, report.Addresses)
}

// reportLocalUsers stores the local users of a report.
func (c *core) reportLocalUsers(ctx context.Context, tx *gorm.DB, serverID int64, users []LocalUser) error {
	rows, err := database.G[localUserRow](tx).Where("server_id = ?", serverID).Find(ctx)
	if err != nil {
		return err
	}
	known := map[string]localUserRow{}
	for _, row := range rows {
		known[row.ExternalID] = row
	}
	var fresh []localUserRow
	for _, u := range users {
		sees, err := packSeen(u.Sees)
		if err != nil {
			return err
		}
		row, found := known[u.ExternalID]
		delete(known, u.ExternalID)
		if found {
			if err := c.updateLocalUser(tx, &row, u, sees); err != nil {
				return err
			}
			continue
		}
		row = localUserRow{
			ServerID: serverID, ExternalID: u.ExternalID, Name: u.Name, NameKey: nameOrder(u.Name), Disabled: u.Disabled, Administrator: u.Administrator, NotAllowed: u.NotAllowed,
			Sees: sees, ReportedAt: c.Now(),
		}
		if row.ID, err = c.newID(); err != nil {
			return err
		}
		fresh = append(fresh, row)
	}
	const step = 100
	for chunk := range slices.Chunk(fresh, step) {
		if err := tx.Create(&chunk).Error; err != nil {
			return err
		}
	}
	return c.forgetLocalUsers(tx, serverID, known)
}

func (c *core) updateLocalUser(tx *gorm.DB, row *localUserRow, u LocalUser, sees *string) error {
	key := nameOrder(u.Name)
	if row.Name == u.Name && row.NameKey == key && row.Disabled == u.Disabled && row.Administrator == u.Administrator && row.NotAllowed == u.NotAllowed && row.GoneAt == nil &&
		(row.Sees == nil) == (sees == nil) && (sees == nil || *sees == *row.Sees) {
		return nil
	}
	return tx.Exec("UPDATE local_users SET name = ?, name_key = ?, disabled = ?, administrator = ?, not_allowed = ?, sees = ?, gone_at = NULL, reported_at = ? WHERE id = ?",
		u.Name, key, u.Disabled, u.Administrator, u.NotAllowed, sees, c.Now(), row.ID).Error
}

// forgetLocalUsers deletes local users that no longer exist on their server, and marks
// as gone those that a link or an invite still names.
func (c *core) forgetLocalUsers(tx *gorm.DB, serverID int64, gone map[string]localUserRow) error {
	if len(gone) == 0 {
		return nil
	}
	var named []int64
	err := tx.Raw(`SELECT local_user_id FROM links WHERE server_id = ? AND local_user_id IS NOT NULL
UNION SELECT v.local_user_id FROM invite_servers v JOIN invites i ON i.id = v.invite_id
WHERE v.server_id = ? AND v.local_user_id IS NOT NULL AND i.state = ?`, serverID, serverID, invitePending).Scan(&named).Error
	if err != nil {
		return err
	}
	for _, row := range gone {
		if !slices.Contains(named, row.ID) {
			err = tx.Exec("DELETE FROM local_users WHERE id = ?", row.ID).Error
		} else if row.GoneAt == nil {
			err = tx.Exec("UPDATE local_users SET gone_at = ? WHERE id = ?", c.Now(), row.ID).Error
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// NoteContact stores in memory that a server has called; it does so at most once every few
// minutes; [Agents.Flush] writes it to the database.
func (a *Agents) NoteContact(this Server) {
	now := a.Now()
	if now.Sub(this.LastSeenAt) < lastSeenEvery {
		return
	}
	a.seen.note(this.ID, now)
}

// Flush writes the stored calls, a few in each transaction. If that fails, the next Flush
// tries again.
func (a *Agents) Flush(ctx context.Context) error {
	return a.seen.flush(cmp.Compare, func(ids []int64, seen map[int64]time.Time) error {
		return a.tx(ctx, "write last calls", func(tx *gorm.DB) error {
			for _, id := range ids {
				if err := noteServerSeen(tx, id, seen[id]); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// AgentState holds the facts about its own server that an agent gets in addition to
// [ServerKeys.Look].
type AgentState struct {
	Owner     string // username; "" while nobody has claimed it
	TimeZone  string // of the owner; "" while it is not known
	Addresses []Address
}

// State reads the owner and the addresses of the calling server.
func (a *Agents) State(ctx context.Context, this Server) (AgentState, error) {
	return a.agentState(ctx, this)
}

func (c *core) agentState(ctx context.Context, this Server) (AgentState, error) {
	var state AgentState
	rows, err := database.G[addressRow](c.read(ctx)).Where("server_id = ?", this.ID).Order("position, id").Find(ctx)
	if err != nil {
		return state, explained("read the addresses", err)
	}
	for i := range rows {
		state.Addresses = append(state.Addresses, rows[i].address())
	}
	if this.OwnerID == 0 {
		return state, nil
	}
	owner, err := c.accountByID(ctx, c.read(ctx), this.OwnerID)
	if KindOf(err) == KindNotFound {
		return state, nil
	}
	state.Owner, state.TimeZone = owner.Username, owner.TimeZone
	return state, err
}

// Touch writes the time at which a server has called; it does so at most once every few
// minutes.
func (a *Agents) Touch(ctx context.Context, this Server) error {
	now := a.Now()
	if now.Sub(this.LastSeenAt) < lastSeenEvery {
		return nil
	}
	return explained("note a call", a.db.Again(ctx, func(db *gorm.DB) error {
		return noteServerSeen(db, this.ID, now)
	}))
}
