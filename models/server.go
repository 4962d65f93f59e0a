package models

import (
	"context"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// The kinds of servers.
const (
	ServerEmby  = "emby"  // registered over the Emby Connect wire
	ServerAgent = "agent" // registered by our agent
)

// serverRow is a row of servers.
type serverRow struct {
	ID         int64
	SystemID   string // the media server's own id: claimed by it, not proven
	OwnerID    int64  // 0 while nobody has claimed it
	Name       string // as the server says
	OwnName    string // as its owner says; "" for the server's
	Kind       string
	Version    string
	KeyVersion int64
	CreatedAt  time.Time
	ClaimedAt  *time.Time
	LastSeenAt time.Time
	DisabledAt *time.Time

	ChangeSeq   int64  // of the last change that was fed to its agent
	AckedSeq    int64  // of the last one that the agent has acknowledged
	ReportHash  string // digest of the last report; "" for none
	SelfService bool   // people may prove a local user by themselves

	QuickConnect bool // its agent has reported that codes of Quick Connect can be approved
}

// TableName is servers.
func (serverRow) TableName() string { return "servers" }

// serverKeyRow is a row of server_keys: a key that proves a server, of which
// only the hash is kept.
type serverKeyRow struct {
	Hash      secret.Hash
	ServerID  int64
	CreatedAt time.Time
	ExpiresAt *time.Time // set when it was replaced
}

// TableName is server_keys.
func (serverKeyRow) TableName() string { return "server_keys" }

// addressRow is a row of server_addresses.
type addressRow struct {
	ID         int64
	ServerID   int64
	Kind       string
	Scheme     string
	Host       string
	Port       int
	Position   int // the order in which a client tries
	Hidden     bool
	ByOwner    bool // the owner's own: no report takes it away
	ReportedAt time.Time
}

// TableName is server_addresses.
func (addressRow) TableName() string { return "server_addresses" }

// Server is a media server that is registered here. Times are UTC.
type Server struct {
	ID, OwnerID          int64 // OwnerID is 0 while nobody has claimed it
	SystemID             string
	Name                 string // the owner's name for it, else its own
	ReportedName         string
	OwnName              string // as the owner says; "" for none
	Kind, Version        string
	CreatedAt, ClaimedAt time.Time
	LastSeenAt           time.Time
	DisabledAt           time.Time // zero unless an operator disabled it
	ChangeSeq, AckedSeq  int64     // the last change that was fed to its agent, and that it acknowledged
	SelfService          bool      // people may prove a local user by themselves
	KeyExpiresAt         time.Time // of the key that [ServerKeys.Look] was given; zero for one that was not replaced

	ReportHash string // digest of its last report; "" for none
}

func (r *serverRow) server() Server {
	name := r.OwnName
	if name == "" {
		name = r.Name
	}
	return Server{
		ID: r.ID, OwnerID: r.OwnerID, SystemID: r.SystemID, Name: name, ReportedName: r.Name, OwnName: r.OwnName, Kind: r.Kind, Version: r.Version,
		CreatedAt: r.CreatedAt.UTC(), ClaimedAt: orZero(r.ClaimedAt), LastSeenAt: r.LastSeenAt.UTC(), DisabledAt: orZero(r.DisabledAt),
		ChangeSeq: r.ChangeSeq, AckedSeq: r.AckedSeq, SelfService: r.SelfService, ReportHash: r.ReportHash,
	}
}

// The kinds of addresses, in the order in which a client should try them: near
// before far.
const (
	AddressLAN    = "lan"
	AddressVPN    = "vpn"
	AddressWAN    = "wan"
	AddressCustom = "custom"
)

// Address is one way to reach a server.
type Address struct {
	ID         int64
	Kind       string
	Scheme     string // http or https
	Host       string // a name, or an IP address without brackets
	Port       int
	Position   int
	Hidden     bool
	ByOwner    bool
	ReportedAt time.Time
}

func (r *addressRow) address() Address {
	return Address{
		ID: r.ID, Kind: r.Kind, Scheme: r.Scheme, Host: r.Host, Port: r.Port, Position: r.Position, Hidden: r.Hidden,
		ByOwner: r.ByOwner, ReportedAt: r.ReportedAt.UTC(),
	}
}

// URL is the address as a client opens it; the port is always told.
func (a Address) URL() string {
	host := a.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return a.Scheme + "://" + host + ":" + strconv.Itoa(a.Port)
}

// parseAddress reads an http or https address without a user, query or
// fragment. It reports false for anything else: such texts end up as links on
// pages and in programs.
func parseAddress(kind, text string) (Address, bool) {
	const longest = 300
	text = strings.TrimSpace(text)
	if text == "" || len(text) > longest {
		return Address{}, false
	}
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" || strings.Trim(u.Path, "/") != "" {
		return Address{}, false
	}
	port := map[string]int{"http": 80, "https": 443}[strings.ToLower(u.Scheme)]
	if port == 0 {
		return Address{}, false
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil || port < 1 || port > 65535 {
			return Address{}, false
		}
	}
	host := strings.ToLower(u.Hostname())
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.WithZone("").Unmap().String()
	} else if !plainHost(host) {
		return Address{}, false
	}
	return Address{Kind: kind, Scheme: strings.ToLower(u.Scheme), Host: host, Port: port}, true
}

// IsAddress reports whether text is an address that a server may have.
func IsAddress(text string) bool {
	_, ok := parseAddress(AddressCustom, text)
	return ok
}

// plainHost reports whether host is a name of letters, digits, dots, dashes and
// underscores, as names inside a home are.
func plainHost(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > labelMax {
			return false
		}
		for _, r := range label {
			if !isLetterOrDigit(r) && r != '-' && r != '_' {
				return false
			}
		}
	}
	return true
}

// cleanServerName returns a server's name as it is kept: composed, trimmed, at
// most 100 characters, without what nobody sees. "" stands for none.
func cleanServerName(name string) string {
	const longest = 100
	name = strings.Map(func(r rune) rune {
		if hidden(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	runes := []rune(strings.Join(strings.Fields(name), " "))
	if len(runes) > longest {
		runes = runes[:longest]
	}
	return string(runes)
}

// serverByID reads one server in db. It returns [ErrNotFound].
func (c *core) serverByID(ctx context.Context, db *gorm.DB, id int64) (serverRow, error) {
	row, err := gorm.G[serverRow](db).Where("id = ?", id).Take(ctx)
	return row, explained("read the server", err)
}

// ownedServer reads a server of an owner. It returns [ErrNotFound] for one that
// is somebody else's.
func (c *core) ownedServer(ctx context.Context, db *gorm.DB, ownerID, id int64) (serverRow, error) {
	row, err := gorm.G[serverRow](db).Where("id = ? AND owner_id = ?", id, ownerID).Take(ctx)
	return row, explained("read the server", err)
}

// serverKey is a server's key of a version: in no table, and the same again at a
// repeated registration.
func (c *core) serverKey(serverID, version int64) string {
	return secret.FormatToken(secret.ServerKey, c.keys.MAC("server key", strconv.FormatInt(serverID, 10), strconv.FormatInt(version, 10)))
}

// newServerKey makes a key for a server and stores its hash. Emby's servers know
// keys of 32 hexadecimal digits; ours are longer and name themselves.
func (c *core) newServerKey(ctx context.Context, tx *gorm.DB, serverID, version int64) (string, error) {
	key := c.serverKey(serverID, version)
	return key, gorm.G[serverKeyRow](tx).Create(ctx, &serverKeyRow{Hash: secret.Sum(key), ServerID: serverID, CreatedAt: c.Now()})
}
