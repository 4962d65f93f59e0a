package builtin

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// limits returns the limits in a policy, sorted. The types of libraries are not among them. Live
// television, which is not here, reads back as it was written.
func (p *Policy) limits() mediaserver.Limits {
	l := mediaserver.Limits{
		Restriction: p.Restriction, LiveTV: !p.NoLiveTV, AllChannels: !p.SomeChannels, Channels: p.Channels,
		Unrated: p.BlockUnrated, BlockedTags: p.BlockedTags, AllowedTags: p.AllowedTags, HiddenFolders: p.BlockedFolders,
		MayDelete: p.MayDelete, DeleteFrom: p.DeleteFrom, MayDownload: p.MayDownload,
		MayControl: p.MayControl, MayControlShared: p.MayControlShared, MayEdit: p.MayEdit,
	}
	if p.MaxRating != nil {
		l.MaxRating = &mediaserver.MaxRating{Value: *p.MaxRating, Sub: p.MaxSubRating}
	}
	for _, h := range p.Hours {
		l.Hours = append(l.Hours, mediaserver.Hours(h))
	}
	return l.Sorted()
}

// limited returns the policy with other limits, which must be sorted.
func (p *Policy) limited(l mediaserver.Limits) Policy {
	next := Policy{
		Restriction: l.Restriction, NoLiveTV: !l.LiveTV, SomeChannels: !l.AllChannels, Channels: l.Channels,
		BlockUnrated: l.Unrated, BlockedTags: l.BlockedTags, AllowedTags: l.AllowedTags, BlockedFolders: l.HiddenFolders,
		MayDelete: l.MayDelete, DeleteFrom: l.DeleteFrom, MayDownload: l.MayDownload,
		MayControl: l.MayControl, MayControlShared: l.MayControlShared, MayEdit: l.MayEdit,
		ContentTypes: p.ContentTypes,
	}
	if l.MaxRating != nil {
		next.MaxRating, next.MaxSubRating = &l.MaxRating.Value, l.MaxRating.Sub
	}
	for _, h := range l.Hours {
		next.Hours = append(next.Hours, Hours(h))
	}
	return next
}

// limitTries is how often [Server.ChangeLimits] begins again because another process has changed
// the same local user meanwhile.
const limitTries = 10

// errChanged means that a local user has other limits than a moment before.
var errChanged = errors.New("somebody else changes the limits of the local user again and again")

// ChangeLimits implements [mediaserver.Levels]. If somebody else changes the limits meanwhile, it
// calls change again, with the new ones. Limits that are not valid are ErrUnsupported and
// [ErrPolicy].
func (s *Server) ChangeLimits(ctx context.Context, localUserID string, change func(now mediaserver.Limits) (mediaserver.Limits, error)) error {
	err := errChanged
	for try := 0; try < limitTries && errors.Is(err, errChanged); try++ {
		var user User
		if user, err = s.User(ctx, localUserID); err != nil {
			return err
		}
		if user.Administrator {
			return mediaserver.ErrNotAllowed
		}
		now := user.Policy.limits()
		var wanted mediaserver.Limits
		if wanted, err = change(now.Sorted()); err != nil {
			return err
		}
		if wanted, err = s.possible(ctx, wanted); err != nil || reflect.DeepEqual(now, wanted) {
			return err
		}
		err = s.setLimits(ctx, user.ID, now, wanted)
	}
	return err
}

// possible returns wanted limits as they are stored, sorted. It leaves out libraries that do not
// exist, and ids that are not valid in lists that allow something.
func (s *Server) possible(ctx context.Context, wanted mediaserver.Limits) (mediaserver.Limits, error) {
	var known []string
	if err := s.scan(ctx, "read the libraries", &known, "SELECT id FROM libraries"); err != nil {
		return wanted, err
	}
	wanted.Libraries = slices.DeleteFunc(validIDs(wanted.Libraries), func(id string) bool { return !slices.Contains(known, id) })
	wanted.Channels, wanted.DeleteFrom = validIDs(wanted.Channels), validIDs(wanted.DeleteFrom)
	policy := (&Policy{}).limited(wanted.Sorted())
	policy, err := policy.checked()
	if err != nil {
		return wanted, fmt.Errorf("%w: %w", mediaserver.ErrUnsupported, err)
	}
	return policy.limits(), nil
}

// validIDs returns the ids of a list that are valid, in the form in which they are stored.
func validIDs(given []string) []string {
	var ids []string
	for _, text := range given {
		if id := embywire.ID(text); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// setLimits replaces the limits of a local user. It returns errChanged if they are not those that
// the caller has read.
func (s *Server) setLimits(ctx context.Context, id string, read, wanted mediaserver.Limits) error {
	return s.changeUser(ctx, changingPolicy, id, noAdministrator, func(tx *gorm.DB, row *userRow) error {
		policy, err := decodePolicy(row.Policy)
		if err != nil {
			return err
		}
		policy.AllLibraries = row.AllLibraries
		const seen = "SELECT library_id FROM library_access WHERE local_user_id = ?"
		if err := tx.Raw(seen, row.ID).Scan(&policy.Libraries).Error; err != nil {
			return fmt.Errorf("read what the local user may see: %w", err)
		}
		if !reflect.DeepEqual(policy.limits(), read) {
			return errChanged
		}
		policy = policy.limited(wanted)
		text, err := policy.encode()
		if err != nil {
			return err
		}
		return writePolicy(tx, row, text, policy.Restriction)
	})
}

// AllLimits implements [mediaserver.Levels].
func (s *Server) AllLimits(ctx context.Context) (map[string]mediaserver.Limits, error) {
	users, err := s.Users(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]mediaserver.Limits{}
	for i := range users {
		if !users[i].Administrator {
			all[users[i].ID] = users[i].Policy.limits()
		}
	}
	return all, nil
}

// choicesMax is the greatest number of tags, and of folders, that are offered.
const choicesMax = 1000

// Choices implements [mediaserver.Levels]. It offers what is in the catalogue, and the ratings of
// its country. The name of a folder in another folder begins with the names of those around it.
func (s *Server) Choices(context.Context) (mediaserver.Choices, error) {
	choices := mediaserver.Choices{HidesFolders: true}
	for _, r := range shownRatings(s.stock.country) {
		choices.Ratings = append(choices.Ratings, mediaserver.Rating(r))
	}
	tags := map[string]bool{} // as nameKey writes them
	paths := make([]string, len(s.stock.items))
	library := ""
	for i := range s.stock.items { // an item stands after the item that contains it
		one := &s.stock.items[i]
		for _, tag := range one.tags {
			if key := nameKey(tag); !tags[key] {
				tags[key] = true
				choices.Tags = append(choices.Tags, tag)
			}
		}
		if one.parent < 0 {
			library = one.id
		} else {
			paths[i] = strings.TrimPrefix(paths[one.parent]+" / "+one.name, " / ")
		}
		if one.kind == kindFolder && len(choices.Folders) < choicesMax {
			choices.Folders = append(choices.Folders, mediaserver.Folder{ID: one.id, Name: paths[i], LibraryID: library})
		}
	}
	slices.Sort(choices.Tags)
	choices.Tags = choices.Tags[:min(len(choices.Tags), choicesMax)]
	return choices, nil
}

// Say implements [mediaserver.Levels]. No device keeps a connection to this server.
func (s *Server) Say(context.Context, string, string, string) error {
	return mediaserver.ErrUnsupported
}

// StopPlaying implements [mediaserver.Levels]. There is nothing to play here.
func (s *Server) StopPlaying(context.Context, string) error { return mediaserver.ErrUnsupported }
