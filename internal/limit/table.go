package limit

// table is a map with a bounded number of entries. It has no lock.
type table[K comparable, V any] struct {
	most    int
	used    func(*V) float64 // returns what a key would get back if its entry were forgotten; [inUse] if it must stay
	entries map[K]*V
}

// inUse is more than any key can use up.
const inUse = 1e18

// sample is the number of entries that are compared before one of them is forgotten. To compare all
// entries would make each new key of a flood expensive.
const sample = 64

func newTable[K comparable, V any](most int, used func(*V) float64) *table[K, V] {
	return &table[K, V]{most: most, used: used, entries: map[K]*V{}}
}

// get returns the entry of the key. It makes the entry, and room for it, if the key is new.
func (t *table[K, V]) get(key K, makeEntry func() *V) *V {
	entry, known := t.entries[key]
	if !known {
		t.makeRoom()
		entry = makeEntry()
		t.entries[key] = entry
	}
	return entry
}

// makeRoom forgets an entry if the table is full. It compares a random sample of the entries and
// forgets the entry whose key has used up the least of its limit. If all entries of the sample are
// in use, it forgets none, and the table becomes larger than it should be.
func (t *table[K, V]) makeRoom() {
	if len(t.entries) < t.most {
		return
	}
	var (
		victim K
		least  = float64(inUse)
		seen   int
	)
	for key, entry := range t.entries { // Go begins at a random entry
		if used := t.used(entry); used < least {
			victim, least = key, used
		}
		if seen++; seen == sample || least <= 0 {
			break
		}
	}
	if least < inUse {
		delete(t.entries, victim)
	}
}
