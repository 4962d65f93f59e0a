package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// AgentLink is a link as the agent of its server sees it. Times are UTC.
type AgentLink struct {
	ID, AccountID         int64
	Username, DisplayName string // of the account; while the link is pending both are the username
	LocalUserID           string // the server's own id; "" while no local user is known
	LocalUserName         string
	Type, State           string
	Active                bool        // the account may be linked: confirmed and not disabled; false while the link is paused
	Pause                 *AgentPause // nil if the link is not paused
	HandResetAt           time.Time   // when the owner last asked for a reset of what was changed by hand; zero for never
	Libraries             []Library   // nil if the server decides
	EndsAt                time.Time   // zero for no end
	RequestedBy           string
	CreatedAt, AcceptedAt time.Time
	AccessKeyHash         secret.Hash  // SHA-256 of the access key; zero while the link is pending
	DeviceKeys            bool         // each session has an access key of its own, derived from AccessKeyHash; see device_key.go
	Levels                *AgentLevels // nil if nothing limits the link
	SessionMark           int64        // with DeviceKeys: above the ids of all sessions that began before the link was read
}

// agentLinks is the statement by which agents read their links.
const agentLinks = linkFacts + ", " + levelColumns + linkTables

// exchangeLink finds the link of an account with a server, for the check of an access key.
// Agents ask it whenever a device signs in to a media server. Few links have levels, so it reads
// only whether there are any.
const exchangeLink = linkFacts + ", " + limited + linkTables + " AND l.account_id = ? AND l.state = '" + LinkAccepted + "'"

const (
	linkFacts = `SELECT l.id, l.account_id, l.type, l.state, l.access_key, l.requested_by, l.created_at, l.accepted_at, l.ends_at, l.libraries, s.device_keys, l.paused_at, l.paused_until, l.hand_reset_at,
 a.username, a.display_name, a.confirmed_at, a.disabled_at, u.external_id, u.name`
	linkTables = `
FROM links l JOIN accounts a ON a.id = l.account_id
JOIN servers s ON s.id = l.server_id
LEFT JOIN local_users u ON u.id = l.local_user_id` + levelTables + `
WHERE l.server_id = ? AND (l.ends_at IS NULL OR l.ends_at > ?)`
)

type agentLinkRow struct {
	ID, AccountID           int64
	Type, State, AccessKey  string
	RequestedBy             string
	CreatedAt               time.Time
	AcceptedAt, EndsAt      *time.Time
	Libraries               *string
	DeviceKeys              bool
	PausedAt, PausedUntil   *time.Time
	HandResetAt             *time.Time
	Username, DisplayName   string
	ConfirmedAt, DisabledAt *time.Time
	ExternalID, Name        *string
	Levels                  levelParts `gorm:"embedded"`
}

// agentLinks reads the links of a server that have not ended. condition, which may be
// "", narrows the choice further. After an error the list is nil, never shorter.
func (c *core) agentLinks(ctx context.Context, serverID int64, condition string, args ...any) ([]AgentLink, error) {
	var rows []agentLinkRow
	err := c.read(ctx).Raw(agentLinks+condition+" ORDER BY l.id", append([]any{serverID, c.Now()}, args...)...).Scan(&rows).Error
	if err != nil {
		return nil, explained("read the links of a server", err)
	}
	names, err := c.namesOfLibraries(ctx, c.read(ctx), serverID)
	if err != nil {
		return nil, err
	}
	links := make([]AgentLink, len(rows))
	for i := range rows {
		if links[i], err = c.agentLink(serverID, &rows[i], names); err != nil {
			return nil, explained("read a link", err)
		}
	}
	return links, nil
}

func (c *core) agentLink(serverID int64, r *agentLinkRow, names libraryNames) (AgentLink, error) {
	link := AgentLink{
		ID: r.ID, AccountID: r.AccountID, Username: r.Username, DisplayName: visibleName(r.State, r.Username, r.DisplayName),
		Type: r.Type, State: r.State,
		Active: r.ConfirmedAt != nil && r.DisabledAt == nil, EndsAt: orZero(r.EndsAt), RequestedBy: r.RequestedBy,
		CreatedAt: r.CreatedAt.UTC(), AcceptedAt: orZero(r.AcceptedAt), HandResetAt: orZero(r.HandResetAt),
	}
	if pause := pauseAt(r.PausedAt, r.PausedUntil, c.Now()); pause.On() {
		link.Pause = &AgentPause{Pause: pause, Active: link.Active}
		link.Active = false // an agent that knows no pauses refuses everybody then
	}
	if r.ExternalID != nil && r.Name != nil {
		link.LocalUserID, link.LocalUserName = *r.ExternalID, *r.Name
	}
	var err error
	if link.Levels, err = r.Levels.agentLevels(c.Now()); err != nil {
		return link, err
	}
	if link.Libraries, err = names.unpack(serverID, r.Libraries); err != nil || r.State != LinkAccepted {
		return link, err
	}
	key, err := c.keys.Open(sealAccessKey, FormatID(r.ID), r.AccessKey)
	link.AccessKeyHash = secret.Sum(key)
	if link.DeviceKeys = r.DeviceKeys; link.DeviceKeys {
		link.SessionMark = c.sessionMark()
	}
	return link, err
}

// visibleName returns the name of a person that the server of a link may see. Until the
// person accepts, it is the username, which the server knows already; then it is the
// display name.
func visibleName(state, username, displayName string) string {
	if state != LinkAccepted {
		return username
	}
	return displayName
}

// visiblePicture returns the picture of a person that the server of a link and its owner may see, or
// "" until the person accepts.
func visiblePicture(state, picture string) string {
	if state != LinkAccepted {
		return ""
	}
	return picture
}

// LinksOf lists the links of a server, pending and accepted. An agent removes a link
// only for a [ChangeLinkRemoved], never because the link is missing here.
func (a *Agents) LinksOf(ctx context.Context, this Server) ([]AgentLink, error) {
	return a.agentLinks(ctx, this.ID, "")
}

// ShownKey is an access key that a device showed at a media server.
type ShownKey struct {
	Hash      secret.Hash // its SHA-256, so that an agent need not send the key
	AccountID int64       // the account that the device named; 0 for none
	SessionID int64       // the session that the key names, see device_key.go; 0 for none
}

// Check finds the accepted link that an access key opens, among the links of the account that
// the device named, or of all accounts. It returns [ErrAccessKeyWrong] for a key that is
// unknown, or whose session has ended, or whose link is pending, has ended, or belongs to a
// disabled account. At a server with device keys, the key of the link itself opens nothing.
func (a *Agents) Check(ctx context.Context, this Server, shown ShownKey) (AgentLink, error) {
	if err := a.checkSession(ctx, &shown); err != nil {
		return AgentLink{}, err
	}
	links, err := a.exchangeLinks(ctx, this.ID, shown.AccountID)
	if err != nil {
		return AgentLink{}, err
	}
	for _, link := range links {
		if link.opens(shown) && (link.Active || link.Pause != nil && link.Pause.Active) {
			return link, nil // also a paused one: its device hears of the pause, and keeps its key
		}
	}
	return AgentLink{}, ErrAccessKeyWrong
}

// exchangeLinks returns the accepted links of a server that an access key may open: only the link
// of one account, or the links of all accounts if accountID is 0.
func (a *Agents) exchangeLinks(ctx context.Context, serverID, accountID int64) ([]AgentLink, error) {
	if accountID == 0 {
		return a.agentLinks(ctx, serverID, " AND l.state = ?", LinkAccepted)
	}
	var r agentLinkRow
	var limited bool
	found, err := a.hot.exchange.One(ctx, []any{serverID, a.Now(), accountID}, &r.ID, &r.AccountID, &r.Type, &r.State, &r.AccessKey,
		&r.RequestedBy, &r.CreatedAt, &r.AcceptedAt, &r.EndsAt, &r.Libraries, &r.DeviceKeys, &r.PausedAt, &r.PausedUntil, &r.HandResetAt, &r.Username, &r.DisplayName, &r.ConfirmedAt, &r.DisabledAt,
		&r.ExternalID, &r.Name, &limited)
	if err != nil || !found {
		return nil, explained("read a link", err)
	}
	if limited {
		return a.agentLinks(ctx, serverID, " AND l.id = ?", r.ID)
	}
	var names libraryNames
	if r.Libraries != nil { // most people may see them all
		if names, err = a.namesOfLibraries(ctx, a.read(ctx), serverID); err != nil {
			return nil, err
		}
	}
	link, err := a.agentLink(serverID, &r, names)
	return []AgentLink{link}, explained("read a link", err)
}

// AskFor asks a person, named by username, for a link. in.LocalUserID may name the
// local user of the link. An existing link stays as it is, except that it gets the
// local user if it had none. It returns errors about the fields to and local_user,
// [ErrLocalUserTaken], [ErrAlreadyLinked] for a link to another local user, or
// [ErrThrottled].
func (a *Agents) AskFor(ctx context.Context, this Server, in AskLink) (AgentLink, error) {
	if in.Type != LinkGuest {
		in.Type = LinkLinked
	}
	in.RequestedBy = cleanServerName(in.RequestedBy)
	if err := a.mayAsk(ctx, this); err != nil {
		return AgentLink{}, err
	}
	var id int64
	err := a.tx(ctx, "ask for a link", func(tx *gorm.DB) error {
		account, err := a.usableByUsername(ctx, tx, in.Username)
		if err != nil {
			return err
		}
		localUserID, err := a.namedLocalUser(ctx, tx, this.ID, in.LocalUserID)
		if err != nil {
			return err
		}
		id, err = a.askFor(ctx, tx, this, &account, localUserID, in)
		return err
	})
	if err != nil {
		return AgentLink{}, err
	}
	return a.linkByID(ctx, this, id)
}

// usableByUsername locks and returns the account of a username. It returns an error
// about the field to for an account that is unknown, unconfirmed or disabled.
func (c *core) usableByUsername(ctx context.Context, tx *gorm.DB, username string) (accountRow, error) {
	unknown := fieldError(KindInvalid, "to", "username_unknown")
	if isEmail(username) {
		return accountRow{}, unknown
	}
	row, err := c.accountByName(ctx, tx, username)
	if err == nil {
		err = lockUsableAccount(tx, row.ID)
	}
	if KindOf(err) == KindNotFound {
		return row, unknown
	}
	return row, err
}

// namedLocalUser returns the id of the local user that an agent names, nil for the
// name "". It returns an error about the field local_user.
func (c *core) namedLocalUser(ctx context.Context, tx *gorm.DB, serverID int64, externalID string) (*int64, error) {
	if externalID == "" {
		return nil, nil
	}
	row, err := c.localUserOf(ctx, tx, serverID, externalID)
	if KindOf(err) == KindNotFound {
		return nil, fieldError(KindInvalid, "local_user", "local_user_unknown")
	}
	return &row.ID, err
}

func (a *Agents) askFor(ctx context.Context, tx *gorm.DB, this Server, account *accountRow, localUserID *int64, in AskLink) (int64, error) {
	known, err := a.linkOf(ctx, tx, this.ID, account.ID)
	if err != nil {
		return 0, err
	}
	if known != nil {
		return known.ID, a.setLocalUser(ctx, tx, known, localUserID)
	}
	link := linkRow{
		ServerID: this.ID, AccountID: account.ID, LocalUserID: localUserID, Type: in.Type, State: LinkPending, RequestedBy: in.RequestedBy,
	}
	if err := a.insertLink(ctx, tx, &link); err != nil {
		return 0, err
	}
	server, err := a.serverByID(ctx, tx, this.ID)
	if err != nil {
		return 0, err
	}
	if err := a.owePerson(ctx, tx, &link, &server, MailLinkAsked); err != nil {
		return 0, err
	}
	if err := a.happenAtLink(ctx, tx, HappenedLinkAsked, &link, &server, ""); err != nil {
		return 0, err
	}
	return link.ID, a.recordAbout(ctx, tx, account.ID, EventLinkAsked, server.server().Name, Caller{})
}

// linkOf reads the link of an account with a server, nil without one. A link that has
// ended and was not swept yet is removed first.
func (c *core) linkOf(ctx context.Context, tx *gorm.DB, serverID, accountID int64) (*linkRow, error) {
	rows, err := database.G[linkRow](tx).Where("server_id = ? AND account_id = ?", serverID, accountID).Find(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	if rows[0].EndsAt != nil && !rows[0].EndsAt.After(c.Now()) {
		return nil, c.endLink(ctx, tx, &rows[0])
	}
	return &rows[0], nil
}

// insertLink writes a new link with an access key of its own into the database and the
// feed. Unique keys decide races: it returns [ErrLocalUserTaken] or
// [ErrAlreadyLinked].
func (c *core) insertLink(ctx context.Context, tx *gorm.DB, link *linkRow) error {
	key, err := newAccessKey(c.opt.Random)
	if err != nil {
		return err
	}
	if link.ID, err = c.newID(); err != nil {
		return err
	}
	if link.AccessKey, err = c.keys.Seal(c.opt.Random, sealAccessKey, FormatID(link.ID), key); err != nil {
		return err
	}
	link.CreatedAt = c.Now()
	link.RemindAt = remindAt(link.EndsAt, link.CreatedAt)
	if err := c.takeFormer(ctx, tx, link); err != nil {
		return err
	}
	if link.State == LinkAccepted {
		link.AcceptedAt = &link.CreatedAt
	}
	if err := c.feedLink(ctx, tx, link, ChangeLink); err != nil {
		return err
	}
	if err := adoptLevels(tx, link); err != nil {
		return err
	}
	err = database.G[linkRow](tx).Create(ctx, link)
	switch {
	case isLocalUserTaken(err):
		return ErrLocalUserTaken.because(err)
	case database.IsDuplicate(err, "links", "account_id"):
		return ErrAlreadyLinked.because(err)
	case err != nil || link.State != LinkAccepted:
		return err
	}
	return c.renewList(tx, link.AccountID)
}

// isLocalUserTaken reports whether err says that another link has the local user.
// MySQL names the key, SQLite its first column.
func isLocalUserTaken(err error) bool {
	return database.IsDuplicate(err, "links", "local_user_id") || database.IsDuplicate(err, "links", "server_id")
}

// setLocalUser gives a link a local user if it has none. It returns [ErrAlreadyLinked]
// for a link with another local user, or [ErrLocalUserTaken].
func (c *core) setLocalUser(ctx context.Context, tx *gorm.DB, link *linkRow, localUserID *int64) error {
	if localUserID == nil || link.LocalUserID != nil && *link.LocalUserID == *localUserID {
		return nil
	}
	if link.LocalUserID != nil {
		return ErrAlreadyLinked
	}
	if err := c.feedLink(ctx, tx, link, ChangeLink); err != nil {
		return err
	}
	err := requireRow(tx.Exec("UPDATE links SET local_user_id = ?, waits_for = '' WHERE id = ?", *localUserID, link.ID))
	if isLocalUserTaken(err) {
		return ErrLocalUserTaken.because(err)
	}
	link.LocalUserID = localUserID
	return err
}

// endLink removes a link whose end has come; the person gets a mail and the agent a
// change.
func (c *core) endLink(ctx context.Context, tx *gorm.DB, link *linkRow) error {
	if err := lockAccount(tx, link.AccountID); err != nil {
		return err
	}
	if err := c.feedLink(ctx, tx, link, ChangeLinkRemoved); err != nil {
		return err
	}
	server, err := c.serverByID(ctx, tx, link.ServerID)
	if err != nil {
		return err
	}
	if err := requireRow(tx.Exec("DELETE FROM links WHERE id = ? AND ends_at <= ?", link.ID, c.Now())); err != nil {
		return err
	}
	if err := c.keepFormer(ctx, tx, link); err != nil {
		return err
	}
	if err := c.linkIsGone(tx, link); err != nil {
		return err
	}
	if err := c.owePerson(ctx, tx, link, &server, MailLinkEnded); err != nil {
		return err
	}
	if err := c.happenAtLink(ctx, tx, HappenedLinkEnded, link, &server, ""); err != nil {
		return err
	}
	return c.recordAbout(ctx, tx, link.AccountID, EventLinkRemoved, server.server().Name, Caller{})
}

func (a *Agents) linkByID(ctx context.Context, this Server, id int64) (AgentLink, error) {
	links, err := a.agentLinks(ctx, this.ID, " AND l.id = ?", id)
	if err != nil {
		return AgentLink{}, err
	}
	if len(links) != 1 {
		return AgentLink{}, ErrNotFound
	}
	return links[0], nil
}

// RemoveLink removes a link at the request of the server. It returns [ErrNotFound].
func (a *Agents) RemoveLink(ctx context.Context, this Server, linkID int64) error {
	return a.tx(ctx, "remove a link", func(tx *gorm.DB) error {
		row, err := database.G[linkRow](tx).Where("id = ? AND server_id = ?", linkID, this.ID).Take(ctx)
		if err != nil {
			return explained("read the link", err)
		}
		return a.cancel(ctx, tx, this.ID, row.AccountID)
	})
}
