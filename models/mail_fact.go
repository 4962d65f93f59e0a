package models

import (
	"encoding/hex"
	"maps"
	"time"
)

// storedFacts are the facts of a mail in the outbox. Their names are the tags of
// [MailFacts]. The names must not change, because mails that an earlier version wrote
// into the outbox must still be sent.
type storedFacts map[string]string

// MailFacts are the facts in mails. Each kind of mail has some of them; the other fields are
// zero. People typed some of these texts, so they must be cleaned before a mail shows them.
type MailFacts struct {
	Username    string    `json:"username"`      // of the account that the mail goes to or is about
	DisplayName string    `json:"display_name"`  // of the same account
	Email       string    `json:"email"`         // the address of a change, perhaps with a part of it hidden
	Address     string    `json:"address"`       // the IP address from which something was done
	Device      string    `json:"device"`        // the device with which it was done
	At          time.Time `json:"at"`            // when it was done
	Until       time.Time `json:"until"`         // when the secret of the mail runs out
	What        string    `json:"what"`          // of a PIN: "set", "changed" or "removed"; of the keys of a server: "renewed", "ended" or "former"; of a webhook: "failing" or "gone"
	Server      string    `json:"server"`        // the name of a media server, or of several
	Person      string    `json:"person"`        // the username of the other person whom the mail concerns
	PersonName  string    `json:"person_name"`   // the display name of that person, if the mail is written in their name
	Note        string    `json:"note"`          // the text of an owner to a person whom they invite
	Problems    string    `json:"problems"`      // what is wrong at a server: a JSON list of checks, each with name, subject, reason and until
	Family      bool      `json:"family,string"` // an invite is for the whole family of the person
	Webhook     string    `json:"webhook"`       // the name of a webhook, which its owner has chosen
	Ends        time.Time `json:"ends"`          // when a stay, or the pause of one, ends; zero for neither
}

// nameFact is the stored fact of a password reset that a person asked for: the name
// or address from the form, by which the worker finds the account.
const nameFact = "name_or_email"

// byFact is the name of the stored fact that says who started a mail. Mails that strangers
// can start have it. Its value is what [core.starter] returns, the id of an account, or
// byOperator. Mails are counted by this value, so that one stranger cannot use up the mails
// of others.
const byFact = "by"

// guardianFact is the name of the stored fact that says which guardian gets a mail to a member, who has
// no address. Its value is the id of the guardian's account.
const guardianFact = "guardian"

// byOperator is the value of byFact for a mail that an operator started. Nothing limits it.
const byOperator = "operator"

// starter returns a text that stands for the network of a caller. It does not show the
// address.
func (c *core) starter(caller Caller) string {
	mac := c.keys.MAC("mail starter", c.throttle.placeOf(caller.Address).far)
	return hex.EncodeToString(mac[:8])
}

// namesOf returns the names of an account.
func namesOf(row *accountRow) storedFacts {
	return storedFacts{"username": row.Username, "display_name": row.DisplayName}
}

// done returns the facts about something that a caller did: its address, its device and the
// time.
func done(caller Caller, at time.Time) storedFacts {
	return storedFacts{"address": caller.Address, "device": caller.Device, "at": at.Format(time.RFC3339)}
}

// and returns a copy of f with one more fact.
func (f storedFacts) and(name, value string) storedFacts {
	f = maps.Clone(f)
	f[name] = value
	return f
}
