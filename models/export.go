package models

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Export is all that is stored about a person, without secrets and their
// hashes. Times are UTC.
type Export struct {
	Account      Account
	GuardianID   int64 // 0 for none
	FirstSignIn  time.Time
	Emails       []ExportedEmail
	EmailChanges []ExportedEmailChange
	Sessions     []Session
	History      []Event
	Mails        []ExportedMail
	Links        []ExportedLink // of mails
	Servers      []ExportedServer
	ServerLinks  []Link
	Devices      []ExportedDevice
	ClaimCodes   []ExportedClaimCode
	Invites      []Invite // sent and received
	Proofs       []Proof
	Quick        []QuickConnect  // without their codes
	Terms        []ExportedTerms // of links whose libraries were chosen
}

// ExportedEmail is an address that belongs to the account.
type ExportedEmail struct {
	Address   string
	HeldUntil time.Time // zero for the one in use; else kept back for an undo
}

// ExportedEmailChange is a change of address, asked or made.
type ExportedEmailChange struct {
	From, To, State               string
	AskedAt, ChangedAt, UndoUntil time.Time
}

// ExportedMail is a mail that is owed and not sent yet.
type ExportedMail struct {
	Kind, To, State string
	Facts           map[string]string
	OwedAt          time.Time
}

// ExportedLink is a mailed link that has not been used: what it is for, not its
// secret.
type ExportedLink struct {
	Purpose              string
	CreatedAt, ExpiresAt time.Time
}

// Export reads all that is stored about a person, as of one moment.
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
		// Noted first: the export tells of itself as well.
		if err := a.note(ctx, tx, accountID, EventExported, caller); err != nil {
			return err
		}
		for _, part := range []func(context.Context, *gorm.DB, int64) error{
			out.readEmails, out.readSessions, out.readHistory, out.readMails, out.readLinks,
			out.readServers, out.readServerLinks, out.readDevices, out.readClaimCodes,
		} {
			if err := part(ctx, tx, accountID); err != nil {
				return err
			}
		}
		return out.readContract(ctx, tx, a.core, accountID)
	})
	return out, err
}

func (e *Export) readEmails(ctx context.Context, tx *gorm.DB, accountID int64) error {
	emails, err := gorm.G[emailRow](tx).Where("account_id = ?", accountID).Find(ctx)
	if err != nil {
		return err
	}
	for _, r := range emails {
		e.Emails = append(e.Emails, ExportedEmail{Address: r.EmailKey, HeldUntil: orZero(r.HeldUntil)})
	}
	changes, err := gorm.G[emailChange](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
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
	rows, err := gorm.G[sessionRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	for i := range rows {
		e.Sessions = append(e.Sessions, rows[i].session())
	}
	return err
}

func (e *Export) readHistory(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := gorm.G[historyRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	for _, r := range rows {
		e.History = append(e.History, Event{Kind: r.Kind, Address: r.Address, Device: r.Device, At: r.CreatedAt.UTC()})
	}
	return err
}

func (e *Export) readMails(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := gorm.G[outboxRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
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
	rows, err := gorm.G[token](tx).Where("account_id = ? AND used_at IS NULL", accountID).Order("created_at").Find(ctx)
	for _, r := range rows {
		e.Links = append(e.Links, ExportedLink{Purpose: string(r.Purpose), CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC()})
	}
	return err
}
