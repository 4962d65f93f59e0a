package models

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Export is all data that is stored about a person, without secrets and their hashes.
// Times are UTC.
type Export struct {
	Account      Account
	GuardianID   int64 // 0 for none
	FirstSignIn  time.Time
	MailsStopped bool // the person wants no invitations by mail; see mail_stop.go
	Emails       []ExportedEmail
	EmailChanges []ExportedEmailChange
	Sessions     []Session
	History      []Event
	Mails        []ExportedMail
	Links        []ExportedLink // mailed links that have not been used
	Servers      []ExportedServer
	ServerLinks  []Link
	Devices      []ExportedDevice
	ClaimCodes   []ExportedClaimCode
	Invites      []Invite // sent and received
	Profiles     []InviteProfile
	Imports      []ExportedImport
	Proofs       []Proof
	Quick        []QuickConnect // without their codes
	QuickDevices []QuickDevice
	Terms        []ExportedTerms // of links whose libraries were chosen
	Pictures     []ExportedPicture
	Families     []ExportedFamily
	Ceiling      *Ceiling // nil for none
	Levels       []ExportedLevels
	Protections  []ExportedProtection

	Circles       []ExportedCircle
	CircleServers []ExportedCircleServer
	CircleAsks    []ExportedCircleAsk
	CircleWaits   []ExportedCircleWait

	Webhooks []Webhook // without their addresses and secrets
}

// ExportedFamily is a family that the account has joined, or was asked into, without being looked after.
type ExportedFamily struct {
	FamilyID          int64 // the account of its first guardian
	Role, State       string
	AskedAt, JoinedAt time.Time
}

// ExportedEmail is an address that belongs to the account.
type ExportedEmail struct {
	Address   string
	HeldUntil time.Time // zero for the address in use; other addresses are kept back for an undo
}

// ExportedEmailChange is a change of address that was requested or made.
type ExportedEmailChange struct {
	From, To, State               string
	AskedAt, ChangedAt, UndoUntil time.Time
}

// ExportedMail is a mail that is still to be sent.
type ExportedMail struct {
	Kind, To, State string
	Facts           map[string]string
	OwedAt          time.Time
}

// ExportedLink is a mailed link that has not been used: its purpose, not its secret.
type ExportedLink struct {
	Purpose              string
	CreatedAt, ExpiresAt time.Time
}

// Export reads all data that is stored about a person, at one moment. It returns
// [ErrNotFound] or [ErrUnavailable].
func (a *Accounts) Export(ctx context.Context, accountID int64, caller Caller) (Export, error) {
	var out Export
	err := a.tx(ctx, "export the account", func(tx *gorm.DB) error {
		out = Export{}
		row, err := a.accountByID(ctx, tx, accountID)
		if err != nil {
			return err
		}
		out.Account, out.FirstSignIn = row.account(), orZero(row.SignedInAt)
		if row.GuardianID != nil {
			out.GuardianID = *row.GuardianID
		}
		out.Ceiling = row.ceilingOf()
		// The event is recorded first, so that the export contains it.
		if err := a.recordEvent(ctx, tx, accountID, EventExported, caller); err != nil {
			return err
		}
		for _, part := range []func(context.Context, *gorm.DB, int64) error{
			out.readEmails, out.readSessions, out.readMails, out.readLinks,
			out.readServers, out.readServerLinks, out.readDevices, out.readClaimCodes,
		} {
			if err := part(ctx, tx, accountID); err != nil {
				return err
			}
		}
		return out.readOffers(ctx, tx, a.core, accountID)
	})
	return out, err
}

func (e *Export) readEmails(ctx context.Context, tx *gorm.DB, accountID int64) error {
	emails, err := database.G[emailRow](tx).Where("account_id = ?", accountID).Find(ctx)
	if err != nil {
		return err
	}
	for _, r := range emails {
		e.Emails = append(e.Emails, ExportedEmail{Address: r.EmailKey, HeldUntil: orZero(r.HeldUntil)})
	}
	changes, err := database.G[emailChange](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for _, r := range changes {
		e.EmailChanges = append(e.EmailChanges, ExportedEmailChange{
			From: r.OldEmail, To: r.NewEmail, State: r.State,
			AskedAt: r.CreatedAt.UTC(), ChangedAt: orZero(r.ChangedAt), UndoUntil: orZero(r.UndoUntil),
		})
	}
	return nil
}

func (e *Export) readSessions(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := database.G[sessionRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	for i := range rows {
		e.Sessions = append(e.Sessions, rows[i].session())
	}
	return err
}

func (e *Export) readHistory(ctx context.Context, tx *gorm.DB, c *core, accountID int64) error {
	rows, err := database.G[historyRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	if err == nil {
		e.History, err = c.events(ctx, tx, rows)
	}
	return err
}

// readFamilies reads the families that the account has joined or was asked into.
func (e *Export) readFamilies(ctx context.Context, tx *gorm.DB, _ *core, accountID int64) error {
	rows, err := database.G[familyPersonRow](tx).Where("account_id = ?", accountID).Order("created_at").Find(ctx)
	for _, r := range rows {
		e.Families = append(e.Families, ExportedFamily{
			FamilyID: r.FamilyID, Role: r.Role, State: r.State, AskedAt: r.CreatedAt.UTC(), JoinedAt: orZero(r.JoinedAt),
		})
	}
	return err
}

func (e *Export) readMails(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := database.G[outboxRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		facts := map[string]string{}
		if err := json.Unmarshal([]byte(r.Facts), &facts); err != nil {
			return fmt.Errorf("facts of mail %d: %w", r.ID, err)
		}
		to := r.Recipient
		if to == "" {
			to = e.Account.Email
		}
		e.Mails = append(e.Mails, ExportedMail{Kind: string(r.Kind), To: to, State: r.State, Facts: facts, OwedAt: r.CreatedAt.UTC()})
	}
	return nil
}

func (e *Export) readLinks(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := database.G[token](tx).Where("account_id = ? AND used_at IS NULL", accountID).Order("created_at").Find(ctx)
	for _, r := range rows {
		e.Links = append(e.Links, ExportedLink{Purpose: string(r.Purpose), CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC()})
	}
	return err
}

// ExportedServer is a server that the account owns, with all its addresses. The people
// who use the server are left out: their links are in their own exports.
type ExportedServer struct {
	Server
	Addresses []Address
}

// ExportedPicture is the picture of the account, or of a server that it owns.
type ExportedPicture struct {
	ServerID  int64 // 0 for the picture of the account
	CreatedAt time.Time
	Picture
}

// ExportedDevice is a device whose code the account approved or denied.
type ExportedDevice struct {
	DeviceID, Client, Device, Address, State string
	AskedAt, ExpiresAt                       time.Time
}

// ExportedClaimCode is a claim code that was not used, without the code itself.
type ExportedClaimCode struct {
	CreatedAt, ExpiresAt time.Time
}

// ExportedTerms are the libraries that a link is limited to. [Export].ServerLinks has the
// end of the link.
type ExportedTerms struct {
	LinkID    int64
	Libraries []Library
}

func (e *Export) readServers(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := database.G[serverRow](tx).Where("owner_id = ?", accountID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for i := range rows {
		one := ExportedServer{Server: rows[i].server()}
		addresses, err := database.G[addressRow](tx).Where("server_id = ?", one.ID).Order("position, id").Find(ctx)
		if err != nil {
			return err
		}
		for j := range addresses {
			one.Addresses = append(one.Addresses, addresses[j].address())
		}
		e.Servers = append(e.Servers, one)
	}
	return nil
}

// readServerLinks reads the account's links, without their access keys.
func (e *Export) readServerLinks(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := database.G[linkRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		server, err := database.G[serverRow](tx).Where("id = ?", r.ServerID).Take(ctx)
		if err != nil {
			return err
		}
		e.ServerLinks = append(e.ServerLinks, Link{
			ID: r.ID, ServerID: r.ServerID, AccountID: r.AccountID, Server: server.description(), Type: r.Type, State: r.State,
			RequestedBy: r.RequestedBy, CreatedAt: r.CreatedAt.UTC(), AcceptedAt: orZero(r.AcceptedAt), EndsAt: orZero(r.EndsAt),
			FirstDeviceAt: orZero(r.FirstDeviceAt), Pause: Pause{Since: orZero(r.PausedAt), Until: orZero(r.PausedUntil)},
		})
	}
	return nil
}

func (e *Export) readDevices(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := database.G[deviceCodeRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	for _, r := range rows {
		e.Devices = append(e.Devices, ExportedDevice{
			DeviceID: r.DeviceID, Client: r.Client, Device: r.Device, Address: r.Address, State: r.State,
			AskedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
		})
	}
	return err
}

func (e *Export) readClaimCodes(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := database.G[claimCodeRow](tx).Where("account_id = ? AND used_at IS NULL", accountID).Order("created_at").Find(ctx)
	for _, r := range rows {
		e.ClaimCodes = append(e.ClaimCodes, ExportedClaimCode{CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC()})
	}
	return err
}

// readOffers reads the invites, their profiles, proofs, codes of Quick Connect and terms of an
// account.
func (e *Export) readOffers(ctx context.Context, tx *gorm.DB, c *core, accountID int64) error {
	for _, part := range []func(context.Context, *gorm.DB, *core, int64) error{
		e.readLevels, e.readProtections, e.readCircles,
		e.readInvites, e.readInviteProfiles, e.readImports, e.readProofs, e.readQuickConnects, e.readTerms, e.readMailStop, e.readPictures, e.readWebhooks, e.readHistory, e.readFamilies,
	} {
		if err := part(ctx, tx, c, accountID); err != nil {
			return err
		}
	}
	return nil
}

// readPictures reads the pictures of the account and of the servers that it owns.
func (e *Export) readPictures(ctx context.Context, tx *gorm.DB, _ *core, accountID int64) error {
	// One statement for each condition, so that each can use its index.
	for _, condition := range []string{"account_id = ?", "server_id IN (SELECT id FROM servers WHERE owner_id = ?)"} {
		rows, err := database.G[pictureRow](tx).Where(condition, accountID).Order("server_id").Find(ctx)
		if err != nil {
			return err
		}
		for _, r := range rows {
			e.Pictures = append(e.Pictures, ExportedPicture{
				ServerID: r.ServerID, CreatedAt: r.CreatedAt.UTC(), Picture: Picture{ContentType: r.ContentType, Body: r.Body},
			})
		}
	}
	return nil
}

// readMailStop reads whether invitations by mail to the address of the account are stopped.
func (e *Export) readMailStop(ctx context.Context, tx *gorm.DB, c *core, _ int64) (err error) {
	if e.Account.Email != "" {
		e.MailsStopped, err = c.isStopped(ctx, tx, mailboxKey(e.Account.Email))
	}
	return err
}

// readInvites reads the invites that the account sent, received or may still answer.
func (e *Export) readInvites(ctx context.Context, tx *gorm.DB, c *core, accountID int64) error {
	keys, err := c.ownAddresses(ctx, tx, accountID)
	if err != nil {
		return err
	}
	var rows []inviteRow
	for _, part := range []struct {
		condition string
		args      []any
	}{
		{"i.owner_id = ?", []any{accountID}},
		{"i.answered_by = ?", []any{accountID}},
		{"i.account_id = ?", []any{accountID}},
		{"i.email_key IN ? AND i.owner_id <> ?", []any{append(keys, "no address"), accountID}}, // a list must not be empty
	} {
		var some []inviteRow // one statement for each condition, so that each can use its index
		if err := tx.Raw("SELECT i.* FROM invites i WHERE "+part.condition, part.args...).Scan(&some).Error; err != nil {
			return err
		}
		rows = append(rows, some...)
	}
	slices.SortFunc(rows, func(a, b inviteRow) int { return cmp.Compare(a.ID, b.ID) })
	rows = slices.CompactFunc(rows, func(a, b inviteRow) bool { return a.ID == b.ID })
	e.Invites, err = c.completeInvites(ctx, tx, rows)
	return err
}

func (e *Export) readInviteProfiles(ctx context.Context, tx *gorm.DB, c *core, accountID int64) error {
	rows, err := database.G[inviteProfileRow](tx).Where("owner_id = ?", accountID).Order("id").Find(ctx)
	if err == nil {
		e.Profiles, err = c.completeProfiles(ctx, tx, rows)
	}
	return err
}

// readWebhooks reads the webhooks of the account.
func (e *Export) readWebhooks(ctx context.Context, tx *gorm.DB, _ *core, accountID int64) error {
	rows, err := database.G[webhookRow](tx).Where("owner_id = ?", accountID).Order("id").Find(ctx)
	for i := range rows {
		e.Webhooks = append(e.Webhooks, rows[i].webhook())
	}
	return err
}

func (e *Export) readProofs(ctx context.Context, tx *gorm.DB, c *core, accountID int64) error {
	rows, err := database.G[proofRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	for i := range rows {
		e.Proofs = append(e.Proofs, c.proof(&rows[i]))
	}
	return err
}

func (e *Export) readQuickConnects(ctx context.Context, tx *gorm.DB, c *core, accountID int64) error {
	rows, err := database.G[quickRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	for i := range rows {
		e.Quick = append(e.Quick, c.quick(&rows[i]))
	}
	if err != nil {
		return err
	}
	e.QuickDevices, err = c.quickDevicesOf(tx, accountID)
	return err
}

// readTerms reads the libraries that the links of the account are limited to.
func (e *Export) readTerms(ctx context.Context, tx *gorm.DB, c *core, accountID int64) error {
	rows, err := database.G[linkRow](tx).Where("account_id = ? AND libraries IS NOT NULL", accountID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		names, err := c.namesOfLibraries(ctx, tx, r.ServerID)
		if err != nil {
			return err
		}
		libraries, err := names.unpack(r.ServerID, r.Libraries)
		if err != nil {
			return err
		}
		e.Terms = append(e.Terms, ExportedTerms{LinkID: r.ID, Libraries: libraries})
	}
	return nil
}
