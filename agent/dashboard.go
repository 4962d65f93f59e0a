package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// Troubles that an administrator causes in the dashboard of the media server.
const (
	troubleUserGone       = "local_user_gone"
	troubleUserRenamed    = "local_user_renamed"
	troubleUserDisabled   = "local_user_disabled"
	troubleUserAdmin      = "local_user_administrator"
	troubleGuestLibraries = "guest_library_gone"
	troubleGuestWider     = "guest_sees_more"
	troubleGuestNarrower  = "guest_sees_less"
)

// dashboard notices what administrators change in the dashboard of the media server: local
// users that are renamed, disabled, deleted or made administrators, and libraries that are
// gone.
type dashboard struct {
	*core

	links   *Links
	renamed renames
}

// beforeLook holds the links that are in use, and the guests whom the agent lets in.
type beforeLook struct {
	links       []linkRow
	all         []linkRow         // all links, also those that are not in use
	guests      []guestRow        // all guests
	letIn       map[string]string // guestRow.Applied by the id of the local user
	levels      map[string]bool   // local users with a level, of whom [Levels.look] notices what was changed by hand
	restricting int64             // the value of core.restricting before the guests were read
}

// before reads the links and guests that [dashboard.look] compares with the media server.
// Call it before the media server lists its local users. In the other order, a guest whom
// the agent creates in between would count as deleted, and a guest whom it lets in would
// count as disabled.
func (d *dashboard) before(ctx context.Context) (beforeLook, error) {
	out := beforeLook{letIn: map[string]string{}, levels: map[string]bool{}, restricting: d.restricting.Load()}
	var err error
	if out.links, err = readLinks(d.store.read(ctx), usable, stamp(d.store.now())); err != nil {
		return out, d.explainFile(ctx, err)
	}
	if out.all, err = readLinks(d.store.read(ctx), "unlinked_at = 0 AND type = ?", client.Guest); err != nil {
		return out, d.explainFile(ctx, err)
	}
	if out.guests, err = readGuests(d.store.read(ctx), "1 = 1"); err != nil {
		return out, d.explainFile(ctx, err)
	}
	for _, g := range out.guests {
		if g.LeftAlone == "" && strings.HasPrefix(g.Applied, appliedOpen) {
			out.letIn[g.LocalUserID] = g.Applied
		}
	}
	rows, err := levelRows(d.store.read(ctx))
	for _, row := range rows {
		out.levels[row.LocalUserID] = true
	}
	return out, d.explainFile(ctx, err)
}

// look compares the links with the local users and libraries that the media server has just
// listed, and begins or ends the troubles. It ends the link of a guest whose local user was
// deleted, because in this way the administrator has shut the guest out. It ends no other
// link, because people decide about the other links. It ends the tokens of a link if its
// local user was deleted, or became an administrator while AllowAdmins is off. If an
// administrator lets a guest see other libraries, the agent leaves that as it is until the
// libraries of the link are chosen again.
func (d *dashboard) look(ctx context.Context, before beforeLook, users []mediaserver.LocalUser, libraries []mediaserver.Library) error {
	byID := map[string]mediaserver.LocalUser{}
	for _, u := range users {
		byID[u.ID] = u
	}
	found := map[string][]string{} // texts by the name of the trouble
	quiet := before.restricting%2 == 0 && before.restricting == d.restricting.Load()
	for i := range before.links {
		link := &before.links[i]
		if link.LocalUserID == "" {
			continue
		}
		user, there := byID[link.LocalUserID]
		user.Disabled = user.Disabled && (link.Type != client.Guest || before.letIn[user.ID] != "") // a guest who is not let in was disabled by the agent itself
		if err := d.lookAt(ctx, link, user, there, found); err != nil {
			return err
		}
		if there {
			before.noteLibraries(link, &user, libraries, quiet, found)
		}
	}
	found[troubleUserRenamed] = d.renamed.recent(d.store.now(), before.links)
	if quiet {
		if err := d.noteHand(ctx, &before, byID, libraries); err != nil {
			return err
		}
	}
	d.tell(ctx, found, quiet)
	return nil
}

// noteLibraries adds a guest to the map found whose link names a library that the media server no longer has. Unless the agent
// changes guests meanwhile, it also adds a guest who may see other libraries than the agent has let them see.
func (b *beforeLook) noteLibraries(link *linkRow, user *mediaserver.LocalUser, libraries []mediaserver.Library, quiet bool, found map[string][]string) {
	if link.Type == client.Guest && len(goneLibraries(link, libraries)) > 0 {
		found[troubleGuestLibraries] = append(found[troubleGuestLibraries], link.Username)
	}
	if !quiet {
		return
	}
	if name := seesOther(b.letIn[user.ID], user.Sees, libraries); name != "" && !b.levels[user.ID] {
		found[name] = append(found[name], fmt.Sprintf("%s (local user %s)", link.Username, readable(user.Name)))
	}
}

// seesOther returns the trouble of a guest who may see other libraries than the agent has
// let them see, or "" if there is no difference. The parameter applied is guestRow.Applied
// of the guest. Libraries that the media server does not have do not count.
func seesOther(applied string, sees *mediaserver.Restriction, libraries []mediaserver.Library) string {
	to, letIn := restrictionOf(applied)
	if sees == nil || !letIn {
		return ""
	}
	narrower := to.All && !sees.AllLibraries
	if sees.AllLibraries && !to.All {
		return troubleGuestWider
	}
	for _, l := range libraries {
		given, seen := to.All || slices.Contains(to.Libraries, l.ID), sees.AllLibraries || slices.Contains(sees.Libraries, l.ID)
		if seen && !given {
			return troubleGuestWider
		}
		narrower = narrower || given && !seen
	}
	if narrower {
		return troubleGuestNarrower
	}
	return ""
}

// lookAt compares one link with its local user, and adds the troubles to the map found. If
// the media server does not have the local user, the parameter there is false.
func (d *dashboard) lookAt(ctx context.Context, link *linkRow, user mediaserver.LocalUser, there bool, found map[string][]string) error {
	note := func(trouble string) {
		found[trouble] = append(found[trouble], fmt.Sprintf("%s (local user %s)", link.Username, readable(link.LocalUserName)))
	}
	switch {
	case !there && link.Type == client.Guest:
		return d.endGuest(ctx, link)
	case !there:
		note(troubleUserGone)
		return d.endTokens(ctx, link)
	}
	if name := readable(user.Name); name != link.LocalUserName {
		if err := d.rename(ctx, link, name); err != nil {
			return err
		}
	}
	switch {
	case user.Administrator && !d.opt.Policy.AllowAdmins:
		note(troubleUserAdmin)
		return d.endTokens(ctx, link)
	case user.Disabled:
		note(troubleUserDisabled)
	}
	return nil
}

// tell begins each trouble that has texts in found, and ends the other troubles. Unless
// quiet is true, the troubles about what guests may see stay as they are.
func (d *dashboard) tell(ctx context.Context, found map[string][]string, quiet bool) {
	for _, one := range []struct{ name, before, after string }{
		{
			troubleUserGone, "linked local users were deleted at the media server, so that these people cannot get in: ",
			"End their links, or link the accounts with other local users",
		},
		{
			troubleUserRenamed, "linked local users were renamed at the media server, and their links go on: ",
			"If that was you, there is nothing to do. If another person uses that local user now, end the link on the server's page",
		},
		{
			troubleUserDisabled, "linked local users are disabled at the media server, so that these people cannot get in: ",
			"Enable them there, or end their links",
		},
		{
			troubleUserAdmin, "linked local users are administrators of the media server, and allow-admins is off, so that the agent does not let these people in and has ended their tokens: ",
			"Take the right from the local users, or end their links",
		},
		{
			troubleGuestLibraries, "these guests may see libraries that the media server no longer has: ",
			"A library that is renamed is a new one to the media server: the server's page asks whether it is one of the new ones, or choose their libraries again there",
		},
		{
			troubleGuestWider, "an administrator of the media server lets these guests see more libraries than they were given: ",
			"The agent leaves that as it is: take it back there, or choose their libraries again on the server's page",
		},
		{
			troubleGuestNarrower, "an administrator of the media server lets these guests see fewer libraries than they were given: ",
			"The agent leaves that as it is: take it back there, or choose their libraries again on the server's page",
		},
	} {
		if !quiet && (one.name == troubleGuestWider || one.name == troubleGuestNarrower) {
			continue
		}
		who := found[one.name]
		if len(who) == 0 {
			d.trouble.end(ctx, one.name)
			continue
		}
		d.trouble.begin(ctx, one.name, one.before+some(who)+". "+one.after)
	}
}

// some returns a text with the first three entries of a list and the number of the other
// entries.
func some(list []string) string {
	const most = 3
	text := strings.Join(list[:min(len(list), most)], ", ")
	if more := len(list) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// goneLibraries returns the ids of the libraries that a link allows and that the media
// server does not have.
func goneLibraries(link *linkRow, libraries []mediaserver.Library) []string {
	return slices.DeleteFunc(slices.Clone(link.libraries()), func(id string) bool {
		return slices.ContainsFunc(libraries, func(l mediaserver.Library) bool { return l.ID == id })
	})
}

// endGuest ends the link of a guest whose local user was deleted at the media server.
func (d *dashboard) endGuest(ctx context.Context, link *linkRow) error {
	if err := d.store.leaveAlone(ctx, link.LocalUserID, aloneGone); err != nil {
		return d.explainFile(ctx, err)
	}
	// Two reports may find the deleted local user at the same time. Only the report that
	// ends the link logs that.
	if err := d.links.End(ctx, link.ID); errors.Is(err, ErrNotLinked) {
		return nil
	} else if err != nil {
		return err
	}
	d.log.LogAttrs(ctx, slog.LevelWarn, "the local user of a guest was deleted at the media server, so the link ends. Invite the person again to let them in again",
		slog.String("account", link.Username), slog.String("link_id", link.ID), slog.String("local_user", readable(link.LocalUserName)))
	return nil
}

// endTokens lets all tokens of a link be revoked, if there are any.
func (d *dashboard) endTokens(ctx context.Context, link *linkRow) error {
	n, err := d.store.count(ctx, "SELECT COUNT(*) FROM tokens WHERE link_id = ? AND ending_at = 0", link.ID)
	if err != nil || n == 0 {
		return d.explainFile(ctx, err)
	}
	err = d.store.tx(ctx, "end the tokens of a link", func(tx *gorm.DB) error { return d.store.oweTokens(tx, "link_id = ?", link.ID) })
	if err == nil {
		d.wake.media.now()
	}
	return d.explainFile(ctx, err)
}

// rename stores the present name of a local user.
func (d *dashboard) rename(ctx context.Context, link *linkRow, name string) error {
	before, first := link.LocalUserName, false
	err := d.store.tx(ctx, "write the name of a local user", func(tx *gorm.DB) error {
		result := tx.Exec("UPDATE links SET local_user_name = ? WHERE local_user_id = ? AND local_user_name <> ?", name, link.LocalUserID, name)
		if first = result.RowsAffected > 0; result.Error != nil {
			return result.Error
		}
		return tx.Exec("UPDATE guests SET name = ? WHERE local_user_id = ?", name, link.LocalUserID).Error
	})
	if err != nil {
		return d.explainFile(ctx, err)
	}
	if link.LocalUserName = name; before != "" && first {
		d.renamed.add(link.ID, fmt.Sprintf("%s (local user %s, before %s)", link.Username, name, before), d.store.now())
		d.log.LogAttrs(ctx, slog.LevelInfo, "a linked local user has another name now", slog.String("account", link.Username),
			slog.String("link_id", link.ID), slog.String("local_user", name), slog.String("former_name", before))
	}
	return nil
}
