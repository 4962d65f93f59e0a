package models

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// ownAddresses returns the keys of the addresses that an account has confirmed.
// Invites to one of them belong to the account. An address that is kept
// back after a change does not belong to any account.
func (c *core) ownAddresses(ctx context.Context, db *gorm.DB, accountID int64) ([]string, error) {
	var keys []string
	err := db.WithContext(ctx).Raw("SELECT email_key FROM emails WHERE account_id = ? AND held_until IS NULL", accountID).Scan(&keys).Error
	return keys, explained("read the address", err)
}

// received reads the invites that wait for the answer of an account, the newest first.
// It reads the invites to the account and to its addresses in two statements, so that
// each can use its index.
func (i *Invites) received(ctx context.Context, accountID int64) ([]inviteRow, error) {
	keys, err := i.ownAddresses(ctx, i.read(ctx), accountID)
	if err != nil {
		return nil, err
	}
	rows, err := i.openInvites(ctx, i.read(ctx), "i.account_id = ?", accountID)
	if err != nil || len(keys) == 0 {
		return rows, err
	}
	mailed, err := i.openInvites(ctx, i.read(ctx), "i.email_key IN ? AND i.owner_id <> ?", keys, accountID)
	return newestFirst(append(rows, mailed...)), err
}

// newestFirst sorts invites, the newest first, and returns them.
func newestFirst(rows []inviteRow) []inviteRow {
	slices.SortFunc(rows, func(a, b inviteRow) int { return cmp.Compare(b.ID, a.ID) })
	return rows
}

// Received lists the invites that wait for the answer of an account, the newest first.
func (i *Invites) Received(ctx context.Context, accountID int64) ([]Invite, error) {
	rows, err := i.received(ctx, accountID)
	if err != nil {
		return nil, err
	}
	return i.completeInvites(ctx, i.read(ctx), rows)
}

// Waiting counts the invites that [Invites.Received] lists.
func (i *Invites) Waiting(ctx context.Context, accountID int64) (int, error) {
	rows, err := i.received(ctx, accountID)
	return len(rows), err
}

// answer changes the state of an invite by one conditional update, so that one of several
// parallel callers succeeds. It returns [ErrNotFound] for an invite that is not pending or does
// not belong to the account, and [ErrAlreadyMember] if the account accepts an invite that has
// nothing new for it.
func (i *Invites) answer(ctx context.Context, tx *gorm.DB, accountID, inviteID int64, state string) (inviteRow, error) {
	row, err := i.openInviteOf(ctx, tx, accountID, inviteID)
	if err != nil {
		return inviteRow{}, err
	}
	if state == InviteAccepted {
		if err := i.requireOutside(ctx, tx, accountID, inviteID); err != nil {
			return inviteRow{}, err
		}
		return row, i.spendUse(tx, inviteID, accountID)
	}
	now := i.Now()
	return row, requireRow(tx.Exec("UPDATE invites SET state = ?, answered_at = ?, answered_by = 0 WHERE id = ? AND state = ? AND expires_at > ?",
		state, now, inviteID, invitePending, now))
}

// openInviteOf locks an account and reads an invite that it may answer. The owner of the invite gets a
// mail about the answer, so it is locked, too, and exists until the commit. openInviteOf returns
// [ErrNotFound] for an invite that is not pending or does not belong to the account.
func (i *Invites) openInviteOf(ctx context.Context, tx *gorm.DB, accountID, inviteID int64) (inviteRow, error) {
	if err := lockUsableAccount(tx, accountID); err != nil {
		return inviteRow{}, err
	}
	keys, err := i.ownAddresses(ctx, tx, accountID)
	if err != nil {
		return inviteRow{}, err
	}
	rows, err := i.openInvites(ctx, tx, "i.id = ? AND i.owner_id <> ?", inviteID, accountID)
	if err != nil {
		return inviteRow{}, err
	}
	if len(rows) != 1 || rows[0].AccountID != accountID && (rows[0].AccountID != 0 || !slices.Contains(keys, rows[0].EmailKey)) {
		return inviteRow{}, ErrNotFound
	}
	return rows[0], lockAccount(tx, rows[0].OwnerID)
}

// spendUse spends one use of an invite by one conditional update. So no use is spent twice: if
// there are more parallel callers than uses, it returns [ErrNotFound] to the callers that come
// too late. The last use closes the invite.
func (c *core) spendUse(tx *gorm.DB, inviteID, accountID int64) error {
	now := c.Now()
	// MySQL assigns from left to right, so the state is decided before the uses are counted.
	return requireRow(tx.Exec(`UPDATE invites SET state = CASE WHEN used + 1 >= uses THEN ? ELSE state END,
 used = used + 1, answered_at = ?, answered_by = ? WHERE id = ? AND state = ? AND expires_at > ?`,
		InviteAccepted, now, accountID, inviteID, invitePending, now))
}

// Accept accepts an invite: it makes one link with the offered terms for each server
// of the invite. Where the account already has a link, the link keeps its terms; a
// pending link is accepted, and a link without a local user gets the offered one. It
// returns [ErrNotFound] for an invite that is not pending or does not belong to the
// account, [ErrLocalUserTaken], [ErrLocalUserGone], or [ErrAlreadyLinked] for a link
// to another local user, [ErrAlreadyMember] if the account may use all servers of the invite
// already, or [ErrAddressFirst] for a newcomer; in case of an error nothing has changed.
func (i *Invites) Accept(ctx context.Context, accountID, inviteID int64, caller Caller) error {
	return i.tryOffer(func() error { return i.accept(ctx, accountID, inviteID, caller) })
}

// tryOffer accepts an invite by accept, and again if the owner replaced a library of the offer
// in that moment.
func (*Invites) tryOffer(accept func() error) (err error) {
	for range acceptTries {
		if err = accept(); !errors.Is(err, errOfferChanged) {
			return err
		}
	}
	return ErrUnavailable.because(err)
}

// acceptTries is how often the service tries to accept an invite. It tries again only if the owner
// has replaced a library of the invite at that moment.
const acceptTries = 3

// errOfferChanged means that an offer has other libraries than a transaction has read.
var errOfferChanged = errors.New("the libraries of an offer were replaced meanwhile")

func (i *Invites) accept(ctx context.Context, accountID, inviteID int64, caller Caller) error {
	return i.tx(ctx, "accept an invite", func(tx *gorm.DB) error {
		if err := i.requireAddress(ctx, tx, accountID); err != nil {
			return err
		}
		return i.acceptIn(ctx, tx, accountID, inviteID, caller)
	})
}

// acceptIn accepts an invite in a transaction.
func (i *Invites) acceptIn(ctx context.Context, tx *gorm.DB, accountID, inviteID int64, caller Caller) error {
	invite, err := i.answer(ctx, tx, accountID, inviteID, InviteAccepted)
	if err != nil {
		return err
	}
	return i.acceptSpent(ctx, tx, invite, accountID, caller)
}

// acceptSpent makes the links of an invite after one of its uses was spent.
func (i *Invites) acceptSpent(ctx context.Context, tx *gorm.DB, invite inviteRow, accountID int64, caller Caller) error {
	if invite.CircleID != 0 {
		return i.acceptIntoCircle(ctx, tx, &invite, accountID, caller)
	}
	owner, err := i.accountByID(ctx, tx, invite.OwnerID)
	if err != nil {
		return err
	}
	names, err := i.acceptServers(ctx, tx, &invite, &owner, accountID)
	if err != nil {
		return err
	}
	servers := strings.Join(names, ", ")
	if err := i.oweInviter(ctx, tx, &invite, &owner, accountID, servers, MailLinkAccepted); err != nil {
		return err
	}
	return i.recordAbout(ctx, tx, accountID, EventLinkAccepted, servers, caller)
}

// acceptServers makes the links of an invite, and returns the names of their servers.
// It returns [ErrNotFound] when no offer of the invite is valid any longer.
func (i *Invites) acceptServers(ctx context.Context, tx *gorm.DB, invite *inviteRow, owner *accountRow, accountID int64) ([]string, error) {
	rows, err := database.G[inviteServerRow](tx).Where("invite_id = ?", invite.ID).Order("server_id").Find(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, row := range rows {
		name, err := i.acceptServer(ctx, tx, invite, owner, row, accountID)
		if err != nil {
			return nil, err
		}
		if name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, ErrNotFound
	}
	return names, nil
}

// acceptServer makes the link of an invite on one server, and returns the name of the
// server. The name is "" if the server is disabled or has another owner now.
func (i *Invites) acceptServer(
	ctx context.Context, tx *gorm.DB, invite *inviteRow, owner *accountRow, offer inviteServerRow, accountID int64,
) (string, error) {
	if err := lockOwnServer(tx, invite.OwnerID, offer.ServerID); err != nil {
		if KindOf(err) == KindNotFound {
			return "", nil
		}
		return "", err
	}
	if err := unchangedOffer(tx, offer); err != nil {
		return "", err
	}
	server, err := i.serverByID(ctx, tx, offer.ServerID)
	if err != nil || server.DisabledAt != nil {
		return "", err
	}
	link := linkRow{
		ServerID: offer.ServerID, AccountID: accountID, LocalUserID: offer.LocalUserID, Type: invite.Type, RequestedBy: owner.Username,
		EndsAt: offer.EndsAt, Libraries: offer.Libraries, InvitedBy: owner.ID,
	}
	if offer.EndsAt != nil && !offer.EndsAt.After(i.Now()) { // the end of the link came before the answer
		return "", nil
	}
	if err := i.acceptLink(ctx, tx, &link); err != nil {
		return "", err
	}
	return server.server().Name, i.recordUse(ctx, tx, invite.ID, offer.ServerID, accountID)
}

// unchangedOffer returns [errOfferChanged] if [Servers.ReplaceLibrary] has changed an offer
// after it was read, and before its server was locked. It compares by an update, because on
// MySQL a query would see the offer as it was when the transaction began. This update does
// not serve as a lock. The caller has locked the server.
func unchangedOffer(tx *gorm.DB, offer inviteServerRow) error {
	if offer.Libraries == nil {
		return nil
	}
	err := requireRow(tx.Exec("UPDATE invite_servers SET libraries = libraries WHERE invite_id = ? AND server_id = ? AND libraries = ?",
		offer.InviteID, offer.ServerID, *offer.Libraries))
	if errors.Is(err, ErrNotFound) {
		return errOfferChanged
	}
	return err
}

// acceptLink makes a link that both sides have agreed to, and that is therefore
// accepted at once. A link that already exists keeps its terms; if it is pending it is
// accepted, and if it has no local user it gets the local user of wanted. It returns
// [ErrLocalUserTaken], [ErrLocalUserGone] or [ErrAlreadyLinked].
func (c *core) acceptLink(ctx context.Context, tx *gorm.DB, wanted *linkRow) error {
	if wanted.LocalUserID != nil {
		there, err := database.G[localUserRow](tx).Where("id = ? AND server_id = ? AND gone_at IS NULL", *wanted.LocalUserID, wanted.ServerID).Count(ctx, "*")
		if err != nil {
			return err
		}
		if there == 0 {
			return ErrLocalUserGone
		}
		if err := c.freeLocalUser(ctx, tx, wanted); err != nil {
			return err
		}
	}
	known, err := c.linkOf(ctx, tx, wanted.ServerID, wanted.AccountID)
	if err != nil {
		return err
	}
	if known == nil {
		wanted.State = LinkAccepted
		return c.insertLink(ctx, tx, wanted)
	}
	if err := c.setLocalUser(ctx, tx, known, wanted.LocalUserID); err != nil || known.State == LinkAccepted {
		return err
	}
	if err := c.feedLink(ctx, tx, known, ChangeLink); err != nil {
		return err
	}
	err = tx.Table("links").Where("id = ?", known.ID).Updates(map[string]any{
		"state": LinkAccepted, "accepted_at": c.Now(), "ends_at": wanted.EndsAt, "remind_at": remindAt(wanted.EndsAt, c.Now()), "libraries": wanted.Libraries, "invited_by": wanted.InvitedBy,
	}).Error
	if err != nil {
		return err
	}
	return c.renewList(tx, known.AccountID)
}

// freeLocalUser removes a link that has ended from the local user of wanted.
func (c *core) freeLocalUser(ctx context.Context, tx *gorm.DB, wanted *linkRow) error {
	ended, err := database.G[linkRow](tx).Where("server_id = ? AND local_user_id = ? AND ends_at <= ?", wanted.ServerID, *wanted.LocalUserID, c.Now()).Find(ctx)
	if err != nil || len(ended) == 0 {
		return err
	}
	return c.endLink(ctx, tx, &ended[0])
}

// Decline refuses an invite. It returns [ErrNotFound] for an invite that is not
// pending or does not belong to the account.
func (i *Invites) Decline(ctx context.Context, accountID, inviteID int64, caller Caller) error {
	return i.tx(ctx, "decline an invite", func(tx *gorm.DB) error { return i.declineIn(ctx, tx, accountID, inviteID, caller) })
}

// declineIn does the work of [Invites.Decline] in a transaction.
func (i *Invites) declineIn(ctx context.Context, tx *gorm.DB, accountID, inviteID int64, caller Caller) error {
	invite, err := i.answer(ctx, tx, accountID, inviteID, InviteDeclined)
	if err != nil {
		return err
	}
	names, err := i.namesOfServers(ctx, tx, &invite)
	if err != nil {
		return err
	}
	return i.declined(ctx, tx, &invite, accountID, names, caller)
}

// namesOfServers returns the names of the servers of an invite, with commas between them.
func (i *Invites) namesOfServers(ctx context.Context, tx *gorm.DB, invite *inviteRow) (string, error) {
	if invite.CircleID != 0 {
		circle, err := i.circleNamed(ctx, tx, invite.CircleID)
		return circle.Name, err
	}
	servers, err := i.serversOfInvites(ctx, tx, []inviteRow{*invite})
	if err != nil {
		return "", err
	}
	var names []string
	for _, s := range servers[invite.ID] {
		names = append(names, s.ServerName)
	}
	return strings.Join(names, ", "), nil
}

// declined owes the owner a mail about servers that an account has declined, and records
// the event. The mail names the account only if the owner invited a username: an owner who
// knows only an address must not learn whose it is.
func (i *Invites) declined(ctx context.Context, tx *gorm.DB, invite *inviteRow, accountID int64, servers string, caller Caller) error {
	owner, err := i.accountByID(ctx, tx, invite.OwnerID)
	if err != nil {
		return err
	}
	named := accountID
	if invite.AccountID == 0 {
		named = 0
	}
	if err := i.oweInviter(ctx, tx, invite, &owner, named, servers, MailLinkRemoved); err != nil {
		return err
	}
	return i.recordAbout(ctx, tx, accountID, EventInviteDeclined, servers, caller)
}

// oweInviter owes the owner a mail about the answer, and writes an event. With the
// accountID 0 the mail names no account.
func (i *Invites) oweInviter(ctx context.Context, tx *gorm.DB, invite *inviteRow, owner *accountRow, accountID int64, servers string, kind MailKind) error {
	var person *accountRow
	if accountID != 0 {
		row, err := i.accountByID(ctx, tx, accountID)
		if err != nil {
			return err
		}
		person = &row
	}
	what := HappenedInviteAccepted
	if kind == MailLinkRemoved {
		what = HappenedInviteDeclined
	}
	if err := i.happenToInvite(ctx, tx, what, invite, person, servers); err != nil {
		return err
	}
	return i.owe(ctx, tx, serverMail(kind, owner, servers, person, i.Now()))
}

// mayInvitedSignUp checks that the holder of an invite's secret may sign up with an
// address. It must be the address that the invite was sent to, except for the link of an invite to
// sign up: then mayInvitedSignUp returns the id of that invite, of which the sign-up spends one use.
// Otherwise the id is 0. It returns [ErrSignUpInviteOnly], an error about the field email, or for such a link
// also the errors of [Invites.Look].
func (c *core) mayInvitedSignUp(ctx context.Context, invite, email string) (spends int64, err error) {
	row, err := c.inviteOf(ctx, invite)
	switch {
	case IsInviteLink(invite) && err == nil && row.OwnerID == serviceOwner:
		return row.ID, nil
	case KindOf(err) == KindExpired && !IsInviteLink(invite), err == nil && (row.EmailKey == "" || IsInviteLink(invite)):
		return 0, ErrSignUpInviteOnly
	case err != nil:
		return 0, err
	}
	if _, key, _ := parseEmail(email); key != row.EmailKey {
		return 0, fieldError(KindInvalid, "email", "email_not_invited")
	}
	return 0, nil
}

// inviteWaits drops the mail of an invite that can no longer be answered: it was
// answered or withdrawn, or its owner or all its servers are gone or disabled.
func (m *Mail) inviteWaits(ctx context.Context, tx *gorm.DB, row *outboxRow) error {
	rows, err := m.openInvites(ctx, tx, "i.id = ?", row.SubjectID)
	if err == nil && row.Kind == MailInviteSignUp {
		rows, err = m.openSignUps(ctx, tx, row.SubjectID)
	}
	if err == nil && len(rows) == 0 {
		return errDropMail
	}
	return err
}

// mintInvite makes the secret of an invite's mail and stores its hash. Unlike other
// secrets, it does not replace the secrets of earlier invites.
func (m *Mail) mintInvite(ctx context.Context, tx *gorm.DB, row *outboxRow) (string, error) {
	text, err := m.mailSecret(row)
	if err != nil {
		return "", errors.Join(errDropMail, err)
	}
	hash := secret.Sum(text)
	minted, err := database.G[token](tx).Where("hash = ?", hash).Count(ctx, "*")
	if err != nil || minted > 0 {
		return text, err
	}
	return text, database.G[token](tx).Create(ctx, &token{
		Hash: hash, Purpose: purposeInvite, AccountID: row.AccountID, SubjectID: row.SubjectID,
		CreatedAt: row.CreatedAt.UTC(), ExpiresAt: row.ExpiresAt.UTC(),
	})
}
