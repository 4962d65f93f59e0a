package models

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// Agents are the operations that a media server calls with its server key.
type Agents struct {
	*core
	invites *Invites

	mu   sync.Mutex
	seen map[int64]time.Time // last calls that are not written yet
}

// Registrations are the operations by which a media server becomes known to the service
// and gets an owner.
type Registrations struct{ *core }

// ServerKeys are the operations on the secret keys by which servers prove who they are.
type ServerKeys struct{ *core }

// ServersPolicy says which media servers may register.
type ServersPolicy string

// The policies.
const (
	ServersOpen    ServersPolicy = "open"    // any; one that nobody claims stays under strict limits
	ServersClaimed ServersPolicy = "claimed" // only with a claim code
	ServersOff     ServersPolicy = "off"     // none
)

// Registration is what a media server tells of itself.
type Registration struct {
	Name          string
	SystemID      string
	Version       string
	Kind          string   // [ServerEmby] or [ServerAgent]
	WAN, VPN, LAN []string // addresses, the best first; what is none is left out
	ClaimCode     string   // "" for a server that registers by itself

	IdempotencyKey string // "" for none: a repetition gives the same server and key
}

// Registered is a new server and its key, which is shown once.
type Registered struct {
	Server    Server
	Key       string
	Addresses []Address
}

const systemIDMax = 64

// check returns the registration in the form that is kept.
func (r Registration) check() (Registration, []Address, error) {
	var wrong []FieldError
	r.Name = cleanServerName(r.Name)
	if r.Name == "" {
		wrong = append(wrong, FieldError{Field: "name", Code: "server_name_invalid"})
	}
	r.SystemID = strings.TrimSpace(r.SystemID) // clients compare it letter by letter
	if r.SystemID == "" || len(r.SystemID) > systemIDMax || strings.ContainsFunc(r.SystemID, notInID) {
		wrong = append(wrong, FieldError{Field: "system_id", Code: "system_id_invalid"})
	}
	const longestVersion = 64
	if version := []rune(cleanServerName(r.Version)); len(version) > longestVersion {
		r.Version = string(version[:longestVersion])
	} else {
		r.Version = string(version)
	}
	return r, r.addresses(), invalid(wrong)
}

func notInID(r rune) bool { return !isLetterOrDigit(r) && !strings.ContainsRune("-_.:{}", r) }

// addresses are those that can be understood, each once, near before far.
func (r Registration) addresses() []Address {
	const most = 20
	var all []Address
	seen := map[string]bool{}
	add := func(kind string, texts []string, first int) {
		for i, text := range texts {
			if a, ok := parseAddress(kind, text); ok && !seen[a.URL()] && len(all) < most {
				seen[a.URL()] = true
				a.Position = first + i
				all = append(all, a)
			}
		}
	}
	add(AddressLAN, r.LAN, 100)
	add(AddressVPN, r.VPN, 200)
	add(AddressWAN, r.WAN, 300)
	return all
}

// Register makes a server with a key of its own. A system id that another
// server has is no hindrance and inherits nothing. With a claim code the
// server belongs to the code's account at once. With an Idempotency-Key a
// repetition gives the same server and key. It returns errors about fields,
// [ErrOtherRequest],
// [ErrServersOff], [ErrClaimCodeWrong], [ErrThrottled] or [ErrUnavailable].
func (r *Registrations) Register(ctx context.Context, in Registration, caller Caller) (Registered, error) {
	in, addresses, err := in.check()
	if err != nil {
		return Registered{}, err
	}
	if r.opt.Servers == ServersOff || r.opt.Servers == ServersClaimed && in.ClaimCode == "" {
		return Registered{}, ErrServersOff
	}
	o, err := r.once("register server", in.IdempotencyKey, in.Name, in.SystemID, in.Version, in.Kind, in.WAN, in.VPN, in.LAN, in.ClaimCode)
	if err != nil {
		return Registered{}, err
	}
	if before, err := r.doneBefore(ctx, o); err != nil || before != 0 {
		return r.registeredBefore(ctx, before, err)
	}
	l := r.opt.Limits
	if err := r.throttle.source(ctx, "register server", caller, l.RegisterSource, l.RegisterNetwork, l.RegisterService); err != nil {
		return Registered{}, err
	}
	row := serverRow{SystemID: in.SystemID, Name: in.Name, Version: in.Version, Kind: in.Kind, KeyVersion: firstKeyVersion}
	if row.ID, err = r.newID(); err != nil {
		return Registered{}, explained("make an id", err)
	}
	out := Registered{Addresses: addresses}
	before, err := r.txOnce(ctx, "register a server", o, row.ID, func(tx *gorm.DB) error {
		out.Key, err = r.register(ctx, tx, &row, in.ClaimCode, caller)
		if err != nil {
			return err
		}
		return r.report(ctx, tx, row.ID, addresses)
	})
	if err != nil || before != 0 {
		return r.registeredBefore(ctx, before, err)
	}
	out.Server = row.server()
	return out, nil
}

// register writes a new server and makes its key.
func (r *Registrations) register(ctx context.Context, tx *gorm.DB, row *serverRow, claimCode string, caller Caller) (key string, err error) {
	row.CreatedAt, row.LastSeenAt = r.Now(), r.Now()
	if claimCode != "" {
		if err := r.claimNew(ctx, tx, row, claimCode, caller); err != nil {
			return "", err
		}
	}
	if err := gorm.G[serverRow](tx).Create(ctx, row); err != nil {
		return "", err
	}
	return r.newServerKey(ctx, tx, row.ID, row.KeyVersion)
}

// registeredBefore answers a repeated registration: the first key is derived
// again. It returns err, or [ErrNotFound] for a server that was removed
// meanwhile.
func (r *Registrations) registeredBefore(ctx context.Context, serverID int64, err error) (Registered, error) {
	if err != nil {
		return Registered{}, err
	}
	row, err := r.serverByID(ctx, r.read(ctx), serverID)
	if err != nil {
		return Registered{}, err
	}
	out := Registered{Server: row.server(), Key: r.serverKey(serverID, firstKeyVersion)}
	state, err := r.agentState(ctx, out.Server)
	out.Addresses = state.Addresses
	return out, err
}

// firstKeyVersion is the version of the key that a new server gets.
const firstKeyVersion = 1

// claimNew gives a new server to the account whose claim code it brings.
func (r *Registrations) claimNew(ctx context.Context, tx *gorm.DB, row *serverRow, claimCode string, caller Caller) error {
	var err error
	if row.OwnerID, err = r.spendClaimCode(tx, claimCode); err != nil {
		return err
	}
	row.ClaimedAt = &row.CreatedAt
	return r.note(ctx, tx, row.OwnerID, EventServerClaimed, caller)
}

// report stores the addresses that a server reports. Its earlier reports give
// way; what the owner set (order, hidden, own addresses) stays.
func (c *core) report(ctx context.Context, tx *gorm.DB, serverID int64, addresses []Address) error {
	known, err := gorm.G[addressRow](tx).Where("server_id = ?", serverID).Find(ctx)
	if err != nil {
		return err
	}
	have := map[string]addressRow{}
	for _, row := range known {
		have[row.address().URL()] = row
	}
	for _, address := range addresses {
		row, found := have[address.URL()]
		delete(have, address.URL())
		if err := c.reportOne(ctx, tx, serverID, address, row.ID, found); err != nil {
			return err
		}
	}
	for _, gone := range have {
		if gone.ByOwner || gone.Hidden { // a hidden one that comes back must still be hidden
			continue
		}
		if err := tx.Exec("DELETE FROM server_addresses WHERE id = ?", gone.ID).Error; err != nil {
			return err
		}
	}
	return nil
}

// reportOne stores one address, or that it was reported again.
func (c *core) reportOne(ctx context.Context, tx *gorm.DB, serverID int64, address Address, known int64, found bool) error {
	now := c.Now()
	if found {
		return tx.Exec("UPDATE server_addresses SET reported_at = ? WHERE id = ?", now, known).Error
	}
	id, err := c.newID()
	if err != nil {
		return err
	}
	err = gorm.G[addressRow](tx).Create(ctx, &addressRow{
		ID: id, ServerID: serverID, Kind: address.Kind, Scheme: address.Scheme, Host: address.Host, Port: address.Port,
		Position: address.Position, ReportedAt: now,
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) { // the owner or another report was faster
		return nil
	}
	return err
}

// lookServer is the statement that every call with a server key runs.
const lookServer = `SELECT s.id, s.system_id, s.owner_id, s.name, s.own_name, s.kind, s.version, s.key_version, s.created_at,
 s.claimed_at, s.last_seen_at, s.disabled_at, s.change_seq, s.acked_seq, s.report_hash, s.self_service, k.expires_at AS key_expires_at
FROM server_keys k JOIN servers s ON s.id = k.server_id
WHERE k.hash = ? AND (k.expires_at IS NULL OR k.expires_at > ?)`

// Look finds the server of a server key. It returns [ErrNoServer] for a key
// that is malformed, unknown or replaced, [ErrServerDisabled], or
// [ErrUnavailable].
func (k *ServerKeys) Look(ctx context.Context, key string) (Server, error) {
	if !secret.WellFormed(secret.ServerKey, key) {
		return Server{}, ErrNoServer
	}
	var rows []struct {
		Server       serverRow `gorm:"embedded"`
		KeyExpiresAt *time.Time
	}
	if err := k.read(ctx).Raw(lookServer, secret.Sum(key), k.Now()).Scan(&rows).Error; err != nil {
		return Server{}, explained("look up a server", err)
	}
	if len(rows) != 1 {
		return Server{}, ErrNoServer
	}
	if rows[0].Server.DisabledAt != nil {
		return Server{}, ErrServerDisabled
	}
	server := rows[0].Server.server()
	server.KeyExpiresAt = orZero(rows[0].KeyExpiresAt)
	return server, nil
}

// Update stores what a server tells of itself now; it is its heartbeat as well.
// It returns errors about fields, [ErrNotFound] for a server that was removed
// meanwhile, or [ErrUnavailable].
func (r *Registrations) Update(ctx context.Context, this Server, in Registration) (Registered, error) {
	if in.SystemID == "" {
		in.SystemID = this.SystemID
	}
	if in.Name == "" {
		in.Name = this.ReportedName
	}
	in, addresses, err := in.check()
	if err != nil {
		return Registered{}, err
	}
	this.ReportedName = in.Name
	err = r.tx(ctx, "update a server", func(tx *gorm.DB) error {
		err := oneRow(tx.Table("servers").Where("id = ?", this.ID).Updates(map[string]any{
			"name": in.Name, "version": in.Version, "system_id": in.SystemID, "last_seen_at": r.Now(), "report_hash": "",
		}))
		if err != nil || len(addresses) == 0 {
			return err
		}
		return r.report(ctx, tx, this.ID, addresses)
	})
	return Registered{Server: this, Addresses: addresses}, err
}

// Touch notes that a server has called, at most every few minutes.
func (a *Agents) Touch(ctx context.Context, this Server) error {
	now := a.Now()
	if now.Sub(this.LastSeenAt) < lastSeenEvery {
		return nil
	}
	return explained("note a call", a.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE servers SET last_seen_at = ? WHERE id = ? AND last_seen_at < ?", now, this.ID, now).Error
	}))
}

// claimCodeLife is how long a claim code may be typed.
const claimCodeLife = 10 * time.Minute

// claimCodePurpose keys the hashes of claim codes.
const claimCodePurpose = "claim code"

// claimCodeRow is a row of claim_codes.
type claimCodeRow struct {
	CodeMAC   secret.Hash `gorm:"column:code_mac"`
	AccountID int64
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
}

// TableName is claim_codes.
func (claimCodeRow) TableName() string { return "claim_codes" }

// spendClaimCode uses a claim code up and returns whose it was, by one
// conditional update: of parallel callers one wins.
func (c *core) spendClaimCode(tx *gorm.DB, typed string) (accountID int64, err error) {
	code, ok := parseShortCode(typed)
	if !ok {
		return 0, ErrClaimCodeWrong
	}
	mac, now := c.keys.MAC(claimCodePurpose, code), c.Now()
	result := tx.Exec(`UPDATE claim_codes SET used_at = ? WHERE code_mac = ? AND used_at IS NULL AND expires_at > ?
 AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = claim_codes.account_id AND a.disabled_at IS NULL AND a.confirmed_at IS NOT NULL)`, now, mac, now)
	if result.Error != nil {
		return 0, result.Error
	}
	if result.RowsAffected != 1 {
		return 0, ErrClaimCodeWrong
	}
	err = tx.Raw("SELECT account_id FROM claim_codes WHERE code_mac = ?", mac).Scan(&accountID).Error
	return accountID, err
}
