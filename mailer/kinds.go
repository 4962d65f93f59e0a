package mailer

import (
	"maps"
	"slices"
)

// kind is what is particular about one kind of mail. Its texts are the keys
// mail.KIND.… of the catalogue: subject, heading, lead, why, with a page also
// button, and those that says names.
type kind struct {
	page     string   // the path that the mail leads to; "" for none
	second   string   // a further path, told after the first
	secret   bool     // the link carries the letter's secret
	again    bool     // its link may be opened again and again
	stranger bool     // may reach somebody who has nothing to do with the account
	several  bool     // the fact server may be the names of several
	security bool     // about the safety of the account: is always sent, and says so
	facts    []string // the letter must have them
	details  []string // facts that are shown as a list; "from" is the fact person, who has to do with the mail
	says     []string // further parts of the text: "after", "ignore"
	variants []string // values of the fact "what": subject, heading and lead end in ".VALUE"
}

// kinds is the one table of all kinds of mail.
func kinds() map[string]kind {
	who := []string{"username", "display_name"}
	what := slices.Concat(who, []string{"address", "device", "at"})
	about := slices.Concat(who, []string{"server", "person", "at"})
	where := []string{"username", "device", "address", "at"}
	return map[string]kind{
		"confirm": {
			page: "/confirm", secret: true, stranger: true,
			facts: slices.Concat(who, []string{"email"}), details: []string{"username"}, says: []string{"after", "ignore"},
		},
		"already_registered": {
			page: "/signin", second: "/forgot", stranger: true,
			facts: who, says: []string{"ignore"},
		},
		"account_created": {
			page: "/reset", secret: true,
			facts: who, details: []string{"username"}, says: []string{"after", "ignore"},
		},
		"password_reset": {
			page: "/reset", secret: true, security: true,
			facts: who, details: []string{"username"}, says: []string{"after", "ignore"},
		},
		"password_changed": {
			page: "/forgot", security: true,
			facts: what, details: where,
		},
		"email_confirm": {
			page: "/account/email/confirm", secret: true, stranger: true,
			facts: slices.Concat(who, []string{"email"}), details: []string{"username"}, says: []string{"ignore"},
		},
		"email_asked": {
			page: "/account/password", security: true,
			facts: slices.Concat(what, []string{"email"}), details: where, says: []string{"after"},
		},
		"email_changed": {
			page: "/account/email/undo", secret: true, security: true,
			facts: slices.Concat(who, []string{"email", "at"}), details: []string{"username", "at"}, says: []string{"after"},
		},
		"email_arrived": {
			facts: who, details: []string{"username"}, says: []string{"ignore"},
		},
		"email_undone": {
			page: "/reset", secret: true, security: true,
			facts: who, details: []string{"username"}, says: []string{"ignore"},
		},
		"pin_changed": {
			page: "/account/pin", security: true,
			facts: slices.Concat(what, []string{"what"}), details: where, says: []string{"after"},
			variants: []string{"set", "changed", "removed"},
		},
		"pin_reset": {
			page: "/account/pin/reset", secret: true, security: true,
			facts: who, details: []string{"username"}, says: []string{"ignore"},
		},
		"new_device": {
			page: "/account/sessions/not-me", secret: true, security: true,
			facts: what, details: where, says: []string{"after"},
		},
		"account_deleted": {
			security: true,
			facts:    who, details: []string{"username"}, says: []string{"ignore"},
		},
		"link_asked": {
			page: "/invitations", stranger: true,
			facts: about, details: []string{"server", "from", "at"}, says: []string{"ignore"},
		},
		"link_accepted": {
			page: "/servers", several: true,
			facts: about, details: []string{"server", "person", "at"},
		},
		"link_removed": {
			page: "/servers", several: true,
			facts: about, details: []string{"server", "person", "at"},
		},
		"link_ended": {
			page:  "/servers",
			facts: about, details: []string{"server", "at"}, says: []string{"ignore"},
		},
		"invited": {
			page: "/signup", stranger: true,
			facts: []string{"person"}, details: []string{"from"}, says: []string{"ignore"},
		},
		"invite": {
			page: "/invite", secret: true, again: true, stranger: true, several: true,
			facts: []string{"server", "person", "at", "note"}, details: []string{"server", "from", "note"}, says: []string{"after", "ignore"},
		},
		"server_handed_over": {
			page: "/servers", stranger: true,
			facts: about, details: []string{"server", "from", "at"}, says: []string{"ignore"},
		},
		"test": {says: []string{"ignore"}},
	}
}

// Kinds are the kinds of mail that can be sent, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds())) }

// Needs tells the facts without which a letter of the kind is refused, and
// whether it needs a secret. A kind with a secret may also have the fact
// "until": when the secret runs out. ok is false for a kind that is none.
func Needs(name string) (facts []string, secret, ok bool) {
	k, ok := kinds()[name]
	return slices.Clone(k.facts), k.secret, ok
}
