package models

import (
	"context"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/lastday"
)

// useProfile fills an invite with the choices of the profile that it names. Fields that the
// invite has filled itself stay as they are. The number of uses of the profile counts only for an
// invite that is a link alone, because an invite by mail is for one person. It returns errors
// about the field profile.
func (i *Invites) useProfile(ctx context.Context, ownerID int64, in *NewInvite) error {
	if in.Profile == "" {
		return nil
	}
	if len(in.Servers) != 1 {
		return fieldError(KindInvalid, "profile", "profile_one_server")
	}
	profile, err := i.profileNamed(ctx, ownerID, in.Servers[0].ServerID, in.Profile)
	if err != nil {
		return err
	}
	zone, err := i.zoneOfOwner(ctx, i.read(ctx), in.Servers[0].ServerID)
	if err != nil {
		return err
	}
	now := i.Now().In(zone)
	offer := in.Servers[0]
	if in.Uses == 0 && in.To == "" && in.Type == LinkGuest {
		in.Uses = profile.Uses
	}
	if in.ExpiresAt.IsZero() {
		in.ExpiresAt = lastDayIn(profile.InviteDays, now)
	}
	if offer.EndsAt.IsZero() && profile.LinkDays > 0 {
		offer.EndsAt = lastDayIn(profile.LinkDays, now)
	}
	if offer.Libraries == nil {
		offer.Libraries = profile.Libraries
	}
	in.Servers = []InviteServer{offer}
	return nil
}

// lastDayIn returns the end of the last day of a period, in UTC. The period has the given number of
// days and begins today in the zone of now.
func lastDayIn(days int, now time.Time) time.Time {
	return lastday.Of(now.AddDate(0, 0, days-1), now.Location())
}

// profileNamed returns the profile of an owner for a server by its name, in any letter case, or
// by its id. It returns an error about the field profile.
func (c *core) profileNamed(ctx context.Context, ownerID, serverID int64, name string) (InviteProfile, error) {
	rows, err := database.G[inviteProfileRow](c.read(ctx)).
		Where("server_id = ? AND owner_id = ? AND (name_key = ? OR id = ?)", serverID, ownerID, strings.ToLower(strings.TrimSpace(name)), ParseID(name)).
		Order("id").Find(ctx)
	if err != nil {
		return InviteProfile{}, explained("find a profile", err)
	}
	if len(rows) == 0 {
		return InviteProfile{}, fieldError(KindInvalid, "profile", "profile_unknown")
	}
	list, err := c.completeProfiles(ctx, c.read(ctx), rows[:1])
	if err != nil {
		return InviteProfile{}, err
	}
	return list[0], nil
}
