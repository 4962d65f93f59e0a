package builtin

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/latchkey-media/latchkey/internal/embywire"
)

// Limits of a query for items. A client that wants more asks for the next page.
const (
	pageMax       = 1000 // items in one answer
	queryListMax  = 500  // entries of a list, such as Ids
	searchTermMax = 200  // bytes
)

// itemQuery is a query for items, as clients of Emby's kind write it.
type itemQuery struct {
	parent    string // the id of the item whose items are wanted, or ""
	recursive bool   // also the items that are deeper in the parent
	ids       []string
	search    string // as nameKey writes it
	starts    string // the beginning of the sort name, as nameKey writes it
	kinds     []string
	notKinds  []string
	media     []string
	ratings   []string
	tags      []string
	genres    []string
	years     []string
	folders   bool // only folders
	leaves    bool // everything but folders
	played    bool // only things that were played or marked: there are none here
	order     []sortKey
	start     int
	limit     int
}

// queryParams are the parameters of a query: by name in any letter case, with all values of a name
// that occurs several times, because the libraries of Jellyfin's clients write lists in that way.
type queryParams map[string][]string

func newQueryParams(values url.Values) queryParams {
	params := queryParams{}
	for name, list := range values {
		name = strings.ToLower(name)
		params[name] = append(params[name], list...)
	}
	return params
}

func (p queryParams) get(name string) string {
	return strings.TrimSpace(strings.Join(p[name][:min(1, len(p[name]))], ""))
}

func (p queryParams) is(name string) bool { return strings.EqualFold(p.get(name), "true") }

// list returns the entries of a list, which are separated by one of the characters in separators.
func (p queryParams) list(name, separators string) []string {
	var entries []string
	for _, value := range p[name] {
		for entry := range strings.FieldsFuncSeq(value, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
			if entry = strings.TrimSpace(entry); entry != "" {
				entries = append(entries, entry)
			}
		}
	}
	return entries
}

// number returns a number that is not negative, or otherwise if there is no value.
func (p queryParams) number(name string, otherwise int) (int, error) {
	text := p.get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s must be a whole number, and not negative", name)
	}
	return n, nil
}

// readItemQuery reads a query. Its errors are texts for the client.
func readItemQuery(p queryParams) (itemQuery, error) {
	filters := p.list("filters", ",|")
	has := func(name string) bool {
		return slices.ContainsFunc(filters, func(f string) bool { return strings.EqualFold(f, name) })
	}
	q := itemQuery{
		parent: p.get("parentid"), recursive: p.is("recursive"), ids: p.list("ids", ",|"), search: nameKey(p.get("searchterm")),
		starts: nameKey(p.get("namestartswith")), kinds: p.list("includeitemtypes", ",|"), notKinds: p.list("excludeitemtypes", ",|"), media: p.list("mediatypes", ",|"),
		ratings: p.list("officialratings", "|"), tags: p.list("tags", "|"), genres: p.list("genres", "|"), years: p.list("years", ",|"),
		folders: p.is("isfolder") || has("IsFolder"), leaves: strings.EqualFold(p.get("isfolder"), "false") || has("IsNotFolder"),
		played: p.is("isplayed") || p.is("isfavorite") || has("IsPlayed") || has("IsFavorite") || has("IsResumable") || has("Likes") || has("Dislikes"),
		order:  readOrder(p.list("sortby", ",|"), p.list("sortorder", ",|")),
	}
	if q.search != "" || len(q.ids) > 0 {
		q.recursive = true
	}
	var wrongStart, wrongLimit error
	q.start, wrongStart = p.number("startindex", 0)
	q.limit, wrongLimit = p.number("limit", pageMax)
	q.limit = min(q.limit, pageMax)
	return q, errors.Join(wrongStart, wrongLimit, q.tooLarge())
}

func (q *itemQuery) tooLarge() error {
	if len(q.search) > searchTermMax || len(q.starts) > searchTermMax {
		return fmt.Errorf("the search term is too long: at most %d bytes", searchTermMax)
	}
	for _, list := range [][]string{q.ids, q.kinds, q.notKinds, q.media, q.ratings, q.tags, q.genres, q.years} {
		if len(list) > queryListMax {
			return fmt.Errorf("a list is too long: at most %d entries", queryListMax)
		}
	}
	return nil
}

// errNoItem means that an item does not exist, or that it is hidden.
var errNoItem = errors.New("there is no such item")

// query returns the indexes of one page of the seen items that fit a query, and the number of all
// seen items that fit. It returns errNoItem if the parent is not seen.
func (v *view) query(q *itemQuery) (page []int, total int, err error) {
	found, err := v.candidates(q)
	if err != nil {
		return nil, 0, err
	}
	found = slices.DeleteFunc(found, func(i int) bool { return !v.fits(i, q) })
	v.sort(found, q.order)
	from := min(q.start, len(found))
	return found[from:min(from+q.limit, len(found))], len(found), nil
}

// candidates returns the seen items among which the query searches: the items whose ids the query
// names, or the items in its parent. Without a parent these are all items, or only the libraries
// if the query is not recursive.
func (v *view) candidates(q *itemQuery) ([]int, error) {
	if len(q.ids) > 0 {
		return v.named(q.ids), nil
	}
	parent, from, to := -1, 0, len(v.items)
	if q.parent != "" && embywire.ID(q.parent) != v.root {
		i, ok := v.find(q.parent)
		if !ok {
			return nil, errNoItem
		}
		parent, from, to = i, i+1, v.items[i].end
	}
	var found []int
	for i := from; i < to; i++ {
		direct := v.items[i].parent == parent
		if v.seen[i] && (direct || q.recursive) && (v.items[i].parent >= 0 || !q.recursive) {
			found = append(found, i)
		}
	}
	return found, nil
}

// named returns the seen items with the given ids, each item once.
func (v *view) named(ids []string) []int {
	var found []int
	for _, id := range ids {
		if i, ok := v.find(id); ok && !slices.Contains(found, i) {
			found = append(found, i)
		}
	}
	return found
}

// fits reports whether an item passes the filters of a query.
func (v *view) fits(i int, q *itemQuery) bool {
	one := &v.items[i]
	if q.played || q.folders && !one.folder() || q.leaves && one.folder() {
		return false
	}
	if !strings.Contains(one.folded, q.search) || !strings.HasPrefix(one.sort, q.starts) {
		return false
	}
	if len(q.notKinds) > 0 && anyOf(q.notKinds, one.kind) {
		return false
	}
	return anyOf(q.kinds, one.kind) && anyOf(q.media, one.about.media) && anyOf(q.ratings, one.rating) &&
		anyOf(q.tags, one.tags...) && anyOf(q.genres, one.genres...) && anyOf(q.years, strconv.Itoa(one.year))
}

// anyOf reports whether one of the words is wanted, without regard to letter case. If the list of
// wanted words is empty, it returns true.
func anyOf(wanted []string, words ...string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(words, func(word string) bool {
		return slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, word) })
	})
}

// sortKey is one of the properties by which a list is sorted.
type sortKey struct {
	by   string // in lower case
	down bool   // the greatest first
}

// readOrder returns the sort keys for a list of names. If orders is shorter than names, the last
// order also holds for the remaining names.
func readOrder(names, orders []string) []sortKey {
	var keys []sortKey
	for i, name := range names[:min(len(names), 8)] {
		down := len(orders) > 0 && strings.HasPrefix(strings.ToLower(orders[min(i, len(orders)-1)]), "desc")
		keys = append(keys, sortKey{strings.ToLower(name), down})
	}
	return keys
}

// sort sorts items by keys. It ignores keys that it does not know, and without keys the items stay
// in the order of the file.
func (v *view) sort(found []int, keys []sortKey) {
	if slices.ContainsFunc(keys, func(k sortKey) bool { return k.by == "random" }) {
		//nolint:gosec // an order that everybody may guess
		rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	}
	if len(keys) == 0 {
		return
	}
	slices.SortStableFunc(found, func(a, b int) int {
		for _, key := range keys {
			order := v.compare(key.by, a, b)
			if key.down {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
}

// compare compares two items by one of their properties, as sortKey.by names it.
func (v *view) compare(by string, a, b int) int {
	one, other := &v.items[a], &v.items[b]
	switch by {
	case "name", "sortname":
		return cmp.Compare(one.sort, other.sort)
	case "productionyear", "premieredate":
		return cmp.Compare(one.year, other.year)
	case "datecreated":
		return one.added.Compare(other.added)
	case "officialrating":
		return compareRatings(one.score, other.score)
	case "runtime":
		return cmp.Compare(one.minutes, other.minutes)
	case "indexnumber":
		return cmp.Compare(one.number, other.number)
	case "parentindexnumber":
		return cmp.Compare(v.above(a).number, v.above(b).number)
	case "isfolder":
		return cmp.Compare(order(!one.folder()), order(!other.folder()))
	case "seriessortname":
		return cmp.Compare(v.within(a, kindSeries).sort, v.within(b, kindSeries).sort)
	case "album":
		return cmp.Compare(v.within(a, kindAlbum).sort, v.within(b, kindAlbum).sort)
	case "albumartist", "artist":
		return cmp.Compare(v.within(a, kindArtist).sort, v.within(b, kindArtist).sort)
	default:
		return 0
	}
}

func order(is bool) int {
	if is {
		return 1
	}
	return 0
}

// above returns the item that contains an item, or an empty item if the item is a library.
func (v *view) above(i int) *item {
	if parent := v.items[i].parent; parent >= 0 {
		return &v.items[parent]
	}
	return &item{}
}

// within returns the item itself if it has the kind, or else the nearest item of this kind that
// contains it, or else an empty item.
func (v *view) within(i int, kind string) *item {
	for ; i >= 0; i = v.items[i].parent {
		if v.items[i].kind == kind {
			return &v.items[i]
		}
	}
	return &item{}
}
