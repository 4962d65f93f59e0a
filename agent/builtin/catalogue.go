package builtin

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Limits of a catalogue. They keep the answer to every request small, because each request looks
// at all items.
const (
	catalogueBytesMax = 4 << 20
	catalogueItemsMax = 5000 // libraries count
	catalogueDepthMax = 8    // libraries are the first level
	titleMax          = 200  // code points
	overviewMax       = 4000 // code points
	tagsMax           = 32   // of one item
	tagMax            = 64   // code points
)

// Catalogue describes libraries, folders and items that the server shows although it has no media.
// [ReadCatalogue] makes it. It is not changed afterwards, so several servers can use it.
type Catalogue struct {
	country string // the country whose ratings come first
	items   []item // an item stands after the item that it is in
}

// item is a library, a folder or another thing of a catalogue.
type item struct {
	id         string // set by newStock
	name       string
	folded     string // the name as nameKey writes it; set by newStock
	sort       string // the name by which lists are sorted; newStock writes it in the form of nameKey
	kind       string // Movie, Folder and so on, in the words of Jellyfin and Emby; CollectionFolder for a library
	about      kind   // the description of the kind, which kindOf returns
	collection string // the type of a library
	parent     int    // the index of the item that it is in; -1 for a library
	end        int    // the index after the last item that is in it

	year, number, minutes int
	rating                string
	overview              string
	tags, genres          []string
	added                 time.Time

	scored  bool   // it has a rating, perhaps from the item that it is in
	score   Rating // if scored
	allTags []string
}

// folder reports whether there can be other items in the item.
func (i *item) folder() bool { return i.about.folder }

// plain reports whether the item only contains other items, and is not itself something to watch.
func (i *item) plain() bool { return i.kind == kindLibrary || i.kind == kindFolder }

// Kinds of items that the code knows by name.
const (
	kindLibrary = "CollectionFolder"
	kindFolder  = "Folder"
	kindSeries  = "Series"
	kindSeason  = "Season"
	kindArtist  = "MusicArtist"
	kindAlbum   = "MusicAlbum"
)

// kind describes the items of a kind.
type kind struct {
	folder  bool
	media   string // the type of media that a player needs to know: Video, Audio, Book or Photo; Unknown for a folder
	unrated string // the word of [Policy.BlockUnrated] that hides an item of this kind without a rating; "" if no word does
}

// kindOf returns the description of a kind, or the zero kind if the name is not known.
func kindOf(name string) kind {
	return map[string]kind{
		kindLibrary:  {folder: true, media: "Unknown"},
		kindFolder:   {folder: true, media: "Unknown"},
		kindSeries:   {folder: true, media: "Unknown", unrated: "Series"},
		kindSeason:   {folder: true, media: "Unknown", unrated: "Series"},
		kindArtist:   {folder: true, media: "Unknown", unrated: "Music"},
		kindAlbum:    {folder: true, media: "Unknown", unrated: "Music"},
		"Movie":      {media: "Video", unrated: "Movie"},
		"Episode":    {media: "Video", unrated: "Series"},
		"Video":      {media: "Video", unrated: "Other"},
		"Trailer":    {media: "Video", unrated: "Trailer"},
		"MusicVideo": {media: "Video", unrated: "Music"},
		"Audio":      {media: "Audio", unrated: "Music"},
		"AudioBook":  {media: "Audio", unrated: "Book"},
		"Book":       {media: "Book", unrated: "Book"},
		"Photo":      {media: "Photo", unrated: "Other"},
	}[name]
}

// itemKinds returns the kinds that an item of a file can have.
func itemKinds() []string {
	return []string{kindFolder, "Movie", kindSeries, kindSeason, "Episode", "Video", "Trailer", kindArtist, kindAlbum, "Audio", "MusicVideo", "Book", "AudioBook", "Photo"}
}

// collectionTypes returns the types that a library can have, in the words of Jellyfin and Emby.
func collectionTypes() []string {
	return []string{"movies", "tvshows", "music", "musicvideos", "homevideos", "books", "mixed"}
}

// usualKind returns the kind of an item whose entry names no type. It depends on within, the kind
// of the item that contains the entry, or else on the type of the library. The parameter holds says
// whether the entry contains other items.
func usualKind(collection, within string, holds bool) string {
	inside := map[string]string{kindSeries: kindSeason, kindSeason: "Episode", kindArtist: kindAlbum, kindAlbum: "Audio"}
	if kind, ok := inside[within]; ok {
		if within == kindSeries && !holds {
			return "Episode"
		}
		return kind
	}
	holders := map[string]string{"tvshows": kindSeries, "music": kindArtist}
	if holds {
		if kind, ok := holders[collection]; ok {
			return kind
		}
		return kindFolder
	}
	leaves := map[string]string{
		"movies": "Movie", "tvshows": kindSeries, "music": "Audio", "musicvideos": "MusicVideo", "books": "Book",
	}
	if kind, ok := leaves[collection]; ok {
		return kind
	}
	return "Video"
}

// libraries returns the indexes of the libraries.
func (c *Catalogue) libraries() []int {
	var all []int
	for i := range c.items {
		if c.items[i].parent < 0 {
			all = append(all, i)
		}
	}
	return all
}

// stock is a catalogue with the ids that its items have on one server.
type stock struct {
	country string
	root    string // the id of the folder that the libraries are in
	items   []item
	byID    map[string]int
}

// newStock returns the items of a catalogue with their ids. The parameter ids holds the ids of the
// libraries, by their index. The id of another item follows from its name and the id of the item
// that it is in, so it stays the same when the file is read again, and when lines are moved in it.
func newStock(c *Catalogue, server string, ids map[int]string) *stock {
	s := &stock{country: c.country, root: derivedID(server, "root"), items: append([]item{}, c.items...), byID: map[string]int{}}
	for i := range s.items {
		one := &s.items[i]
		one.folded, one.sort = nameKey(one.name), nameKey(one.sort)
		if one.parent < 0 {
			one.id = ids[i]
		} else {
			one.id = derivedID(s.items[one.parent].id, one.kind, one.folded)
		}
		s.byID[one.id] = i
	}
	return s
}

// derivedID returns an id that follows from texts: 32 hex digits.
func derivedID(texts ...string) string {
	sum := sha256.Sum256([]byte("catalogue\x00" + strings.Join(texts, "\x00")))
	return hex.EncodeToString(sum[:16])
}
