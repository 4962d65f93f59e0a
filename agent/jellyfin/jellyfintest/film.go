package jellyfintest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// film is an item of a library.
type film struct {
	id, name string
	rating   string // such as "PG-13"; "" for none
	tags     []string
}

// AddFilm adds a film to a library, here called folder, and returns its id. The rating may be ""
// for a film without one.
func (s *Server) AddFilm(folder, name, rating string, tags ...string) string {
	f := film{id: random(16), name: name, rating: rating, tags: tags}
	s.locked(func() {
		at := slices.IndexFunc(s.folders, func(l library) bool { return l.name == folder })
		s.folders[at].films = append(s.folders[at].films, f)
	})
	return f.id
}

// Film returns the id of the first film in a library.
func (s *Server) Film(folder string) (id string) {
	s.locked(func() {
		for _, l := range s.folders {
			if l.name == folder {
				id = l.films[0].id
			}
		}
	})
	return id
}

// score returns the score of a rating, and its sub-score among the ratings with the same
// score. It returns false for a film without a rating, and for a rating that Jellyfin does
// not know.
func (f *film) score() (score, sub int, known bool) {
	for _, rating := range ratingTable() {
		if rating.Name == f.rating && rating.RatingScore != nil {
			return rating.RatingScore.Score, rating.RatingScore.SubScore, true
		}
	}
	return 0, 0, false
}

// mayOpen reports whether the policy of a user lets them see a library.
func (u *user) mayOpen(l *library) bool {
	if u.blocks() {
		return !slices.Contains(u.list("BlockedMediaFolders"), l.id)
	}
	return u.flag("EnableAllFolders") || slices.Contains(u.list("EnabledFolders"), l.id)
}

// maySee reports whether the policy of a user lets them see a film of a library that they may
// open. If only a highest rating is set, the user sees all films without a rating;
// BlockUnratedItems hides these films, with or without a highest rating.
func (u *user) maySee(f *film) bool {
	has := func(tags []string) bool {
		return slices.ContainsFunc(f.tags, func(tag string) bool {
			return slices.ContainsFunc(tags, func(other string) bool { return strings.EqualFold(tag, other) })
		})
	}
	if allowed := u.list("AllowedTags"); has(u.list("BlockedTags")) || len(allowed) > 0 && !has(allowed) {
		return false
	}
	score, sub, rated := f.score()
	if !rated {
		return !slices.Contains(u.list("BlockUnratedItems"), "Movie")
	}
	var most, mostSub *int
	_ = json.Unmarshal(u.policy["MaxParentalRating"], &most) // absent and null mean no ceiling
	_ = json.Unmarshal(u.policy["MaxParentalSubRating"], &mostSub)
	if most == nil || score != *most {
		return most == nil || score < *most
	}
	return mostSub == nil || sub <= *mostSub
}

// visible returns a film that a user may see, with its library. A nil user stands for an API key
// that names no user, and sees everything. It returns nil for a film that is hidden or that does
// not exist; an answer does not tell which.
func (s *Server) visible(u *user, id string) (*film, *library) {
	for i := range s.folders {
		l := &s.folders[i]
		for j := range l.films {
			if f := &l.films[j]; f.id == id && (u == nil || u.mayOpen(l) && u.maySee(f)) {
				return f, l
			}
		}
	}
	return nil, nil
}

// viewer returns the user whose items a request asks for: the user in the path or the query,
// or else the user of the token. It returns nil for an API key without a user, and false if
// the user does not exist or is not the user of the token.
func (x *exchange) viewer(s *Server) (*user, bool) {
	id := plainID(x.params["userId"])
	if id == "" {
		id = plainID(x.ask("userId"))
	}
	if id == "" {
		return x.who.user, true
	}
	u := s.users[id]
	return u, u != nil && (x.who.administrator() || x.who.user == u)
}

// getItem answers with a film, or with a library.
func (s *Server) getItem(x *exchange) answer {
	u, ok := x.viewer(s)
	if !ok {
		return problem(http.StatusNotFound)
	}
	id := plainID(x.params["itemId"])
	if f, l := s.visible(u, id); f != nil {
		return answerJSON(s.item(f, l))
	}
	for i := range s.folders {
		if l := &s.folders[i]; l.id == id && (u == nil || u.mayOpen(l)) {
			return answerJSON(s.folder(*l, "CollectionFolder", "movies"))
		}
	}
	return problem(http.StatusNotFound)
}

// item returns the JSON object with which Jellyfin describes a film.
func (s *Server) item(f *film, l *library) object {
	item := s.folder(library{id: f.id, name: f.name}, "Movie", "")
	item["CollectionType"], item["IsFolder"], item["MediaType"], item["ParentId"], item["Tags"] = nil, false, "Video", l.id, slices.Clone(f.tags)
	if f.tags == nil {
		item["Tags"] = []string{}
	}
	if f.rating != "" {
		item["OfficialRating"] = f.rating
	}
	return item
}

// listItems answers with the films that a user sees, of one library or of all libraries; a
// search selects some of them. If the user may not open the library, the answer is 401. For
// an API key, the policy of the user does not count here.
func (s *Server) listItems(x *exchange) answer {
	u, ok := x.viewer(s)
	if !ok {
		return problem(http.StatusNotFound)
	}
	if x.who.key {
		u = nil
	}
	parent, search := plainID(x.ask("parentId")), strings.ToLower(x.ask("searchTerm"))
	items := []object{}
	for i := range s.folders {
		l := &s.folders[i]
		open := u == nil || u.mayOpen(l)
		if parent == l.id && !open {
			return said(http.StatusUnauthorized, u.name+" is not permitted to access Library "+l.name+".")
		}
		if !open || parent != "" && parent != l.id {
			continue
		}
		for j := range l.films {
			f := &l.films[j]
			if (u == nil || u.maySee(f)) && strings.Contains(strings.ToLower(f.name), search) {
				items = append(items, s.item(f, l))
			}
		}
	}
	return answerJSON(object{"Items": items, "TotalRecordCount": len(items), "StartIndex": 0})
}

// playbackInfo answers how a film can be played, as JSON.
func (s *Server) playbackInfo(x *exchange) answer {
	u, ok := x.viewer(s)
	if !ok {
		return problem(http.StatusNotFound)
	}
	f, _ := s.visible(u, plainID(x.params["itemId"]))
	if f == nil {
		return problem(http.StatusNotFound)
	}
	source := object{"Id": f.id, "Name": f.name, "Protocol": "File", "Container": "mp4", "SupportsDirectPlay": true, "SupportsTranscoding": true}
	return answerJSON(object{"MediaSources": []object{source}, "PlaySessionId": random(16)})
}

// guarded returns a handler for a part of a film that only users who may see the film get: a
// download, or the list of the parts of a stream.
func (s *Server) guarded(kind, text string) func(*exchange) answer {
	return func(x *exchange) answer {
		if f, _ := s.visible(x.who.user, plainID(x.params["itemId"])); f == nil {
			return problem(http.StatusNotFound)
		}
		return answer{status: http.StatusOK, kind: kind, body: []byte(text)}
	}
}

// unguarded returns a handler for a part of a film that needs no token: the film itself, or one
// of its pictures. Everybody who knows the id of the film gets it, whatever a policy says.
func (s *Server) unguarded(kind, text string) func(*exchange) answer {
	return func(x *exchange) answer {
		if f, _ := s.visible(nil, plainID(x.params["itemId"])); f == nil {
			return problem(http.StatusNotFound)
		}
		return answer{status: http.StatusOK, kind: kind, body: []byte(text)}
	}
}

// parentalRating is a row of the table of ratings. The first row is for films without a
// rating and has no value.
type parentalRating struct {
	Name        string
	RatingScore *struct{ Score, SubScore int }
}

// ratingTable returns the ratings that Jellyfin knows.
func ratingTable() (table []parentalRating) {
	raw, err := published.ReadFile("testdata/ratings.json")
	if err != nil {
		panic(err) // a fault of the fake
	}
	decode(raw, &table)
	return table
}
