package mailer

import (
	"maps"
	"slices"
)

// kind says how one kind of mail looks. Its texts are the keys mail.KIND.… of the catalogue: subject, heading,
// lead, why, button if the mail has a link to a page, and the further parts that the kind has. If the mail is
// written in the name of a person, there are also keys of subject and lead that end in ".person", and keys that
// end in ".at" for mails that say the name of a server, too. Package models decides which data a mail has, and
// whether it carries a secret.
type kind struct {
	page     string   // path of the mail's link; "" for a mail without a link
	second   string   // path of a second link, shown after the first
	again    bool     // the link can be opened many times until it expires
	several  bool     // the fact Server may be the names of several servers
	security bool     // concerns the safety of the account: the mail is always sent, and says so
	person   bool     // written in the name of the fact Person, who stands in the sender and the first sentence
	details  []fact   // shown as a list
	says     []string // further parts of the text: "after", "ignore"
	variants []string // values of the fact What: subject, heading and lead end in ".VALUE"
	message  bool     // the fact Note is a message of the operators: its first line is the title
	family   bool     // may be for a whole family: then the part "after" ends in ".family"
}

// fact names a fact that a mail shows in its list of details; the label of the
// line is the text mail.detail.FACT.
type fact string

const (
	username fact = "username"
	from     fact = "from"   // the fact Person, as the sender
	person   fact = "person" // the fact Person
	server   fact = "server"
	device   fact = "device"
	address  fact = "address"
	moment   fact = "at"
	problems fact = "problems" // a line for each problem of the fact Problems
	ends     fact = "ends"
	webhook  fact = "webhook"
)

// kinds returns the one table of how mails look.
func kinds() map[string]kind {
	where := []fact{username, device, address, moment}
	return map[string]kind{
		"confirm":            {page: "/confirm", details: []fact{username}, says: []string{"after", "ignore"}},
		"already_registered": {page: "/signin", second: "/forgot", says: []string{"ignore"}},
		"account_created":    {page: "/reset", details: []fact{username}, says: []string{"after", "ignore"}},
		"password_reset":     {page: "/reset", security: true, details: []fact{username}, says: []string{"after", "ignore"}},
		"password_changed":   {page: "/forgot", security: true, details: where},
		"email_confirm":      {page: "/account/email/confirm", details: []fact{username}, says: []string{"ignore"}},
		"email_asked":        {page: "/account/password", security: true, details: where, says: []string{"after"}},
		"email_changed":      {page: "/account/email/undo", security: true, details: []fact{username, moment}, says: []string{"after"}},
		"email_arrived":      {details: []fact{username}, says: []string{"ignore"}},
		"email_undone":       {page: "/reset", security: true, details: []fact{username}, says: []string{"ignore"}},
		"pin_changed": {
			page: "/account/pin", security: true, details: where, says: []string{"after"},
			variants: []string{"set", "changed", "removed"},
		},
		"pin_reset":       {page: "/account/pin/reset", security: true, details: []fact{username}, says: []string{"ignore"}},
		"new_device":      {page: "/account/sessions/not-me", security: true, details: where, says: []string{"after"}},
		"account_deleted": {security: true, details: []fact{username}, says: []string{"ignore"}},
		"link_asked":      {page: "/invitations", person: true, details: []fact{server, from, moment}, says: []string{"ignore"}},
		"link_accepted":   {page: "/servers", several: true, details: []fact{server, person, moment}},
		"link_removed":    {page: "/servers", several: true, details: []fact{server, person, moment}},
		"link_ended":      {page: "/servers", details: []fact{server, moment}, says: []string{"ignore"}},
		"invited":         {page: "/signup", person: true, details: []fact{from}, says: []string{"ignore"}},
		"invite": {
			page: "/invite", again: true, several: true, person: true, family: true,
			details: []fact{server, from}, says: []string{"after", "ignore"},
		},
		"service_message": {message: true},
		"invite_sign_up":  {page: "/invite", again: true, says: []string{"after", "ignore"}},
		"invite_reminder": {
			page: "/invite", again: true, several: true, person: true,
			details: []fact{server, from}, says: []string{"after", "ignore"},
		},
		"stay_ending":       {page: "/servers", details: []fact{server, ends}, says: []string{"after"}},
		"stay_ending_owner": {page: "/stay", details: []fact{server, person, ends}, says: []string{"after"}},
		"stay_changed": {
			page: "/servers", details: []fact{server, ends},
			variants: []string{"paused", "paused_until", "resumed", "ends", "endless"},
		},
		"family_asked":       {page: "/family", person: true, details: []fact{from, moment}, says: []string{"ignore"}},
		"circle_asked":       {page: "/circles", person: true, details: []fact{from, moment}, says: []string{"ignore"}},
		"circle_offered":     {page: "/circles", details: []fact{server, person, moment}},
		"circle_waits":       {page: "/circles", details: []fact{server, person, moment}},
		"circle_admitted":    {page: "/servers", details: []fact{server, person, moment}},
		"server_handed_over": {page: "/servers", person: true, details: []fact{server, from, moment}, says: []string{"after", "ignore"}},
		"server_key": {
			page: "/servers", security: true, details: []fact{server, device, address, moment}, says: []string{"after"},
			variants: []string{"renewed", "ended", "former"},
		},
		"television":       {page: "/account/sessions", security: true, details: []fact{server, moment}, says: []string{"after"}},
		"server_checks":    {page: "/servers", details: []fact{server, problems}, says: []string{"after"}},
		"local_password":   {page: "/servers", security: true, details: []fact{server, device, address, moment}, says: []string{"after"}},
		"settings_changed": {page: "/admin/settings", security: true, details: []fact{device, address, moment}, says: []string{"after"}},
		"setup":            {page: "/welcome/arrived", says: []string{"ignore"}},
		"test":             {says: []string{"ignore"}},
		"webhook_off":      {page: "/webhooks", details: []fact{webhook, moment}, says: []string{"after"}, variants: []string{"failing", "gone"}},
	}
}

// Kinds returns the kinds of mail that can be sent, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds())) }
