package agent

import (
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// nothingTag is a tag that no item has. A local user who may see only this tag sees nothing. An empty
// list of allowed tags would mean that every tag is allowed.
const nothingTag = "latchkey:nothing"

// typeLiveTV is the type of a library by which a level that limits libraries leaves live television on.
const typeLiveTV = "livetv"

// limitsOf returns the stricter one of a bound and a level in each field. So a local user never gets
// more than the bound, whatever the level says. The parameter libraries has all libraries of the media
// server.
func limitsOf(bound mediaserver.Limits, level *client.Level, libraries []mediaserver.Library) mediaserver.Limits {
	out := bound
	out.Restriction = restrictionBy(out.Restriction, level, libraries)
	if level.Libraries != nil || level.Types != nil {
		out.LiveTV = out.LiveTV && slices.ContainsFunc(level.Types, func(kind string) bool { return strings.EqualFold(kind, typeLiveTV) })
	}
	if limitsLibraries(level) {
		out.AllChannels, out.Channels = false, nil
	}
	out.MaxRating = lowerRating(out.MaxRating, level.MaxRating)
	out.Unrated = allOf(out.Unrated, level.Unrated)
	out.BlockedTags = allOf(out.BlockedTags, level.BlockedTags)
	out.HiddenFolders = allOf(out.HiddenFolders, level.HiddenFolders)
	out.AllowedTags = commonTags(out.AllowedTags, level.AllowedTags)
	out.Hours = commonHours(out.Hours, level.Hours)
	forbid(&out, level.MayNot)
	return out
}

// limitsLibraries reports whether a level says anything about whole libraries.
func limitsLibraries(level *client.Level) bool {
	return level.Libraries != nil || level.Types != nil || len(level.HiddenLibraries) > 0
}

// restrictionBy returns the libraries of bound that a level shows. A library that the media server does
// not have is shown by no level that limits libraries.
func restrictionBy(bound mediaserver.Restriction, level *client.Level, libraries []mediaserver.Library) mediaserver.Restriction {
	if !limitsLibraries(level) {
		return bound
	}
	var ids []string
	for _, l := range libraries {
		given := bound.AllLibraries || slices.Contains(bound.Libraries, l.ID)
		named := level.Libraries == nil || slices.Contains(level.Libraries, l.ID)
		ofType := level.Types == nil || slices.ContainsFunc(level.Types, func(kind string) bool { return l.Kind != "" && strings.EqualFold(kind, l.Kind) })
		if given && named && ofType && !slices.Contains(level.HiddenLibraries, l.ID) {
			ids = append(ids, l.ID)
		}
	}
	return mediaserver.Restriction{Libraries: sorted(ids)}
}

// lowerRating returns the lower one of two ratings. A rating without a sub-value is above the ratings
// of the same value that have one, because it shows all of them.
func lowerRating(bound *mediaserver.MaxRating, level *client.LevelRating) *mediaserver.MaxRating {
	if level == nil {
		return bound
	}
	by := &mediaserver.MaxRating{Value: level.Value, Sub: level.Sub}
	switch {
	case bound == nil, by.Value < bound.Value:
		return by
	case by.Value > bound.Value, by.Sub == nil, bound.Sub != nil && *bound.Sub <= *by.Sub:
		return bound
	default:
		return by
	}
}

// commonTags returns the allowed tags that both lists have. For the bound, an empty list allows every
// tag; for a level, nil does. If no tag is left, the result is a tag that no item has.
func commonTags(bound, level []string) []string {
	if level == nil {
		return bound
	}
	both := sorted(level)
	if len(bound) > 0 {
		both = slices.DeleteFunc(slices.Clone(bound), func(tag string) bool {
			return !slices.ContainsFunc(level, func(other string) bool { return strings.EqualFold(tag, other) })
		})
	}
	if len(both) == 0 {
		return []string{nothingTag}
	}
	return both
}

// forbid takes away what a level forbids.
func forbid(out *mediaserver.Limits, mayNot []string) {
	for _, what := range mayNot {
		switch what {
		case client.LevelDelete:
			out.MayDelete, out.DeleteFrom = false, nil
		case client.LevelDownload:
			out.MayDownload = false
		case client.LevelControl:
			out.MayControl, out.MayControlShared = false, false
		case client.LevelEdit:
			out.MayEdit = mediaserver.Edits{}
		}
	}
}

// sorted returns a sorted copy of a list without duplicates; nil for an empty list.
func sorted(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// allOf returns the entries that at least one of two lists has. Without a second list it returns the
// first as it is.
func allOf(bound, level []string) []string {
	if len(level) == 0 {
		return bound
	}
	return sorted(slices.Concat(bound, level))
}

// normalLimits returns limits in the one form in which limits of the same meaning are the same. The
// agent compares in this form. It writes the limits of an administrator back as they were.
func normalLimits(l mediaserver.Limits) mediaserver.Limits {
	for _, list := range []*[]string{&l.Libraries, &l.Channels, &l.Unrated, &l.BlockedTags, &l.AllowedTags, &l.HiddenFolders, &l.DeleteFrom} {
		*list = sorted(*list)
	}
	if l.AllLibraries {
		l.Libraries = nil
	}
	if l.AllChannels {
		l.Channels = nil
	}
	if l.MayDelete {
		l.DeleteFrom = nil
	}
	l.Hours = normalHours(l.Hours)
	return l
}
