package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// EmbyServers are the operations of servers that speak the Emby Connect protocol; they
// call with their server key.
type EmbyServers struct{ *core }

// AskLink is the request with which a server asks a person for a link.
type AskLink struct {
	AccountID   int64
	Type        string // [LinkLinked] or [LinkGuest]
	AccessKey   string // made by the server, 16 to 64 letters and digits; "" to let the service make it
	RequestedBy string // the person at the server who wants the link, as the server reports
	Caller      Caller // for the history of the server's owner, if an access key is replaced

	Username    string // instead of AccountID, for [Agents.AskFor]
	LocalUserID string // the server's own id of a local user, for [Agents.AskFor]; "" for none
}

// Authorization is a link as its server sees it, with the access key.
type Authorization struct{ Link }

const authorizations = `SELECT l.id, l.server_id, l.account_id, l.type, l.state, l.access_key, l.requested_by, l.created_at,
 l.accepted_at, a.username, a.display_name, a.picture, a.confirmed_at, a.disabled_at
FROM links l JOIN accounts a ON a.id = l.account_id WHERE l.server_id = ?`

type authorizationRow struct {
	ID, ServerID, AccountID int64
	Type, State, AccessKey  string
	RequestedBy             string
	CreatedAt               time.Time
	AcceptedAt              *time.Time
	Username, DisplayName   string
	Picture                 string
	ConfirmedAt, DisabledAt *time.Time
}

func (c *core) authorization(r authorizationRow) (Authorization, error) {
	one := Authorization{r.link()}
	key, err := c.keys.Open(sealAccessKey, FormatID(r.ID), r.AccessKey)
	one.AccessKey = key
	return one, explained("open an access key", err)
}

// link returns the link of the row without its access key.
func (r *authorizationRow) link() Link {
	return Link{
		ID: r.ID, ServerID: r.ServerID, AccountID: r.AccountID, Username: r.Username, DisplayName: visibleName(r.State, r.Username, r.DisplayName),
		Picture: visiblePicture(r.State, r.Picture),
		Type:    r.Type, State: r.State, RequestedBy: r.RequestedBy, CreatedAt: r.CreatedAt.UTC(), AcceptedAt: orZero(r.AcceptedAt),
		Active: r.ConfirmedAt != nil && r.DisabledAt == nil,
	}
}

// Links lists a server's links, pending and accepted, with the access keys, which the
// server itself has made or has to store. For a disabled person, the list has a new key
// that nobody else knows. After an error the list is nil, never a shorter list: servers
// delete guests that are missing.
func (e *EmbyServers) Links(ctx context.Context, this Server) ([]Authorization, error) {
	var rows []authorizationRow
	if err := e.read(ctx).Raw(authorizations+" AND (l.ends_at IS NULL OR l.ends_at > ?) ORDER BY l.id", this.ID, e.Now()).Scan(&rows).Error; err != nil {
		return nil, explained("list the links of a server", err)
	}
	list := make([]Authorization, len(rows))
	for i, row := range rows {
		one, err := e.authorization(row)
		if err != nil {
			return nil, err
		}
		list[i] = one
	}
	return list, nil
}

// Ask asks a person for a link, or replaces the access key of an existing link. The
// person gets a mail and decides. It returns [ErrNotFound] for an account that is
// unknown, unconfirmed or disabled and for a server that was removed or disabled
// meanwhile, an error about the field access_key, or [ErrThrottled].
func (e *EmbyServers) Ask(ctx context.Context, this Server, in AskLink) (Authorization, error) {
	if in.Type != LinkGuest {
		in.Type = LinkLinked
	}
	if err := e.checkAsk(&in); err != nil {
		return Authorization{}, err
	}
	if err := e.mayAsk(ctx, this); err != nil {
		return Authorization{}, err
	}
	err := e.tx(ctx, "ask for a link", func(tx *gorm.DB) error { return e.ask(ctx, tx, this, in) })
	if err != nil {
		return Authorization{}, err
	}
	var rows []authorizationRow
	if err := e.read(ctx).Raw(authorizations+" AND l.account_id = ?", this.ID, in.AccountID).Scan(&rows).Error; err != nil {
		return Authorization{}, explained("read the link", err)
	}
	if len(rows) != 1 {
		return Authorization{}, ErrNotFound
	}
	return e.authorization(rows[0])
}

func (e *EmbyServers) checkAsk(in *AskLink) error {
	const shortest, longest = 16, 64
	in.RequestedBy = cleanServerName(in.RequestedBy)
	if in.AccessKey == "" {
		key, err := newAccessKey(e.opt.Random)
		in.AccessKey = key
		return explained("make an access key", err)
	}
	if len(in.AccessKey) < shortest || len(in.AccessKey) > longest || onlyLettersAndDigits(in.AccessKey) != in.AccessKey {
		return fieldError(KindInvalid, "access_key", "access_key_invalid")
	}
	return nil
}

func (c *core) mayAsk(ctx context.Context, this Server) error {
	limit := c.opt.Limits.AskDay
	if this.OwnerID == 0 {
		limit = c.opt.Limits.AskDayUnclaimed
	}
	return c.throttle.allow(ctx, c.throttle.key("ask", FormatID(this.ID)), limit)
}

func (e *EmbyServers) ask(ctx context.Context, tx *gorm.DB, this Server, in AskLink) error {
	if err := lockUsableAccount(tx, in.AccountID); err != nil {
		return err
	}
	if err := lockEnabledServer(tx, this.ID); err != nil {
		return err
	}
	known, err := e.linkOf(ctx, tx, this.ID, in.AccountID)
	if err != nil {
		return err
	}
	if known != nil {
		return e.takeAccessKey(ctx, tx, known, in)
	}
	link := linkRow{
		ServerID: this.ID, AccountID: in.AccountID, Type: in.Type, State: LinkPending, RequestedBy: in.RequestedBy, CreatedAt: e.Now(),
	}
	if link.ID, err = e.newID(); err != nil {
		return err
	}
	if link.AccessKey, err = e.keys.Seal(e.opt.Random, sealAccessKey, FormatID(link.ID), in.AccessKey); err != nil {
		return err
	}
	if err := adoptLevels(tx, &link); err != nil {
		return err
	}
	if err := database.G[linkRow](tx).Create(ctx, &link); err != nil { // there is no duplicate, because the server is locked
		return err
	}
	server, err := e.serverByID(ctx, tx, this.ID)
	if err != nil {
		return err
	}
	if err := e.owePerson(ctx, tx, &link, &server, MailLinkAsked); err != nil {
		return err
	}
	if err := e.happenAtLink(ctx, tx, HappenedLinkAsked, &link, &server, ""); err != nil {
		return err
	}
	return e.recordAbout(ctx, tx, in.AccountID, EventLinkAsked, server.server().Name, Caller{})
}

// takeAccessKey gives a link the access key that its server has made.
func (e *EmbyServers) takeAccessKey(ctx context.Context, tx *gorm.DB, link *linkRow, in AskLink) error {
	sealed, err := e.keys.Seal(e.opt.Random, sealAccessKey, FormatID(link.ID), in.AccessKey)
	if err != nil {
		return err
	}
	if err := e.feedLink(ctx, tx, link, ChangeLink); err != nil {
		return err
	}
	if err := tx.Exec("UPDATE links SET access_key = ? WHERE id = ?", sealed, link.ID).Error; err != nil {
		return err
	}
	if err := e.renewList(tx, link.AccountID); err != nil {
		return err
	}
	return e.recordKeySet(ctx, tx, link, in)
}

// recordKeySet writes into the histories of a linked person and of the server's owner that the
// server has replaced the access key of the link. Only the owner sees the address from which
// this was done. It does nothing if the key is the same as before.
func (e *EmbyServers) recordKeySet(ctx context.Context, tx *gorm.DB, link *linkRow, in AskLink) error {
	if before, err := e.keys.Open(sealAccessKey, FormatID(link.ID), link.AccessKey); err == nil && before == in.AccessKey {
		return nil
	}
	server, err := e.serverByID(ctx, tx, link.ServerID)
	if err != nil {
		return err
	}
	if err := e.recordAbout(ctx, tx, link.AccountID, EventLinkKeySet, server.server().Name, Caller{}); err != nil || server.OwnerID == 0 {
		return err
	}
	return e.recordAbout(ctx, tx, server.OwnerID, EventServerLinkKeySet, server.server().Name, in.Caller)
}

// Cancel removes a link at the request of the server. It returns [ErrNotFound].
func (e *EmbyServers) Cancel(ctx context.Context, this Server, accountID int64) error {
	return e.tx(ctx, "cancel a link", func(tx *gorm.DB) error { return e.cancel(ctx, tx, this.ID, accountID) })
}

func (c *core) cancel(ctx context.Context, tx *gorm.DB, serverID, accountID int64) error {
	if err := lockAccount(tx, accountID); err != nil {
		return err
	}
	rows, err := database.G[linkRow](tx).Where("server_id = ? AND account_id = ?", serverID, accountID).Find(ctx)
	if err != nil {
		return err
	}
	if len(rows) != 1 {
		return ErrNotFound
	}
	if err := c.refuseEnded(ctx, tx, &rows[0]); err != nil {
		return err
	}
	if err := c.feedLink(ctx, tx, &rows[0], ChangeLinkRemoved); err != nil {
		return err
	}
	if err := c.deleteLink(tx, &rows[0]); err != nil {
		return err
	}
	server, err := c.serverByID(ctx, tx, serverID)
	if err != nil {
		return err
	}
	if rows[0].State == LinkAccepted {
		if err := c.owePerson(ctx, tx, &rows[0], &server, MailLinkEnded); err != nil {
			return err
		}
	}
	if err := c.happenAtLink(ctx, tx, HappenedLinkRemoved, &rows[0], &server, byServer); err != nil {
		return err
	}
	return c.recordAbout(ctx, tx, accountID, EventLinkRemoved, server.server().Name, Caller{})
}

// FindAccount finds an account for a server: by username, or by the address of a person who
// has accepted a link to this server. Other addresses are not found, so that a server key
// cannot be used to test addresses. The result byEmail says that nameOrEmail is an address;
// then the server may call [EmbyServers.Invite]. Without an accepted link the display name
// is the username. It returns [ErrNotFound], [ErrThrottled] or [ErrUnavailable].
func (e *EmbyServers) FindAccount(ctx context.Context, this Server, nameOrEmail string, caller Caller) (found Account, byEmail bool, err error) {
	if err := e.throttle.allow(ctx, e.throttle.key("find account", FormatID(this.ID)), e.opt.Limits.FindHour); err != nil {
		return Account{}, false, err
	}
	name := nameKey(nameOrEmail)
	byEmail = isEmail(name)
	row, err := e.accountByName(ctx, e.read(ctx), name)
	if err != nil && KindOf(err) != KindNotFound {
		return Account{}, byEmail, err
	}
	// This statement runs without an account, too, so that the time of the answer does not show
	// whether the address has an account.
	linked, failed := database.G[linkRow](e.read(ctx)).
		Where("server_id = ? AND account_id = ? AND state = ? AND (ends_at IS NULL OR ends_at > ?)", this.ID, row.ID, LinkAccepted, e.Now()).Count(ctx, "*")
	if failed != nil {
		return Account{}, byEmail, explained("find a link", failed)
	}
	if linked == 0 {
		row.DisplayName = row.Username // a server without a link to the person must not learn the display name
	}
	if !byEmail {
		return row.account(), false, err
	}
	if err == nil && linked == 1 {
		return row.account(), true, nil
	}
	if this.OwnerID != 0 {
		source := e.lookedUpKey(name, caller)
		if err := e.throttle.forget(ctx, source); err != nil { // the time counts from the last look-up
			return Account{}, true, err
		}
		if _, err := e.throttle.raise(ctx, source, lookedUp()); err != nil {
			return Account{}, true, err
		}
	}
	return Account{}, true, ErrNotFound
}

func (e *EmbyServers) lookedUpKey(email string, caller Caller) secret.Hash {
	return e.throttle.key("looked up by source", email+" "+caller.Address)
}

// lookedUp returns the limit whose counter stores the look-up of an address. Within its
// window, an invite to the address may follow.
func lookedUp() Limit { return Limit{Hits: 1 << 30, Window: 10 * time.Minute} }

// Invite mails an invitation to a person without an account. It does so only if a claimed
// server has looked that address up a short time ago from the same source, because the call
// itself carries no key. In all other cases it does nothing and returns nil. The only error
// is [ErrUnavailable], if the database does not answer.
func (e *EmbyServers) Invite(ctx context.Context, email, requestedBy string, caller Caller) error {
	sendTo, key, ok := parseEmail(email)
	if !ok {
		return nil
	}
	return e.tx(ctx, "invite by mail", func(tx *gorm.DB) error {
		spent := tx.Exec("DELETE FROM throttle WHERE throttle_key = ? AND window_ends > ?", e.lookedUpKey(key, caller), e.Now().UnixMilli())
		if spent.Error != nil || spent.RowsAffected != 1 {
			return spent.Error
		}
		return e.owe(ctx, tx, invitedMail(sendTo, e.opt.Languages[0], strings.TrimSpace(cleanServerName(requestedBy)), e.starter(caller)))
	})
}
