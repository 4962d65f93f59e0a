package emby

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// Names of members of a policy that are limits.
const (
	accessSchedules       = "AccessSchedules"
	maxParentalRating     = "MaxParentalRating"
	enableContentDeletion = "EnableContentDeletion"
	deletionFolders       = "EnableContentDeletionFromFolders"
	remoteControl         = "EnableRemoteControlOfOtherUsers"
	sharedControl         = "EnableSharedDeviceControl"
	subtitleManagement    = "EnableSubtitleManagement"
	blockedTags           = "BlockedTags"
	tagsInclusive         = "IsTagBlockingModeInclusive"
	excludedFolders       = "ExcludedSubFolders"
)

const (
	limiting     = "changing the limits of a local user"
	choicesMax   = 1000 // ratings, and folders
	choiceLength = 200  // bytes of a name; a longer one is left out
)

// flagsOf returns the members of a policy that are a limit with two values.
func flagsOf(l *mediaserver.Limits) map[string]*bool {
	return map[string]*bool{
		enableAllFolders: &l.AllLibraries, enableAllChannels: &l.AllChannels, enableLiveTVAccess: &l.LiveTV, enableContentDeletion: &l.MayDelete,
		"EnableContentDownloading": &l.MayDownload, remoteControl: &l.MayControl, sharedControl: &l.MayControlShared, subtitleManagement: &l.MayEdit.Subtitles,
	}
}

// listsOf returns the members of a policy that are a limit with a list.
func listsOf(l *mediaserver.Limits) map[string]*[]string {
	return map[string]*[]string{
		enabledFolders: &l.Libraries, enabledChannels: &l.Channels, "BlockUnratedItems": &l.Unrated, blockedTags: &l.BlockedTags,
		excludedFolders: &l.HiddenFolders, deletionFolders: &l.DeleteFrom,
	}
}

// limits returns the limits of a policy, sorted. It returns errPolicy if one of them is missing or cannot
// be read. If Emby reads the blocked tags the other way round, they are the allowed ones.
func (p policy) limits() (mediaserver.Limits, error) {
	var l mediaserver.Limits
	var errs []error
	for name, into := range flagsOf(&l) {
		errs = append(errs, p.read(name, into))
	}
	for name, into := range listsOf(&l) {
		errs = append(errs, p.optional(name, into))
		*into = slices.DeleteFunc(*into, func(entry string) bool { return entry == "" })
	}
	l.Libraries, l.DeleteFrom = normalIDs(l.Libraries), normalIDs(l.DeleteFrom)
	var rating *int
	var inclusive bool
	errs = append(errs, p.optional(maxParentalRating, &rating), p.optional(tagsInclusive, &inclusive))
	if rating != nil {
		l.MaxRating = &mediaserver.MaxRating{Value: *rating}
	}
	if inclusive {
		l.AllowedTags, l.BlockedTags = l.BlockedTags, nil
	}
	hours, err := p.hours()
	l.Hours = hours
	return l.Sorted(), errors.Join(append(errs, err)...)
}

// schedule is an entry of AccessSchedules.
type schedule struct {
	Day   string   `json:"DayOfWeek"`
	Start *float64 `json:"StartHour"`
	End   *float64 `json:"EndHour"`
}

func (p policy) hours() ([]mediaserver.Hours, error) {
	var entries []schedule
	if err := p.optional(accessSchedules, &entries); err != nil {
		return nil, err
	}
	var hours []mediaserver.Hours
	for _, one := range entries {
		if one.Day == "" || one.Start == nil || one.End == nil {
			return nil, errPolicy
		}
		hours = append(hours, mediaserver.Hours{Day: one.Day, Start: *one.Start, End: *one.End})
	}
	return hours, nil
}

// limit changes the members of the limits that differ. It returns errPolicy if the policy lacks one of
// these members. Both limits must be sorted, and must have the same allowed tags.
func (p policy) limit(now, wanted mediaserver.Limits) error {
	var errs []error
	before := flagsOf(&now)
	for name, into := range flagsOf(&wanted) {
		if *into != *before[name] {
			errs = append(errs, p.set(name, *into))
		}
	}
	listsBefore := listsOf(&now)
	for name, into := range listsOf(&wanted) {
		ignored := name == enabledFolders && wanted.AllLibraries || name == enabledChannels && wanted.AllChannels // and stays as the dashboard shows it
		if !ignored && !slices.Equal(*into, *listsBefore[name]) {
			errs = append(errs, p.set(name, append([]string{}, *into...)))
		}
	}
	return errors.Join(append(errs, p.setHours(now.Hours, wanted.Hours), p.setMaxRating(now.MaxRating, wanted.MaxRating))...)
}

func (p policy) setHours(now, wanted []mediaserver.Hours) error {
	if slices.Equal(now, wanted) {
		return nil
	}
	entries := []schedule{}
	for _, h := range wanted {
		entries = append(entries, schedule{h.Day, &h.Start, &h.End})
	}
	return p.set(accessSchedules, entries)
}

// setMaxRating writes the greatest rating if it has changed. Emby leaves the member out while it has no
// value, so it is added.
func (p policy) setMaxRating(now, wanted *mediaserver.MaxRating) error {
	if reflect.DeepEqual(now, wanted) {
		return nil
	}
	var value *int
	if wanted != nil {
		value = &wanted.Value
	}
	return p.put(maxParentalRating, value)
}

// ChangeLimits implements [mediaserver.Levels]. No other policy is changed while change runs, so change
// must not call the server. It writes only the members of the policy that change has changed. Afterwards
// it reads the policy again: the agent must not believe in a limit that does not hold.
func (s *Server) ChangeLimits(ctx context.Context, localUserID string, change func(now mediaserver.Limits) (mediaserver.Limits, error)) error {
	s.policies.Lock()
	defer s.policies.Unlock()
	user, p, err := s.readChangeable(ctx, limiting, localUserID)
	if err != nil {
		return err
	}
	now, err := p.limits()
	if err != nil {
		return unreadable(limiting, user.ID)
	}
	wanted, err := change(now.Sorted())
	if err != nil {
		return err
	}
	if wanted, err = p.possible(now, wanted); err != nil {
		return err
	}
	before := p.encode()
	if err := p.limit(now, wanted); err != nil {
		return implausible(limiting, lacking)
	}
	after := p.encode()
	if bytes.Equal(before, after) {
		return nil
	}
	if err := s.writePolicy(ctx, limiting, user.ID, after); err != nil {
		return err
	}
	_, p, err = s.readUser(ctx, user.ID)
	if err != nil {
		return err
	}
	// Somebody who changes other limits in the same moment causes this error, too.
	if kept, err := p.limits(); err != nil || !reflect.DeepEqual(kept, wanted) {
		return implausible(limiting, "it does not keep the limits that were written")
	}
	return nil
}

// unreadable returns the error of a policy whose limits cannot be told.
func unreadable(doing, id string) error {
	return implausible(doing, "the policy of the local user "+id+" lacks a limit, or has a limit that this agent does not understand: check whether a newer Latchkey is available")
}

// possible returns the wanted limits as Emby can keep them, sorted. What Emby does not have is left out if
// the local user may do less without it, or just as much. Otherwise the error is ErrUnsupported.
func (p policy) possible(now, wanted mediaserver.Limits) (mediaserver.Limits, error) {
	wanted.Libraries, wanted.DeleteFrom = normalIDs(wanted.Libraries), normalIDs(wanted.DeleteFrom)
	wanted.MayEdit.Collections, wanted.MayEdit.Lyrics = false, false
	wanted = wanted.Sorted()
	if why := p.unsupported(now, wanted); why != "" {
		return wanted, refused(limiting, mediaserver.ErrUnsupported, why)
	}
	if wanted.MaxRating != nil {
		wanted.MaxRating.Sub = nil
	}
	return wanted, nil
}

// unsupported returns why Emby cannot keep the wanted limits, or "". Limits that stay as they are do not
// count.
func (p policy) unsupported(now, wanted mediaserver.Limits) string {
	switch {
	case !slices.Equal(now.AllowedTags, wanted.AllowedTags):
		return "the published description of Emby does not say how single tags are allowed: block tags instead"
	case len(wanted.AllowedTags) > 0 && len(wanted.BlockedTags) > 0:
		return "Emby reads the tags of this local user as allowed ones, and cannot block others besides"
	case wanted.MaxRating != nil && wanted.MaxRating.Sub != nil && *wanted.MaxRating.Sub < 0: // nothing with the same rating may be shown
		return "the ratings of Emby have no sub-values"
	case p.overruled() && !reflect.DeepEqual(now.Restriction, wanted.Restriction):
		return "the policy has BlockedMediaFolders, which may overrule EnabledFolders: make a new local user in its place"
	case slices.ContainsFunc(wanted.BlockedTags, func(tag string) bool { return strings.TrimSpace(tag) == "" }):
		return "Emby takes no empty tag"
	case slices.ContainsFunc(wanted.Unrated, func(kind string) bool { return !slices.Contains(slices.Concat(unratedKinds(), now.Unrated), kind) }):
		return "Emby does not know one of the kinds of items without a rating"
	case slices.ContainsFunc(wanted.Hours, func(h mediaserver.Hours) bool {
		return !slices.Contains(days(), h.Day) && !slices.Contains(now.Hours, h)
	}):
		return "Emby does not know one of the days of the hours"
	}
	return ""
}

// overruled reports whether a policy has an old list of blocked libraries.
func (p policy) overruled() bool {
	var list []any
	return p.optional("BlockedMediaFolders", &list) != nil || len(list) > 0
}

func unratedKinds() []string {
	return []string{"Movie", "Trailer", "Series", "Music", "Game", "Book", "LiveTvChannel", "LiveTvProgram", "ChannelContent", "Other"}
}

func days() []string {
	return []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Everyday", "Weekday", "Weekend"}
}

// AllLimits implements [mediaserver.Levels].
func (s *Server) AllLimits(ctx context.Context) (map[string]mediaserver.Limits, error) {
	users, err := s.listUsers(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]mediaserver.Limits{}
	for _, u := range users {
		user, p, err := u.localUser(listing)
		if err != nil {
			return nil, err
		}
		if user.Administrator {
			continue
		}
		if all[user.ID], err = p.limits(); err != nil {
			return nil, unreadable(listing, user.ID)
		}
	}
	return all, nil
}

// Choices implements [mediaserver.Levels]. Emby has no call that lists all tags, so there are none.
func (s *Server) Choices(ctx context.Context) (mediaserver.Choices, error) {
	choices := mediaserver.Choices{HidesFolders: true}
	var rows []struct {
		Name  string `json:"Name"`
		Value *int   `json:"Value"`
	}
	err := s.admin(ctx, call{Doing: "reading the ratings", Method: http.MethodGet, Path: "/Localization/ParentalRatings", Into: &rows})
	if err != nil {
		return mediaserver.Choices{}, err
	}
	for _, row := range rows {
		if row.Name != "" && len(row.Name) <= choiceLength && row.Value != nil && len(choices.Ratings) < choicesMax {
			choices.Ratings = append(choices.Ratings, mediaserver.Rating{Name: row.Name, Value: *row.Value})
		}
	}
	choices.Folders, err = s.subFolders(ctx)
	return choices, err
}

// subFolders returns the folders inside the libraries. A policy names such a folder by the id of its
// library and its own.
func (s *Server) subFolders(ctx context.Context) ([]mediaserver.Folder, error) {
	var rows []struct {
		GUID    string `json:"Guid"`
		Folders []struct {
			ID   string          `json:"Id"`
			Name string          `json:"Name"`
			May  json.RawMessage `json:"IsUserAccessConfigurable"`
		} `json:"SubFolders"`
	}
	err := s.admin(ctx, call{Doing: "reading the folders", Method: http.MethodGet, Path: "/Library/SelectableMediaFolders", Into: &rows})
	if err != nil {
		return nil, err
	}
	var list []mediaserver.Folder
	for _, row := range rows {
		library, ok := mediacall.ID(row.GUID)
		for _, f := range row.Folders {
			if ok && f.ID != "" && f.Name != "" && len(f.Name) <= choiceLength && string(f.May) != "false" && len(list) < choicesMax {
				list = append(list, mediaserver.Folder{ID: row.GUID + "_" + f.ID, Name: f.Name, LibraryID: library})
			}
		}
	}
	return list, nil
}

// Say returns ErrUnsupported: the agent makes only calls of which Emby's answers were described to it.
func (s *Server) Say(context.Context, string, string, string) error {
	return refused("showing a text", mediaserver.ErrUnsupported, "")
}

// StopPlaying returns ErrUnsupported, see [Server.Say].
func (s *Server) StopPlaying(context.Context, string) error {
	return refused("stopping what is played", mediaserver.ErrUnsupported, "")
}
