package agent

import (
	"context"
	"fmt"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// Share has the facts about one service at a media server that several services use.
type Share struct {
	Name     string // of the service at this machine, such as "club"; it never changes
	Store    *Store
	AllUsers bool // Policy.AllowAllUsers
}

// claims are the local users that belong to one service, because its agent has created them as
// guests, or is creating them now.
type claims struct {
	made    map[string]bool // ids of local users
	intents []intent
}

// claims reads the local users that belong to the service of this file. Read it after the local
// users of the media server: then a guest who is among those local users is either here, or in
// an intent.
func (s *Store) claims(ctx context.Context) (claims, error) {
	all := claims{made: map[string]bool{}}
	var err error
	if all.intents, err = s.intents(ctx); err != nil {
		return all, err
	}
	// Guests who have become administrators belong to no service, and guests who were deleted are
	// left out.
	guests, err := readGuests(s.read(ctx), "left_alone NOT IN (?, ?)", aloneGone, aloneAdministrator)
	if err != nil {
		return all, err
	}
	for i := range guests {
		all.made[guests[i].LocalUserID] = true
	}
	return all, nil
}

// mayBeMaking reports whether a local user may be a guest whom the agent is creating now, or was
// creating when it was killed.
func (c *claims) mayBeMaking(user mediaserver.LocalUser) bool {
	for i := range c.intents {
		if !c.intents[i].Before[user.ID] && isNameLike(user.Name, c.intents[i].Name) {
			return true
		}
	}
	return false
}

// lets reports whether a link of this file lets somebody in as a local user now.
func (s *Store) lets(ctx context.Context, localUserID string, allUsers bool) (bool, error) {
	return s.has(ctx, "links WHERE local_user_id = ? AND "+usable+" AND (? OR "+allowed+")", localUserID, stamp(s.now()), allUsers)
}

// holdsLimits reports whether the agent of this file has written limits for a local user and has
// not taken them back.
func (s *Store) holdsLimits(ctx context.Context, localUserID string) (bool, error) {
	return s.has(ctx, "levels WHERE local_user_id = ? AND wanted <> ''", localUserID)
}

// hasTokenOn reports whether the agent of this file has a token of a local user on a device, or
// is making one now.
func (s *Store) hasTokenOn(ctx context.Context, localUserID, deviceID string) (bool, error) {
	return s.has(ctx, "tokens WHERE local_user_id = ? AND device_id = ? AND (ending_at = 0 OR sealed = '')", localUserID, deviceID)
}

// has reports whether a table has a row that fulfils a condition.
func (s *Store) has(ctx context.Context, tableAndCondition string, args ...any) (bool, error) {
	var is bool
	if err := s.read(ctx).Raw("SELECT EXISTS (SELECT 1 FROM "+tableAndCondition+")", args...).Scan(&is).Error; err != nil {
		return false, fmt.Errorf("read what another service has here: %w", err)
	}
	return is, nil
}
