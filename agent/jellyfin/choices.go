package jellyfin

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

const (
	choicesMax   = 1000 // ratings, and tags
	choiceLength = 200  // bytes of a name; a longer one is left out
)

// Choices implements [mediaserver.Levels]. Jellyfin hides no single folders, so it has none.
func (s *Server) Choices(ctx context.Context) (mediaserver.Choices, error) {
	ratings, err := s.ratings(ctx)
	if err != nil {
		return mediaserver.Choices{}, err
	}
	tags, err := s.tags(ctx)
	return mediaserver.Choices{Ratings: ratings, Tags: tags}, err
}

// ratings returns the ratings in the order of the server. The row for items without a rating has
// no value and is left out.
func (s *Server) ratings(ctx context.Context) ([]mediaserver.Rating, error) {
	var rows []struct {
		Name  string `json:"Name"`
		Value *int   `json:"Value"`
		Score *struct {
			Score *int `json:"score"`
			Sub   *int `json:"subScore"`
		} `json:"RatingScore"` // from 10.11 on; older versions have the value only
	}
	err := s.admin(ctx, call{Doing: "reading the ratings", Method: http.MethodGet, Path: "/Localization/ParentalRatings", Into: &rows})
	if err != nil {
		return nil, err
	}
	var list []mediaserver.Rating
	for _, row := range rows {
		rating := mediaserver.Rating{Name: row.Name}
		switch {
		case row.Name == "" || len(row.Name) > choiceLength || len(list) >= choicesMax:
			continue
		case row.Score != nil && row.Score.Score != nil:
			rating.Value, rating.Sub = *row.Score.Score, row.Score.Sub
		case row.Value != nil:
			rating.Value = *row.Value
		default:
			continue
		}
		list = append(list, rating)
	}
	return list, nil
}

// tags returns the tags of all items, sorted. It does not ask for the tags of episodes and songs: these
// are most of the items, which the server reads one by one for its answer, and they take over the tags of
// what they are in. The newer call, Filters2, has no tags.
func (s *Server) tags(ctx context.Context) ([]string, error) {
	const doing = "reading the tags"
	var answer struct {
		Tags []string `json:"Tags"`
	}
	kinds := []string{"Movie", "Series", "Season", "Video", "MusicVideo", "MusicArtist", "MusicAlbum", "Book", "AudioBook", "BoxSet", "PhotoAlbum", "Folder"}
	err := s.admin(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/Items/Filters", Query: url.Values{"includeItemTypes": kinds}, Into: &answer})
	if err != nil {
		return nil, err
	}
	tags := slices.DeleteFunc(answer.Tags, func(tag string) bool { return badTag(tag) || len(tag) > choiceLength })
	slices.Sort(tags)
	tags = slices.Compact(tags)
	return tags[:min(len(tags), choicesMax)], nil
}
