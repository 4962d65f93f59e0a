package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/jobs"
	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// act is one action of a person, a server or an operator, with the kinds of mail that the
// action must put into the outbox.
type act struct {
	name  string
	do    func() error
	mails []models.MailKind
}

// world holds the results of the acts of TestKindsOfMail that later acts need.
type world struct {
	*models.Store
	caller      models.Caller
	anna, berta int64 // their accounts
	session     models.Session
	server      models.Server
	asked       models.Authorization
	imported    models.Import
	later       func(time.Duration)        // lets time pass
	links       map[models.MailKind]string // the secrets of the mails that have arrived
}

// acts returns the acts of people with their accounts, in the order in which they are
// done. These acts and serverActs together cause every kind of mail that the outbox sends.
func (w *world) acts(ctx context.Context) []act {
	in := models.SignIn{NameOrEmail: "anna", Password: password}
	signIn := func() error {
		done, err := w.Sessions.SignIn(ctx, in, w.caller)
		w.session, w.anna = done.Session, done.Session.AccountID
		return err
	}
	setPIN := func(old, pin string) func() error {
		return func() error { return w.PINs.Set(ctx, w.anna, old, pin, w.caller) }
	}
	pinChanged := []models.MailKind{models.MailPINChanged}
	return []act{
		{"sign up", func() error { return w.signUp(ctx, "anna", "anna") }, []models.MailKind{models.MailConfirm}},
		{"confirm", func() error { return w.Emails.Confirm(ctx, w.links[models.MailConfirm], w.caller) }, nil},
		{"sign up again", func() error { return w.signUp(ctx, "anna-again", "anna") }, []models.MailKind{models.MailAlreadyRegistered}},
		{"an operator creates an account", func() error {
			_, err := w.Operators.Create(ctx, models.SignUp{Username: "carl", Email: emailOf("carl"), Locale: "de"})
			return err
		}, []models.MailKind{models.MailAccountCreated}},
		{"sign in", signIn, nil},
		{"sign in on a device that is not known yet", signIn, []models.MailKind{models.MailNewDevice}},
		{"set a PIN", setPIN("", "7k2p9x"), pinChanged},
		{"change the PIN", setPIN("7k2p9x", "4v8n6c"), pinChanged},
		{"remove the PIN", func() error { return w.PINs.Remove(ctx, w.anna, "4v8n6c", w.caller) }, pinChanged},
		{"set another PIN", setPIN("", "7k2p9x"), pinChanged},
		{"forget the PIN", func() error { return w.PINs.RequestReset(ctx, w.anna) }, []models.MailKind{models.MailPINReset}},
		{"reset the PIN", func() error { return w.PINs.ResetByMail(ctx, w.links[models.MailPINReset], "", w.caller) }, pinChanged},
		{"change the password", func() error {
			_, err := w.Accounts.ChangePassword(ctx, w.session, models.ChangePassword{Current: password, Password: password + " too"}, w.caller)
			return err
		}, []models.MailKind{models.MailPasswordChanged}},
		{"forget the password", func() error { return w.Recovery.Request(ctx, "anna", w.caller, false) }, []models.MailKind{models.MailPasswordReset}},
		{"reset the password", func() error {
			return w.Recovery.ResetPassword(ctx, w.links[models.MailPasswordReset], password, w.caller)
		}, []models.MailKind{models.MailPasswordChanged}},
		{"an operator sends a reset", func() error { return w.Operators.SendReset(ctx, "anna") }, []models.MailKind{models.MailPasswordReset}},
	}
}

// serverActs returns what servers, their owner and the people of the servers do. These acts come
// after the acts that acts returns.
func (w *world) serverActs(ctx context.Context) []act {
	ask := func() error {
		var err error
		w.asked, err = w.EmbyServers.Ask(ctx, w.server, models.AskLink{AccountID: w.berta, Type: models.LinkLinked})
		return err
	}
	accept := func() error { return w.Links.Accept(ctx, w.berta, w.asked.ID, w.caller) }
	asked, accepted := []models.MailKind{models.MailLinkAsked}, []models.MailKind{models.MailLinkAccepted}
	return []act{
		{"another person signs up", func() error { return w.signUp(ctx, "berta", "berta") }, []models.MailKind{models.MailConfirm}},
		{"the other person confirms", func() error {
			if err := w.Emails.Confirm(ctx, w.links[models.MailConfirm], w.caller); err != nil {
				return err
			}
			found, err := w.Operators.List(ctx, "berta", "", 1)
			if err == nil {
				w.berta = found[0].ID
			}
			return err
		}, nil},
		{"ask somebody into a family", func() error {
			return w.Families.Ask(ctx, w.anna, "berta", models.RoleAdult)
		}, []models.MailKind{models.MailFamilyAsked}},
		{"leave the family", func() error { return w.Families.Decline(ctx, w.berta, w.anna) }, nil},
		{"register a server", func() error { return w.register(ctx) }, nil},
		{"ask for a link", ask, asked},
		{"accept the link", accept, accepted},
		{"leave the server", func() error { return w.Links.Remove(ctx, w.berta, w.asked.ID, w.caller) }, []models.MailKind{models.MailLinkRemoved}},
		{"ask again", ask, asked},
		{"accept again", accept, accepted},
		{"the server ends the link", func() error { return w.EmbyServers.Cancel(ctx, w.server, w.berta) }, []models.MailKind{models.MailLinkEnded}},
		{"give a local user a password", func() error { return w.givePassword(ctx) }, []models.MailKind{models.MailLinkAsked, models.MailLinkAccepted, models.MailLocalPassword}},
		{"sign a television in", func() error { return w.signTelevisionIn(ctx) }, []models.MailKind{models.MailNewDevice, models.MailTelevision}},
		{"let a stay end", func() error { return w.endStay(ctx) }, []models.MailKind{models.MailStayChanged}},
		{"come near the end of a stay", func() error {
			w.later(2 * time.Hour)
			return w.Stays.Remind(ctx)
		}, []models.MailKind{models.MailStayEnding, models.MailStayEndingOwner}},
		{"invite an address", func() error {
			if _, _, err := w.EmbyServers.FindAccount(ctx, w.server, "new@example.net", w.caller); !errors.Is(err, models.ErrNotFound) {
				return fmt.Errorf("find the account: got %w, want not found", err)
			}
			return w.EmbyServers.Invite(ctx, "new@example.net", "anna", w.caller)
		}, []models.MailKind{models.MailInvited}},
		{"make an invite", func() error {
			_, err := w.Invites.Create(ctx, w.anna, models.NewInvite{
				To: "guest@example.net", Type: models.LinkGuest, Note: "Come in", Servers: []models.InviteServer{{ServerID: w.server.ID}},
			}, w.caller)
			return err
		}, []models.MailKind{models.MailInvite}},
		{"make an invite to sign up", func() error {
			_, err := w.OperatedInvites.Create(ctx, models.CommandLine, models.NewInvite{To: "fresh@example.net"})
			return err
		}, []models.MailKind{models.MailInviteSignUp}},
		{"tell everybody something", func() error {
			_, err := w.OperatedMessages.Create(ctx, models.CommandLine, models.NewMessage{
				Kind: models.MessageWarning, Until: w.Now().Add(time.Hour), ByMail: true, Texts: map[string]models.MessageText{"en": {Title: "We move", Text: "Tonight"}},
			})
			if err != nil {
				return err
			}
			return w.OperatedMessages.Work(ctx)
		}, []models.MailKind{models.MailServiceMessage, models.MailServiceMessage}},
		{"use a circle", func() error { return w.useCircle(ctx) }, []models.MailKind{
			models.MailCircleAsked, models.MailCircleOffered, models.MailCircleWaits, models.MailCircleAdmitted,
		}},
		{"bring people", func() error {
			draft, err := w.Imports.Draft(ctx, w.anna, w.server.ID, models.NewImport{Source: "csv", Lines: []models.NewImportLine{{To: "late@example.net"}}})
			if err != nil {
				return err
			}
			w.imported, err = w.Imports.Run(ctx, w.anna, w.server.ID, draft.ID, w.caller)
			return err
		}, []models.MailKind{models.MailInvite}},
		{"end the keys of the server", func() error {
			_, err := w.ServerKeys.RotateStolen(ctx, w.anna, w.server.ID, w.caller)
			return err
		}, []models.MailKind{models.MailServerKey}},
		{"remind people", func() error {
			w.later(25 * time.Hour)
			_, err := w.Imports.Remind(ctx, w.anna, w.server.ID, w.imported.ID, nil)
			return err
		}, []models.MailKind{models.MailInviteReminder}},
		{"hand the server over", func() error {
			return w.Servers.HandOver(ctx, w.anna, w.server.ID, "berta", w.caller)
		}, []models.MailKind{models.MailServerHandedOver}},
	}
}

// lastActs returns the acts that end with the removal of anna's account. The function wait lets the
// time pass in which a change of the address can be undone.
func (w *world) lastActs(ctx context.Context, wait func()) []act {
	return []act{
		{"something stays wrong at the server", func() error {
			wrong := []models.Check{{Name: "quick_connect", State: models.CheckWrong, Reason: "off"}}
			if err := w.Checks.Tell(ctx, w.server, wrong); err != nil {
				return err
			}
			wait()
			return errors.Join(w.Checks.Tell(ctx, w.server, wrong), w.Sweep(ctx))
		}, []models.MailKind{models.MailLinkEnded, models.MailServerChecks}}, // the stay that ends was over meanwhile
		{"the receiver of a webhook wants nothing more", func() error { return w.endWebhook(ctx) }, []models.MailKind{models.MailWebhookOff}},
		{"ask for another address", func() error {
			return w.Emails.RequestChange(ctx, w.anna, "anna-two@mail.example.org", password, w.caller)
		}, []models.MailKind{models.MailEmailConfirm, models.MailEmailAsked}},
		{"confirm the other address", func() error {
			_, err := w.Emails.ConfirmChange(ctx, w.links[models.MailEmailConfirm], 0, w.caller)
			return err
		}, []models.MailKind{models.MailEmailChanged, models.MailEmailArrived}},
		{"undo the change", func() error {
			_, err := w.Emails.Undo(ctx, w.links[models.MailEmailChanged], w.caller)
			return err
		}, []models.MailKind{models.MailEmailUndone}},
		{"an operator changes the mail settings", func() error {
			if err := w.Operators.SetOperator(ctx, "berta", true); err != nil {
				return err
			}
			return w.OperatorSettings.Change(ctx, w.berta, []models.SettingChange{{Name: "mail-from", Value: "new@example.org", Announce: true}}, w.caller)
		}, []models.MailKind{models.MailSettingsChanged}},
		{"an operator deletes the account", func() error {
			wait()
			return w.Operators.Delete(ctx, "anna")
		}, []models.MailKind{models.MailAccountDeleted}},
	}
}

func (w *world) signUp(ctx context.Context, username, mailbox string) error {
	_, err := w.Accounts.SignUp(ctx, models.SignUp{Username: username, Email: emailOf(mailbox), Password: password}, w.caller)
	return err
}

// givePassword links berta as a guest, and gives her local user a password.
func (w *world) givePassword(ctx context.Context) error {
	asked, err := w.EmbyServers.Ask(ctx, w.server, models.AskLink{AccountID: w.berta, Type: models.LinkGuest})
	if err != nil {
		return err
	}
	if err := w.Links.Accept(ctx, w.berta, asked.ID, w.caller); err != nil {
		return err
	}
	signedIn, err := w.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: "berta", Password: password}, w.caller)
	if err != nil {
		return err
	}
	_, err = w.Agents.Report(ctx, w.server, models.Report{
		Registration: models.Registration{Name: "Den", SystemID: "a1", Kind: models.ServerAgent},
		PasswordKey:  "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU", // of the curve's own description
	})
	if err != nil {
		return err
	}
	given, err := w.LocalPasswords.Ask(ctx, signedIn.Session, w.server.ID, strings.Repeat("A", 200), w.caller)
	if err != nil {
		return err
	}
	return w.LocalPasswords.Complete(ctx, w.server, given.ID)
}

// signTelevisionIn lets anna sign a television in for berta, who is a guest.
func (w *world) signTelevisionIn(ctx context.Context) error {
	signedIn, err := w.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: "anna", Password: password}, w.caller)
	if err != nil {
		return err
	}
	_, err = w.Agents.Report(ctx, w.server, models.Report{
		Registration: models.Registration{Name: "Den", SystemID: "a1", Kind: models.ServerAgent}, QuickConnect: true, Televisions: models.TelevisionsGuests,
	})
	if err != nil {
		return err
	}
	link, err := w.Links.ByServer(ctx, w.berta, w.server.ID)
	if err != nil {
		return err
	}
	asked, err := w.Televisions.SignIn(ctx, signedIn.Session, w.server.ID, link.ID, "123456", w.caller)
	if err != nil {
		return err
	}
	return w.QuickConnects.Complete(ctx, w.server, asked.ID)
}

// useCircle makes a circle with anna's server. berta brings another one, which anna may use after berta has said yes.
func (w *world) useCircle(ctx context.Context) error {
	circle, err := w.Circles.Make(ctx, w.anna, "Friends", w.server.ID, models.CircleTerms{PeopleMost: 5}, w.caller)
	if err != nil {
		return err
	}
	code, _, err := w.Registrations.NewClaimCode(ctx, w.berta)
	if err != nil {
		return err
	}
	made, err := w.Registrations.Register(ctx, models.Registration{Name: "Attic", SystemID: "a2", Kind: models.ServerEmby, ClaimCode: code}, w.caller)
	if err != nil {
		return err
	}
	if err := w.Circles.Ask(ctx, w.anna, circle, "berta", w.caller); err != nil {
		return err
	}
	if err := w.Circles.Join(ctx, w.berta, circle, made.Server.ID, models.CircleTerms{PeopleMost: 5, AskFirst: true}, w.caller); err != nil {
		return err
	}
	if _, err := w.CirclePeople.Take(ctx, w.anna, circle, made.Server.ID, w.caller); err != nil {
		return err
	}
	return w.CirclePeople.Admit(ctx, w.berta, circle, made.Server.ID, w.anna)
}

// endStay gives the stay of berta an end, of which people are reminded in an hour.
func (w *world) endStay(ctx context.Context) error {
	link, err := w.Links.ByServer(ctx, w.berta, w.server.ID)
	if err != nil {
		return err
	}
	end := w.Store.Now().Add(25 * time.Hour)
	return w.People.SetTerms(ctx, w.anna, w.server.ID, link.ID, models.Terms{EndsAt: &end})
}

func (w *world) register(ctx context.Context) error {
	code, _, err := w.Registrations.NewClaimCode(ctx, w.anna)
	if err != nil {
		return err
	}
	made, err := w.Registrations.Register(ctx, models.Registration{Name: "Den", SystemID: "a1", Kind: models.ServerEmby, ClaimCode: code}, w.caller)
	w.server = made.Server
	return err
}

// TestKindsOfMail checks that models and mailer have the same kinds of mail, and that
// the mailer can write each with the data from models. Acts of people, servers and
// operators put each kind into the outbox.
func TestKindsOfMail(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t, modelstest.Unlimited)
	post := &postman{t: t, store: store, seen: map[string]int{}}
	post.worker = worker(t, store, &post.recorder).Mailer
	w := &world{Store: store, later: func(d time.Duration) { clock.Advance(d) }, caller: models.Caller{Address: "192.0.2.7", Device: "Firefox on Linux", Icon: "computer"}}
	ctx, wait := t.Context(), func() { clock.Advance(models.DefaultLives().EmailUndo) }
	for _, one := range slices.Concat(w.acts(ctx), w.serverActs(ctx), w.lastActs(ctx, wait)) {
		if err := one.do(); err != nil {
			t.Fatalf("%s: got error %v, want none", one.name, err)
		}
		if links := post.deliver(one.name, one.mails...); len(one.mails) > 0 {
			w.links = links
		}
	}
	for _, kind := range []models.MailKind{models.MailTest, models.MailSetup} { // never in the outbox: a command and the first run send them themselves
		post.seen[string(kind)]++
	}
	owed := slices.Sorted(maps.Keys(post.seen))
	named := namedKinds(t)
	for _, kind := range named {
		if !slices.Contains(tableKinds(), kind) {
			t.Errorf("the mail %s has no row in the table: add one to models/mail_kind.go", kind)
		}
		if !slices.Contains(mailer.Kinds(), kind) {
			t.Errorf("the mail %s has no looks: add a row to kinds() in mailer/kinds.go", kind)
		}
		if !slices.Contains(owed, kind) {
			t.Errorf("no act owed the mail %s: add a row to acts, serverActs or lastActs in jobs/kinds_test.go", kind)
		}
	}
	if diff := cmp.Diff(named, mailer.Kinds()); diff != "" {
		t.Errorf("kinds of models (-) and of the mailer (+):\n%s", diff)
	}
}

// postman sends the mails in the outbox, and checks the data of each mail first.
type postman struct {
	t        *testing.T
	store    *models.Store
	worker   *mailer.Mailer
	recorder mailtest.Recorder
	seen     map[string]int
}

// deliver sends the mails that are due after an act, and checks that their kinds are the kinds in
// want. It returns the secret of each mail by its kind.
func (p *postman) deliver(act string, want ...models.MailKind) map[models.MailKind]string {
	p.t.Helper()
	claimed, err := p.store.Mail.Claim(p.t.Context(), "postman", 100)
	if err != nil {
		p.t.Fatal(err)
	}
	var got []models.MailKind
	links := map[models.MailKind]string{}
	for _, owed := range claimed {
		letter, send, err := p.store.Mail.Prepare(p.t.Context(), owed)
		if err != nil || !send {
			p.t.Fatalf("%s: got send %v, error %v, want a mail to send", owed.Kind, send, err)
		}
		got = append(got, letter.Kind)
		links[letter.Kind] = letter.Secret
		p.check(letter)
		if err := p.store.Mail.Sent(p.t.Context(), owed.ID); err != nil {
			p.t.Fatal(err)
		}
	}
	if got, want := slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		p.t.Fatalf("%s: owed %v, want %v", act, got, want)
	}
	return links
}

// check sends one mail. It fails the test if the mail has a secret that its kind must not have, or
// lacks a secret that its kind must have.
func (p *postman) check(letter models.Letter) {
	p.t.Helper()
	for _, traits := range models.MailKinds() {
		if traits.Kind == letter.Kind && traits.HasSecret() != (letter.Secret != "") {
			p.t.Errorf("%s has the secret %q, want a secret: %t", letter.Kind, letter.Secret, traits.HasSecret())
		}
	}
	if err := p.worker.Send(p.t.Context(), jobs.LetterOf(letter)); err != nil {
		p.t.Errorf("%s: got error %v, want none", letter.Kind, err)
	}
	p.seen[string(letter.Kind)]++
}

// tableKinds returns the kinds that have a row in models.
func tableKinds() []string {
	var kinds []string
	for _, traits := range models.MailKinds() {
		kinds = append(kinds, string(traits.Kind))
	}
	slices.Sort(kinds)
	return kinds
}

// namedKinds returns the constants of the type MailKind in models.
func namedKinds(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../models/mail_kind.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, named := spec.Type.(*ast.Ident); named && kind.Name == "MailKind" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, text)
		}
		return true
	})
	slices.Sort(kinds)
	return kinds
}
