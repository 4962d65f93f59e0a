package jobs_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/jobs"
	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestKindsOfMail checks that models and mailer have the same kinds of mail, and that
// the mailer can write each with the data from models. Acts of people and
// operators put each kind into the outbox.
func TestKindsOfMail(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t, modelstest.Unlimited)
	post := &postman{t: t, store: store, seen: map[string]int{}}
	post.worker = worker(t, store, &post.recorder).Mailer
	ctx, caller := t.Context(), models.Caller{Address: "192.0.2.7", Device: "Firefox on Linux", Icon: "computer"}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	signUp(t, store, "anna")
	link := post.deliver(models.MailConfirm)
	must(store.Emails.Confirm(ctx, link[models.MailConfirm], caller))
	second := models.SignUp{Username: "anna-again", Email: emailOf("anna"), Password: password}
	_, err := store.Accounts.SignUp(ctx, second, caller)
	must(err)
	post.deliver(models.MailAlreadyRegistered)
	_, err = store.Operators.Create(ctx, models.SignUp{Username: "carl", Email: emailOf("carl"), Locale: "de"})
	must(err)
	post.deliver(models.MailAccountCreated)

	in := models.SignIn{NameOrEmail: "anna", Password: password}
	session, err := store.Sessions.SignIn(ctx, in, caller)
	must(err)
	_, err = store.Sessions.SignIn(ctx, in, caller) // from a device that is not known yet
	must(err)
	post.deliver(models.MailNewDevice)
	anna := session.Session.AccountID

	must(store.PINs.Set(ctx, anna, "", "7k2p9x", caller))
	must(store.PINs.Set(ctx, anna, "7k2p9x", "4v8n6c", caller))
	must(store.PINs.Remove(ctx, anna, "4v8n6c", caller))
	post.deliver(models.MailPINChanged, models.MailPINChanged, models.MailPINChanged)
	must(store.PINs.Set(ctx, anna, "", "7k2p9x", caller))
	post.deliver(models.MailPINChanged)
	must(store.PINs.RequestReset(ctx, anna))
	link = post.deliver(models.MailPINReset)
	must(store.PINs.ResetByMail(ctx, link[models.MailPINReset], "", caller))
	post.deliver(models.MailPINChanged)

	_, err = store.Accounts.ChangePassword(ctx, session.Session, models.ChangePassword{Current: password, Password: password + " too"}, caller)
	must(err)
	post.deliver(models.MailPasswordChanged)
	must(store.Recovery.Request(ctx, "anna", caller, false))
	link = post.deliver(models.MailPasswordReset)
	must(store.Recovery.ResetPassword(ctx, link[models.MailPasswordReset], password, caller))
	post.deliver(models.MailPasswordChanged)
	must(store.Operators.SendReset(ctx, "anna"))
	post.deliver(models.MailPasswordReset)

	signUp(t, store, "berta")
	link = post.deliver(models.MailConfirm)
	must(store.Emails.Confirm(ctx, link[models.MailConfirm], caller))
	berta, err := store.Operators.List(ctx, "berta", "", 1)
	must(err)
	code, _, err := store.Registrations.NewClaimCode(ctx, anna)
	must(err)
	made, err := store.Registrations.Register(ctx, models.Registration{Name: "Den", SystemID: "a1", Kind: models.ServerEmby, ClaimCode: code}, caller)
	must(err)
	ask := func(done func(linkID int64) error) {
		t.Helper()
		asked, err := store.EmbyServers.Ask(ctx, made.Server, models.AskLink{AccountID: berta[0].ID, Type: models.LinkLinked})
		must(err)
		post.deliver(models.MailLinkAsked)
		must(store.Links.Accept(ctx, berta[0].ID, asked.ID, caller))
		post.deliver(models.MailLinkAccepted)
		must(done(asked.ID))
	}
	ask(func(linkID int64) error { return store.Links.Remove(ctx, berta[0].ID, linkID, caller) })
	post.deliver(models.MailLinkRemoved)
	ask(func(int64) error { return store.EmbyServers.Cancel(ctx, made.Server, berta[0].ID) })
	post.deliver(models.MailLinkEnded)
	if _, _, err := store.EmbyServers.FindAccount(ctx, made.Server, "new@example.net", caller); !errors.Is(err, models.ErrNotFound) {
		t.Fatal(err)
	}
	must(store.EmbyServers.Invite(ctx, "new@example.net", "anna", caller))
	post.deliver(models.MailInvited)
	_, err = store.Invites.Create(ctx, anna, models.NewInvite{
		To: "guest@example.net", Type: models.LinkGuest, Note: "Come in", Servers: []models.InviteServer{{ServerID: made.Server.ID}},
	}, caller)
	must(err)
	post.deliver(models.MailInvite)
	must(store.Servers.HandOver(ctx, anna, made.Server.ID, "berta", caller))
	post.deliver(models.MailServerHandedOver)

	must(store.Emails.RequestChange(ctx, anna, "anna-two@mail.example.org", password, caller))
	link = post.deliver(models.MailEmailConfirm, models.MailEmailAsked)
	must(store.Emails.ConfirmChange(ctx, link[models.MailEmailConfirm], caller))
	link = post.deliver(models.MailEmailChanged, models.MailEmailArrived)
	_, err = store.Emails.Undo(ctx, link[models.MailEmailChanged], caller)
	must(err)
	post.deliver(models.MailEmailUndone)
	clock.Advance(models.DefaultLives().EmailUndo)
	must(store.Operators.Delete(ctx, "anna"))
	post.deliver(models.MailAccountDeleted)

	post.seen[string(models.MailTest)]++ // not in the outbox: the command sends it itself
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
			t.Errorf("no operation owed the mail %s: call one that owes it, in TestKindsOfMail of jobs/kinds_test.go", kind)
		}
	}
	if diff := cmp.Diff(named, mailer.Kinds()); diff != "" {
		t.Errorf("kinds of models (-) and of the mailer (+):\n%s", diff)
	}
}

// postman sends the mails in the outbox, and checks each letter first.
type postman struct {
	t        *testing.T
	store    *models.Store
	worker   *mailer.Mailer
	recorder mailtest.Recorder
	seen     map[string]int
}

// deliver sends the mails that are due, which must be of these kinds, and returns
// their secrets.
func (p *postman) deliver(want ...models.MailKind) map[models.MailKind]string {
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
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		p.t.Fatalf("owed %v, want %v", got, want)
	}
	return links
}

// check sends one letter and fails the test if it has a secret and should not,
// or the other way round.
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
