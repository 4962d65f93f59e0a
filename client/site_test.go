package client_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/templates"
)

const (
	onePassword   = "quiet-lantern-overpass-47"
	otherPassword = "brisk-teapot-meridian-81"
)

// site is the real service without the worker that sends mails.
type site struct {
	*httptest.Server
	store *models.Store
	clock *modelstest.Clock
}

func newSite(t *testing.T) *site {
	t.Helper()
	store, clock := modelstest.New(t, func(o *models.Options) {
		for _, limit := range reflect.ValueOf(&o.Limits).Elem().Fields() {
			limit.Set(reflect.ValueOf(models.Limit{Hits: 1 << 30, Window: time.Hour}))
		}
	})
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := templates.Pages(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{httptest.NewUnstartedServer(nil), store, clock}
	handler, err := (&handlers.Server{
		Store: store, Log: slog.New(slog.DiscardHandler), Catalogue: catalogue, Pages: pages, Static: templates.Static(),
		Captcha: captcha.Off{}, CaptchaKind: handlers.CaptchaOff, PublicURL: "http://" + s.Listener.Addr().String(), ServiceName: "Latchkey",
		SignUp: models.SignUpOpen, PasswordMinLength: 10, Lives: models.DefaultLives(),
		CursorKey: make([]byte, 32), Ready: store.Ready, Random: rand.Reader, Now: clock.Now,
	}).Handler()
	if err != nil {
		t.Fatal(err)
	}
	s.Config = handlers.NewHTTPServer(handler)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// client is one whose waits move the site's clock on.
func (s *site) client(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(s.URL, client.WithSleep(func(ctx context.Context, d time.Duration) error {
		s.clock.Advance(d)
		return ctx.Err()
	}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// secret takes all owed mails, as the worker would, and returns the secret of the
// one of a kind to somebody.
func (s *site) secret(t *testing.T, kind models.MailKind, to string) string {
	t.Helper()
	owed := must(s.store.Mail.Claim(t.Context(), "test", 100))(t)
	found := ""
	for _, one := range owed {
		letter, _, err := s.store.Mail.Prepare(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		if letter.Kind == kind && letter.To == to {
			found = letter.Secret
		}
		if err := s.store.Mail.Sent(t.Context(), one.ID); err != nil {
			t.Fatal(err)
		}
	}
	if found == "" {
		t.Fatalf("no mail %s to %s", kind, to)
	}
	return found
}

// join makes a confirmed account and signs in.
func (s *site) join(t *testing.T, name string) *client.Client {
	t.Helper()
	c := s.client(t)
	pending := must(c.Accounts.SignUp(t.Context(), client.SignUp{Username: name, Email: name + "@example.org", Password: onePassword}))(t)
	if pending.Username != name || pending.PendingToken == "" {
		t.Errorf("%+v", pending)
	}
	well(t, c.Accounts.Confirm(t.Context(), s.secret(t, models.MailConfirm, name+"@example.org")))
	in := must(c.Sessions.SignIn(t.Context(), client.SignIn{NameOrEmail: name, Password: onePassword, DeviceName: "Den"}))(t)
	if in.Account.Username != name {
		t.Errorf("%+v", in)
	}
	return c.As(in.Token)
}

// must gives the value of a call that must not fail.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		well(t, err)
		return value
	}
}

func well(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func TestSiteAccount(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann := s.join(t, "ann")
	changed := must(ann.Accounts.Change(ctx, client.Profile{DisplayName: new("Ann"), Language: new("de")}))(t)
	if got := must(ann.Accounts.Get(ctx))(t); got != changed || got.DisplayName != "Ann" || got.Language != "de" || got.ConfirmedAt.IsZero() {
		t.Errorf("%+v, %+v", got, changed)
	}
	_, err := ann.Accounts.Change(ctx, client.Profile{Username: new("a")})
	is(t, err, client.ErrInvalid)
	if e, ok := errors.AsType[*client.Error](err); !ok || len(e.Fields) != 1 || e.Fields[0].Field != "username" {
		t.Errorf("%v", err)
	}
	_, err = ann.As("").Accounts.Get(ctx)
	is(t, err, client.ErrSessionEnded)
	_, err = ann.Agent.Get(ctx)
	is(t, err, client.ErrWrongKindOfToken)
	_, err = ann.Operators.Account(ctx, changed.ID)
	is(t, err, client.ErrOperatorsOnly)

	var events []client.Event
	for event, err := range ann.Accounts.History(ctx) {
		well(t, err)
		events = append(events, event)
	}
	first := must(ann.Accounts.HistoryPage(ctx, client.PageAsk{Limit: 1}))(t)
	second := must(ann.Accounts.HistoryPage(ctx, client.PageAsk{Limit: 1, Cursor: first.Next}))(t)
	if len(events) < 3 || !slices.Equal(events[:2], append(first.Items, second.Items...)) {
		t.Errorf("%+v, %+v, %+v", events, first, second)
	}
	_, err = ann.Accounts.HistoryPage(ctx, client.PageAsk{Cursor: "x"})
	is(t, err, client.ErrInvalid)

	well(t, ann.PINs.Set(ctx, "4901", ""))
	well(t, ann.PINs.Verify(ctx, "4901"))
	is(t, ann.PINs.Verify(ctx, "4902"), client.ErrInvalid)
	well(t, ann.PINs.Remove(ctx, "4901"))
	is(t, ann.PINs.Remove(ctx, "4901"), client.ErrPINNotSet)

	well(t, ann.Emails.Change(ctx, "new@example.org", onePassword))
	well(t, ann.Emails.Confirm(ctx, s.secret(t, models.MailEmailConfirm, "new@example.org")))
	is(t, ann.Emails.Confirm(ctx, "lkm_x"), client.ErrTokenExpired)
	if got := must(ann.Accounts.Get(ctx))(t); got.Email != "new@example.org" {
		t.Errorf("%+v", got)
	}

	s.clock.Advance(25 * time.Hour)
	_, err = ann.Accounts.Export(ctx)
	is(t, err, client.ErrConfirmPassword)
	ann = ann.As(must(ann.Sessions.ConfirmPassword(ctx, onePassword))(t))
	var document struct {
		Account client.Account `json:"account"`
	}
	well(t, json.Unmarshal(must(ann.Accounts.Export(ctx))(t), &document))
	if document.Account.Username != "ann" {
		t.Errorf("%+v", document)
	}
	old := ann
	ann = ann.As(must(ann.Passwords.Change(ctx, onePassword, otherPassword))(t))
	_, err = old.Accounts.Get(ctx)
	is(t, err, client.ErrSessionEnded)
	well(t, ann.Passwords.AskReset(ctx, "ann", ""))
	well(t, ann.Passwords.Reset(ctx, s.secret(t, models.MailPasswordReset, "new@example.org"), onePassword))
	_, err = ann.Accounts.Get(ctx)
	is(t, err, client.ErrSessionEnded)
}

func TestSiteSessions(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann := s.join(t, "ann")
	_, err := ann.Sessions.SignIn(ctx, client.SignIn{NameOrEmail: "ann", Password: "not this one"})
	is(t, err, client.ErrSignInWrong)
	tv := s.client(t)
	code := must(tv.Devices.Begin(ctx, client.DeviceAsk{Client: "Den TV", DeviceName: "Living room", DeviceID: "tv-1"}))(t)
	if look := must(ann.Devices.Look(ctx, code.UserCode))(t); look.DeviceName != "Living room" || look.Client != "Den TV" {
		t.Errorf("%+v", look)
	}
	_, err = tv.Devices.Token(ctx, code.DeviceCode)
	is(t, err, client.ErrAuthorizationPending)
	_, err = tv.Devices.Token(ctx, code.DeviceCode)
	is(t, err, client.ErrSlowDown)
	is(t, ann.Devices.Approve(ctx, "BCDF-GHJK"), client.ErrUserCodeWrong)
	well(t, ann.Devices.Approve(ctx, code.UserCode))
	in := must(code.Wait(ctx))(t)
	tv = tv.As(in.Token)
	list := must(tv.Sessions.List(ctx))(t)
	if len(list) != 2 || !list[0].Current || list[0].Device != "Living room · Den TV" {
		t.Errorf("%+v", list)
	}
	code = must(tv.Devices.Begin(ctx, client.DeviceAsk{DeviceID: "tv-2"}))(t)
	well(t, ann.Devices.Deny(ctx, code.UserCode))
	_, err = code.Wait(ctx)
	is(t, err, client.ErrAccessDenied)
	code = must(tv.Devices.Begin(ctx, client.DeviceAsk{DeviceID: "tv-3"}))(t)
	_, err = code.Wait(ctx)
	is(t, err, client.ErrDeviceCodeExpired)

	well(t, ann.Sessions.End(ctx, list[0].ID))
	is(t, ann.Sessions.End(ctx, list[0].ID), client.ErrNotFound)
	_, err = tv.Sessions.List(ctx)
	is(t, err, client.ErrSessionEnded)
	well(t, ann.Sessions.EndOthers(ctx))
	well(t, ann.Sessions.SignOut(ctx))
	is(t, ann.Sessions.SignOut(ctx), client.ErrSessionEnded)
}

// den is a server of somebody's with an agent.
func den(t *testing.T, s *site, owner *client.Client) (*client.Agent, client.ID) {
	t.Helper()
	ctx := t.Context()
	in := client.NewServer{
		ClaimCode: must(owner.Servers.MakeClaimCode(ctx))(t).Code, Name: "Den", SystemID: "5ed", Version: "10.11", IdempotencyKey: "den-0123456789abcdef",
		Addresses: []client.Address{{Kind: "lan", URL: "http://192.168.1.2:8096"}},
	}
	made := must(owner.Servers.Register(ctx, in))(t)
	if again := must(owner.Servers.Register(ctx, in))(t); again != made {
		t.Errorf("repeated: %+v, not %+v", again, made)
	}
	in.Name = "Other"
	_, err := owner.Servers.Register(ctx, in)
	is(t, err, client.ErrIdempotencyMismatch)
	agent := s.client(t).As(made.Key).Agent
	report := client.Report{
		Name: "Den", Version: "10.11", SystemID: "5ed", Addresses: in.Addresses,
		LocalUsers: []client.ReportedLocalUser{{ID: "u1", Name: "Kid"}, {ID: "u2", Name: "Root", Administrator: true}},
		Libraries:  []client.Library{{ID: "l1", Name: "Films"}, {ID: "l2", Name: "Music"}},
	}
	if first := must(agent.Report(ctx, report))(t); !first.Changed {
		t.Errorf("%+v", first)
	}
	if again := must(agent.Report(ctx, report))(t); again.Changed {
		t.Errorf("%+v", again)
	}
	return agent, made.ID
}

func TestSiteServers(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.join(t, "ann"), s.join(t, "bob")
	agent, id := den(t, s, ann)
	if got := must(agent.Get(ctx))(t); got.ID != id || got.Owner != "ann" || got.SystemID != "5ed" || len(got.Addresses) != 1 {
		t.Errorf("%+v", got)
	}
	_, err := s.client(t).As("lkv_x").Agent.Get(ctx)
	is(t, err, client.ErrServerKeyWrong)
	if owned := must(ann.Servers.Owned(ctx))(t); len(owned) != 1 || owned[0].ID != id || owned[0].Kind != "agent" {
		t.Errorf("%+v", owned)
	}
	if got := must(ann.Servers.Change(ctx, id, client.ServerChange{Name: new("Our den"), SelfService: new(true)}))(t); got.Name != "Our den" ||
		!got.SelfService || len(got.Libraries) != 2 || len(got.Addresses) != 1 {
		t.Errorf("%+v", got)
	}
	_, err = bob.Servers.Get(ctx, id)
	is(t, err, client.ErrNotFound)
	added := must(ann.Servers.AddAddress(ctx, id, "https://den.example.org"))(t)
	well(t, ann.Servers.ChangeAddress(ctx, id, added.ID, client.AddressChange{Hidden: new(true)}))
	well(t, ann.Servers.RemoveAddress(ctx, id, added.ID))
	is(t, ann.Servers.RemoveAddress(ctx, id, added.ID), client.ErrNotFound)

	asked := must(agent.AskForLink(ctx, client.AskLink{To: "bob", LocalUser: "u1", Type: client.Linked}))(t)
	if asked.Status != client.Pending || asked.LocalUser == nil || asked.LocalUser.ID != "u1" {
		t.Errorf("%+v", asked)
	}
	links := must(bob.Links.List(ctx, client.Pending))(t)
	if len(links) != 1 || links[0].ID != asked.ID || links[0].Server.Name != "Our den" {
		t.Fatalf("%+v", links)
	}
	well(t, bob.Links.Accept(ctx, asked.ID))
	list := must(bob.Servers.List(ctx))(t)
	if len(list.Servers) != 1 || list.Servers[0].Addresses[0].URL != "http://192.168.1.2:8096" {
		t.Fatalf("%+v", list)
	}
	if _, changed, err := bob.Servers.ListIfChanged(ctx, list.Tag); changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	key := list.Servers[0].AccessKey
	link := must(agent.Exchange(ctx, key, ""))(t)
	if sum := sha256.Sum256([]byte(key)); link.ID != asked.ID || link.Username != "bob" || link.AccessKeySHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("%+v", link)
	}
	_, err = agent.Exchange(ctx, key+"0", "")
	is(t, err, client.ErrAccessKeyWrong)
	if all := must(agent.Links(ctx))(t); len(all) != 1 || all[0].ID != link.ID {
		t.Errorf("%+v", all)
	}

	well(t, ann.People.Change(ctx, id, link.ID, client.PersonChange{Libraries: &[]string{"l2"}, EndsAt: new(s.clock.Now().Add(time.Hour))}))
	for person, err := range ann.People.List(ctx, id) {
		well(t, err)
		if person.Username != "bob" || len(person.Libraries) != 1 || person.Libraries[0].Name != "Music" || person.EndsAt.IsZero() {
			t.Errorf("%+v", person)
		}
	}
	well(t, ann.People.Change(ctx, id, link.ID, client.PersonChange{Libraries: new([]string), EndsAt: new(time.Time)}))
	if page := must(ann.People.ListPage(ctx, id, client.PageAsk{}))(t); len(page.Items) != 1 || page.Items[0].Libraries != nil || !page.Items[0].EndsAt.IsZero() {
		t.Errorf("%+v", page)
	}

	// Removed by the person, told to the agent, which waits for it.
	before := must(agent.Changes(ctx, 0, 0))(t)
	well(t, agent.Acknowledge(ctx, before.Last))
	told := make(chan client.ChangeList)
	go func() {
		defer close(told)
		if list, err := agent.Changes(ctx, before.Last, 20*time.Second); err == nil {
			told <- list
		}
	}()
	well(t, bob.Links.Remove(ctx, link.ID))
	if after := <-told; len(after.Changes) == 0 || after.Changes[0].LinkID != link.ID || after.Changes[0].Link != nil {
		t.Errorf("%+v", after)
	}
	rotated := must(agent.RotateKey(ctx))(t)
	if got := must(s.client(t).As(rotated.Key).Agent.Get(ctx))(t); got.ID != id || !got.KeyExpiresAt.IsZero() {
		t.Errorf("%+v", got)
	}
	well(t, ann.Servers.HandOver(ctx, id, "bob"))
	well(t, bob.Servers.Remove(ctx, id))
	_, err = agent.Get(ctx)
	is(t, err, client.ErrServerKeyWrong)
}

func TestSiteInvites(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.join(t, "ann"), s.join(t, "bob")
	agent, id := den(t, s, ann)
	users := must(ann.People.LocalUsers(ctx, id))(t)
	if len(users) != 2 || users[0].ExternalID != "u1" || users[0].LinkedTo != "" {
		t.Fatalf("%+v", users)
	}
	in := client.NewInvite{
		To: "bob", Type: client.Linked, Note: "Come in", IdempotencyKey: "bob-0123456789abcdef",
		Servers: []client.NewInviteServer{{ServerID: id, LocalUserID: users[0].ID, Libraries: []string{"l1"}}},
	}
	made := must(ann.Invites.Create(ctx, in))(t)
	if again := must(ann.Invites.Create(ctx, in))(t); again.ID != made.ID {
		t.Errorf("repeated: %+v, not %+v", again, made)
	}
	_, err := ann.Invites.Create(ctx, client.NewInvite{To: "bob", Type: "x", Servers: in.Servers})
	is(t, err, client.ErrInvalid)
	got := must(bob.Invites.Received(ctx))(t)
	if len(got) != 1 || got[0].From != "ann" || got[0].Note != "Come in" || got[0].Servers[0].Name != "Den" {
		t.Fatalf("%+v", got)
	}
	well(t, bob.Invites.Accept(ctx, made.ID))
	is(t, bob.Invites.Accept(ctx, made.ID), client.ErrNotFound)
	links := must(agent.Links(ctx))(t)
	if len(links) != 1 || links[0].LocalUser == nil || links[0].LocalUser.ID != "u1" || len(links[0].Libraries) != 1 || !links[0].Active {
		t.Errorf("%+v", links)
	}
	guest := must(ann.Invites.Create(ctx, client.NewInvite{
		To: "guest@example.org", Type: client.Guest, Servers: []client.NewInviteServer{{ServerID: id}},
	}))(t)
	well(t, ann.Invites.Withdraw(ctx, guest.ID))
	is(t, bob.Invites.Decline(ctx, guest.ID), client.ErrNotFound)
	var sent []string
	for invite, err := range ann.Invites.Sent(ctx) {
		well(t, err)
		sent = append(sent, invite.To+" "+invite.Status)
	}
	if !slices.Equal(sent, []string{"guest@example.org withdrawn", "bob accepted"}) {
		t.Errorf("%q", sent)
	}
}

func TestSiteProofs(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.join(t, "ann"), s.join(t, "bob")
	agent, id := den(t, s, ann)
	_, err := bob.Proofs.Get(ctx, id)
	is(t, err, client.ErrNotFound)
	must(ann.Servers.Change(ctx, id, client.ServerChange{SelfService: new(true)}))(t)
	started := must(bob.Proofs.Start(ctx, id))(t)
	open := must(agent.Proofs(ctx))(t)
	if len(open) != 1 || open[0].ID != started.ID || open[0].Username != "bob" {
		t.Fatalf("%+v", open)
	}
	well(t, agent.ProposeProof(ctx, started.ID, "123456", ""))
	if got := must(bob.Proofs.Get(ctx, id))(t); got.Status != "shown" || got.Code != "123456" {
		t.Errorf("%+v", got)
	}
	well(t, agent.CompleteProof(ctx, started.ID, "u1"))
	if got := must(bob.Proofs.Get(ctx, id))(t); got.Status != "done" {
		t.Errorf("%+v", got)
	}
	if list := must(bob.Servers.List(ctx))(t); len(list.Servers) != 1 {
		t.Errorf("%+v", list)
	}
	is(t, agent.FailProof(ctx, started.ID, client.ProofDenied), client.ErrNotFound)
}

func TestSiteQuickConnects(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.join(t, "ann"), s.join(t, "bob")
	agent, id := den(t, s, ann)
	made := must(agent.Invite(ctx, client.AskInvite{
		To: "bob", Type: client.Linked, LocalUser: "u1", Libraries: []string{"l1"}, Note: "Hello", EndsAt: s.clock.Now().Add(time.Hour),
	}))(t)
	if made.From != "ann" || len(made.Servers) != 1 || made.Servers[0].LocalUser == nil || made.Servers[0].LocalUser.Name != "Kid" || made.Servers[0].EndsAt.IsZero() {
		t.Errorf("%+v", made)
	}
	_, err := agent.Invite(ctx, client.AskInvite{To: "nobody-here", Type: client.Guest})
	is(t, err, client.ErrInvalid)
	lone := must(ann.Servers.Register(ctx, client.NewServer{Name: "Lone", SystemID: "10e"}))(t)
	_, err = s.client(t).As(lone.Key).Agent.Invite(ctx, client.AskInvite{To: "bob", Type: client.Guest})
	is(t, err, client.ErrServerUnclaimed)
	well(t, bob.Invites.Accept(ctx, made.ID))

	if none := must(bob.QuickConnects.Servers(ctx))(t); len(none) != 0 {
		t.Errorf("%+v", none)
	}
	_, err = bob.QuickConnects.Ask(ctx, id, "123456")
	is(t, err, client.ErrInvalid)
	report := client.Report{Name: "Den", SystemID: "5ed", LocalUsers: []client.ReportedLocalUser{{ID: "u1", Name: "Kid"}}, QuickConnect: true}
	must(agent.Report(ctx, report))(t)
	if can := must(bob.QuickConnects.Servers(ctx))(t); len(can) != 1 || can[0].ID != id || can[0].Name != "Den" || can[0].LocalUser != "Kid" {
		t.Errorf("%+v", can)
	}
	before := must(agent.Changes(ctx, 0, 0))(t)
	asked := must(bob.QuickConnects.Ask(ctx, id, "123 456"))(t)
	if after := must(agent.Changes(ctx, before.Last, 0))(t); len(after.Changes) != 1 || after.Changes[0].Kind != client.QuickConnectAsked {
		t.Errorf("%+v", after)
	}
	open := must(agent.QuickConnects(ctx))(t)
	if len(open) != 1 || open[0].ID != asked.ID || open[0].Code != "123456" || open[0].LinkID == "" || open[0].AccountID == "" || !open[0].ExpiresAt.Equal(asked.ExpiresAt) {
		t.Fatalf("%+v", open)
	}
	_, err = ann.QuickConnects.Get(ctx, asked.ID)
	is(t, err, client.ErrNotFound)
	well(t, agent.CompleteQuickConnect(ctx, asked.ID))
	is(t, agent.CompleteQuickConnect(ctx, asked.ID), client.ErrNotFound)
	if got := must(bob.QuickConnects.Get(ctx, asked.ID))(t); got.Status != "done" || got.Server != "Den" {
		t.Errorf("%+v", got)
	}
	asked = must(bob.QuickConnects.Ask(ctx, id, "654321"))(t)
	is(t, agent.FailQuickConnect(ctx, asked.ID, client.QuickConnectExpired), client.ErrInvalid)
	well(t, agent.FailQuickConnect(ctx, asked.ID, client.CodeWrong))
	if got := must(bob.QuickConnects.Get(ctx, asked.ID))(t); got.Status != "failed" || got.Reason != client.CodeWrong {
		t.Errorf("%+v", got)
	}
	s.clock.Advance(25 * time.Hour)
	_, err = bob.QuickConnects.Ask(ctx, id, "123456")
	is(t, err, client.ErrConfirmPassword)
}
