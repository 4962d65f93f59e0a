package models_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// goodPassword is a password that every rule accepts.
const goodPassword = "blue kettle sings at dawn"

// otherPassword is a second password that every rule accepts.
const otherPassword = "seven slow tigers nap"

var home = models.Caller{Address: "192.0.2.10", Device: "Firefox on Windows", Icon: "computer"}

// kit is a Store with short methods for the things that people do. They use the Store's
// public operations.
type kit struct {
	*models.Store
	t     *testing.T
	clock *modelstest.Clock
}

// each runs f on every engine, without the limits by source, and refuses tries at once
// instead of waiting until a counter opens.
func each(t *testing.T, f func(k *kit), adjust ...modelstest.Adjust) {
	t.Helper()
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		models.Impatient(store)
		guardLists(t, store)
		f(&kit{store, t, clock})
	}, append([]modelstest.Adjust{modelstest.Loose}, adjust...)...)
}

// patient does the same as each, but the Store waits as in production.
func patient(t *testing.T, f func(k *kit)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) { f(&kit{store, t, clock}) }, modelstest.Loose)
}

// run runs f as a subtest on the same store. Subtests run one after another.
func (k *kit) run(name string, f func(k *kit)) {
	k.t.Helper()
	k.t.Run(name, func(t *testing.T) { f(&kit{k.Store, t, k.clock}) })
}

var people atomic.Int64

// newName returns a username that no other test uses. It has no digits, because no PIN may
// be a part of the name of its account, forwards or backwards.
func newName() string {
	return "person" + strings.Map(func(digit rune) rune { return digit - '0' + 'a' }, fmt.Sprint(people.Add(1)))
}

func addressOf(name string) string { return name + "@example.org" }

func (k *kit) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// is ends the test unless err is the error want.
func (k *kit) is(err, want error) {
	k.t.Helper()
	if !errors.Is(err, want) {
		k.t.Fatalf("got error %v, want %v", err, want)
	}
}

// isKind ends the test unless err has the kind want.
func (k *kit) isKind(err error, want models.Kind) {
	k.t.Helper()
	if err == nil || models.KindOf(err) != want {
		k.t.Fatalf("got error %v of kind %d, want kind %d", err, models.KindOf(err), want)
	}
}

// letters sends all mails that are due and returns them.
func (k *kit) letters() []models.Letter {
	k.t.Helper()
	owed, err := k.Mail.Claim(k.t.Context(), "worker", 1000)
	k.must(err)
	var letters []models.Letter
	for _, one := range owed {
		letter, send, err := k.Mail.Prepare(k.t.Context(), one)
		k.must(err)
		if !send {
			continue
		}
		k.must(k.Mail.Sent(k.t.Context(), one.ID))
		letters = append(letters, letter)
	}
	return letters
}

// letter sends all mails that are due and returns the mail of a kind to an address.
// There must be exactly one.
func (k *kit) letter(kind models.MailKind, to string) models.Letter {
	k.t.Helper()
	return k.only(k.letters(), kind, to)
}

func (k *kit) only(letters []models.Letter, kind models.MailKind, to string) models.Letter {
	k.t.Helper()
	letters = slices.DeleteFunc(slices.Clone(letters), func(l models.Letter) bool { return l.Kind != kind || l.To != to })
	if len(letters) != 1 {
		k.t.Fatalf("%d mails %q to %s, want 1", len(letters), kind, to)
	}
	return letters[0]
}

// kinds returns the kinds of the mails to an address, sorted.
func kinds(letters []models.Letter, to string) []models.MailKind {
	var found []models.MailKind
	for _, l := range letters {
		if l.To == to {
			found = append(found, l.Kind)
		}
	}
	slices.Sort(found)
	return found
}

func (k *kit) signUp(name string) (pendingSecret string) {
	k.t.Helper()
	pendingSecret, err := k.Accounts.SignUp(k.t.Context(), models.SignUp{
		Username: name, Email: addressOf(name), Password: goodPassword, Locale: "en",
	}, home)
	k.must(err)
	return pendingSecret
}

// account returns a confirmed account with a new name.
func (k *kit) account() models.Account {
	k.t.Helper()
	name := newName()
	k.signUp(name)
	k.must(k.Emails.Confirm(k.t.Context(), k.letter(models.MailConfirm, addressOf(name)).Secret, home))
	return k.byName(name)
}

// byName returns the account with a username, as operators find it.
func (k *kit) byName(name string) models.Account {
	k.t.Helper()
	found, err := k.Operators.List(k.t.Context(), name, "", 100)
	k.must(err)
	for _, a := range found {
		if a.Username == name {
			return a
		}
	}
	k.t.Fatalf("there is no account %s, want one", name)
	return models.Account{}
}

func (k *kit) get(a models.Account) models.Account {
	k.t.Helper()
	a, err := k.Accounts.Get(k.t.Context(), a.ID)
	k.must(err)
	return a
}

func (k *kit) signIn(a models.Account) models.SignedIn {
	k.t.Helper()
	in, err := k.trySignIn(a.Username, goodPassword)
	k.must(err)
	return in
}

func (k *kit) trySignIn(name, password string) (models.SignedIn, error) {
	return k.Sessions.SignIn(k.t.Context(), models.SignIn{NameOrEmail: name, Password: password}, home)
}

// resetSecret asks for a password reset and returns the mailed secret.
func (k *kit) resetSecret(a models.Account) string {
	k.t.Helper()
	k.clock.Advance(2 * time.Minute)
	k.must(k.Recovery.Request(k.t.Context(), a.Username, home, false))
	return k.letter(models.MailPasswordReset, a.Email).Secret
}

// pinResetSecret asks for a PIN reset and returns the mailed secret.
func (k *kit) pinResetSecret(a models.Account) string {
	k.t.Helper()
	k.clock.Advance(2 * time.Minute)
	k.must(k.PINs.RequestReset(k.t.Context(), a.ID))
	return k.letter(models.MailPINReset, a.Email).Secret
}

// askChange asks for a change of the address and returns the secret that is mailed to the
// new address.
func (k *kit) askChange(a models.Account, to string) string {
	k.t.Helper()
	k.must(k.Emails.RequestChange(k.t.Context(), a.ID, to, goodPassword, home))
	return k.letter(models.MailEmailConfirm, to).Secret
}

// confirmChange spends the link that confirms a new address, in a browser that is not signed
// in.
func (k *kit) confirmChange(text string) error {
	_, err := k.Emails.ConfirmChange(k.t.Context(), text, 0, home)
	return err
}

// change changes the address of an account and returns the secret that is mailed to the
// old address.
func (k *kit) change(a models.Account, to string) (undo string) {
	k.t.Helper()
	from := k.get(a).Email
	k.must(k.confirmChange(k.askChange(a, to)))
	return k.letter(models.MailEmailChanged, from).Secret
}

// notMeSecret signs in a second browser. It returns the secret of the mail about that
// browser, and the token of the browser's session.
func (k *kit) notMeSecret(a models.Account) (text, token string) {
	k.t.Helper()
	k.signIn(a)
	in := k.signIn(a)
	letters := slices.DeleteFunc(k.letters(), func(l models.Letter) bool { return l.Kind != models.MailNewDevice || l.To != a.Email })
	return letters[len(letters)-1].Secret, in.Token
}

// parallel runs f n times at once and returns the error of each run.
func parallel(n int, f func(i int) error) []error {
	results := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			results[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return results
}

// oneWinner checks that exactly one of many parallel calls succeeded, and that all others
// failed with one of the errors in want.
func (k *kit) oneWinner(results []error, want ...error) {
	k.t.Helper()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
			continue
		}
		if !slices.ContainsFunc(want, func(w error) bool { return errors.Is(err, w) }) {
			k.t.Errorf("a loser got %v, want one of %v", err, want)
		}
	}
	if won != 1 {
		k.t.Errorf("%d of %d succeeded, want 1", won, len(results))
	}
}

func (k *kit) events(a models.Account) map[models.EventKind]int {
	k.t.Helper()
	list, err := k.History.List(k.t.Context(), a.ID, 100)
	k.must(err)
	count := map[models.EventKind]int{}
	for _, e := range list {
		count[e.Kind]++
	}
	return count
}
