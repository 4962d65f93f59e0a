package models

import (
	"cmp"
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// The kinds of servers.
const (
	ServerEmby  = "emby"  // registered over the Emby Connect protocol
	ServerAgent = "agent" // registered by our agent
)

// The media servers beside which an agent works, as it reports them.
const (
	MediaJellyfin = "jellyfin"
	MediaEmby     = "emby" // people sign in there with a name and a password alone
	MediaBuiltin  = "builtin"
)

// serverRow is a row of servers.
type serverRow struct {
	ID         int64
	SystemID   string // the media server's own id, as it claims without proof
	OwnerID    int64  // 0 while nobody has claimed it
	Name       string // as the server says
	OwnName    string // the owner's name for it; "" to use the server's
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

	Media string // which media server the agent works beside: [MediaJellyfin] and the others; "" if it does not say

	QuickConnect bool // its agent has reported that codes of Quick Connect can be approved

	AgentRun string // digest of the run of its agent that sent the last report; "" for none

	StartNote string // of the owner, for the page about getting in; "" for none

	PasswordKey     string // of the agent, to which browsers seal local passwords; "" if it takes none
	LinkedPasswords bool   // linked people, too, may give their local user a password

	DeviceKeys bool // its agent takes an access key for each session, see device_key.go

	Picture string // token of the picture; "" for none. See picture.go

	StatesAt     *time.Time // when its agent told the states of local users last; nil for never. See local_user_state.go
	AgentVersion string     // of its agent, as it told with the states; "" while it has not told
	// NeedsQuickConnect says that the media server makes tokens by Quick Connect alone, as its agent told.
	NeedsQuickConnect bool
	UpSince           *time.Time // when it called after an absence; nil while that is not known. See [AwayAfter]

	LockVersion int64 // raised by every transaction that locks the server, see lock.go
}

// describedRow has the columns of the table servers from which a description is made. A
// statement that joins the table servers reads these columns instead of the whole row.
type describedRow struct {
	SystemID, Name, OwnName, Kind, Version, Picture string
}

// describedColumns are the columns of a describedRow, for a statement in which the table
// servers is named s. [describedRow.scans] returns the fields in the same order, with room
// for the other columns of the statement.
const describedColumns = "s.system_id, s.name, s.own_name, s.kind, s.version, s.picture"

func (d *describedRow) scans() []any {
	return append(make([]any, 0, 24), &d.SystemID, &d.Name, &d.OwnName, &d.Kind, &d.Version, &d.Picture)
}

// ServerDescription describes a server to the people who may use it.
type ServerDescription struct {
	SystemID      string // the media server's own id, as it claims without proof
	Name          string // the owner's name for it, else its own
	Kind, Version string
	Picture       string // token of the picture, see [Pictures]; "" for none
}

func (d *describedRow) description() ServerDescription {
	return ServerDescription{SystemID: d.SystemID, Name: cmp.Or(d.OwnName, d.Name), Kind: d.Kind, Version: d.Version, Picture: d.Picture}
}

func (r *serverRow) description() ServerDescription {
	row := describedRow{SystemID: r.SystemID, Name: r.Name, OwnName: r.OwnName, Kind: r.Kind, Version: r.Version, Picture: r.Picture}
	return row.description()
}

// TableName returns the name of the table, servers.
func (serverRow) TableName() string { return "servers" }

// Server is a media server that is registered here. Times are UTC.
type Server struct {
	ID, OwnerID int64 // OwnerID is 0 while nobody has claimed it
	ServerDescription
	ReportedName         string
	OwnName              string // as the owner says; "" for none
	CreatedAt, ClaimedAt time.Time
	LastSeenAt           time.Time
	DisabledAt           time.Time // zero unless an operator disabled it
	ChangeSeq, AckedSeq  int64     // the last change that was fed to its agent, and that it acknowledged
	SelfService          bool      // people may prove a local user by themselves
	Media                string    // which media server its agent works beside, see [Report]; "" if nobody said
	StartNote            string    // what the owner tells people who want to get in; "" for nothing, and only from [Servers.Get] and [Accounts.Export]
	LinkedPasswords      bool      // linked people, too, may give their local user a password; only from [Servers.Get] and [Accounts.Export]
	KeyVersion           int64     // raised each time that the server gets a new key
	KeyExpiresAt         time.Time // of the key that [ServerKeys.Look] was given; zero for one that was not replaced
	KeyHandedOver        bool      // a former owner may know the key that [ServerKeys.Look] was given

	ReportHash string // digest of its last report; "" for none
	AgentRun   string // digest of the run of its agent that sent the last report; "" for none; only from [ServerKeys.Look]
}

func (r *serverRow) server() Server {
	return Server{
		ID: r.ID, OwnerID: r.OwnerID, ServerDescription: r.description(), ReportedName: r.Name, OwnName: r.OwnName,
		CreatedAt: r.CreatedAt.UTC(), ClaimedAt: orZero(r.ClaimedAt), LastSeenAt: r.LastSeenAt.UTC(), DisabledAt: orZero(r.DisabledAt),
		ChangeSeq: r.ChangeSeq, AckedSeq: r.AckedSeq, SelfService: r.SelfService, Media: r.Media, StartNote: r.StartNote, LinkedPasswords: r.LinkedPasswords, KeyVersion: r.KeyVersion, ReportHash: r.ReportHash, AgentRun: r.AgentRun,
	}
}

// cleanServerName returns a server's name as it is stored: composed, trimmed, at most
// 100 characters, without invisible characters. It returns "" if nothing is left.
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
	row, err := database.G[serverRow](db).Where("id = ?", id).Take(ctx)
	return row, explained("read the server", err)
}

// ownedServer reads a server of an owner. It returns [ErrNotFound] for a server of
// another owner.
func (c *core) ownedServer(ctx context.Context, db *gorm.DB, ownerID, id int64) (serverRow, error) {
	row, err := database.G[serverRow](db).Where("id = ? AND owner_id = ?", id, ownerID).Take(ctx)
	return row, explained("read the server", err)
}
