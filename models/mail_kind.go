package models

import (
	"maps"
	"slices"
	"time"
)

// MailKind names a kind of mail, as it is stored in the outbox.
type MailKind string

// The kinds of mail. [MailKinds] says what is particular about each kind; a table of the
// package mailer says what each kind looks like.
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
	MailServerKey         MailKind = "server_key"      // to the owner: keys of a server were replaced or ended
	MailTelevision        MailKind = "television"      // to the person: the owner of a server signed a television in for them
	MailLocalPassword     MailKind = "local_password"  // to the person: their local user has another password
	MailServerChecks      MailKind = "server_checks"   // to the owner: something has been wrong at a server for a day
	MailInvite            MailKind = "invite"          // to an account or an address: see invite.go
	MailInviteSignUp      MailKind = "invite_sign_up"  // to an address: see operator_invite.go
	MailServiceMessage    MailKind = "service_message" // to everybody: see operator_message.go
	MailFamilyAsked       MailKind = "family_asked"    // to a grown person
	MailStayEnding        MailKind = "stay_ending"     // to the person: their stay at a server ends soon
	MailStayEndingOwner   MailKind = "stay_ending_owner"
	MailStayChanged       MailKind = "stay_changed"    // to the person: the owner paused, resumed, prolonged or shortened it
	MailInviteReminder    MailKind = "invite_reminder" // to somebody who has not answered an invite yet: see import_remind.go

	MailSettingsChanged MailKind = "settings_changed" // to operators: settings of mail were changed
	MailSetup           MailKind = "setup"            // to who sets the service up: see setup.go; it is never in the outbox

	MailCircleAsked    MailKind = "circle_asked"    // to an owner: somebody asks for one of their servers
	MailCircleOffered  MailKind = "circle_offered"  // to the people of a circle: it has a new server
	MailCircleWaits    MailKind = "circle_waits"    // to the owner of a server: a person waits for the answer
	MailCircleAdmitted MailKind = "circle_admitted" // to the person: the owner has said yes
	MailWebhookOff     MailKind = "webhook_off"     // to its owner, or to each operator: nothing has arrived for days
)

// MailTraits says what is particular about one kind of mail.
type MailTraits struct {
	Kind        MailKind
	OthersStart bool    // others than its receiver can make the service send it, so it counts against a limit
	ToStrangers bool    // it can reach a person who did not ask for it, so it must not show a name that somebody could use to send a message
	Stops       bool    // its receiver can stop all such mails, see mail_stop.go; it says who invites
	ToGuardians bool    // its guardians get it instead of a member, who has no address; then it carries no secret
	secret      purpose // of the secret in its link; "" for a mail without a secret
	hourly      string  // one of the groups below, of which some mails are sent every hour, although strangers used up the limit of the day; "" for no group
}

// The groups of mails. Some mails of each group are sent every hour, even when strangers have
// used up the limit of the day. A person cannot go on without their mail, and no page
// shows the text of the mail.
const (
	hourlyReset   = "reset"
	hourlyConfirm = "confirm" // of sign-ups
	hourlyChange  = "change"  // of an address
	hourlyInvite  = "invite"
)

// HasSecret reports whether the mail's link carries a secret.
func (t MailTraits) HasSecret() bool { return t.secret != "" }

// MailKinds returns the one table of all kinds of mail.
func MailKinds() []MailTraits {
	return []MailTraits{
		{Kind: MailConfirm, secret: purposeConfirm, OthersStart: true, ToStrangers: true, hourly: hourlyConfirm},
		{Kind: MailAlreadyRegistered, OthersStart: true, ToStrangers: true},
		{Kind: MailAccountCreated, secret: purposeReset},
		{Kind: MailPasswordReset, secret: purposeReset, OthersStart: true, hourly: hourlyReset},
		{Kind: MailPasswordChanged, ToGuardians: true},
		{Kind: MailEmailConfirm, secret: purposeEmailChange, OthersStart: true, ToStrangers: true, hourly: hourlyChange},
		{Kind: MailEmailAsked},
		{Kind: MailEmailChanged, secret: purposeEmailUndo},
		{Kind: MailEmailArrived},
		{Kind: MailEmailUndone, secret: purposeReset},
		{Kind: MailPINChanged, ToGuardians: true},
		{Kind: MailPINReset, secret: purposePINReset},
		{Kind: MailNewDevice, secret: purposeNotMe, ToGuardians: true},
		{Kind: MailAccountDeleted},
		{Kind: MailTest},
		{Kind: MailSettingsChanged},
		{Kind: MailSetup, secret: purposeSetup},
		{Kind: MailLinkAsked, OthersStart: true, ToStrangers: true, Stops: true, ToGuardians: true},
		{Kind: MailLinkAccepted},
		{Kind: MailLinkRemoved},
		{Kind: MailLinkEnded, ToGuardians: true},
		{Kind: MailInvited, OthersStart: true, ToStrangers: true, Stops: true, hourly: hourlyInvite},
		{Kind: MailServerHandedOver, OthersStart: true, ToStrangers: true},
		{Kind: MailServerKey}, // a thief must not use up the mails of a day and then replace a key unseen
		{Kind: MailServerChecks},
		{Kind: MailWebhookOff},
		{Kind: MailLocalPassword, ToGuardians: true},
		{Kind: MailTelevision, ToGuardians: true},
		{Kind: MailFamilyAsked, OthersStart: true, ToStrangers: true, Stops: true},
		{Kind: MailCircleAsked, OthersStart: true, ToStrangers: true, Stops: true},
		{Kind: MailCircleOffered, OthersStart: true, ToGuardians: true},
		{Kind: MailCircleWaits, OthersStart: true},
		{Kind: MailCircleAdmitted, ToGuardians: true},
		{Kind: MailStayEnding, ToGuardians: true},
		{Kind: MailStayEndingOwner, secret: purposeStay},
		{Kind: MailStayChanged, ToGuardians: true},
		{Kind: MailInvite, secret: purposeInvite, OthersStart: true, ToStrangers: true, Stops: true, ToGuardians: true, hourly: hourlyInvite},
		{Kind: MailServiceMessage},
		{Kind: MailInviteSignUp, secret: purposeInvite, ToStrangers: true, Stops: true},
		{Kind: MailInviteReminder, secret: purposeInvite, OthersStart: true, ToStrangers: true, Stops: true, ToGuardians: true},
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

// kindsWithSecret returns the kinds of mail whose link carries a secret of one of the given
// purposes.
func kindsWithSecret(purposes []purpose) []MailKind {
	var kinds []MailKind
	for _, row := range MailKinds() {
		if row.HasSecret() && slices.Contains(purposes, row.secret) {
			kinds = append(kinds, row.Kind)
		}
	}
	return kinds
}

// owed is a mail to be written into the outbox. Each kind of mail has a function in this
// file that makes such a value and takes all facts of the kind as parameters, so that no
// fact can be forgotten. A test forbids the rest of the package to make an owed value
// itself.
type owed struct {
	kind      MailKind
	account   *accountRow // the addressee; nil if the account is not known yet, does not exist, or was deleted
	recipient string      // "" for the account's own address at the time of sending
	locale    string      // "" for the account's
	facts     storedFacts
	subject   int64         // the email change, invite or session that the mail is about, or 0
	life      time.Duration // of its secret; 0 for a mail without a secret
	due       time.Time     // when it is to be sent; zero for at once
}

// confirmMail returns the mail that asks for the confirmation of a sign-up's address. The
// parameter by is the value of byFact: who started the mail.
func confirmMail(account *accountRow, life time.Duration, by string) owed {
	return owed{kind: MailConfirm, account: account, facts: storedFacts{"email": account.Email, byFact: by}, life: life}
}

// accountCreatedMail returns the mail about an account that an operator made for a
// person.
func accountCreatedMail(account *accountRow, life time.Duration) owed {
	return owed{kind: MailAccountCreated, account: account, life: life}
}

// passwordResetMail returns the mail for a password reset that an operator asked for. Its
// link lets the person choose a new password.
func passwordResetMail(account *accountRow, life time.Duration) owed {
	return owed{kind: MailPasswordReset, account: account, life: life}
}

// passwordResetByNameMail returns the mail for a password reset that a person asked for
// with a form. Its link lets the person choose a new password. The worker finds the account
// by the name or address that was typed, and drops the mail if no account has it.
func passwordResetByNameMail(nameOrEmail, locale string, life time.Duration) owed {
	return owed{kind: MailPasswordReset, locale: locale, facts: storedFacts{nameFact: nameOrEmail}, life: life}
}

// passwordChangedMail returns the mail about a change of the password by a caller.
func passwordChangedMail(account *accountRow, caller Caller, at time.Time) owed {
	return owed{kind: MailPasswordChanged, account: account, facts: done(caller, at)}
}

// emailConfirmMail returns the mail to a new address that asks for its confirmation. by says
// who started it, see byFact.
func emailConfirmMail(account *accountRow, change *emailChange, life time.Duration, by string) owed {
	return owed{
		kind: MailEmailConfirm, account: account, recipient: change.NewEmail, subject: change.ID,
		facts: storedFacts{"email": change.NewEmail, byFact: by}, life: life,
	}
}

// emailAskedMail returns the mail to the old address that says that a caller asked for a
// change of the address.
func emailAskedMail(account *accountRow, change *emailChange, caller Caller, at time.Time) owed {
	return owed{
		kind: MailEmailAsked, account: account, recipient: change.OldEmail,
		facts: done(caller, at).and("email", maskEmail(change.NewEmail)),
	}
}

// emailChangedMail returns the mail to the old address after a change of the address. Its
// link undoes the change.
func emailChangedMail(account *accountRow, change *emailChange, at time.Time, life time.Duration) owed {
	return owed{
		kind: MailEmailChanged, account: account, recipient: change.OldEmail, subject: change.ID,
		facts: storedFacts{"email": maskEmail(change.NewEmail), "at": at.Format(time.RFC3339)}, life: life,
	}
}

// emailArrivedMail returns the mail to the new address after a change of the address.
func emailArrivedMail(account *accountRow, change *emailChange) owed {
	return owed{kind: MailEmailArrived, account: account, recipient: change.NewEmail}
}

// emailUndoneMail returns the mail that says that a change of the address was undone. Its
// link lets the owner choose a new password.
func emailUndoneMail(account *accountRow, life time.Duration) owed {
	return owed{kind: MailEmailUndone, account: account, life: life}
}

// pinChangedMail returns the mail about a change of the PIN by a caller; the parameter what
// is "set", "changed" or "removed".
func pinChangedMail(account *accountRow, what string, caller Caller, at time.Time) owed {
	return owed{kind: MailPINChanged, account: account, facts: done(caller, at).and("what", what)}
}

// pinResetMail returns the mail with a link that lets its owner choose a new PIN.
func pinResetMail(account *accountRow, life time.Duration) owed {
	return owed{kind: MailPINReset, account: account, life: life}
}

// newDeviceMail returns the mail about a session on a device with which the account
// was not used before, with a link to end the session.
func newDeviceMail(account *accountRow, sessionID int64, caller Caller, at time.Time, life time.Duration) owed {
	return owed{kind: MailNewDevice, account: account, subject: sessionID, facts: done(caller, at), life: life}
}

// accountDeletedMail returns the goodbye to the owner of a deleted account. The mail names
// no account id, because the row of the account no longer exists when the mail is sent.
func accountDeletedMail(account *accountRow) owed {
	return owed{kind: MailAccountDeleted, recipient: account.Email, locale: account.Locale, facts: namesOf(account)}
}

// serverMail returns a mail about a link or a server, of the kind MailLinkAsked,
// MailLinkAccepted, MailLinkRemoved, MailLinkEnded or MailServerHandedOver. person is
// the other side, or nil if the mail must not name it.
func serverMail(kind MailKind, account *accountRow, server string, person *accountRow, at time.Time) owed {
	facts := storedFacts{"server": server, "at": at.Format(time.RFC3339)}
	switch {
	case person == nil:
	case kind == MailLinkAsked || kind == MailServerHandedOver:
		maps.Copy(facts, writerOf(person))
	default:
		facts["person"] = person.Username
	}
	return owed{kind: kind, account: account, facts: facts}
}

// zoneFact is the name of a stored fact: the time zone of the person in whose name a mail is
// written. It is used if the time zone of the reader is not known.
const zoneFact = "zone"

// writerOf returns the facts about the person in whose name a mail is written. The reader of any
// other mail about a person learns the username alone.
func writerOf(person *accountRow) storedFacts {
	return storedFacts{"person": person.Username, "person_name": person.DisplayName, zoneFact: person.TimeZone}
}

// televisionMail returns the mail about a television that the owner of a server has signed in for a person.
func televisionMail(account *accountRow, server string, at time.Time) owed {
	return owed{kind: MailTelevision, account: account, facts: storedFacts{"server": server, "at": at.Format(time.RFC3339)}}
}

// localPasswordMail returns the mail about a new password of a person's local user on a server,
// chosen in a browser.
func localPasswordMail(account *accountRow, server string, caller Caller, at time.Time) owed {
	return owed{kind: MailLocalPassword, account: account, facts: done(caller, at).and("server", server)}
}

// The values of [MailFacts].What in a mail about the keys of a server.
const (
	keyRenewed      = "renewed" // the server replaced its own key
	keysEnded       = "ended"   // the owner ended other keys
	keysEndedFormer = "former"  // the keys that a former owner knew ended by themselves
)

// serverKeyMail returns the mail to the owner of a server about its keys; the parameter
// what is keyRenewed, keysEnded or keysEndedFormer.
func serverKeyMail(owner *accountRow, server, what string, caller Caller, at time.Time) owed {
	return owed{kind: MailServerKey, account: owner, facts: done(caller, at).and("server", server).and("what", what)}
}

// settingsChangedMail returns the mail to an operator about settings of mail that were changed.
func settingsChangedMail(operator *accountRow, caller Caller, at time.Time) owed {
	return owed{kind: MailSettingsChanged, account: operator, facts: done(caller, at)}
}

// serverChecksMail returns the mail to the owner of a server about what has been wrong there for a day; the parameter
// problems is the fact Problems of [MailFacts].
func serverChecksMail(owner *accountRow, server, problems string, at time.Time) owed {
	return owed{kind: MailServerChecks, account: owner, facts: storedFacts{"server": server, "problems": problems, "at": at.Format(time.RFC3339)}}
}

// webhookOffMail returns the mail to the owner of a webhook, or to an operator, that the webhook is off; the parameter
// reason is WebhookFailing or WebhookGone.
func webhookOffMail(owner *accountRow, name, reason string, at time.Time) owed {
	return owed{kind: MailWebhookOff, account: owner, facts: storedFacts{"webhook": name, "what": reason, "at": at.Format(time.RFC3339)}}
}

// invitedMail returns the mail to an address that has no account. The mail says which
// person wants to link its reader to a server. The parameter by is the value of byFact: who
// started the mail.
func invitedMail(recipient, locale, person, by string) owed {
	return owed{kind: MailInvited, recipient: recipient, locale: locale, facts: storedFacts{"person": person, byFact: by}}
}

// inviteMail returns the mail with an invite. It goes to account, which the invite names,
// or, if account is nil, to the address that the invite names. The parameter servers holds
// the names of the servers, joined by commas.
func inviteMail(invite *inviteRow, account, owner *accountRow, servers string) owed {
	mail := owed{
		kind: MailInvite, account: account, recipient: invite.Email, subject: invite.ID, life: invite.ExpiresAt.Sub(invite.CreatedAt),
		facts: storedFacts{
			"server": servers, "note": invite.Note, "at": invite.CreatedAt.Format(time.RFC3339),
			byFact: FormatID(owner.ID),
		},
	}
	maps.Copy(mail.facts, writerOf(owner))
	if invite.ForFamily {
		mail.facts["family"] = "true"
	}
	if account == nil {
		mail.locale = owner.Locale
	}
	return mail
}

// inviteSignUpMail returns the mail with an invite to sign up, in the language of the operator who made it.
func inviteSignUpMail(invite *inviteRow, locale string) owed {
	return owed{
		kind: MailInviteSignUp, recipient: invite.Email, locale: locale, subject: invite.ID, life: invite.ExpiresAt.Sub(invite.CreatedAt),
		facts: storedFacts{byFact: byOperator},
	}
}

// serviceMessageMail returns the mail with a message to everybody. The worker that sends it reads the text.
func serviceMessageMail(account *accountRow, messageID int64) owed {
	return owed{kind: MailServiceMessage, account: account, subject: messageID}
}

// stayFacts returns the facts of a mail about a stay: the name of the server, the other person, who may be nil, and
// the time that the mail names, if it is not zero.
func stayFacts(server string, other *accountRow, at time.Time) storedFacts {
	facts := storedFacts{"server": server}
	if other != nil {
		facts["person"] = other.Username
	}
	if !at.IsZero() {
		facts["ends"] = at.UTC().Format(time.RFC3339)
	}
	return facts
}

// stayEndingMail returns the mail to a person whose stay ends soon. The owner may be nil.
func stayEndingMail(person *accountRow, link *linkRow, server string, owner *accountRow) owed {
	return owed{kind: MailStayEnding, account: person, subject: link.ID, facts: stayFacts(server, owner, orZero(link.EndsAt))}
}

// stayEndingOwnerMail returns the mail to the owner of a server where the stay of a person ends soon. Its link
// prolongs the stay, also some time after the end.
func stayEndingOwnerMail(owner *accountRow, link *linkRow, server string, person *accountRow, now time.Time) owed {
	ends := orZero(link.EndsAt)
	return owed{
		kind: MailStayEndingOwner, account: owner, subject: link.ID, facts: stayFacts(server, person, ends),
		life: ends.Add(formerStayLife).Sub(now),
	}
}

// stayChangedMail returns the mail to a person whose stay has changed; the parameter what is stayPaused or another.
func stayChangedMail(person *accountRow, server string, owner *accountRow, what string, at time.Time) owed {
	return owed{kind: MailStayChanged, account: person, facts: stayFacts(server, owner, at).and("what", what)}
}

// familyAskedMail returns the mail to a grown person whom a guardian invites into a family.
func familyAskedMail(account, guardian *accountRow, at time.Time) owed {
	return owed{
		kind: MailFamilyAsked, account: account,
		facts: writerOf(guardian).and("at", at.Format(time.RFC3339)).and(byFact, guardian.owner()),
	}
}

// circleMail returns a mail about a circle, of the kind MailCircleAsked, MailCircleOffered, MailCircleWaits or
// MailCircleAdmitted. person is the other side. server is "" for MailCircleAsked, which is about no server.
func circleMail(kind MailKind, account, person *accountRow, server string, at time.Time) owed {
	facts := storedFacts{"at": at.Format(time.RFC3339), byFact: FormatID(person.ID)}
	if kind == MailCircleAsked {
		maps.Copy(facts, writerOf(person))
	} else {
		facts["person"], facts["server"] = person.Username, server
	}
	return owed{kind: kind, account: account, facts: facts}
}

// importFact is the name of the stored fact that says by which import a mail was made. Of the mails
// of one import, a mailbox gets one.
const importFact = "import"

// ofImport returns the same mail as one of an import, which is due at a later time.
func (m owed) ofImport(importID int64, due time.Time) owed {
	m.facts, m.due = m.facts.and(importFact, FormatID(importID)), due
	return m
}

// reminderMail returns the mail that reminds a person of an invite that waits for an answer. It takes
// the same facts as [inviteMail].
func reminderMail(invite *inviteRow, account, owner *accountRow, servers string, at time.Time) owed {
	mail := inviteMail(invite, account, owner, servers)
	mail.kind, mail.life = MailInviteReminder, invite.ExpiresAt.Sub(at)
	return mail
}

// toGuardian returns the same mail for a guardian of its member.
func (m owed) toGuardian(guardianID int64) owed {
	facts := storedFacts{guardianFact: FormatID(guardianID)}
	maps.Copy(facts, m.facts)
	m.facts = facts
	return m
}
