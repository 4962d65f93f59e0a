package builtin

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Items have the shape of a BaseItemDto of Jellyfin and Emby, with the members that their clients
// read. A single item has all of them; in lists a client asks for some of them by Fields.

type itemDto struct {
	Name              string            `json:"Name"`
	ServerID          string            `json:"ServerId"`
	ID                string            `json:"Id"`
	DateCreated       time.Time         `json:"DateCreated,omitzero"`
	CanDelete         bool              `json:"CanDelete"`
	CanDownload       bool              `json:"CanDownload"`
	SortName          string            `json:"SortName,omitempty"`
	OfficialRating    string            `json:"OfficialRating,omitempty"`
	Overview          string            `json:"Overview,omitempty"`
	Genres            []string          `json:"Genres,omitempty"`
	Tags              []string          `json:"Tags,omitempty"`
	ProductionYear    int               `json:"ProductionYear,omitempty"`
	RunTimeTicks      int64             `json:"RunTimeTicks,omitempty"`
	IndexNumber       int               `json:"IndexNumber,omitempty"`
	ParentIndexNumber int               `json:"ParentIndexNumber,omitempty"`
	IsFolder          bool              `json:"IsFolder"`
	ParentID          string            `json:"ParentId,omitempty"`
	Type              string            `json:"Type"`
	CollectionType    string            `json:"CollectionType,omitempty"`
	MediaType         string            `json:"MediaType"`
	LocationType      string            `json:"LocationType"`
	ChildCount        *int              `json:"ChildCount,omitempty"`
	RecursiveCount    *int              `json:"RecursiveItemCount,omitempty"`
	SeriesName        string            `json:"SeriesName,omitempty"`
	SeriesID          string            `json:"SeriesId,omitempty"`
	SeasonName        string            `json:"SeasonName,omitempty"`
	SeasonID          string            `json:"SeasonId,omitempty"`
	Album             string            `json:"Album,omitempty"`
	AlbumID           string            `json:"AlbumId,omitempty"`
	AlbumArtist       string            `json:"AlbumArtist,omitempty"`
	Artists           []string          `json:"Artists,omitempty"`
	ImageTags         map[string]string `json:"ImageTags"`
	BackdropImageTags []string          `json:"BackdropImageTags"`
	UserData          userDataDto       `json:"UserData"`
}

// userDataDto says what the local user has done with an item: nothing, because nothing can be
// played here.
type userDataDto struct {
	PlaybackPositionTicks int64  `json:"PlaybackPositionTicks"`
	PlayCount             int    `json:"PlayCount"`
	IsFavorite            bool   `json:"IsFavorite"`
	Played                bool   `json:"Played"`
	Key                   string `json:"Key"`
	ItemID                string `json:"ItemId"`
}

type itemsDto struct {
	Items            []itemDto `json:"Items"`
	TotalRecordCount int       `json:"TotalRecordCount"`
	StartIndex       int       `json:"StartIndex"`
}

// itemFields says which members of items a client wants beside the usual ones.
type itemFields struct {
	all   bool
	names []string
}

func (f itemFields) has(name string) bool {
	return f.all || slices.ContainsFunc(f.names, func(n string) bool { return strings.EqualFold(n, name) })
}

const ticksOfMinute = int64(time.Minute / 100) // a tick is 100 nanoseconds

// itemDto returns an item as clients read it.
func (v *view) itemDto(server string, i int, fields itemFields) itemDto {
	one := &v.items[i]
	leaf := !one.folder()
	dto := itemDto{
		Name: one.name, ServerID: server, ID: one.id, CanDelete: leaf && v.mayDelete(i), CanDownload: leaf && v.may.MayDownload,
		OfficialRating: one.rating, ProductionYear: one.year, RunTimeTicks: int64(one.minutes) * ticksOfMinute,
		IndexNumber: one.number, IsFolder: !leaf, ParentID: cmp.Or(v.above(i).id, v.root), Type: one.kind, MediaType: one.about.media,
		LocationType: "FileSystem", ImageTags: map[string]string{}, BackdropImageTags: []string{}, UserData: userDataDto{Key: one.id, ItemID: one.id},
	}
	if one.parent < 0 && one.collection != "mixed" { // a mixed library has no type there
		dto.CollectionType = one.collection
	}
	v.addFields(&dto, i, fields)
	v.addAncestors(&dto, i)
	return dto
}

// mayDelete reports whether the policy allows that an item is deleted.
func (v *view) mayDelete(i int) bool {
	for v.items[i].parent >= 0 {
		i = v.items[i].parent
	}
	return v.may.MayDelete || slices.Contains(v.may.DeleteFrom, v.items[i].id)
}

func (v *view) addFields(dto *itemDto, i int, fields itemFields) {
	one := &v.items[i]
	for name, add := range map[string]func(){
		"DateCreated": func() { dto.DateCreated = one.added },
		"SortName":    func() { dto.SortName = one.sort },
		"Overview":    func() { dto.Overview = one.overview },
		"Genres":      func() { dto.Genres = one.genres },
		"Tags":        func() { dto.Tags = one.tags },
	} {
		if fields.has(name) {
			add()
		}
	}
	if one.folder() && fields.has("ChildCount") {
		dto.ChildCount = &v.counts[i]
	}
	if one.folder() && fields.has("RecursiveItemCount") {
		n := v.below(i)
		dto.RecursiveCount = &n
	}
}

// addAncestors adds the names and ids of the series, season, album and artist that contain an
// item. All of them are seen, because otherwise the item would be hidden, too.
func (v *view) addAncestors(dto *itemDto, i int) {
	switch v.items[i].kind {
	case kindSeason, "Episode":
		series := v.within(i, kindSeries)
		dto.SeriesName, dto.SeriesID = series.name, series.id
	case kindAlbum, "Audio":
		if artist := v.within(i, kindArtist); artist.name != "" {
			dto.AlbumArtist, dto.Artists = artist.name, []string{artist.name}
		}
	}
	switch v.items[i].kind {
	case "Episode":
		season := v.within(i, kindSeason)
		dto.SeasonName, dto.SeasonID, dto.ParentIndexNumber = season.name, season.id, season.number
	case "Audio":
		album := v.within(i, kindAlbum)
		dto.Album, dto.AlbumID = album.name, album.id
	}
}

// rootDto returns the folder that the libraries are in.
func (v *view) rootDto(server string) itemDto {
	n := 0
	for i := range v.items {
		if v.items[i].parent < 0 && v.seen[i] {
			n++
		}
	}
	return itemDto{
		Name: "Media Folders", ServerID: server, ID: v.root, IsFolder: true, Type: "UserRootFolder", MediaType: "Unknown", LocationType: "FileSystem",
		ChildCount: &n, ImageTags: map[string]string{}, BackdropImageTags: []string{}, UserData: userDataDto{Key: v.root, ItemID: v.root},
	}
}
