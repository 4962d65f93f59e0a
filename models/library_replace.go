package models

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// A media server may give a library that is renamed a new id, so that the library of the
// links and invites is gone and a new library is there. The service cannot know that the two
// are the same library, so it asks the owner.

// GoneLibrary is a library that its server no longer has, and that a link or a pending
// invite names.
type GoneLibrary struct {
	Library
	Likely []Library // libraries that may be the same under a new name, the likeliest first
}

// These are the longest times between the end of a library and the appearance of a library that may
// be the same under a new name. The new one may have appeared a little before, or later: for
// example, the media server may list it later, or the owner may have made the new library by hand
// before or after removing the other one.
const (
	cameBefore = time.Hour
	cameAfter  = 24 * time.Hour
)

// likelyMost is the largest number of libraries that are offered in the place of one.
const likelyMost = 5

// GoneLibraries lists the libraries that an owner's server no longer has and that links or
// pending invites name, by name. It returns [ErrNotFound].
func (s *Servers) GoneLibraries(ctx context.Context, ownerID, serverID int64) ([]GoneLibrary, error) {
	if _, err := s.ownedServer(ctx, s.read(ctx), ownerID, serverID); err != nil {
		return nil, err
	}
	rows, err := database.G[libraryRow](s.read(ctx)).Where("server_id = ?", serverID).Order("name, id").Find(ctx)
	if err != nil {
		return nil, explained("list the libraries", err)
	}
	gone := slices.DeleteFunc(slices.Clone(rows), func(r libraryRow) bool { return r.GoneAt == nil })
	if len(gone) == 0 {
		return nil, nil
	}
	named, err := s.namedLibraries(s.read(ctx), serverID)
	if err != nil {
		return nil, explained("list the chosen libraries", err)
	}
	var list []GoneLibrary
	for i := range gone {
		if named[gone[i].ExternalID] {
			list = append(list, GoneLibrary{gone[i].library(), gone[i].likely(rows)})
		}
	}
	return list, nil
}

// likely returns the libraries of a server that may be the library r under a new name. r
// is gone; the others came at about the time when r went, and have the same kind if both
// kinds are known. A library with the same name comes first, and then the libraries whose
// times are the nearest.
func (r *libraryRow) likely(all []libraryRow) []Library {
	var fitting []libraryRow
	for _, l := range all {
		if l.GoneAt != nil || l.CameAt == nil || l.Kind != "" && r.Kind != "" && l.Kind != r.Kind {
			continue
		}
		if after := l.CameAt.Sub(*r.GoneAt); after >= -cameBefore && after <= cameAfter {
			fitting = append(fitting, l)
		}
	}
	other := func(l libraryRow) int { // 0 for the same name
		if strings.EqualFold(l.Name, r.Name) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(fitting, func(x, y libraryRow) int {
		return cmp.Or(cmp.Compare(other(x), other(y)), cmp.Compare(x.CameAt.Sub(*r.GoneAt).Abs(), y.CameAt.Sub(*r.GoneAt).Abs()))
	})
	likely := make([]Library, 0, likelyMost)
	for _, l := range fitting[:min(len(fitting), likelyMost)] {
		likely = append(likely, l.library())
	}
	return likely
}

// ReplaceLibrary replaces a library that an owner's server no longer has by one that it has, in
// all links, pending invites and profiles of the server. gone and by are the ids of the old and
// the new library. ReplaceLibrary notes this in the owner's history. The agent learns of each
// changed link. It returns [ErrNotFound] for a server of another owner, [ErrLibraryBack] if the
// server has the old library again, [ErrLibraryGone] if it does not have the new one, and
// [ErrLibraryUnnamed] if no link and no pending invite names the old library.
func (s *Servers) ReplaceLibrary(ctx context.Context, ownerID, serverID int64, gone, by string, caller Caller) error {
	return s.tx(ctx, "replace a library", func(tx *gorm.DB) error {
		if err := lockOwnServer(tx, ownerID, serverID); err != nil {
			return err
		}
		server, err := s.ownedServer(ctx, tx, ownerID, serverID)
		if err != nil {
			return err
		}
		former, fresh, err := s.twoLibraries(ctx, tx, serverID, gone, by)
		if err != nil {
			return err
		}
		if err := s.replaceChoices(ctx, tx, serverID, former, fresh, gone); err != nil {
			return err
		}
		subject := cmp.Or(former.Name, gone) + " → " + fresh.Name + " (" + server.server().Name + ")"
		return s.recordAbout(ctx, tx, ownerID, EventServerLibraryReplaced, subject, caller)
	})
}

// replaceChoices replaces a library by the library fresh in all choices of a server. The
// library that is replaced has the id gone and the row former. It returns [ErrLibraryUnnamed]
// if no choice names it.
func (c *core) replaceChoices(ctx context.Context, tx *gorm.DB, serverID int64, former, fresh libraryRow, gone string) error {
	links, err := c.replaceInLinks(ctx, tx, serverID, gone, fresh.ExternalID)
	if err != nil {
		return err
	}
	invites, err := c.replaceInInvites(tx, serverID, gone, fresh.ExternalID)
	if err != nil {
		return err
	}
	if err := c.replaceInProfiles(tx, serverID, gone, fresh.ExternalID); err != nil {
		return err
	}
	terms, err := c.replaceInCircles(tx, serverID, gone, fresh.ExternalID)
	if err != nil {
		return err
	}
	if links+invites+terms == 0 {
		return ErrLibraryUnnamed
	}
	// From now on the owner is not asked whether the new library is also another library
	// that is gone.
	err = tx.Exec("UPDATE libraries SET came_at = NULL WHERE id = ?", fresh.ID).Error
	if err != nil || former.ID == 0 {
		return err
	}
	return c.forgetLibraries(tx, serverID, []libraryRow{former}, c.Now())
}

// twoLibraries reads the rows of both libraries for [Servers.ReplaceLibrary]. former, the
// row of the library that is gone, has the id 0 if the service has forgotten that library.
// It returns [ErrLibraryBack] or [ErrLibraryGone].
func (c *core) twoLibraries(ctx context.Context, tx *gorm.DB, serverID int64, gone, by string) (former, fresh libraryRow, err error) {
	rows, err := database.G[libraryRow](tx).Where("server_id = ? AND external_id IN ?", serverID, []string{gone, by}).Find(ctx)
	if err != nil {
		return former, fresh, err
	}
	for _, row := range rows {
		if row.ExternalID == gone {
			former = row
		}
		if row.ExternalID == by {
			fresh = row
		}
	}
	switch {
	case former.ID != 0 && former.GoneAt == nil:
		return former, fresh, ErrLibraryBack
	case fresh.ID == 0 || fresh.GoneAt != nil:
		return former, fresh, ErrLibraryGone
	}
	return former, fresh, nil
}

// replaceInLinks replaces a library in all links of a server, tells the agent, and returns
// the number of changed links.
func (c *core) replaceInLinks(ctx context.Context, tx *gorm.DB, serverID int64, gone, by string) (changed int, err error) {
	links, err := database.G[linkRow](tx).Where("server_id = ? AND libraries IS NOT NULL", serverID).Order("id").Find(ctx)
	if err != nil {
		return 0, err
	}
	for i := range links {
		packed, has, err := replacedLibrary(links[i].Libraries, gone, by)
		if err != nil {
			return 0, err
		}
		if !has {
			continue
		}
		if err := c.feedLink(ctx, tx, &links[i], ChangeLink); err != nil {
			return 0, err
		}
		if err := tx.Exec("UPDATE links SET libraries = ? WHERE id = ?", packed, links[i].ID).Error; err != nil {
			return 0, err
		}
		changed++
	}
	return changed, nil
}

// replaceInInvites replaces a library in all pending invites of a server, and returns the
// number of changed invites.
func (c *core) replaceInInvites(tx *gorm.DB, serverID int64, gone, by string) (changed int, err error) {
	var offers []inviteServerRow
	err = tx.Raw(`SELECT v.invite_id, v.libraries FROM invite_servers v JOIN invites i ON i.id = v.invite_id
WHERE v.server_id = ? AND v.libraries IS NOT NULL AND i.state = ? AND i.expires_at > ? ORDER BY v.invite_id`, serverID, invitePending, c.Now()).Scan(&offers).Error
	if err != nil {
		return 0, err
	}
	for _, offer := range offers {
		packed, has, err := replacedLibrary(offer.Libraries, gone, by)
		if err != nil {
			return 0, err
		}
		if !has {
			continue
		}
		if err := tx.Exec("UPDATE invite_servers SET libraries = ? WHERE invite_id = ? AND server_id = ?", packed, offer.InviteID, serverID).Error; err != nil {
			return 0, err
		}
		changed++
	}
	return changed, nil
}

// replacedLibrary returns a stored choice of libraries in which the library with the id by has
// replaced the library with the id gone. It also reports whether gone was in the choice.
func replacedLibrary(packed *string, gone, by string) (after *string, has bool, err error) {
	ids, err := libraryIDs(*packed)
	if err != nil || !slices.Contains(ids, gone) {
		return nil, false, err
	}
	chosen := make([]Library, 0, len(ids))
	for _, id := range ids {
		if id == gone {
			id = by
		}
		if !slices.ContainsFunc(chosen, func(l Library) bool { return l.ExternalID == id }) {
			chosen = append(chosen, Library{ExternalID: id})
		}
	}
	after, err = packLibraries(chosen)
	return after, true, err
}
