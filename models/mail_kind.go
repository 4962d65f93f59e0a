package models

import "slices"

// MailKind names a kind of mail, as it is stored in the outbox.
type MailKind string

// The kinds of mail. [MailKinds] says what is particular about each; the mailer
// has a row of its own for how each looks.
const (
	MailConfirm           MailKind = "confirm"
	MailAlreadyRegistered MailKind = "already_registered"
	MailAccountCreated    MailKind = "account_created"
	MailPasswordReset     MailKind = "password_reset"
	MailPasswordChanged   MailKind = "password_changed"
	MailEmailConfirm      MailKind = "email_confirm"
	MailEmailAsked        MailKind = "email_asked"
	MailEmailChanged      MailKind = "email_changed"
	MailEmailArrived      MailKind = "email_arrived"
	MailEmailUndone       MailKind = "email_undone"
	MailPINChanged        MailKind = "pin_changed"
	MailPINReset          MailKind = "pin_reset"
	MailNewDevice         MailKind = "new_device"
	MailAccountDeleted    MailKind = "account_deleted"
	MailTest              MailKind = "test"
	MailLinkAsked         MailKind = "link_asked"    // to the person: a server wants to link them
	MailLinkAccepted      MailKind = "link_accepted" // to the owner
	MailLinkRemoved       MailKind = "link_removed"  // to the owner: the person declined or left
	MailLinkEnded         MailKind = "link_ended"    // to the person: the server's side ended it
	MailInvited           MailKind = "invited"       // to an address without an account
	MailServerHandedOver  MailKind = "server_handed_over"
	MailInvite            MailKind = "invite" // to an account or an address: see invite.go
)

// MailTraits says what is particular about one kind of mail.
type MailTraits struct {
	Kind        MailKind
	OthersStart bool    // others than its receiver can make the service send it, so it counts against a limit
	ToStrangers bool    // it can reach a person who did not ask for it, so it must not show a name that somebody could use to send a message
	secret      purpose // of the secret in its link; "" for a mail without a secret
}

// HasSecret reports whether the mail's link carries a secret.
func (t MailTraits) HasSecret() bool { return t.secret != "" }

// MailKinds returns the one table of all kinds of mail.
func MailKinds() []MailTraits {
	return []MailTraits{
		{Kind: MailConfirm, secret: purposeConfirm, OthersStart: true, ToStrangers: true},
		{Kind: MailAlreadyRegistered, OthersStart: true, ToStrangers: true},
		{Kind: MailAccountCreated, secret: purposeReset},
		{Kind: MailPasswordReset, secret: purposeReset, OthersStart: true},
		{Kind: MailPasswordChanged},
		{Kind: MailEmailConfirm, secret: purposeEmailChange, OthersStart: true, ToStrangers: true},
		{Kind: MailEmailAsked},
		{Kind: MailEmailChanged, secret: purposeEmailUndo},
		{Kind: MailEmailArrived},
		{Kind: MailEmailUndone, secret: purposeReset},
		{Kind: MailPINChanged},
		{Kind: MailPINReset, secret: purposePINReset},
		{Kind: MailNewDevice, secret: purposeNotMe},
		{Kind: MailAccountDeleted},
		{Kind: MailTest},
		{Kind: MailLinkAsked, OthersStart: true, ToStrangers: true},
		{Kind: MailLinkAccepted},
		{Kind: MailLinkRemoved},
		{Kind: MailLinkEnded},
		{Kind: MailInvited, OthersStart: true, ToStrangers: true},
		{Kind: MailServerHandedOver, OthersStart: true, ToStrangers: true},
		{Kind: MailInvite, secret: purposeInvite, OthersStart: true, ToStrangers: true},
	}
}

// traits returns the row of k in [MailKinds]; for a kind that a later version
// wrote into the outbox it returns a row without a secret.
func (k MailKind) traits() MailTraits {
	for _, row := range MailKinds() {
		if row.Kind == k {
			return row
		}
	}
	return MailTraits{Kind: k}
}

// kindsWithSecret returns the kinds of mail whose link carries a secret of one
// of the purposes.
func kindsWithSecret(purposes []purpose) []MailKind {
	var kinds []MailKind
	for _, row := range MailKinds() {
		if row.HasSecret() && slices.Contains(purposes, row.secret) {
			kinds = append(kinds, row.Kind)
		}
	}
	return kinds
}
