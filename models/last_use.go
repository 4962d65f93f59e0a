package models

import (
	"maps"
	"slices"
	"sync"
)

// noteStep is the number of notes that one transaction writes. Between two transactions
// other writers have their turn, so that they never wait long, even when there are many
// notes.
const noteStep = 200

// notes keeps values in memory that change often and have to be written only once in a while,
// such as the times of the last uses of sessions. V is what is noted about each key.
type notes[K, V comparable] struct {
	mu    sync.Mutex
	noted map[K]V // the notes that are not written yet
}

func newNotes[K, V comparable]() *notes[K, V] { return &notes[K, V]{noted: map[K]V{}} }

// note keeps a value until it is written. It replaces an earlier value of the same key.
func (n *notes[K, V]) note(key K, value V) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.noted[key] = value
}

// get returns the value of a key that is not written yet.
func (n *notes[K, V]) get(key K) (value V, found bool) { //nolint:ireturn // it returns what was noted, of whatever type
	n.mu.Lock()
	defer n.mu.Unlock()
	value, found = n.noted[key]
	return value, found
}

// flush passes all values to write, at most [noteStep] at once, in the order of their keys,
// as the function compare sorts them. All transactions take their locks in this order, so
// they do not wait for each other in a circle. If write returns an error, flush returns it,
// and the next flush tries again. A value that was noted again meanwhile stays for the next
// flush, too.
func (n *notes[K, V]) flush(compare func(a, b K) int, write func(keys []K, noted map[K]V) error) error {
	n.mu.Lock()
	taken := maps.Clone(n.noted)
	n.mu.Unlock()
	for keys := range slices.Chunk(slices.SortedFunc(maps.Keys(taken), compare), noteStep) {
		if err := write(keys, taken); err != nil {
			return err
		}
		n.mu.Lock()
		for _, key := range keys {
			if n.noted[key] == taken[key] {
				delete(n.noted, key)
			}
		}
		n.mu.Unlock()
	}
	return nil
}
