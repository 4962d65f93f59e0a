package builtin

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// catalogueRoutes are the routes of the catalogue. The routes with a fixed word come before the
// routes that take any word at the same place.
func (f *handlers) catalogueRoutes() []route {
	return []route{
		{"GET HEAD", "/Users/{Id}/Views", f.seen(f.views)},
		{"GET HEAD", "/UserViews", f.seen(f.views)},
		{"GET HEAD", "/Users/{Id}/Items", f.seen(f.listItems)},
		{"GET HEAD", "/Users/{Id}/Items/Root", f.seen(f.rootItem)},
		{"GET HEAD", "/Users/{Id}/Items/{ItemId}", f.seen(f.oneItem)},
		{"GET HEAD", "/Items", f.seen(f.listItems)},
		{"GET HEAD", "/Items/Root", f.seen(f.rootItem)},
		{"GET HEAD", "/Items/{ItemId}", f.seen(f.oneItem)},
		{"GET HEAD", "/Library/MediaFolders", f.seen(f.mediaFolders)},
		{"GET HEAD", "/Library/VirtualFolders", f.seen(f.virtualFolders)},
		{"GET HEAD", "/Localization/ParentalRatings", f.signedIn(f.parentalRatings)},
	}
}

// viewFunc answers a request for a part of the catalogue. The parameter v has everything that the
// caller sees.
type viewFunc func(w http.ResponseWriter, r *wire.Request, v *view) error

// seen gives a handler the part of the catalogue that one local user sees: the local user whom the
// request names, or otherwise the caller. Administrators and API keys see everything, and may ask
// what another local user sees.
func (f *handlers) seen(answer viewFunc) wire.HandlerFunc {
	return f.signedIn(func(w http.ResponseWriter, r *wire.Request, who *session) error {
		named := r.PathValue("id")
		if named == "" {
			named = newQueryParams(r.URL.Query()).get("userid")
		}
		if named != "" && !who.administrator && embywire.ID(named) != who.user {
			return wire.Refuse(http.StatusForbidden, "Only an administrator may do that for others.")
		}
		v, err := f.viewOfUser(r, cmp.Or(named, who.user))
		if err == nil {
			err = answer(w, r, v)
		}
		if errors.Is(err, errNoItem) {
			return wire.Refuse(http.StatusNotFound, "Item not found.")
		}
		return err
	})
}

// viewOfUser returns what a local user sees. If a request with an API key names no local user, the
// id is "", and everything is seen.
func (f *handlers) viewOfUser(r *wire.Request, id string) (*view, error) {
	if id == "" {
		return f.stock.viewAll(&Policy{MayDelete: true, MayDownload: true}), nil
	}
	user, err := f.User(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if user.Administrator {
		return f.stock.viewAll(&user.Policy), nil
	}
	return f.stock.viewFor(&user.Policy), nil
}

func (f *handlers) listItems(w http.ResponseWriter, r *wire.Request, v *view) error {
	params := newQueryParams(r.URL.Query())
	query, err := readItemQuery(params)
	if err != nil {
		return wire.Refuse(http.StatusBadRequest, err.Error())
	}
	page, total, err := v.query(&query)
	if err != nil {
		return err
	}
	fields := itemFields{names: params.list("fields", ",|")}
	list := itemsDto{Items: make([]itemDto, 0, len(page)), TotalRecordCount: total, StartIndex: query.start}
	for _, i := range page {
		list.Items = append(list.Items, v.itemDto(f.id, i, fields))
	}
	return wire.AnswerJSON(w, http.StatusOK, list)
}

func (f *handlers) oneItem(w http.ResponseWriter, r *wire.Request, v *view) error {
	id := embywire.ID(r.PathValue("itemid"))
	if id == v.root {
		return wire.AnswerJSON(w, http.StatusOK, v.rootDto(f.id))
	}
	i, ok := v.find(id)
	if !ok {
		return errNoItem
	}
	return wire.AnswerJSON(w, http.StatusOK, v.itemDto(f.id, i, itemFields{all: true}))
}

func (f *handlers) rootItem(w http.ResponseWriter, _ *wire.Request, v *view) error {
	return wire.AnswerJSON(w, http.StatusOK, v.rootDto(f.id))
}

// libraries returns the libraries that are seen.
func (v *view) libraries(server string) []itemDto {
	list := []itemDto{}
	for i := range v.items {
		if v.items[i].parent < 0 && v.seen[i] {
			list = append(list, v.itemDto(server, i, itemFields{names: []string{"SortName", "ChildCount"}}))
		}
	}
	return list
}

// views answers with the libraries that a home page shows.
func (f *handlers) views(w http.ResponseWriter, _ *wire.Request, v *view) error {
	list := v.libraries(f.id)
	return wire.AnswerJSON(w, http.StatusOK, itemsDto{Items: list, TotalRecordCount: len(list)})
}

// mediaFolders answers with the libraries that views lists, at the address where programs look
// for the ids of libraries.
func (f *handlers) mediaFolders(w http.ResponseWriter, r *wire.Request, v *view) error {
	return f.views(w, r, v)
}

type virtualFolderDto struct {
	Name           string          `json:"Name"`
	Locations      []string        `json:"Locations"`
	CollectionType string          `json:"CollectionType,omitempty"`
	LibraryOptions json.RawMessage `json:"LibraryOptions"`
	ItemID         string          `json:"ItemId"`
	RefreshStatus  string          `json:"RefreshStatus"`
}

// virtualFolders answers with the libraries as an administrator's app reads them.
func (f *handlers) virtualFolders(w http.ResponseWriter, _ *wire.Request, v *view) error {
	list := []virtualFolderDto{}
	for _, l := range v.libraries(f.id) {
		list = append(list, virtualFolderDto{
			Name: l.Name, Locations: []string{}, CollectionType: l.CollectionType, LibraryOptions: json.RawMessage(libraryOptions), ItemID: l.ID, RefreshStatus: "Idle",
		})
	}
	return wire.AnswerJSON(w, http.StatusOK, list)
}

// libraryOptions are the settings of every library. Clients cannot change them, but some fail if a
// member is missing.
const libraryOptions = `{"Enabled":true,"EnablePhotos":true,"EnableRealtimeMonitor":false,"EnableLUFSScan":false,
"EnableChapterImageExtraction":false,"ExtractChapterImagesDuringLibraryScan":false,"EnableTrickplayImageExtraction":false,
"ExtractTrickplayImagesDuringLibraryScan":false,"PathInfos":[],"SaveLocalMetadata":false,"EnableInternetProviders":false,
"EnableAutomaticSeriesGrouping":false,"EnableEmbeddedTitles":false,"EnableEmbeddedExtrasTitles":false,"EnableEmbeddedEpisodeInfos":false,
"AutomaticRefreshIntervalDays":0,"SeasonZeroDisplayName":"Specials","DisabledLocalMetadataReaders":[],"DisabledSubtitleFetchers":[],
"SubtitleFetcherOrder":[],"DisabledMediaSegmentProviders":[],"MediaSegmentProviderOrder":[],"SkipSubtitlesIfEmbeddedSubtitlesPresent":false,
"SkipSubtitlesIfAudioTrackMatches":false,"RequirePerfectSubtitleMatch":false,"SaveSubtitlesWithMedia":false,"SaveLyricsWithMedia":false,
"SaveTrickplayWithMedia":false,"DisabledLyricFetchers":[],"LyricFetcherOrder":[],"PreferNonstandardArtistsTag":false,"UseCustomTagDelimiters":false,
"CustomTagDelimiters":[],"DelimiterWhitelist":[],"AutomaticallyAddToCollection":false,"AllowEmbeddedSubtitles":"AllowNone","TypeOptions":[]}`

type ratingScoreDto struct {
	Score    int  `json:"score"`
	SubScore *int `json:"subScore,omitempty"`
}

type ratingDto struct {
	Name        string          `json:"Name"`
	Value       *int            `json:"Value,omitempty"`
	RatingScore *ratingScoreDto `json:"RatingScore,omitempty"`
}

// parentalRatings answers with the ratings of the catalogue's country. The first one stands for
// items without a rating.
func (f *handlers) parentalRatings(w http.ResponseWriter, _ *wire.Request, _ *session) error {
	list := []ratingDto{{Name: "Unrated"}}
	for _, r := range shownRatings(f.stock.country) {
		list = append(list, ratingDto{r.Name, &r.Value, &ratingScoreDto{r.Value, r.Sub}})
	}
	return wire.AnswerJSON(w, http.StatusOK, list)
}
