package models

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Registrations are the operations by which a media server becomes known to the service
// and gets an owner.
type Registrations struct {
	*core
	agents *Agents
}

// ServersPolicy says which media servers may register.
type ServersPolicy string

// The values of [ServersPolicy].
const (
	ServersOpen    ServersPolicy = "open"    // every server; servers without an owner have strict limits
	ServersClaimed ServersPolicy = "claimed" // only with a claim code
	ServersOff     ServersPolicy = "off"     // no server
)

// Registration is the description that a media server gives of itself.
type Registration struct {
	Name          string
	SystemID      string
	Version       string
	Kind          string   // [ServerEmby] or [ServerAgent]
	WAN, VPN, LAN []string // addresses, the best first; see [AddressMistake]; "" is ignored
	ClaimCode     string   // "" for a server that registers by itself

	IdempotencyKey string // "" for none: a repetition gives the same server and key
}

// Registered is a new server with its key, which cannot be read again.
type Registered struct {
	Server    Server
	Key       string
	Addresses []Address
}

const systemIDMax = 64

// check returns the registration in the form that is stored, and its addresses. It
// returns errors about the fields name, system_id and addresses.
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
	for _, text := range slices.Concat(r.WAN, r.VPN, r.LAN) {
		if mistake := AddressMistake(text); strings.TrimSpace(text) != "" && mistake != "" {
			wrong = append(wrong, FieldError{Field: "addresses", Code: mistake})
			break
		}
	}
	return r, r.addresses(), invalid(wrong)
}

func notInID(r rune) bool { return !isLetterOrDigit(r) && !strings.ContainsRune("-_.:{}", r) }

// addresses returns the valid addresses, each once, near before far.
func (r Registration) addresses() []Address {
	const most = 20
	var all []Address
	seen := map[string]bool{}
	add := func(kind string, texts []string, first int) {
		for i, text := range texts {
			if a, mistake := parseAddress(kind, text); mistake == "" && !seen[a.URL()] && len(all) < most {
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

// Register makes a server with a key of its own. The system id may be the same as that
// of another server, and gives no rights. With a claim code the server belongs
// to the code's account at once. With an Idempotency-Key a repetition gives the same
// server and key. It returns errors about fields, [ErrOtherRequest], [ErrServersOff],
// [ErrClaimCodeWrong], [ErrThrottled] or [ErrUnavailable].
func (r *Registrations) Register(ctx context.Context, in Registration, caller Caller) (Registered, error) {
	in, addresses, err := in.check()
	if err != nil {
		return Registered{}, err
	}
	if r.opt.Servers == ServersOff || r.opt.Servers == ServersClaimed && in.ClaimCode == "" {
		return Registered{}, ErrServersOff
	}
	if _, ok := parseShortCode(in.ClaimCode); in.ClaimCode != "" && !ok { // a typing mistake does not count as a try
		return Registered{}, ErrClaimCodeWrong
	}
	o, err := r.idempotent("register server", in.IdempotencyKey, in.Name, in.SystemID, in.Version, in.Kind, in.WAN, in.VPN, in.LAN, in.ClaimCode)
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
		return r.storeAddresses(ctx, tx, row.ID, addresses)
	})
	if err != nil || before != 0 {
		return r.registeredBefore(ctx, before, err)
	}
	out.Server = row.server()
	return out, nil
}

// register writes the row of a new server and makes the server's key.
func (r *Registrations) register(ctx context.Context, tx *gorm.DB, row *serverRow, claimCode string, caller Caller) (key string, err error) {
	now := r.Now()
	row.CreatedAt, row.LastSeenAt, row.UpSince = now, now, &now
	if claimCode != "" {
		if err := r.claimNew(ctx, tx, row, claimCode, caller); err != nil {
			return "", err
		}
	}
	if err := database.G[serverRow](tx).Create(ctx, row); err != nil {
		return "", err
	}
	if err := r.happen(ctx, tx, happened{kind: HappenedRegistered, server: row}); err != nil {
		return "", err
	}
	return r.newServerKey(ctx, tx, row.ID, row.KeyVersion, nil)
}

// registeredBefore answers a repeated registration with the first key, which it derives
// again. If err is not nil it returns err. For a server that was removed meanwhile it
// returns [ErrNotFound].
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

// claimNew gives a new server to the account of its claim code.
func (r *Registrations) claimNew(ctx context.Context, tx *gorm.DB, row *serverRow, claimCode string, caller Caller) error {
	var err error
	if row.OwnerID, err = r.spendClaimCode(tx, claimCode); err != nil {
		return err
	}
	row.ClaimedAt = &row.CreatedAt
	return r.recordAbout(ctx, tx, row.OwnerID, EventServerClaimed, row.server().Name, caller)
}

// Update stores the present description of a server and the time of the call. It
// returns errors about fields, [ErrNotFound] for a server that was removed meanwhile,
// or [ErrUnavailable].
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
	same, err := r.reportedBefore(ctx, this, in, addresses)
	if err != nil {
		return Registered{}, err
	}
	if same {
		r.agents.NoteContact(this)
		return Registered{Server: this, Addresses: addresses}, nil
	}
	this.ReportedName = in.Name
	err = r.tx(ctx, "update a server", func(tx *gorm.DB) error {
		return r.changeTold(tx, this.ID, func() error {
			err := requireRow(tx.Table("servers").Where("id = ?", this.ID).Updates(map[string]any{
				"name": in.Name, "version": in.Version, "system_id": in.SystemID, "last_seen_at": r.Now(), "report_hash": "",
			}))
			if err != nil || len(addresses) == 0 {
				return err
			}
			return r.storeAddresses(ctx, tx, this.ID, addresses)
		})
	})
	return Registered{Server: this, Addresses: addresses}, err
}

// reportedEvery is the precision of the time at which an address was reported the last time.
const reportedEvery = time.Hour

// reportedBefore reports whether a description of a server says only what is stored already.
// Emby servers send theirs every few minutes, and it hardly ever changes.
func (r *Registrations) reportedBefore(ctx context.Context, this Server, in Registration, addresses []Address) (bool, error) {
	if in.Name != this.ReportedName || in.Version != this.Version || in.SystemID != this.SystemID || this.ReportHash != "" {
		return false, nil
	}
	if len(addresses) == 0 {
		return true, nil
	}
	known, err := database.G[addressRow](r.read(ctx)).Where("server_id = ?", this.ID).Find(ctx)
	if err != nil {
		return false, explained("read the addresses", err)
	}
	reported := map[string]bool{}
	for _, address := range addresses {
		reported[address.URL()] = true
	}
	for _, row := range known {
		url := row.address().URL()
		switch {
		case reported[url] && r.Now().Sub(row.ReportedAt) < reportedEvery:
			delete(reported, url)
		case reported[url] || !row.ByOwner && !row.Hidden:
			return false, nil // its time is old, or it is no longer reported
		}
	}
	return len(reported) == 0, nil
}

// claimCodeLife is the time for which a claim code is valid.
const claimCodeLife = 10 * time.Minute

// claimCodePurpose keeps the hashes of claim codes apart from other hashes.
const claimCodePurpose = "claim code"

// claimCodeRow is a row of claim_codes.
type claimCodeRow struct {
	CodeMAC   secret.Hash `gorm:"column:code_mac"`
	AccountID int64
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
}

// TableName returns the name of the table, claim_codes.
func (claimCodeRow) TableName() string { return "claim_codes" }

// spendClaimCode spends a claim code by one conditional update, so that only one of several
// parallel callers succeeds, and returns the account of the code. It returns
// [ErrClaimCodeWrong].
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

// NewClaimCode makes a code, shown as BCDF-GHJK, with which a server can be registered
// for the account within ten minutes. It returns [ErrServersOff], [ErrThrottled], or
// [ErrNotFound] for an account that was deleted or disabled meanwhile, or [ErrAddressFirst]
// for a newcomer.
func (r *Registrations) NewClaimCode(ctx context.Context, accountID int64) (code string, until time.Time, err error) {
	if r.opt.Servers == ServersOff {
		return "", time.Time{}, ErrServersOff
	}
	if err := r.throttle.allow(ctx, r.throttle.key("claim code", FormatID(accountID)), r.opt.Limits.ClaimCodeHour); err != nil {
		return "", time.Time{}, err
	}
	now := r.Now()
	until = now.Add(claimCodeLife)
	code, err = r.unusedCode(func(code string) error {
		return r.tx(ctx, "make a claim code", func(tx *gorm.DB) error {
			if err := lockUsableAccount(tx, accountID); err != nil {
				return err
			}
			if err := r.requireAddress(ctx, tx, accountID); err != nil {
				return err
			}
			return database.G[claimCodeRow](tx).Create(ctx, &claimCodeRow{
				CodeMAC: r.keys.MAC(claimCodePurpose, code), AccountID: accountID, CreatedAt: now, ExpiresAt: until,
			})
		})
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return showShortCode(code), until, nil
}

// ClaimCodeUntil returns when a claim code of the account ends, in UTC. It returns
// [ErrClaimCodeWrong] for a code that was used, has expired, or belongs to another account.
func (r *Registrations) ClaimCodeUntil(ctx context.Context, accountID int64, typed string) (time.Time, error) {
	code, ok := parseShortCode(typed)
	if !ok {
		return time.Time{}, ErrClaimCodeWrong
	}
	rows, err := database.G[claimCodeRow](r.read(ctx)).Select("expires_at").
		Where("code_mac = ? AND account_id = ? AND used_at IS NULL AND expires_at > ?",
			r.keys.MAC(claimCodePurpose, code), accountID, r.Now()).Find(ctx)
	if err != nil {
		return time.Time{}, explained("find a claim code", err)
	}
	if len(rows) != 1 {
		return time.Time{}, ErrClaimCodeWrong
	}
	return rows[0].ExpiresAt.UTC(), nil
}

// Claim makes the account the owner of a server that registered without a claim code. The
// id and the current key can be read at the server, so a person who knows both runs the
// server. With a replaced key, nobody can claim the server. If several people claim at
// once, one succeeds. It returns [ErrNotFound] for a wrong pair of id and key and for a
// disabled server, [ErrServerClaimed], [ErrAddressFirst] for a newcomer, or
// [ErrThrottled].
func (r *Registrations) Claim(ctx context.Context, accountID, serverID int64, serverKey string, caller Caller) error {
	if serverKey = pastedSecret(serverKey); !secret.WellFormed(secret.ServerKey, serverKey) {
		return ErrNotFound // a text that cannot be a key does not count as a try
	}
	if err := r.throttle.allow(ctx, r.throttle.key("claim", FormatID(accountID)), r.opt.Limits.ClaimHour); err != nil {
		return err
	}
	return r.tx(ctx, "claim a server", func(tx *gorm.DB) error {
		if err := lockUsableAccount(tx, accountID); err != nil {
			return err
		}
		if err := r.requireAddress(ctx, tx, accountID); err != nil {
			return err
		}
		if err := claimServer(tx, accountID, serverID, serverKey, r.Now()); err != nil {
			return err
		}
		row, err := r.serverByID(ctx, tx, serverID)
		if err != nil {
			return err
		}
		if err := r.happen(ctx, tx, happened{kind: HappenedOwnerChanged, server: &row}); err != nil {
			return err
		}
		return r.recordAbout(ctx, tx, accountID, EventServerClaimed, row.server().Name, caller)
	})
}

// claimServer makes the account the owner of a server that has none and whose current key is
// serverKey. It returns [ErrNotFound] for another key, or [ErrServerClaimed].
func claimServer(tx *gorm.DB, accountID, serverID int64, serverKey string, now time.Time) error {
	var holder int64
	err := tx.Raw(`SELECT s.id FROM server_keys k JOIN servers s ON s.id = k.server_id
WHERE k.hash = ? AND k.expires_at IS NULL AND s.disabled_at IS NULL`, secret.Sum(serverKey)).Scan(&holder).Error
	if err != nil {
		return err
	}
	if holder == 0 || holder != serverID {
		return ErrNotFound
	}
	result := tx.Exec("UPDATE servers SET owner_id = ?, claimed_at = ? WHERE id = ? AND owner_id = 0", accountID, now, serverID)
	if result.Error == nil && result.RowsAffected != 1 {
		return ErrServerClaimed
	}
	return result.Error
}
