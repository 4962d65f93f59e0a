package handlers

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// levelObject is a set of limits for a local user. A null list allows everything; the other lists are never
// null in an answer.
type levelObject struct {
	Libraries       []string           `json:"libraries"`
	HiddenLibraries []string           `json:"hidden_libraries"`
	Types           []string           `json:"types"`
	HiddenFolders   []string           `json:"hidden_folders"`
	MaxRating       *levelRatingObject `json:"max_rating"`
	Unrated         []string           `json:"unrated"`
	BlockedTags     []string           `json:"blocked_tags"`
	AllowedTags     []string           `json:"allowed_tags"`
	Hours           []levelHoursObject `json:"hours"`
	MayNot          []string           `json:"may_not"`
}

// levelRatingObject is the highest rating that a level shows, or a rating that a media server has.
type levelRatingObject struct {
	Name  string `json:"name"`
	Value int    `json:"value"`
	Sub   *int   `json:"sub"`
}

// levelHoursObject is a part of a day, in minutes since midnight.
type levelHoursObject struct {
	Day  string `json:"day"`
	From int    `json:"from"`
	To   int    `json:"to"`
}

func levelOf(l models.Level) levelObject {
	out := levelObject{
		Libraries: l.Libraries, HiddenLibraries: notNull(l.HiddenLibraries), Types: l.Types, HiddenFolders: notNull(l.HiddenFolders),
		Unrated: notNull(l.Unrated), BlockedTags: notNull(l.BlockedTags), AllowedTags: l.AllowedTags, MayNot: notNull(l.MayNot),
	}
	if l.MaxRating != nil {
		out.MaxRating = &levelRatingObject{l.MaxRating.Name, l.MaxRating.Value, l.MaxRating.Sub}
	}
	if l.Hours != nil {
		out.Hours = each(l.Hours, func(h models.LevelHours) levelHoursObject { return levelHoursObject(h) })
	}
	return out
}

// levelOrNull returns a level that may be absent.
func levelOrNull(l *models.Level) *levelObject {
	if l == nil {
		return nil
	}
	out := levelOf(*l)
	return &out
}

// read returns the level of a request.
func (l levelObject) read() models.Level {
	out := models.Level{
		Libraries: l.Libraries, HiddenLibraries: l.HiddenLibraries, Types: l.Types, HiddenFolders: l.HiddenFolders,
		Unrated: l.Unrated, BlockedTags: l.BlockedTags, AllowedTags: l.AllowedTags, MayNot: l.MayNot,
	}
	if l.MaxRating != nil {
		out.MaxRating = new(models.LevelRating(*l.MaxRating))
	}
	if l.Hours != nil {
		out.Hours = each(l.Hours, func(h levelHoursObject) models.LevelHours { return models.LevelHours(h) })
	}
	return out
}

// readOptional returns the level of a request that may be absent.
func readOptional(l *levelObject) *models.Level {
	if l == nil {
		return nil
	}
	out := l.read()
	return &out
}

// levelChoicesObject are the names that a media server has for the limits of a level.
type levelChoicesObject struct {
	Ratings      []levelRatingObject `json:"ratings"`
	Tags         []string            `json:"tags"`
	Folders      []levelFolderObject `json:"folders"`
	HidesFolders bool                `json:"hides_folders"`
}

type levelFolderObject struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	LibraryID string `json:"library_id"`
}

func levelChoicesOf(c models.LevelChoices) levelChoicesObject {
	return levelChoicesObject{
		Ratings: each(c.Ratings, func(r models.LevelRating) levelRatingObject { return levelRatingObject(r) }),
		Tags:    notNull(c.Tags), HidesFolders: c.HidesFolders,
		Folders: each(c.Folders, func(f models.LevelFolder) levelFolderObject { return levelFolderObject(f) }),
	}
}

// readChoices returns what an agent reports that levels can use, nil for nothing.
func readChoices(c *levelChoicesObject) *models.LevelChoices {
	if c == nil {
		return nil
	}
	return &models.LevelChoices{
		Ratings: each(c.Ratings, func(r levelRatingObject) models.LevelRating { return models.LevelRating(r) }),
		Tags:    c.Tags, HidesFolders: c.HidesFolders,
		Folders: each(c.Folders, func(f levelFolderObject) models.LevelFolder { return models.LevelFolder(f) }),
	}
}

// agentLevels are the levels of a link as its agent gets them.
type agentLevels struct {
	PINRequired bool         `json:"pin_required"`
	Everyday    *levelObject `json:"everyday"`
	Unlocked    *levelObject `json:"unlocked"`
	Unlock      *agentUnlock `json:"unlock"`
}

// agentUnlock is an open unlock, with what the television says before its end.
type agentUnlock struct {
	ID          string       `json:"id"`
	OpenedAt    time.Time    `json:"opened_at"`
	EndsAt      time.Time    `json:"ends_at"`
	StopPlaying bool         `json:"stop_playing"`
	Warning     levelMessage `json:"warning"`
}

type levelMessage struct {
	Header string `json:"header"`
	Text   string `json:"text"`
}

// agentLevelsOf returns the levels of a link, nil for none. The warning is in the language of the person.
func (s *site) agentLevelsOf(l *models.AgentLevels) *agentLevels {
	if l == nil {
		return nil
	}
	out := &agentLevels{PINRequired: l.PINRequired, Everyday: levelOrNull(l.Everyday), Unlocked: levelOrNull(l.Unlocked)}
	if u := l.Unlock; u != nil {
		header, warning := "unlock.warning.header", "unlock.warning"
		if u.StopPlaying {
			warning = "unlock.warning.stop"
		}
		out.Unlock = &agentUnlock{
			ID: idText(u.ID), OpenedAt: u.OpenedAt, EndsAt: u.EndsAt, StopPlaying: u.StopPlaying,
			Warning: levelMessage{Header: s.Catalogue.Say(l.Locale, header, nil), Text: s.Catalogue.Say(l.Locale, warning, nil)},
		}
	}
	return out
}

// apiTellLevels answers PUT /api/v1/server/levels.
func (s *site) apiTellLevels(c *gin.Context, this models.Server) error {
	in, err := readJSONUpTo[struct {
		Levels []struct {
			LinkID  string    `json:"link_id"`
			State   string    `json:"state"`
			EndsAt  time.Time `json:"ends_at"`
			ByHand  []string  `json:"by_hand"`
			Problem string    `json:"problem"`
		} `json:"levels"`
	}](c, maxReport)
	if err != nil {
		return err
	}
	if in.Levels == nil {
		return oneMistake("levels", "field_required")
	}
	states := make([]models.LevelState, 0, len(in.Levels))
	for _, one := range in.Levels {
		if one.LinkID == "" || one.State == "" {
			return oneMistake("levels", "field_required")
		}
		if id := models.ParseID(one.LinkID); id != 0 {
			states = append(states, models.LevelState{LinkID: id, State: one.State, ByHand: one.ByHand, Problem: one.Problem})
		}
	}
	return done(c, s.Store.Agents.TellLevels(c.Request.Context(), this, states))
}

// apiAskedUnlock answers POST /api/v1/server/unlocks/asked.
func (s *site) apiAskedUnlock(c *gin.Context, this models.Server) error {
	in, err := readJSON[struct {
		LinkID string `json:"link_id"`
		Device string `json:"device"`
		Client string `json:"client"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("link_id", in.LinkID); err != nil {
		return err
	}
	id, err := idOf(in.LinkID)
	if err != nil {
		return err
	}
	return done(c, s.Store.Agents.AskedUnlock(c.Request.Context(), this, id, in.Device, in.Client))
}
