package models

import (
	"maps"
	"time"
)

// owed is a mail to be written into the outbox. The functions of this file
// make one for each kind, and a test forbids the rest of the package to make
// any: whoever owes a mail has to give all facts that it tells.
type owed struct {
	kind      MailKind
	account   *accountRow // the addressee; nil if none is known yet, or none is left
	recipient string      // "" for the account's own address at the time of sending
	locale    string      // "" for the account's
	facts     storedFacts
	subject   int64         // the email change, invite or session it is about, or 0
	life      time.Duration // of its secret; 0 for a mail without a secret
}

// storedFacts are the facts of a mail as the outbox keeps them, by the names
// that the tags of [MailFacts] give. The names must not change: rows that an
// earlier version wrote are still to be sent.
type storedFacts map[string]string

// MailFacts are what a mail may tell. Each kind has some of them; those that it
// does not have are zero. They were typed by people and are not yet fit to be
// shown.
type MailFacts struct {
	Username    string    `json:"username"`     // of the account that the mail goes to or is about
	DisplayName string    `json:"display_name"` // of the same account
	Email       string    `json:"email"`        // the address that a change is about, perhaps with a part of it hidden
	Address     string    `json:"address"`      // the IP address from which something was done
	Device      string    `json:"device"`       // the device with which it was done
	At          time.Time `json:"at"`           // when it was done
	Until       time.Time `json:"until"`        // when the secret of the mail runs out
	What        string    `json:"what"`         // of a PIN: "set", "changed" or "removed"
	Server      string    `json:"server"`       // the name of a media server, or of several
	Person      string    `json:"person"`       // the username of the other person who has to do with it
	Note        string    `json:"note"`         // what an owner wrote to a person whom they invite
}

// nameFact is the stored fact of a password reset that was asked for by what
// somebody typed into the form; the worker finds the account.
const nameFact = "name_or_email"

// who returns the names of an account.
func who(row *accountRow) storedFacts {
	return storedFacts{"username": row.Username, "display_name": row.DisplayName}
}

// done returns the facts of what a caller did.
func done(caller Caller, at time.Time) storedFacts {
	return storedFacts{"address": caller.Address, "device": caller.Device, "at": at.Format(time.RFC3339)}
}

// and returns facts with one more.
func (f storedFacts) and(name, value string) storedFacts {
	f = maps.Clone(f)
	f[name] = value
	return f
}

// confirmMail asks for the confirmation of a sign-up's address.
func confirmMail(account *accountRow, life time.Duration) owed {
	return owed{kind: MailConfirm, account: account, facts: storedFacts{"email": account.Email}, life: life}
}

// accountCreatedMail tells a person that an operator made an account for them.
func accountCreatedMail(account *accountRow, life time.Duration) owed {
	return owed{kind: MailAccountCreated, account: account, life: life}
}

// passwordResetMail leads to a new password; an operator asked for it.
func passwordResetMail(account *accountRow, life time.Duration) owed {
	return owed{kind: MailPasswordReset, account: account, life: life}
}

// passwordResetByNameMail leads to a new password for the account that the
// worker finds by what was typed into the form. Its language is that of the
// account, if there is one, otherwise the mail is dropped.
func passwordResetByNameMail(nameOrEmail, locale string, life time.Duration) owed {
	return owed{kind: MailPasswordReset, locale: locale, facts: storedFacts{nameFact: nameOrEmail}, life: life}
}

// passwordChangedMail tells that the password was changed, and by whom.
func passwordChangedMail(account *accountRow, caller Caller, at time.Time) owed {
	return owed{kind: MailPasswordChanged, account: account, facts: done(caller, at)}
}

// emailConfirmMail asks for the confirmation of a new address, at that address.
func emailConfirmMail(account *accountRow, change *emailChange, life time.Duration) owed {
	return owed{
		kind: MailEmailConfirm, account: account, recipient: change.NewEmail, subject: change.ID,
		facts: storedFacts{"email": change.NewEmail}, life: life,
	}
}

// emailAskedMail tells the old address that a change to another was asked for.
func emailAskedMail(account *accountRow, change *emailChange, caller Caller, at time.Time) owed {
	return owed{
		kind: MailEmailAsked, account: account, recipient: change.OldEmail,
		facts: done(caller, at).and("email", maskEmail(change.NewEmail)),
	}
}

// emailChangedMail tells the old address that the account has another now, with
// a link that undoes the change.
func emailChangedMail(account *accountRow, change *emailChange, at time.Time, life time.Duration) owed {
	return owed{
		kind: MailEmailChanged, account: account, recipient: change.OldEmail, subject: change.ID,
		facts: storedFacts{"email": maskEmail(change.NewEmail), "at": at.Format(time.RFC3339)}, life: life,
	}
}

// emailArrivedMail tells the new address that the account has it now.
func emailArrivedMail(account *accountRow, change *emailChange) owed {
	return owed{kind: MailEmailArrived, account: account, recipient: change.NewEmail}
}

// emailUndoneMail tells that a change of the address was undone, with a link
// that sets a new password.
func emailUndoneMail(account *accountRow, life time.Duration) owed {
	return owed{kind: MailEmailUndone, account: account, life: life}
}

// pinChangedMail tells that the PIN was changed, and by whom; what is "set",
// "changed" or "removed".
func pinChangedMail(account *accountRow, what string, caller Caller, at time.Time) owed {
	return owed{kind: MailPINChanged, account: account, facts: done(caller, at).and("what", what)}
}

// pinResetMail leads to a new PIN.
func pinResetMail(account *accountRow, life time.Duration) owed {
	return owed{kind: MailPINReset, account: account, life: life}
}

// newDeviceMail tells that a session began on a device that the account had not
// been used on before, with a link that ends it.
func newDeviceMail(account *accountRow, sessionID int64, caller Caller, at time.Time, life time.Duration) owed {
	return owed{kind: MailNewDevice, account: account, subject: sessionID, facts: done(caller, at), life: life}
}

// accountDeletedMail says goodbye. It names no account, because the account's
// row is gone when it is sent.
func accountDeletedMail(account *accountRow) owed {
	return owed{kind: MailAccountDeleted, recipient: account.Email, locale: account.Locale, facts: who(account)}
}

// serverMail tells an account what happened to a link of theirs, or that a
// server is theirs now: one of the kinds MailLinkAsked, MailLinkAccepted,
// MailLinkRemoved, MailLinkEnded and MailServerHandedOver. Person is the
// username of the other side, "" if it must not be named.
func serverMail(kind MailKind, account *accountRow, server, person string, at time.Time) owed {
	return owed{
		kind: kind, account: account,
		facts: storedFacts{"server": server, "person": person, "at": at.Format(time.RFC3339)},
	}
}

// invitedMail tells an address without an account that a person would like to
// link them.
func invitedMail(recipient, locale, person string) owed {
	return owed{kind: MailInvited, recipient: recipient, locale: locale, facts: storedFacts{"person": person}}
}

// inviteMail carries an invite to the account that it names, or, with a nil
// account, to the address that it names. Servers are the names of the servers.
func inviteMail(invite *inviteRow, account, owner *accountRow, servers string) owed {
	mail := owed{
		kind: MailInvite, account: account, recipient: invite.Email, subject: invite.ID, life: inviteLife,
		facts: storedFacts{
			"person": owner.Username, "server": servers, "note": invite.Note, "at": invite.CreatedAt.Format(time.RFC3339),
		},
	}
	if account == nil {
		mail.locale = owner.Locale
	}
	return mail
}
