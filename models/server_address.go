package models

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/mediaurl"
	"github.com/latchkey-media/latchkey/internal/peer"
)

// The kinds of addresses, in the order in which a client should try them: near
// before far.
const (
	AddressLAN    = "lan"
	AddressVPN    = "vpn"
	AddressWAN    = "wan"
	AddressCustom = "custom"
)

// addressRow is a row of server_addresses.
type addressRow struct {
	ID         int64
	ServerID   int64
	Kind       string
	Scheme     string
	Host       string
	Port       int
	Path       string
	Position   int // the order in which a client tries
	Hidden     bool
	ByOwner    bool // added by the owner; reports do not remove it
	Opens      bool // the agent answers below it, so that Open leads there
	ReportedAt time.Time
}

// TableName returns the name of the table, server_addresses.
func (addressRow) TableName() string { return "server_addresses" }

// Address is one way to reach a server.
type Address struct {
	ID         int64
	Kind       string
	Scheme     string // http or https
	Host       string // a name, or an IP address without brackets
	Port       int
	Path       string // "", or what follows the port: "/jellyfin"
	Position   int
	Hidden     bool
	ByOwner    bool
	Opens      bool // the agent answers below it; see [Opens]
	ReportedAt time.Time
}

func (r *addressRow) address() Address {
	return Address{
		ID: r.ID, Kind: r.Kind, Scheme: r.Scheme, Host: r.Host, Port: r.Port, Path: r.Path, Position: r.Position,
		Hidden: r.Hidden, ByOwner: r.ByOwner, Opens: r.Opens, ReportedAt: r.ReportedAt.UTC(),
	}
}

// URL returns the address as a client opens it, always with the port, and never with a
// slash at its end.
func (a Address) URL() string { return a.mediaURL().String() }

// Short returns the address as people write it, without the usual port.
func (a Address) Short() string { return a.mediaURL().Short() }

func (a Address) mediaURL() mediaurl.URL {
	return mediaurl.URL{Scheme: a.Scheme, Host: a.Host, Port: a.Port, Path: a.Path}
}

// Nameable reports whether a content security policy can name the address: it knows
// neither IPv6 addresses nor names with underscores.
func (a Address) Nameable() bool { return !strings.ContainsAny(a.Host, ":_") }

// Origin returns the scheme, host and port of the address, without its path.
func (a Address) Origin() string {
	a.Path = ""
	return a.URL()
}

// Spoken returns the address as a person reads it and types it: without the port that every app
// adds by itself. ok is false for an IPv6 address, whose brackets nobody types.
func (a Address) Spoken() (text string, ok bool) {
	if strings.Contains(a.Host, ":") {
		return "", false
	}
	usual := map[string]int{"http": 80, "https": 443}
	if usual[a.Scheme] == a.Port {
		return a.Scheme + "://" + a.Host + a.Path, true
	}
	return a.URL(), true
}

// HomeOnly reports whether an address works in the home network alone, as far as its text shows:
// it is private, or a name without a domain or with one that only home networks have.
func (a Address) HomeOnly() bool {
	if ip, err := netip.ParseAddr(a.Host); err == nil {
		return peer.AtHome(ip)
	}
	if !strings.Contains(a.Host, ".") {
		return true
	}
	return slices.ContainsFunc([]string{".local", ".lan", ".home", ".internal", ".localdomain", ".localhost", ".home.arpa"},
		func(end string) bool { return strings.HasSuffix(a.Host, end) })
}

// parseAddress reads an address in the one form of [mediaurl.Parse]. It returns "" as
// mistake if the text is an address. Otherwise mistake is a code, and callers refuse the
// request.
func parseAddress(kind, text string) (address Address, mistake string) {
	u, err := mediaurl.Parse(text)
	switch {
	case errors.Is(err, mediaurl.ErrPath):
		return Address{}, "address_path_invalid"
	case err != nil:
		return Address{}, "address_invalid"
	}
	return Address{Kind: kind, Scheme: u.Scheme, Host: u.Host, Port: u.Port, Path: u.Path}, ""
}

// AddressMistake returns the code of the mistake in a text that cannot be the address of a
// server, or "" if it can be one.
func AddressMistake(text string) string {
	_, mistake := parseAddress(AddressCustom, text)
	return mistake
}

// Addresses are the operations of an owner on the addresses of their servers.
type Addresses struct{ *core }

// Add adds an address that the owner has typed, at the end of the list, and returns it in
// the stored form. It returns an error about the field address, or [ErrNotFound].
func (a *Addresses) Add(ctx context.Context, ownerID, serverID int64, text string) (Address, error) {
	address, mistake := parseAddress(AddressCustom, text)
	if mistake != "" {
		return Address{}, fieldError(KindInvalid, "address", mistake)
	}
	row := addressRow{
		ServerID: serverID, Kind: address.Kind, Scheme: address.Scheme, Host: address.Host, Port: address.Port, Path: address.Path,
		ByOwner: true, ReportedAt: a.Now(),
	}
	err := a.change(ctx, "add an address", ownerID, serverID, func(tx *gorm.DB) error { return a.newAddress(ctx, tx, &row) })
	return row.address(), err
}

// change locks a server of an owner and calls work, which changes the addresses of the server,
// in the same transaction. It returns [ErrNotFound] for a server of another owner.
func (a *Addresses) change(ctx context.Context, doing string, ownerID, serverID int64, work func(tx *gorm.DB) error) error {
	return a.tx(ctx, doing, func(tx *gorm.DB) error {
		if err := lockOwnServer(tx, ownerID, serverID); err != nil {
			return err
		}
		return a.changeTold(tx, serverID, func() error { return work(tx) })
	})
}

func (a *Addresses) newAddress(ctx context.Context, tx *gorm.DB, row *addressRow) error {
	known, err := database.G[addressRow](tx).Where("server_id = ?", row.ServerID).Order("position DESC").Find(ctx)
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
	err = database.G[addressRow](tx).Create(ctx, row)
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return fieldError(KindConflict, "address", "address_taken")
	}
	return err
}

// Move moves an address of a server up (before the one above it) or
// down. It returns [ErrNotFound].
func (a *Addresses) Move(ctx context.Context, ownerID, serverID, addressID int64, up bool) error {
	return a.change(ctx, "move an address", ownerID, serverID, func(tx *gorm.DB) error {
		rows, err := database.G[addressRow](tx).Where("server_id = ?", serverID).Order("position, id").Find(ctx)
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

// swap exchanges an address with the row above it, or below it if up is false, if such a
// row exists. It reports false if the address is not in rows.
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

// Hide hides an address from all people except the owner, or shows it again. It
// returns [ErrNotFound].
func (a *Addresses) Hide(ctx context.Context, ownerID, serverID, addressID int64, hide bool) error {
	return a.onAddress(ctx, ownerID, serverID, "UPDATE server_addresses SET hidden = ? WHERE id = ? AND server_id = ?", hide, addressID, serverID)
}

// Remove removes an address. An address that the server reports comes back with its
// next report, so hide it instead. It returns [ErrNotFound].
func (a *Addresses) Remove(ctx context.Context, ownerID, serverID, addressID int64) error {
	return a.onAddress(ctx, ownerID, serverID, "DELETE FROM server_addresses WHERE id = ? AND server_id = ?", addressID, serverID)
}

func (a *Addresses) onAddress(ctx context.Context, ownerID, serverID int64, statement string, args ...any) error {
	return a.change(ctx, "change an address", ownerID, serverID, func(tx *gorm.DB) error {
		if err := requireRow(tx.Exec(statement, args...)); err != nil {
			return err
		}
		// The next report must be stored even if it is the same as before: it brings a
		// removed address back, and removes an address that was kept only because it was
		// hidden.
		return tx.Exec("UPDATE servers SET report_hash = '' WHERE id = ?", serverID).Error
	})
}

// storeAddresses replaces the addresses that a server reported before by the newly reported
// ones. What the owner has set stays: the order, which addresses are hidden, and the
// addresses that the owner has added.
func (c *core) storeAddresses(ctx context.Context, tx *gorm.DB, serverID int64, addresses []Address) error {
	known, err := database.G[addressRow](tx).Where("server_id = ?", serverID).Find(ctx)
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
		if err := c.storeAddress(ctx, tx, serverID, address, row.ID, found); err != nil {
			return err
		}
	}
	for _, gone := range have {
		if gone.ByOwner || gone.Hidden { // a hidden address that is reported again must still be hidden
			if err := tx.Exec("UPDATE server_addresses SET opens = ? WHERE id = ? AND opens = ?", false, gone.ID, true).Error; err != nil {
				return err
			}
			continue
		}
		if err := tx.Exec("DELETE FROM server_addresses WHERE id = ?", gone.ID).Error; err != nil {
			return err
		}
	}
	return nil
}

// storeAddress stores one address, or only the time of its latest report if the address is
// stored already.
func (c *core) storeAddress(ctx context.Context, tx *gorm.DB, serverID int64, address Address, known int64, found bool) error {
	now := c.Now()
	if found {
		return tx.Exec("UPDATE server_addresses SET reported_at = ?, opens = ? WHERE id = ?", now, address.Opens, known).Error
	}
	id, err := c.newID()
	if err != nil {
		return err
	}
	err = database.G[addressRow](tx).Create(ctx, &addressRow{
		ID: id, ServerID: serverID, Kind: address.Kind, Scheme: address.Scheme, Host: address.Host, Port: address.Port,
		Path: address.Path, Position: address.Position, Opens: address.Opens, ReportedAt: now,
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) { // the owner or another report was faster
		return nil
	}
	return err
}
