package models

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Invites are the operations on offers of links: from an owner to an account, named by
// username, or to an email address. The account of an address is looked up when the
// invite is answered, never before, so that owners do not learn who has an account.
type Invites struct{ *core }

// The states of invites.
const (
	invitePending = "pending"

	InvitePending   = invitePending
	InviteAccepted  = "accepted"
	InviteDeclined  = "declined"
	InviteWithdrawn = "withdrawn"
	InviteExpired   = "expired" // pending, and its time is over
)

// inviteLife is the time for which an invite may be answered.
const inviteLife = 14 * 24 * time.Hour

// inviteRow is a row of invites.
type inviteRow struct {
	ID         int64
	OwnerID    int64  // serviceOwner for an invite to sign up
	AccountID  int64  // 0 for an invite to an address
	Typed      string // the username or address that the owner typed
	Email      string // where mail goes; "" for an invite to an account
	EmailKey   string
	Note       string
	Type       string
	State      string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	AnsweredAt *time.Time
	AnsweredBy int64 // the account that accepted, the last one of several, or 0

	// The fields of invite_link.go.
	Greeting   string
	LinkHash   *secret.Hash // of the link's secret; nil without a link
	LinkSecret string       // sealed; "" without a link
	Uses       int64
	Used       int64

	ForFamily bool  // see family_invite.go
	CircleID  int64 // the circle to which it invites, see circle_invite.go; 0 for none
}

// TableName returns the name of the table, invites.
func (inviteRow) TableName() string { return "invites" }

// inviteServerRow is a row of invite_servers.
type inviteServerRow struct {
	InviteID    int64
	ServerID    int64
	LocalUserID *int64
	Libraries   *string // see library.go
	EndsAt      *time.Time
}

// TableName returns the name of the table, invite_servers.
func (inviteServerRow) TableName() string { return "invite_servers" }

// InviteServer is the offer of an invite for one server.
type InviteServer struct {
	ServerID      int64
	ServerName    string
	Picture       string // token of the server's picture; "" for none, and only on output
	LocalUserID   int64  // the service's id of the local user; 0 for none
	LocalUserName string
	Libraries     []Library // nil if the server decides; on input only ExternalID counts
	EndsAt        time.Time // zero for no end
}

// NewInvite is the offer of an owner. It goes to a person by mail, or to everybody
// who has its link, or both.
type NewInvite struct {
	To             string    // a username or an email address; "" for a link alone
	Link           bool      // also make a link; see [InviteLinks]
	Greeting       string    // the name that the page greets; "" for none
	Family         bool      // for the whole family of a guardian, see [Families.AcceptInvite]; only for guests, and for one person
	Uses           int       // how many people may accept; 0 for one. More than one is allowed only for an invite of guests that is a link alone
	ExpiresAt      time.Time // until when it can be accepted; zero for 14 days
	Type           string    // [LinkLinked] or [LinkGuest]
	Note           string    // shown as text
	Profile        string    // the name or the id of a profile of the server; fields that are left empty here get the choices of the profile; "" for none
	Servers        []InviteServer
	IdempotencyKey string // "" for none

	circleID int64 // see [CirclePeople.Invite]; then there are no Servers
	signUp   bool  // see [OperatedInvites.Create]; then there are no Servers either
}

// Invite is an offer of links. Times are UTC.
type Invite struct {
	ID, OwnerID                      int64
	OwnerUsername                    string
	To, Type, Note, State            string // To is the username or address that the owner typed, or ""; State is one of the states above
	Greeting                         string // the name that the page greets, or ""
	Link                             bool   // it has a link
	Family                           bool   // a guardian may answer it for the whole family, see [Families.AcceptInvite]
	SignUp                           bool   // it only lets people make an account, see [OperatedInvites]; OwnerUsername is the name of the service then
	Uses, Used                       int    // how many people may accept it, and how many have
	Servers                          []InviteServer
	Circle                           *InviteCircle // nil for an invite to the servers alone
	CreatedAt, ExpiresAt, AnsweredAt time.Time
	AnsweredBy                       string      // username, once accepted; the last one of several
	UsedBy                           []InviteUse // who has accepted it, the first one first; only in lists for its owner
}

const (
	inviteServersMax = 20
	inviteNoteMax    = 500
)

// Create makes an invite and owes its mail, which is the same whether or not the
// address has an account. An invite that is a link alone sends no mail. It returns errors
// about the fields to, greeting, family, uses, expires_at, type, note, profile, servers, local_user_id,
// libraries, ends_at and idempotency_key, [ErrOtherRequest],
// [ErrThrottled] or [ErrUnavailable].
func (i *Invites) Create(ctx context.Context, ownerID int64, in NewInvite, caller Caller) (Invite, error) {
	return i.createIn(ctx, "invite "+FormatID(ownerID), ownerID, in, caller)
}

// createIn does the work of [Invites.Create]. scope keeps the Idempotency-Keys of
// different callers apart.
func (i *Invites) createIn(ctx context.Context, scope string, ownerID int64, in NewInvite, caller Caller) (Invite, error) {
	o, err := i.idempotent(scope, in.IdempotencyKey, in.canonical())
	if err != nil {
		return Invite{}, err
	}
	id, err := i.doneBefore(ctx, o)
	if err == nil && id == 0 {
		id, err = i.createOnce(ctx, o, ownerID, in, caller)
	}
	if err != nil {
		return Invite{}, err
	}
	return i.get(ctx, ownerID, id)
}

// createOnce makes the invite of a request that was not carried out before, and returns its id.
func (i *Invites) createOnce(ctx context.Context, o idempotentRequest, ownerID int64, in NewInvite, caller Caller) (int64, error) {
	if err := i.useProfile(ctx, ownerID, &in); err != nil {
		return 0, err
	}
	row, err := i.check(ownerID, &in)
	if err != nil {
		return 0, err
	}
	if err := i.throttle.allow(ctx, i.throttle.key("invite", FormatID(ownerID)), i.opt.Limits.InviteDay); err != nil {
		return 0, err
	}
	before, err := i.txOnce(ctx, "invite", o, row.ID, func(tx *gorm.DB) error { return i.create(ctx, tx, row, in, caller) })
	return cmp.Or(before, row.ID), err
}

// canonical returns the values that a repeated request must have in common with the
// first.
func (in NewInvite) canonical() []any {
	parts := []any{nameKey(in.To), in.Type, in.Note, in.Link, in.Greeting, in.Uses, in.ExpiresAt.UTC().UnixMilli()}
	if in.Profile != "" {
		parts = append(parts, in.Profile)
	}
	if in.Family {
		parts = append(parts, "family")
	}
	if in.circleID != 0 {
		parts = append(parts, "circle", in.circleID)
	}
	servers := slices.Clone(in.Servers)
	slices.SortFunc(servers, func(a, b InviteServer) int { return int(min(max(a.ServerID-b.ServerID, -1), 1)) })
	for _, s := range servers {
		var libraries []string
		for _, l := range s.Libraries {
			libraries = append(libraries, l.ExternalID)
		}
		slices.Sort(libraries)
		parts = append(parts, s.ServerID, s.LocalUserID, s.Libraries == nil, libraries, s.EndsAt.UTC().UnixMilli())
	}
	return parts
}

// check applies the rules that need no database, and returns the row without the
// account.
func (i *Invites) check(ownerID int64, in *NewInvite) (inviteRow, error) {
	var wrong []FieldError
	add := func(field, code string) { wrong = append(wrong, FieldError{Field: field, Code: code}) }
	row := inviteRow{OwnerID: ownerID, Typed: strings.TrimSpace(in.To), Type: in.Type, State: invitePending, CreatedAt: i.Now()}
	switch {
	case row.Typed == "" && in.Link:
	case row.Typed == "":
		add("to", "to_missing")
	case isEmail(row.Typed):
		var ok bool
		if row.Email, row.EmailKey, ok = parseEmail(row.Typed); !ok {
			add("to", "email_invalid")
		}
		row.Typed = row.Email
	case checkUsername(row.Typed, "") != "":
		add("to", "username_unknown")
	}
	wrong = append(wrong, i.checkReach(&row, in)...)
	if in.Type != LinkLinked && in.Type != LinkGuest {
		add("type", "type_invalid")
	}
	var ok bool
	if row.Note, ok = cleanNote(in.Note); !ok {
		add("note", "note_invalid")
	}
	if row.CircleID = in.circleID; row.CircleID == 0 && !in.signUp {
		checkServers(in.Servers, add)
	}
	var err error
	if row.ID, err = i.newID(); err != nil {
		return row, explained("make an id", err)
	}
	if in.Link {
		if err := i.newLink(&row); err != nil {
			return row, explained("make a link", err)
		}
	}
	return row, invalid(wrong)
}

// checkServers calls add with what is wrong with the servers of an invite.
func checkServers(servers []InviteServer, add func(field, code string)) {
	if len(servers) == 0 {
		add("servers", "servers_missing")
	}
	seen := map[int64]bool{}
	for _, s := range servers {
		if seen[s.ServerID] || len(servers) > inviteServersMax {
			add("servers", "servers_invalid")
			return
		}
		seen[s.ServerID] = true
	}
}

func (i *Invites) create(ctx context.Context, tx *gorm.DB, row inviteRow, in NewInvite, caller Caller) error {
	owner, err := i.accountByID(ctx, tx, row.OwnerID)
	if err != nil {
		return err
	}
	var invited *accountRow // nil for an invite to an address, and for an invite that names nobody
	if row.Typed != "" && row.EmailKey == "" {
		account, err := i.usableByUsername(ctx, tx, row.Typed)
		if err != nil {
			return err
		}
		if account.ID == row.OwnerID {
			return fieldError(KindInvalid, "to", "username_unknown")
		}
		row.AccountID, row.Typed, invited = account.ID, account.Username, &account
	}
	if err := lockUsableAccount(tx, row.OwnerID); err != nil {
		return err
	}
	if err := database.G[inviteRow](tx).Create(ctx, &row); err != nil {
		return err
	}
	servers, err := i.createOffers(ctx, tx, &row, in.Servers)
	if err != nil {
		return err
	}
	if row.Typed != "" {
		if err := i.owe(ctx, tx, inviteMail(&row, invited, &owner, servers)); err != nil {
			return err
		}
	}
	if err := i.happenToInvite(ctx, tx, HappenedInviteSent, &row, invited, servers); err != nil {
		return err
	}
	return i.recordAbout(ctx, tx, row.OwnerID, EventInviteSent, servers, caller)
}

// createOffers writes the offers of an invite, and returns what it invites to: the names of the servers, or of the
// circle.
func (i *Invites) createOffers(ctx context.Context, tx *gorm.DB, row *inviteRow, servers []InviteServer) (string, error) {
	if row.CircleID != 0 {
		return i.createForCircle(ctx, tx, row)
	}
	slices.SortFunc(servers, func(a, b InviteServer) int { return int(min(max(a.ServerID-b.ServerID, -1), 1)) })
	var names []string
	for _, s := range servers {
		name, err := i.createServer(ctx, tx, row, s)
		if err != nil {
			return "", err
		}
		names = append(names, name)
	}
	return strings.Join(names, ", "), nil
}

// createServer writes the offer of an invite for one server, and returns the name of
// that server.
func (i *Invites) createServer(ctx context.Context, tx *gorm.DB, invite *inviteRow, s InviteServer) (name string, err error) {
	if err := lockOwnServer(tx, invite.OwnerID, s.ServerID); err != nil {
		if KindOf(err) == KindNotFound {
			return "", fieldError(KindInvalid, "servers", "server_unknown")
		}
		return "", err
	}
	server, err := i.serverByID(ctx, tx, s.ServerID)
	if err != nil {
		return "", err
	}
	row := inviteServerRow{InviteID: invite.ID, ServerID: s.ServerID}
	if row.EndsAt, err = i.checkEnd(s.EndsAt); err != nil {
		return "", err
	}
	if row.Libraries, err = i.chosenLibraries(ctx, tx, s.ServerID, s.Libraries, nil); err != nil {
		return "", err
	}
	if s.LocalUserID != 0 {
		if err := i.checkLocalUser(ctx, tx, s); err != nil {
			return "", err
		}
		row.LocalUserID = &s.LocalUserID
	}
	return server.server().Name, database.G[inviteServerRow](tx).Create(ctx, &row)
}

// checkLocalUser checks that a local user belongs to the server and has no link. It
// returns errors about the field local_user_id.
func (i *Invites) checkLocalUser(ctx context.Context, tx *gorm.DB, s InviteServer) error {
	found, err := database.G[localUserRow](tx).Where("id = ? AND server_id = ? AND gone_at IS NULL", s.LocalUserID, s.ServerID).Count(ctx, "*")
	if err != nil {
		return err
	}
	if found == 0 {
		return fieldError(KindInvalid, "local_user_id", "local_user_unknown")
	}
	taken, err := database.G[linkRow](tx).
		Where("server_id = ? AND local_user_id = ? AND (ends_at IS NULL OR ends_at > ?)", s.ServerID, s.LocalUserID, i.Now()).Count(ctx, "*")
	if err != nil {
		return err
	}
	if taken > 0 {
		return fieldError(KindConflict, "local_user_id", "local_user_taken")
	}
	return nil
}

// Withdraw takes back an invite that was not answered yet. It returns [ErrNotFound].
func (i *Invites) Withdraw(ctx context.Context, ownerID, inviteID int64, caller Caller) error {
	return i.tx(ctx, "withdraw an invite", func(tx *gorm.DB) error {
		now := i.Now()
		err := requireRow(tx.Exec("UPDATE invites SET state = ?, answered_at = ? WHERE id = ? AND owner_id = ? AND state = ? AND expires_at > ?",
			InviteWithdrawn, now, inviteID, ownerID, invitePending, now))
		if err != nil {
			return err
		}
		names, err := i.namesOfServers(ctx, tx, &inviteRow{ID: inviteID})
		if err != nil {
			return err
		}
		return i.recordAbout(ctx, tx, ownerID, EventInviteWithdrawn, names, caller)
	})
}

// Look describes the invite of a secret without spending the secret. The secret comes from a mail
// or from a link. The returned text is the address to which the mail was sent; it is "" for an
// invite to an account and for the secret of a link. Once the invite cannot be accepted any
// longer, it returns [ErrInviteUsed], [ErrInviteWithdrawn] or [ErrInviteExpired] with the
// parameter Owner, or [ErrTokenSpent] for a secret that tells nothing more; the first three are
// also [ErrTokenSpent]. A caller who looks for links too often gets [ErrThrottled].
func (i *Invites) Look(ctx context.Context, text string, caller Caller) (Invite, string, error) {
	if err := i.countLook(ctx, text, caller); err != nil {
		return Invite{}, "", err
	}
	row, err := i.inviteOf(ctx, text)
	if err != nil {
		return Invite{}, "", err
	}
	list, err := i.completeInvites(ctx, i.read(ctx), []inviteRow{row})
	if err != nil {
		return Invite{}, "", err
	}
	if IsInviteLink(text) {
		return list[0], "", nil
	}
	return list[0], row.Email, nil
}

// inviteOf returns the invite of a mailed secret or of the secret of a link if it can still
// be accepted, otherwise the errors of [Invites.Look].
func (c *core) inviteOf(ctx context.Context, text string) (inviteRow, error) {
	id, err := c.inviteID(ctx, text)
	if err != nil {
		return inviteRow{}, err
	}
	rows, err := c.openInvites(ctx, c.read(ctx), "i.id = ?", id)
	if err == nil && len(rows) == 0 {
		rows, err = c.openSignUps(ctx, c.read(ctx), id)
	}
	if err != nil {
		return inviteRow{}, err
	}
	if len(rows) != 1 {
		return inviteRow{}, c.closedInvite(ctx, id)
	}
	return rows[0], nil
}

// openInvites reads the invites that can be answered: they are pending and not
// expired, and their owner exists and still owns at least one of their servers, which
// is not disabled.
func (c *core) openInvites(ctx context.Context, db *gorm.DB, condition string, args ...any) ([]inviteRow, error) {
	var rows []inviteRow
	now := c.Now()
	err := db.WithContext(ctx).Raw(`SELECT i.* FROM invites i JOIN accounts o ON o.id = i.owner_id AND o.disabled_at IS NULL
WHERE `+condition+` AND `+openInvite+` ORDER BY i.id DESC`, append(slices.Clone(args), invitePending, now, now)...).Scan(&rows).Error
	return rows, explained("read the invites", err)
}
