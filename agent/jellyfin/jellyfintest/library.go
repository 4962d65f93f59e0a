package jellyfintest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

type library struct {
	id, name string
	films    []film
}

// newLibrary returns a library with one film that has no rating.
func newLibrary(name string) library {
	return library{id: random(16), name: name, films: []film{{id: random(16), name: "A film of " + name}}}
}

// AddLibrary makes a library and returns its id.
func (s *Server) AddLibrary(name string) string {
	l := newLibrary(name)
	s.locked(func() { s.folders = append(s.folders, l) })
	return l.id
}

// RenameLibrary gives a library another name and returns its new id. A real server also
// gives a library a new id when an administrator renames it in the dashboard. Policies
// keep the old id.
func (s *Server) RenameLibrary(from, to string) string {
	l := newLibrary(to)
	s.locked(func() {
		at := slices.IndexFunc(s.folders, func(l library) bool { return l.name == from })
		l.films = s.folders[at].films
		s.folders[at] = l
	})
	return l.id
}

// RemoveLibrary deletes a library. Policies keep its id.
func (s *Server) RemoveLibrary(name string) {
	s.locked(func() {
		s.folders = slices.DeleteFunc(s.folders, func(l library) bool { return l.name == name })
	})
}

// Libraries returns the ids of all libraries by name.
func (s *Server) Libraries() map[string]string {
	all := map[string]string{}
	s.locked(func() {
		for _, l := range s.folders {
			all[l.name] = l.id
		}
	})
	return all
}

// listLife is how long Jellyfin 12 leaves a library out of its list of libraries if the
// library was added without a refresh.
const listLife = 5 * time.Minute

// current returns the libraries that the server lists. After a library was added without a
// refresh, Jellyfin 12 keeps using its old list for the time listLife.
func (s *Server) current() []library {
	if s.listed12 != nil && s.now().Sub(s.listedAt) < listLife {
		return s.listed12
	}
	s.listed12 = nil
	return s.folders
}

func (s *Server) mediaFolders(x *exchange) answer {
	items := []object{}
	hidden := strings.ToLower(x.ask("isHidden"))
	if hidden != "true" {
		for _, l := range s.current() {
			items = append(items, s.folder(l, "CollectionFolder", "movies"))
		}
	}
	if hidden != "false" {
		items = append(items, s.folder(library{id: strings.Repeat("9", 32), name: "Playlists"}, "ManualPlaylistsFolder", "playlists"))
	}
	return answerJSON(object{"Items": items, "TotalRecordCount": len(items), "StartIndex": 0})
}

// folder returns the JSON object with which Jellyfin describes a library in a list.
func (s *Server) folder(l library, kind, collection string) object {
	none, empty := []object{}, object{}
	item := object{
		"Name": l.name, "ServerId": s.id, "Id": l.id, "Etag": random(16), "DateCreated": date(s.now()), "CanDelete": false, "CanDownload": false,
		"SortName": strings.ToLower(l.name), "ExternalUrls": none, "Path": "/root/" + l.name, "EnableMediaSourceDisplay": true,
		"ChannelId": jsonNull, "Taglines": none, "Genres": none, "RemoteTrailers": none, "ProviderIds": empty, "IsFolder": true,
		"ParentId": strings.Repeat("e", 32), "Type": kind, "People": none, "Studios": none, "GenreItems": none, "LocalTrailerCount": 0,
		"SpecialFeatureCount": 0, "DisplayPreferencesId": l.id, "Tags": none, "CollectionType": collection, "ImageTags": empty,
		"BackdropImageTags": none, "ImageBlurHashes": empty, "LocationType": "FileSystem", "MediaType": "Unknown", "LockedFields": none,
		"LockData": false,
	}
	if s.version == "12" {
		item["Chapters"] = none
	}
	return item
}

func (s *Server) virtualFolders(*exchange) answer {
	list := []object{}
	for _, l := range slices.Backward(s.folders) {
		list = append(list, object{
			"Name": l.name, "Locations": []string{}, "CollectionType": "movies", "LibraryOptions": libraryOptions(), "ItemId": l.id, "RefreshStatus": "Idle",
		})
	}
	return answerJSON(list)
}

func libraryOptions() object {
	options := object{
		"PathInfos": []object{}, "TypeOptions": []object{}, "CustomTagDelimiters": []string{"/", "|", ";", "\\"}, "AllowEmbeddedSubtitles": "AllowAll",
		"SeasonZeroDisplayName": "Specials", "AutomaticRefreshIntervalDays": 0,
	}
	for _, name := range []string{
		"DisabledLocalMetadataReaders", "DisabledSubtitleFetchers", "SubtitleFetcherOrder", "DisabledMediaSegmentProviders",
		"MediaSegmentProviderOrder", "DisabledLyricFetchers", "LyricFetcherOrder", "DelimiterWhitelist",
	} {
		options[name] = []string{}
	}
	for _, name := range []string{
		"Enabled", "EnablePhotos", "EnableAutomaticSeriesGrouping", "SkipSubtitlesIfAudioTrackMatches", "RequirePerfectSubtitleMatch", "SaveSubtitlesWithMedia",
	} {
		options[name] = true
	}
	for _, name := range []string{
		"EnableRealtimeMonitor", "EnableLUFSScan", "EnableChapterImageExtraction", "ExtractChapterImagesDuringLibraryScan",
		"EnableTrickplayImageExtraction", "ExtractTrickplayImagesDuringLibraryScan", "SaveLocalMetadata", "EnableInternetProviders",
		"EnableEmbeddedTitles", "EnableEmbeddedExtrasTitles", "EnableEmbeddedEpisodeInfos", "SkipSubtitlesIfEmbeddedSubtitlesPresent",
		"SaveLyricsWithMedia", "SaveTrickplayWithMedia", "PreferNonstandardArtistsTag", "UseCustomTagDelimiters", "AutomaticallyAddToCollection",
	} {
		options[name] = false
	}
	return options
}

func (s *Server) addVirtualFolder(x *exchange) answer {
	if s.version == "12" && x.ask("refreshLibrary") != "true" && len(s.folders) > 0 && s.asked("GetMediaFolders") {
		s.listed12, s.listedAt = slices.Clone(s.current()), s.now()
	}
	s.folders = append(s.folders, newLibrary(x.ask("name")))
	return noContent()
}

// asked reports whether a request for an operation has arrived before.
func (s *Server) asked(operation string) bool {
	return slices.ContainsFunc(s.seen, func(r Request) bool { return r.Operation == operation })
}

func (s *Server) removeVirtualFolder(x *exchange) answer {
	before := len(s.folders)
	s.folders = slices.DeleteFunc(s.folders, func(l library) bool { return l.name == x.ask("name") })
	if len(s.folders) == before {
		return answer{status: http.StatusNotFound}
	}
	return noContent()
}

func (s *Server) renameVirtualFolder(x *exchange) answer {
	at := slices.IndexFunc(s.folders, func(l library) bool { return l.name == x.ask("name") })
	if at < 0 {
		return answer{status: http.StatusNotFound}
	}
	s.folders[at].id, s.folders[at].name = random(16), x.ask("newName")
	return noContent()
}

// userViews answers with the libraries that a user sees. It reads the policy of the user
// for each request, so that a change has an effect at once. The policy may hold the id of a
// library that no longer exists; such an id is ignored.
func (s *Server) userViews(x *exchange) answer {
	u := x.who.user
	if id := plainID(x.ask("userId")); id != "" && x.who.administrator() {
		u = s.users[id]
	}
	if u == nil {
		return answer{status: http.StatusNotFound}
	}
	items := []object{}
	for _, l := range s.folders {
		if u.mayOpen(&l) {
			items = append(items, s.folder(l, "CollectionFolder", "movies"))
		}
	}
	return answerJSON(object{"Items": items, "TotalRecordCount": len(items), "StartIndex": 0})
}

func (s *Server) ratings(*exchange) answer {
	raw, err := published.ReadFile("testdata/ratings.json")
	if err != nil {
		panic(err) // a fault of the fake
	}
	var list []object
	decode(raw, &list)
	for _, rating := range list {
		if s.schemas["ParentalRating"].Value.Properties["RatingScore"] == nil {
			delete(rating, "RatingScore")
		}
	}
	return answerJSON(list)
}
