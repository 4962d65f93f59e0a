package handlers_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// shownKey returns the server key that an answer shows.
func (b *browser) shownKey(a answer) string {
	b.t.Helper()
	b.see(a, http.StatusOK, "The new key")
	found := regexp.MustCompile(`<code id="server-key">([^<]+)</code>`).FindStringSubmatch(a.body)
	if found == nil {
		b.t.Fatalf("no key is shown, want one\n%s", summary(a.body))
	}
	b.plant(found[1])
	return found[1]
}

// An owner whose server key was stolen makes a new key and ends all others with one
// button. The page of the server lists the keys that still work.
func TestPageOfStolenKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	ann := b.join("ann")
	b.signIn(ann)
	attic := b.runsAttic()
	works := func(key string, want bool) {
		t.Helper()
		if _, err := s.Store.ServerKeys.Look(t.Context(), key); (err == nil) != want {
			t.Errorf("the key %.8s… is looked up with error %v, want it to work: %t", key, err, want)
		}
	}
	second := b.shownKey(b.post(attic.page() + "/key"))
	b.says(attic.page()+"/settings", "works until", "Not used yet", "End the replaced keys", "but not", second, "former owner")
	works(attic.Key, true)
	if err := s.Store.ServerKeys.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	stolen := b.shownKey(b.post(attic.page() + "/key/stolen"))
	works(attic.Key, false)
	works(second, false)
	works(stolen, true)
	if err := s.Store.ServerKeys.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.letter(t, models.MailServerKey, ann.email)
	b.says(attic.page()+"/settings", "Newest", "Last used", "but not", stolen, "works until", "End the replaced keys")

	last := b.shownKey(b.post(attic.page() + "/key"))
	b.led(b.post(attic.page()+"/key/end"), attic.page()+"/settings", "Only the newest key works now.")
	works(stolen, false)
	works(last, true)
}

// After a server is handed over, its page warns the new owner that the former owner may know
// the key. The warning ends when the server uses a key that it made after the hand-over. The page then
// says that the server made this key with the help of an older one, which the former owner may
// know. That sentence ends when the server uses a key that the new owner made.
func TestHeirSeesKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, heir := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	bob := heir.join("bob")
	heir.signIn(bob)
	attic, den := owner.runsAttic(), owner.owns("Den")
	owner.says(attic.page()+"/settings", "but not", "former owner")
	owner.led(owner.post(attic.page()+"/hand-over", "username", "bob"), "/servers")
	owner.led(owner.post(den.page()+"/hand-over", "username", "bob"), "/servers")
	const byItself = "Its agent fetches a new one by itself"
	heir.says(attic.page(), byItself)
	heir.says(attic.page()+"/settings", "The former owner may know it", "The key was stolen")
	heir.says(den.page(), "Make a new one for the server", "but not", byItself)
	heir.says(den.page()+"/settings", "The former owner may know it")
	own, _, err := s.Store.ServerKeys.RotateOwn(t.Context(), attic.look(), "", models.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	heir.says(attic.page(), byItself)
	attic.Key = own
	attic.look()
	if err := s.Store.ServerKeys.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	heir.says(attic.page(), "but not", byItself)
	heir.says(attic.page()+"/settings", "Newest", "It was made with a key that the former owner may know", "but not", "The former owner may know it")
	s.letter(t, models.MailServerKey, bob.email)
	attic.Key = heir.shownKey(heir.post(attic.page() + "/key"))
	attic.look()
	if err := s.Store.ServerKeys.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	heir.says(attic.page()+"/settings", "Newest", "but not", "former owner")
}
