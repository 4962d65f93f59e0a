package wordlists_test

import (
	"sync"
	"testing"

	"github.com/trustelem/zxcvbn"
	"github.com/trustelem/zxcvbn/frequency"

	"github.com/latchkey-media/latchkey/internal/wordlists"
)

// The tests of this package run one after the other, because the lists belong to the whole program.

// guesses returns how many guesses a very common password withstands, according to zxcvbn.
func guesses() float64 { return zxcvbn.PasswordStrength("football", nil).Guesses }

// atStart is the number that guesses returned before any test.
var atStart = guesses()

// The program starts without the lists. This is tested because a later version of Go or
// zxcvbn may initialise packages in another order, or keep the maps elsewhere.
func TestTheProgramStartsWithoutTheLists(t *testing.T) { //nolint:paralleltest // see above
	if len(frequency.FrequencyLists) != 0 {
		t.Errorf("zxcvbn still has %d lists, want 0", len(frequency.FrequencyLists))
	}
	if atStart < 1_000_000 {
		t.Errorf("a common password withstands %g guesses without the lists, want at least a million", atStart)
	}
}

func TestTheListsComeAndGo(t *testing.T) { //nolint:paralleltest // see above
	known := func(step string, want bool) {
		t.Helper()
		if got := guesses() < 100; got != want {
			t.Errorf("%s: the password is known %t, want %t", step, got, want)
		}
	}
	release := wordlists.Hold()
	known("held", true)
	release()
	wordlists.Rest()
	known("at rest for the first time", true)
	wordlists.Hold()()
	wordlists.Rest()
	known("held again meanwhile", true)
	wordlists.Rest()
	known("not held any more", false)
	defer wordlists.Hold()()
	known("held again", true)
}

// The ranks are the same ranks that zxcvbn would compute itself: the place of each word in its
// list.
func TestTheMapsAreThoseOfTheLists(t *testing.T) { //nolint:paralleltest // see above
	defer wordlists.Hold()()
	want := map[string]int{"passwords": 30000, "english_wikipedia": 30000, "female_names": 3712, "surnames": 10000, "us_tv_and_film": 19160, "male_names": 983}
	for list, number := range want {
		words := wordlists.Words(list)
		if len(words) != number {
			t.Errorf("%s: %d words, want %d", list, len(words), number)
		}
		for i, word := range words {
			if !wordlists.Has(word) {
				t.Fatalf("%s: the word %d is not there, want every word of the list in lower case", list, i)
			}
		}
	}
	for i, word := range wordlists.Words("passwords")[:10] {
		for _, m := range zxcvbn.PasswordStrength(word, nil).Sequence {
			if m.DictionaryName == "passwords" && m.Token == word && m.Rank != i+1 {
				t.Errorf("the password %d has the rank %d, want its place in the list", i+1, m.Rank)
			}
		}
	}
	if wordlists.Has("no such word") {
		t.Error("a text that is in no list: got true, want false")
	}
}

// A password is always judged with full lists, even while others are judged and while the maps are
// emptied.
func TestTheListsStayWhileTheyAreHeld(t *testing.T) { //nolint:paralleltest // see above
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				release := wordlists.Hold()
				if got := guesses(); got >= 100 {
					t.Errorf("a common password withstands %g guesses, want it known", got)
				}
				release()
			}
		})
	}
	for range 200 {
		wordlists.Rest()
	}
	all.Wait()
}
