// Package wordlists keeps the word lists of the package zxcvbn out of memory while no password is
// being judged.
//
// The package zxcvbn makes maps of 94,000 words when the program starts. They take 9 MiB that the
// collector reads again and again, and two thirds of the time before main begins. The package has
// no setting for that. So this package removes the lists before zxcvbn makes its maps, and fills
// the maps when they are needed. ADR 0017 says why that is allowed, and which other ways were
// tried.
package wordlists

import (
	"strings"
	"sync"
	"sync/atomic"
	_ "unsafe" // for the directive go:linkname

	"github.com/trustelem/zxcvbn/frequency"
)

// lists holds the lists by their names. Each list has its words in their order, with a space after
// each word.
//
// Go must initialise this package after the package frequency, whose lists this package takes, and
// before the package matching, which makes the maps. It does so because it always takes the first
// package in alphabetical order whose imports are initialised. So this package must import nothing
// that matching does not import.
var lists = take() //nolint:gochecknoglobals // it must happen before another package is initialised

// maps is the variable of the package matching that holds, for each list, a map from words to their
// ranks. In that package its type is an unexported struct with one field.
//
//nolint:gochecknoglobals // a variable of another package
//go:linkname maps github.com/trustelem/zxcvbn/matching.defaultRankedDictionnaries
var maps struct{ ranked map[string]map[string]int }

// guard guards the maps and full. Callers that use the maps lock it for reading, and callers that
// change the maps lock it for writing.
var guard sync.RWMutex //nolint:gochecknoglobals // the maps that it guards belong to the program

// full says whether the maps hold the words.
var full bool //nolint:gochecknoglobals // it belongs to the program, like the maps

// asked reports whether somebody has used the maps since the last call of [Rest].
var asked atomic.Bool //nolint:gochecknoglobals // it belongs to the program, like the maps

// take removes all words from the lists of the package frequency, and returns them.
func take() map[string]string {
	taken := make(map[string]string, len(frequency.FrequencyLists))
	for name, words := range frequency.FrequencyLists {
		taken[name] = strings.Join(words, " ") + " "
	}
	clear(frequency.FrequencyLists)
	return taken
}

// Words returns the words of a list, the most common one first.
func Words(list string) []string { return strings.Fields(lists[list]) }

// Hold fills the maps of zxcvbn, unless they are full, and keeps them full until the returned
// function is called. A caller must hold the maps while it uses zxcvbn.
func Hold() (release func()) {
	for {
		guard.RLock()
		if full {
			asked.Store(true)
			return guard.RUnlock
		}
		guard.RUnlock()
		fill()
	}
}

// fill fills the maps as the package matching would do at the start of the program.
func fill() {
	guard.Lock()
	defer guard.Unlock()
	if full {
		return // another caller was faster
	}
	for name := range lists {
		words := Words(name)
		ranks := make(map[string]int, len(words))
		for i, word := range words {
			ranks[strings.ToLower(word)] = i + 1
		}
		maps.ranked[name] = ranks
	}
	full = true
}

// Has reports whether a word in lower case is in one of the lists. The caller must
// hold the lists while it calls Has.
func Has(word string) bool {
	for _, ranks := range maps.ranked {
		if _, is := ranks[word]; is {
			return true
		}
	}
	return false
}

// Rest empties the maps if nobody has held them since the last call of Rest. The program calls it
// regularly.
func Rest() {
	if asked.Swap(false) {
		return
	}
	guard.Lock()
	defer guard.Unlock()
	clear(maps.ranked)
	full = false
}
