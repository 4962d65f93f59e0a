package models

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"io"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Opens are the operations that bring a person into the web app of a media server and sign the
// person in there. They follow the authorization code flow of OAuth 2.0 with PKCE (RFC 7636). A
// page of the media server's own origin begins the flow, and the agent of the server keeps the
// verifier: a code that is stolen, or brought into another browser, signs nobody in.
type Opens struct{ *core }

const (
	// openNoteLife is the time for which the service remembers that a person has pressed Open.
	// Browsers need about a second.
	openNoteLife = time.Minute
	// openCodeLife is how long a code can be redeemed.
	openCodeLife = time.Minute
)

// challengeLength is the length of a code challenge: base64url of a SHA-256, without padding.
const challengeLength = 43

// openRow is a row of server_opens. A row without a hash notes that the person pressed
// Open; one with a hash holds a code that waits to be redeemed.
type openRow struct {
	SessionID int64
	ServerID  int64
	AccountID int64
	CodeHash  *secret.Hash
	Challenge string
	ExpiresAt time.Time
}

// TableName returns the name of the table, server_opens.
func (openRow) TableName() string { return "server_opens" }

// openAddresses lists the addresses below which an agent answers browsers, of the servers
// of an account's accepted links, the best address of each server first.
const openAddresses = `SELECT l.server_id, a.kind, a.scheme, a.host, a.port, a.path
FROM links l JOIN servers s ON s.id = l.server_id JOIN server_addresses a ON a.server_id = l.server_id
WHERE l.account_id = ? AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?)
 AND s.kind = ? AND s.disabled_at IS NULL AND a.opens = ? AND a.hidden = ?
ORDER BY l.server_id, a.scheme DESC, a.position, a.id`

// Addresses returns, by the id of the server, the one address at which each server of an account
// can be opened. A server that is missing cannot be opened in this way. The parameter secure says
// whether people reach this service by https. If so, an address of plain http counts only if it is
// in a home network or a VPN.
func (o *Opens) Addresses(ctx context.Context, accountID int64, secure bool) (map[int64]Address, error) {
	found, err := o.addresses(o.read(ctx), accountID, secure)
	return found, explained("find where servers open", err)
}

func (o *Opens) addresses(db *gorm.DB, accountID int64, secure bool) (map[int64]Address, error) {
	var rows []struct {
		ServerID int64
		Address  addressRow `gorm:"embedded"`
	}
	err := db.Raw(openAddresses, accountID, LinkAccepted, o.Now(), ServerAgent, true, false).Scan(&rows).Error
	found := make(map[int64]Address, len(rows))
	for _, r := range rows {
		address := r.Address.address()
		if _, better := found[r.ServerID]; !better && mayOpen(address, secure) {
			found[r.ServerID] = address
		}
	}
	return found, err
}

// mayOpen reports whether browsers can be led to an address by a form. A content security policy
// cannot name an IPv6 address or a name with an underscore, and nobody can read an IPv6 address
// on a television.
func mayOpen(a Address, secure bool) bool {
	return a.Nameable() && (a.Scheme == "https" || !secure || a.Kind == AddressLAN || a.Kind == AddressVPN)
}

// Note writes down for a minute that the person of a session pressed Open for a server. It
// returns where to lead the browser, [ErrStayPaused], or [ErrNotFound] for a server that the person
// cannot open.
func (o *Opens) Note(ctx context.Context, this Session, serverID int64, secure bool) (Address, error) {
	row := openRow{SessionID: this.ID, ServerID: serverID, AccountID: this.AccountID, ExpiresAt: o.Now().Add(openNoteLife)}
	return o.put(ctx, row, secure)
}

// put replaces the row of a session and server.
func (o *Opens) put(ctx context.Context, row openRow, secure bool) (to Address, err error) {
	err = o.tx(ctx, "note an opening", func(tx *gorm.DB) error {
		if to, err = o.stillMay(ctx, tx, &row, secure); err != nil {
			return err
		}
		err := tx.Exec("DELETE FROM server_opens WHERE session_id = ? AND server_id = ?", row.SessionID, row.ServerID).Error
		if err != nil {
			return err
		}
		return database.G[openRow](tx).Create(ctx, &row)
	})
	return to, err
}

// stillMay locks the account, the session and the server, and returns the address at which
// the server opens. It returns [ErrNotFound] or [ErrNoSession] when one of them, the link
// or the address is gone.
func (o *Opens) stillMay(ctx context.Context, tx *gorm.DB, row *openRow, secure bool) (Address, error) {
	if err := lockUsableAccount(tx, row.AccountID); err != nil {
		return Address{}, err
	}
	err := lockRow(tx, "sessions", "id = ? AND account_id = ?", row.SessionID, row.AccountID)
	if err != nil && KindOf(err) == KindNotFound {
		return Address{}, ErrNoSession
	}
	if err != nil {
		return Address{}, err
	}
	if err := lockEnabledServer(tx, row.ServerID); err != nil {
		return Address{}, err
	}
	if err := o.notPaused(ctx, tx, row.AccountID, row.ServerID); err != nil {
		return Address{}, err
	}
	found, err := o.addresses(tx.WithContext(ctx), row.AccountID, secure)
	if err != nil {
		return Address{}, err
	}
	address, opens := found[row.ServerID]
	if !opens {
		return Address{}, ErrNotFound
	}
	return address, nil
}

// OpenCode is a code, and where to bring it.
type OpenCode struct {
	To   Address
	Code string
}

// Authorize makes a code for the person of a session if they pressed Open for this server
// within the last minute. That counts once. It returns [ErrOpenNotNoted] if they did not,
// [ErrChallengeInvalid], or [ErrNotFound] for a server that the person cannot open.
func (o *Opens) Authorize(ctx context.Context, this Session, serverID int64, challenge string, secure bool) (OpenCode, error) {
	return o.authorize(ctx, this, serverID, challenge, secure, func(tx *gorm.DB) error {
		result := tx.Exec("DELETE FROM server_opens WHERE session_id = ? AND server_id = ? AND account_id = ? AND code_hash IS NULL AND expires_at > ?",
			this.ID, serverID, this.AccountID, o.Now())
		if result.Error == nil && result.RowsAffected != 1 {
			return ErrOpenNotNoted
		}
		return result.Error
	})
}

// Allow makes a code as [Opens.Authorize] does, for a person who was asked on a page of
// this service and said yes.
func (o *Opens) Allow(ctx context.Context, this Session, serverID int64, challenge string, secure bool) (OpenCode, error) {
	return o.authorize(ctx, this, serverID, challenge, secure, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM server_opens WHERE session_id = ? AND server_id = ?", this.ID, serverID).Error
	})
}

// authorize makes a code. It calls spend in the same transaction, and makes no code if spend
// returns an error.
func (o *Opens) authorize(ctx context.Context, this Session, serverID int64, challenge string, secure bool, spend func(tx *gorm.DB) error) (OpenCode, error) {
	if !isChallenge(challenge) {
		return OpenCode{}, ErrChallengeInvalid
	}
	code, err := secret.NewToken(secret.OpenCode, o.opt.Random)
	if err != nil {
		return OpenCode{}, explained("make a code", err)
	}
	hash := secret.Sum(code)
	row := openRow{
		SessionID: this.ID, ServerID: serverID, AccountID: this.AccountID, CodeHash: &hash, Challenge: challenge,
	}
	out := OpenCode{Code: code}
	err = o.tx(ctx, "allow an opening", func(tx *gorm.DB) (err error) {
		if out.To, err = o.stillMay(ctx, tx, &row, secure); err != nil {
			return err
		}
		if err := spend(tx); err != nil {
			return err
		}
		row.ExpiresAt = o.Now().Add(openCodeLife)
		return database.G[openRow](tx).Create(ctx, &row)
	})
	if err != nil {
		return OpenCode{}, err
	}
	return out, nil
}

// isChallenge reports whether text can be a code challenge of the method S256.
func isChallenge(text string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(text) == challengeLength && len(raw) == sha256.Size
}

// Opened says who may be let in for a code that was redeemed.
type Opened struct {
	LinkID, AccountID int64
	LocalUserID       string // the media server's own id; "" while it is not known
	DeviceID          string // stands for the browser's session in [ChangeDevicesEnded]
}

// Redeem spends a code, even if it refuses the code because the code is for another server or the
// verifier does not belong to it. It returns [ErrOpenOver] for every code that is not valid, and
// when the session, the account or the link has ended meanwhile.
func (o *Opens) Redeem(ctx context.Context, this Server, code, verifier string) (Opened, error) {
	row, err := o.burn(ctx, code)
	if err != nil {
		return Opened{}, err
	}
	sum := sha256.Sum256([]byte(verifier))
	right := subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(row.Challenge)) == 1
	if !right || row.ServerID != this.ID || !row.ExpiresAt.After(o.Now()) {
		return Opened{}, ErrOpenOver
	}
	var out Opened
	err = o.tx(ctx, "redeem a code", func(tx *gorm.DB) (err error) {
		out, err = o.redeem(ctx, tx, &row)
		return err
	})
	if err != nil && (KindOf(err) == KindNotFound || KindOf(err) == KindUnauthenticated) {
		return Opened{}, ErrOpenOver
	}
	return out, err
}

// burn deletes the row of a code and returns the row. One of several callers with the same code
// succeeds. It returns [ErrOpenOver] to the others.
func (o *Opens) burn(ctx context.Context, code string) (row openRow, err error) {
	if !secret.WellFormed(secret.OpenCode, code) {
		return row, ErrOpenOver
	}
	hash := secret.Sum(code)
	err = o.tx(ctx, "spend a code", func(tx *gorm.DB) error {
		found, err := database.G[openRow](tx).Where("code_hash = ?", hash).Find(ctx)
		if err != nil {
			return err
		}
		if len(found) != 1 {
			return ErrOpenOver
		}
		row = found[0]
		result := tx.Exec("DELETE FROM server_opens WHERE code_hash = ?", hash)
		if result.Error == nil && result.RowsAffected != 1 {
			return ErrOpenOver
		}
		return result.Error
	})
	return row, err
}

// openedLink reads the accepted link of an account with a server, and its local user.
const openedLink = `SELECT l.id AS link_id, u.external_id FROM links l LEFT JOIN local_users u ON u.id = l.local_user_id
WHERE l.server_id = ? AND l.account_id = ? AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?) AND (l.paused_at IS NULL OR l.paused_until <= ?)`

// redeem locks the account and the session, gives the session an id by which agents learn
// of its end, and reads the link.
func (o *Opens) redeem(ctx context.Context, tx *gorm.DB, row *openRow) (Opened, error) {
	if err := lockUsableAccount(tx, row.AccountID); err != nil {
		return Opened{}, err
	}
	fresh, err := o.newOpenDeviceID()
	if err != nil {
		return Opened{}, err
	}
	err = requireRow(tx.Exec(`UPDATE sessions SET lock_version = lock_version + 1, device_id = CASE device_id WHEN '' THEN ? ELSE device_id END
WHERE id = ? AND account_id = ?`, fresh, row.SessionID, row.AccountID))
	if err != nil {
		return Opened{}, err
	}
	session, err := database.G[sessionRow](tx).Where("id = ?", row.SessionID).Take(ctx)
	if err != nil {
		return Opened{}, err
	}
	var links []struct {
		LinkID     int64
		ExternalID *string
	}
	err = tx.Raw(openedLink, row.ServerID, row.AccountID, LinkAccepted, o.Now(), o.Now()).Scan(&links).Error
	if err != nil {
		return Opened{}, err
	}
	if len(links) != 1 {
		return Opened{}, ErrNotFound
	}
	out := Opened{LinkID: links[0].LinkID, AccountID: row.AccountID, DeviceID: session.DeviceID}
	if links[0].ExternalID != nil {
		out.LocalUserID = *links[0].ExternalID
	}
	return out, nil
}

// newOpenDeviceID makes an id for a browser, which has none of its own.
func (o *Opens) newOpenDeviceID() (string, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(o.opt.Random, raw); err != nil {
		return "", err
	}
	return openDevicePrefix + hex.EncodeToString(raw), nil
}

// openDevicePrefix begins the id that a browser is given when it opens a server.
const openDevicePrefix = "browser-"
