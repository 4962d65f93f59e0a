package models

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// Servers are the operations of a person on the servers that they own.
type Servers struct{ *core }

// Addresses are the operations of an owner on the addresses of their servers.
type Addresses struct{ *core }

// NewClaimCode makes a code by which a server, within ten minutes, becomes the
// account's. It is shown as BCDF-GHJK. It returns [ErrThrottled], or
// [ErrNotFound] for an account that was deleted or disabled meanwhile.
func (r *Registrations) NewClaimCode(ctx context.Context, accountID int64) (code string, until time.Time, err error) {
	if r.opt.Servers == ServersOff {
		return "", time.Time{}, ErrServersOff
	}
	if err := r.throttle.allow(ctx, r.throttle.key("claim code", place(accountID)), r.opt.Limits.ClaimCodeHour); err != nil {
		return "", time.Time{}, err
	}
	now := r.Now()
	until = now.Add(claimCodeLife)
	code, err = r.unusedCode(func(code string) error {
		return r.tx(ctx, "make a claim code", func(tx *gorm.DB) error {
			if err := holdUsableAccount(tx, accountID); err != nil {
				return err
			}
			return gorm.G[claimCodeRow](tx).Create(ctx, &claimCodeRow{
				CodeMAC: r.keys.MAC(claimCodePurpose, code), AccountID: accountID, CreatedAt: now, ExpiresAt: until,
			})
		})
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return showShortCode(code), until, nil
}

// Claim makes a server that registered by itself the account's: whoever can read
// its id and key on it runs it. Of parallel callers one wins. It returns
// [ErrNotFound] for a wrong pair and for a server that is disabled, since its key
// opens nothing; [ErrServerClaimed], or [ErrThrottled].
func (r *Registrations) Claim(ctx context.Context, accountID, serverID int64, serverKey string, caller Caller) error {
	if err := r.throttle.allow(ctx, r.throttle.key("claim", place(accountID)), r.opt.Limits.ClaimHour); err != nil {
		return err
	}
	if !secret.WellFormed(secret.ServerKey, serverKey) {
		return ErrNotFound
	}
	return r.tx(ctx, "claim a server", func(tx *gorm.DB) error {
		if err := holdUsableAccount(tx, accountID); err != nil {
			return err
		}
		now := r.Now()
		var holder int64
		err := tx.Raw(`SELECT s.id FROM server_keys k JOIN servers s ON s.id = k.server_id
WHERE k.hash = ? AND (k.expires_at IS NULL OR k.expires_at > ?) AND s.disabled_at IS NULL`, secret.Sum(serverKey), now).Scan(&holder).Error
		if err != nil {
			return err
		}
		if holder == 0 || holder != serverID {
			return ErrNotFound
		}
		result := tx.Exec("UPDATE servers SET owner_id = ?, claimed_at = ? WHERE id = ? AND owner_id = 0", accountID, now, serverID)
		if result.Error != nil {
			return result.Error
		}
		if result.RowsAffected != 1 {
			return ErrServerClaimed
		}
		return r.note(ctx, tx, accountID, EventServerClaimed, caller)
	})
}

// OwnedServer is a server with how many people use it.
type OwnedServer struct {
	Server
	People, Pending int
}

// Mine lists the servers of an owner, the first registered first.
func (s *Servers) Mine(ctx context.Context, ownerID int64) ([]OwnedServer, error) {
	rows, err := gorm.G[serverRow](s.read(ctx)).Where("owner_id = ?", ownerID).Order("id").Find(ctx)
	if err != nil {
		return nil, explained("list the servers", err)
	}
	var counts []struct {
		ServerID int64
		State    string
		N        int
	}
	err = s.read(ctx).Raw(`SELECT l.server_id, l.state, COUNT(*) AS n FROM servers s JOIN links l ON l.server_id = s.id
WHERE s.owner_id = ? AND (l.ends_at IS NULL OR l.ends_at > ?) GROUP BY l.server_id, l.state`, ownerID, s.Now()).Scan(&counts).Error
	if err != nil {
		return nil, explained("count the people", err)
	}
	servers := make([]OwnedServer, len(rows))
	for i := range rows {
		servers[i].Server = rows[i].server()
		for _, count := range counts {
			switch {
			case count.ServerID != rows[i].ID:
			case count.State == LinkAccepted:
				servers[i].People = count.N
			default:
				servers[i].Pending = count.N
			}
		}
	}
	return servers, nil
}

// ServerDetail is a server with everything that its owner sees.
type ServerDetail struct {
	Server
	Addresses []Address // hidden ones too, in the order in which clients try
	Links     []Link    // without access keys
}

// Get reads a server of an owner. It returns [ErrNotFound].
func (s *Servers) Get(ctx context.Context, ownerID, serverID int64) (ServerDetail, error) {
	row, err := s.ownedServer(ctx, s.read(ctx), ownerID, serverID)
	if err != nil {
		return ServerDetail{}, err
	}
	return s.serverDetail(ctx, &row)
}

// serverDetail reads what belongs to a server.
func (c *core) serverDetail(ctx context.Context, row *serverRow) (ServerDetail, error) {
	detail := ServerDetail{Server: row.server()}
	addresses, err := gorm.G[addressRow](c.read(ctx)).Where("server_id = ?", row.ID).Order("position, id").Find(ctx)
	if err != nil {
		return detail, explained("read the addresses", err)
	}
	for i := range addresses {
		detail.Addresses = append(detail.Addresses, addresses[i].address())
	}
	var links []authorizationRow
	if err := c.read(ctx).Raw(authorizations+" AND (l.ends_at IS NULL OR l.ends_at > ?) ORDER BY a.username", row.ID, c.Now()).Scan(&links).Error; err != nil {
		return detail, explained("read the people", err)
	}
	for _, l := range links {
		detail.Links = append(detail.Links, l.link())
	}
	return detail, nil
}

// Rename gives a server a name of its owner's; "" brings back the server's own.
// It returns [ErrNotFound].
func (s *Servers) Rename(ctx context.Context, ownerID, serverID int64, name string) error {
	return s.tx(ctx, "rename a server", func(tx *gorm.DB) error {
		return oneRow(tx.Exec("UPDATE servers SET own_name = ? WHERE id = ? AND owner_id = ?", cleanServerName(name), serverID, ownerID))
	})
}

// Add adds an address that the owner names, behind the others, and returns it as it is
// stored. It returns an error about the field address, or [ErrNotFound].
func (a *Addresses) Add(ctx context.Context, ownerID, serverID int64, text string) (Address, error) {
	address, ok := parseAddress(AddressCustom, text)
	if !ok {
		return Address{}, fieldError(KindInvalid, "address", "address_invalid")
	}
	row := addressRow{
		ServerID: serverID, Kind: address.Kind, Scheme: address.Scheme, Host: address.Host, Port: address.Port, ByOwner: true, ReportedAt: a.Now(),
	}
	err := a.tx(ctx, "add an address", func(tx *gorm.DB) error { return a.newAddress(ctx, tx, ownerID, &row) })
	return row.address(), err
}

func (a *Addresses) newAddress(ctx context.Context, tx *gorm.DB, ownerID int64, row *addressRow) error {
	if err := holdOwnServer(tx, ownerID, row.ServerID); err != nil {
		return err
	}
	known, err := gorm.G[addressRow](tx).Where("server_id = ?", row.ServerID).Order("position DESC").Find(ctx)
	if err != nil {
		return err
	}
	const most = 40
	if len(known) >= most {
		return fieldError(KindInvalid, "address", "address_too_many")
	}
	row.Position = 1
	if len(known) > 0 {
		row.Position = known[0].Position + 1
	}
	if row.ID, err = a.newID(); err != nil {
		return err
	}
	err = gorm.G[addressRow](tx).Create(ctx, row)
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return fieldError(KindConflict, "address", "address_taken")
	}
	return err
}

// Move moves an address of a server up (before the one above it) or
// down. It returns [ErrNotFound].
func (a *Addresses) Move(ctx context.Context, ownerID, serverID, addressID int64, up bool) error {
	return a.tx(ctx, "move an address", func(tx *gorm.DB) error {
		if err := holdOwnServer(tx, ownerID, serverID); err != nil {
			return err
		}
		rows, err := gorm.G[addressRow](tx).Where("server_id = ?", serverID).Order("position, id").Find(ctx)
		if err != nil {
			return err
		}
		if !swap(rows, addressID, up) {
			return ErrNotFound
		}
		for i := range rows {
			if err := tx.Exec("UPDATE server_addresses SET position = ? WHERE id = ?", i+1, rows[i].ID).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// swap exchanges an address with its neighbour, if it has one there. It reports
// false when the address is none of rows.
func swap(rows []addressRow, addressID int64, up bool) bool {
	at := slices.IndexFunc(rows, func(r addressRow) bool { return r.ID == addressID })
	if at < 0 {
		return false
	}
	other := at + 1
	if up {
		other = at - 1
	}
	if other >= 0 && other < len(rows) {
		rows[at], rows[other] = rows[other], rows[at]
	}
	return true
}

// Hide hides an address from everybody but the owner, or shows it again.
// It returns [ErrNotFound].
func (a *Addresses) Hide(ctx context.Context, ownerID, serverID, addressID int64, hide bool) error {
	return a.onAddress(ctx, ownerID, serverID, "UPDATE server_addresses SET hidden = ? WHERE id = ? AND server_id = ?", hide, addressID, serverID)
}

// Remove removes an address. One that the server reports comes back with
// its next report: hide it instead. It returns [ErrNotFound].
func (a *Addresses) Remove(ctx context.Context, ownerID, serverID, addressID int64) error {
	return a.onAddress(ctx, ownerID, serverID, "DELETE FROM server_addresses WHERE id = ? AND server_id = ?", addressID, serverID)
}

func (a *Addresses) onAddress(ctx context.Context, ownerID, serverID int64, statement string, args ...any) error {
	return a.tx(ctx, "change an address", func(tx *gorm.DB) error {
		if err := holdOwnServer(tx, ownerID, serverID); err != nil {
			return err
		}
		if err := oneRow(tx.Exec(statement, args...)); err != nil {
			return err
		}
		// What the server reports next counts although it is nothing new: it brings a
		// removed address back, and takes away one that was only kept to stay hidden.
		return tx.Exec("UPDATE servers SET report_hash = '' WHERE id = ?", serverID).Error
	})
}

// KeyOverlap is how long a replaced server key still works.
const KeyOverlap = 24 * time.Hour

// Rotate gives a server a new key, which is returned once; the old one works
// for another 24 hours, and one that was replaced before no longer than it had.
// Parallel callers get a key each. It returns [ErrNotFound].
func (k *ServerKeys) Rotate(ctx context.Context, ownerID, serverID int64, caller Caller) (key string, err error) {
	err = k.tx(ctx, "rotate a server key", func(tx *gorm.DB) error {
		// Raised before it is read: another rotation waits here.
		err := oneRow(tx.Exec("UPDATE servers SET key_version = key_version + 1 WHERE id = ? AND owner_id = ?", serverID, ownerID))
		if err != nil {
			return err
		}
		row, err := k.ownedServer(ctx, tx, ownerID, serverID)
		if err != nil {
			return err
		}
		err = tx.Exec("UPDATE server_keys SET expires_at = ? WHERE server_id = ? AND expires_at IS NULL", k.Now().Add(KeyOverlap), serverID).Error
		if err != nil {
			return err
		}
		if key, err = k.newServerKey(ctx, tx, serverID, row.KeyVersion); err != nil {
			return err
		}
		return k.note(ctx, tx, ownerID, EventServerKeyRotated, caller)
	})
	return key, err
}

// HandOver gives a server to another account, which is told by mail; its people
// stay. It returns an error about the field username, also for an account that
// is the owner's own, unconfirmed or disabled; or [ErrNotFound].
func (s *Servers) HandOver(ctx context.Context, ownerID, serverID int64, username string, caller Caller) error {
	return s.tx(ctx, "hand a server over", func(tx *gorm.DB) error {
		server, err := s.ownedServer(ctx, tx, ownerID, serverID)
		if err != nil {
			return err
		}
		heir, err := s.heir(ctx, tx, ownerID, username)
		if err != nil {
			return err
		}
		if err := holdAccount(tx, ownerID); err != nil {
			return err
		}
		giver, err := s.accountByID(ctx, tx, ownerID)
		if err != nil {
			return err
		}
		err = oneRow(tx.Exec("UPDATE servers SET owner_id = ?, claimed_at = ? WHERE id = ? AND owner_id = ?", heir.ID, s.Now(), serverID, ownerID))
		if err != nil {
			return err
		}
		mail := serverMail(MailServerHandedOver, &heir, server.server().Name, giver.Username, s.Now())
		if err := s.owe(ctx, tx, mail); err != nil {
			return err
		}
		// Where the giver sits is nothing for the heir to see.
		if err := s.note(ctx, tx, heir.ID, EventServerReceived, Caller{}); err != nil {
			return err
		}
		return s.note(ctx, tx, ownerID, EventServerHandedOver, caller)
	})
}

// heir finds and holds the account that a server is handed over to. It returns
// an error about the field username.
func (s *Servers) heir(ctx context.Context, tx *gorm.DB, ownerID int64, username string) (accountRow, error) {
	unknown := fieldError(KindInvalid, "username", "username_unknown")
	if isEmail(username) {
		return accountRow{}, unknown
	}
	row, err := s.accountByName(ctx, tx, nameKey(username))
	if err == nil && row.ID == ownerID {
		return row, fieldError(KindInvalid, "username", "username_own")
	}
	if err == nil {
		err = holdUsableAccount(tx, row.ID)
	}
	if KindOf(err) == KindNotFound && err != nil {
		return row, unknown
	}
	return row, err
}

// Remove removes a server with its keys, addresses and links; who could use it
// is told by mail. It returns [ErrNotFound].
func (s *Servers) Remove(ctx context.Context, ownerID, serverID int64, caller Caller) error {
	return s.tx(ctx, "remove a server", func(tx *gorm.DB) error {
		if err := holdOwnServer(tx, ownerID, serverID); err != nil {
			return err
		}
		row, err := s.ownedServer(ctx, tx, ownerID, serverID)
		if err != nil {
			return err
		}
		if err := s.removeServer(ctx, tx, &row); err != nil {
			return err
		}
		return s.note(ctx, tx, ownerID, EventServerRemoved, caller)
	})
}

// Remove ends a link from the owner's page. It returns [ErrNotFound].
func (p *People) Remove(ctx context.Context, ownerID, serverID, linkID int64) error {
	return p.tx(ctx, "remove a person", func(tx *gorm.DB) error {
		if _, err := p.ownedServer(ctx, tx, ownerID, serverID); err != nil {
			return err
		}
		row, err := gorm.G[linkRow](tx).Where("id = ? AND server_id = ?", linkID, serverID).Take(ctx)
		if err != nil {
			return explained("read the link", err)
		}
		return p.cancel(ctx, tx, serverID, row.AccountID)
	})
}
