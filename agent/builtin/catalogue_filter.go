package builtin

import (
	"slices"

	"github.com/latchkey-media/latchkey/internal/embywire"
)

// view is the part of a stock that one person sees. An item that is not seen is treated everywhere
// as if the catalogue did not have it.
type view struct {
	*stock

	may    *Policy // the policy whose permissions the answers show
	seen   []bool  // by the index of the item
	counts []int   // the number of seen items directly in the item
}

// viewAll returns what an administrator sees: everything.
func (s *stock) viewAll(may *Policy) *view {
	return s.viewOf(may, func(int) bool { return true })
}

// viewFor returns what a local user who is not an administrator sees. The policy decides about each
// item. If an item is hidden, everything in it is hidden, too. A folder in which nothing is seen is
// also hidden, so that its name does not tell what is in it.
func (s *stock) viewFor(p *Policy) *view {
	f := newFilter(p)
	return s.viewOf(p, func(i int) bool { return f.shows(&s.items[i]) })
}

func (s *stock) viewOf(may *Policy, shows func(i int) bool) *view {
	v := &view{stock: s, may: may, seen: make([]bool, len(s.items)), counts: make([]int, len(s.items))}
	for i := range s.items { // an item stands after the item that contains it
		above := s.items[i].parent
		v.seen[i] = (above < 0 || v.seen[above]) && shows(i)
	}
	for i := len(s.items) - 1; i >= 0; i-- { // an item stands before the items that it contains
		one := &s.items[i]
		if one.end > i+1 && v.counts[i] == 0 {
			v.seen[i] = false
		}
		if v.seen[i] && one.parent >= 0 {
			v.counts[one.parent]++
		}
	}
	return v
}

// find returns the index of the item with an id. The result ok is false if no item has the id, or if
// the item is not seen.
func (v *view) find(id string) (i int, ok bool) {
	i, ok = v.byID[embywire.ID(id)]
	return i, ok && v.seen[i]
}

// below counts the things that are seen in an item, at any depth, without the folders.
func (v *view) below(i int) int {
	n := 0
	for j := i + 1; j < v.items[i].end; j++ {
		if v.seen[j] && !v.items[j].folder() {
			n++
		}
	}
	return n
}

// filter is a policy in the form in which it is compared with items.
type filter struct {
	*Policy

	blocked, allowed []string // tags, as nameKey writes them
}

func newFilter(p *Policy) *filter {
	f := &filter{Policy: p}
	for _, tag := range p.BlockedTags {
		f.blocked = append(f.blocked, nameKey(tag))
	}
	for _, tag := range p.AllowedTags {
		f.allowed = append(f.allowed, nameKey(tag))
	}
	return f
}

// shows reports whether the policy allows an item, apart from the items that it is in.
func (f *filter) shows(one *item) bool {
	if slices.Contains(f.BlockedFolders, one.id) || one.parent < 0 && !f.showsLibrary(one) {
		return false
	}
	return f.showsTags(one) && f.showsRating(one)
}

func (f *filter) showsLibrary(one *item) bool {
	if len(f.ContentTypes) > 0 && !slices.Contains(f.ContentTypes, one.collection) {
		return false
	}
	return f.AllLibraries || slices.Contains(f.Libraries, one.id)
}

// showsTags reports whether the tags allow an item: its own tags and the tags of the items that
// contain it. A plain folder needs none of the allowed tags, because it only sorts what is in it.
func (f *filter) showsTags(one *item) bool {
	has := func(tag string) bool { return slices.Contains(one.allTags, tag) }
	if slices.ContainsFunc(f.blocked, has) {
		return false
	}
	return len(f.allowed) == 0 || one.plain() || slices.ContainsFunc(f.allowed, has)
}

// showsRating reports whether the rating of an item allows it. If the item has no rating, its kind
// decides.
func (f *filter) showsRating(one *item) bool {
	if one.scored {
		return one.score.within(f.Policy)
	}
	return !slices.Contains(f.BlockUnrated, one.about.unrated)
}
