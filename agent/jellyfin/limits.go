package jellyfin

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

const limiting = "changing the limits of a local user"

// ChangeLimits implements [mediaserver.Levels]. No other policy is changed while change runs, so
// change must not call the server. It writes only the members of the policy that change has
// changed. Afterwards it reads the policy again: Jellyfin ignores what it does not know, and the
// agent must not believe in a limit that does not hold.
func (s *Server) ChangeLimits(ctx context.Context, localUserID string, change func(now mediaserver.Limits) (mediaserver.Limits, error)) error {
	s.policies.Lock()
	defer s.policies.Unlock()
	user, p, err := s.readUserPolicy(ctx, localUserID)
	if err != nil {
		return err
	}
	if user.Administrator {
		return errAdministrator(limiting)
	}
	now, err := p.limits()
	if err != nil {
		return unreadable(limiting, user.ID)
	}
	wanted, err := change(now.Sorted())
	if err != nil {
		return err
	}
	wanted, err = s.possible(ctx, &p, now, wanted)
	if err != nil {
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
	return s.confirmLimits(ctx, user.ID, wanted)
}

// unreadable returns the error of a policy whose limits cannot be told.
func unreadable(doing, id string) error {
	return implausible(doing, "the policy of the local user "+id+" lacks a limit, or has a limit that this agent does not understand: check whether a newer Latchkey is available")
}

// confirmLimits returns an error unless a local user has the wanted limits. Somebody who changes
// other limits in the same moment causes this error, too.
func (s *Server) confirmLimits(ctx context.Context, id string, wanted mediaserver.Limits) error {
	_, p, err := s.readUserPolicy(ctx, id)
	if err != nil {
		return err
	}
	if kept, err := p.limits(); err != nil || !reflect.DeepEqual(kept, wanted) {
		return implausible(limiting, "it does not keep the limits that were written")
	}
	return nil
}

// possible returns the wanted limits as this server can keep them, sorted. What the server does
// not have is left out if the local user may do less without it, or just as much. Otherwise the error is
// ErrUnsupported.
func (s *Server) possible(ctx context.Context, p *policy, now, wanted mediaserver.Limits) (mediaserver.Limits, error) {
	wanted.Libraries, wanted.Channels, wanted.DeleteFrom = normalIDs(wanted.Libraries), normalIDs(wanted.Channels), normalIDs(wanted.DeleteFrom)
	wanted = wanted.Sorted()
	for _, edit := range edits(&wanted) {
		*edit.into = *edit.into && p.find(edit.name) != nil
	}
	if why := p.unsupported(now, wanted); why != "" {
		return wanted, unsupported(why)
	}
	rating := wanted.MaxRating
	if rating == nil || rating.Sub == nil || p.find(maxParentalSubRating) != nil {
		return wanted, nil
	}
	// Jellyfin leaves a member without a value out, so only the version tells whether it has this one.
	has, err := s.hasSubRatings(ctx)
	if err != nil || has {
		return wanted, err
	}
	if *rating.Sub < 0 { // nothing with the same rating may be shown, and every such item has no sub-value
		return wanted, unsupported("this version has no sub-values of ratings")
	}
	rating.Sub = nil
	return wanted, nil
}

// hasSubRatings reports whether the ratings of this version have sub-values.
func (s *Server) hasSubRatings(ctx context.Context) (bool, error) {
	info, err := s.public(ctx)
	if err != nil {
		return false, err
	}
	major, minor, ok := parseVersion(info.Version)
	if !ok {
		return false, implausible(askingIdentity, "it has no valid version")
	}
	return major > 10 || major == 10 && minor >= 11, nil
}

func unsupported(why string) error {
	return &failure{Product: product, Doing: limiting, Err: mediaserver.ErrUnsupported, Why: mediaserver.ErrUnsupported.Error() + ": " + why}
}

// unsupported returns why Jellyfin cannot keep the wanted limits, or "". Limits that stay as they
// are do not count.
func (p *policy) unsupported(now, wanted mediaserver.Limits) string {
	switch {
	case len(wanted.HiddenFolders) > 0:
		return "Jellyfin hides whole libraries only, and no single folders"
	case p.overruled("BlockedMediaFolders") && !reflect.DeepEqual(now.Restriction, wanted.Restriction):
		return "the policy has BlockedMediaFolders, which overrule EnabledFolders and which Jellyfin lets nobody change: make a new local user in its place"
	case p.overruled("BlockedChannels") && (now.AllChannels != wanted.AllChannels || !slices.Equal(now.Channels, wanted.Channels)):
		return "the policy has BlockedChannels, which overrule EnabledChannels and which Jellyfin lets nobody change: make a new local user in its place"
	case slices.ContainsFunc(slices.Concat(wanted.BlockedTags, wanted.AllowedTags), badTag):
		return "Jellyfin takes no tag that is empty or has a comma in it"
	case slices.ContainsFunc(wanted.Unrated, func(kind string) bool { return !slices.Contains(slices.Concat(unratedKinds(), now.Unrated), kind) }):
		return "Jellyfin does not know one of the kinds of items without a rating"
	case slices.ContainsFunc(wanted.Hours, func(h mediaserver.Hours) bool {
		return !slices.Contains(days(), h.Day) && !slices.Contains(now.Hours, h)
	}):
		return "Jellyfin does not know one of the days of the hours"
	}
	return ""
}

// overruled reports whether a policy has an old list that Jellyfin obeys in the place of another
// one, and does not change any longer.
func (p *policy) overruled(by string) bool {
	var list []any
	return p.optional(by, &list) != nil || len(list) > 0
}

// badTag reports whether a list of Jellyfin cannot have a tag. Jellyfin keeps a list as one text
// with commas between the entries, so that other tags would come back.
func badTag(tag string) bool { return strings.TrimSpace(tag) == "" || strings.Contains(tag, ",") }

func unratedKinds() []string {
	return []string{"Movie", "Trailer", "Series", "Music", "Book", "LiveTvChannel", "LiveTvProgram", "ChannelContent", "Other"}
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
		limits, err := p.limits()
		if err != nil {
			return nil, unreadable(listing, user.ID)
		}
		all[user.ID] = limits
	}
	return all, nil
}
