package agent

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// appliedRestriction is a restriction as guestRow.Applied records it.
type appliedRestriction struct {
	All       bool     `json:"all,omitempty"`
	Libraries []string `json:"libraries,omitempty"`
}

// appliedFor returns the text by which guestRow.Applied records that a guest has the
// restriction to.
func appliedFor(to mediaserver.Restriction) (string, error) {
	text, err := json.Marshal(appliedRestriction{to.AllLibraries, to.Libraries})
	return appliedOpen + string(text), err
}

// restrictionOf returns the restriction that a text of guestRow.Applied records, and false
// if the guest is not let in.
func restrictionOf(applied string) (to appliedRestriction, letIn bool) {
	text, letIn := strings.CutPrefix(applied, appliedOpen)
	letIn = letIn && json.Unmarshal([]byte(text), &to) == nil
	return to, letIn
}

// open lets a guest in with the restriction of their link, unless that was done
// already.
func (gs *guests) open(ctx context.Context, link *linkRow, g *guestRow) error {
	to, err := gs.restriction(ctx, link)
	if err != nil {
		return err
	}
	want, err := appliedFor(to)
	if err != nil || want == g.Applied && !link.mustReset(g) {
		return err
	}
	if user, err := gs.localUser(ctx, g); err != nil || user == nil {
		return err
	}
	gs.restricting.Add(1)
	defer gs.restricting.Add(1)
	if err := gs.begin(ctx, g, !strings.HasPrefix(g.Applied, appliedOpen)); err != nil {
		return err
	}
	restrict := func(ctx context.Context) error { return gs.levels.restrict(ctx, link, g, to) }
	if err := gs.change(ctx, g, restrict); err != nil || g.LeftAlone != "" {
		return err
	}
	text := "what a guest may see was changed"
	if !strings.HasPrefix(g.Applied, appliedOpen) {
		text = "a guest was let in"
	}
	if err := gs.enable(ctx, link, g); err != nil || g.LeftAlone != "" {
		return err
	}
	if err := gs.store.setApplied(ctx, g.LocalUserID, want); err != nil {
		return gs.explainFile(ctx, err)
	}
	g.Applied = want
	if err := gs.finishReset(ctx, link, g); err != nil {
		return err
	}
	gs.waits.tell()
	gs.wake.quickConnects.now()
	gs.wake.localPasswords.now()
	gs.logGuest(ctx, text, link.Username, g)
	return nil
}

// enable enables the local user of a guest who is let in. It does nothing if the agent has already opened the
// guest: if such a guest is disabled, then an administrator disabled them. They stay disabled, also after a
// pause, until the owner asks for a reset of the guest.
func (gs *guests) enable(ctx context.Context, link *linkRow, g *guestRow) error {
	stays := strings.HasPrefix(g.Applied, appliedOpen) || g.changedByHand(client.HandDisabled)
	if stays && !link.mustReset(g) {
		return nil
	}
	return gs.change(ctx, g, func(ctx context.Context) error { return gs.opt.MediaServer.SetDisabled(ctx, g.LocalUserID, false) })
}

// isShut reports whether nothing has to be done to shut the guest out. The parameter over says that their link was
// removed, and again says that the owner has asked for a reset of the guest.
func (g *guestRow) isShut(over, again bool) bool {
	return g.LeftAlone != "" || g.Applied == appliedShut || g.Applied == appliedPaused && !over && !again
}

// shut shuts out a guest whose link is not in use, unless that was done already.
// A guest is not deleted while the link exists: a disabled account may be enabled
// again, and this machine's clock may be wrong about the end of the link.
func (gs *guests) shut(ctx context.Context, now time.Time, g *guestRow) error {
	named, err := readLinks(gs.store.read(ctx), "id = ?", g.LinkID)
	if err != nil {
		return gs.explainFile(ctx, err)
	}
	over := len(named) == 0
	again := !over && named[0].mustReset(g) && named[0].mayBe(g)
	if g.isShut(over, again) {
		return nil
	}
	linked, err := readLinks(gs.store.read(ctx), "local_user_id = ? AND type <> ? AND "+usable, g.LocalUserID, client.Guest, stamp(now))
	if err != nil {
		return gs.explainFile(ctx, err)
	}
	if len(linked) > 0 {
		return gs.leaveAlone(ctx, g, aloneLinked, "an admin has linked a former guest with an account: from now on the agent does not change that local user")
	}
	if user, err := gs.localUser(ctx, g); err != nil || user == nil {
		return err
	}
	if over && gs.opt.Policy.DeleteGuests {
		return gs.delete(ctx, g)
	}
	if err := gs.disable(ctx, g, over); err != nil || g.LeftAlone != "" || !again {
		return err
	}
	return gs.finishReset(ctx, &named[0], g)
}

// begin notes that the state of a guest is unknown, if the agent is about to enable or disable them. If the program is
// killed in between, the next run must not believe that an administrator has made this change.
func (gs *guests) begin(ctx context.Context, g *guestRow, turns bool) error {
	if !turns || g.Applied == "" {
		return nil
	}
	if err := gs.store.setApplied(ctx, g.LocalUserID, ""); err != nil {
		return gs.explainFile(ctx, err)
	}
	g.Applied = ""
	return nil
}

// isTaken reports whether an administrator has taken the local user of a former guest over: a guest whom the agent has
// disabled is enabled again, or has become an administrator. Nobody returns as such a local user, and the agent does
// not change them from now on.
func (gs *guests) isTaken(ctx context.Context, g *guestRow) (bool, error) {
	user, err := gs.localUser(ctx, g)
	if err != nil || user == nil {
		return true, err
	}
	shut := g.Applied == appliedShut || g.Applied == appliedPaused
	if !shut || user.Disabled {
		return false, nil
	}
	return true, gs.leaveAlone(ctx, g, aloneTaken, "an administrator has enabled a former guest again: from now on the agent does not change that local user, and the person gets another one")
}

// disable disables a guest. The parameter over says that the link was removed and cannot
// come back.
func (gs *guests) disable(ctx context.Context, g *guestRow, over bool) error {
	gs.restricting.Add(1)
	defer gs.restricting.Add(1)
	before := g.Applied
	if err := gs.begin(ctx, g, true); err != nil {
		return err
	}
	disable := func(ctx context.Context) error { return gs.opt.MediaServer.SetDisabled(ctx, g.LocalUserID, true) }
	if err := gs.change(ctx, g, disable); err != nil || g.LeftAlone != "" {
		return err
	}
	if g.Applied = appliedPaused; over {
		g.Applied = appliedShut
	}
	if err := gs.store.setApplied(ctx, g.LocalUserID, g.Applied); err != nil {
		return gs.explainFile(ctx, err)
	}
	gs.wake.report.now()
	if before != appliedPaused {
		gs.logGuest(ctx, "a guest was disabled", "", g)
	}
	return nil
}

// delete deletes a guest at the media server and forgets them. It first revokes the guest's tokens,
// because the link may have been removed after settle had revoked all tokens that had to end. If a
// token cannot be revoked, the guest is deleted nevertheless. revokeOwed then tries again to revoke
// the token, and has begun the trouble for it.
func (gs *guests) delete(ctx context.Context, g *guestRow) error {
	_ = gs.tokens.revokeOwed(ctx)
	remove := func(ctx context.Context) error { return gs.opt.MediaServer.Delete(ctx, g.LocalUserID) }
	if err := gs.change(ctx, g, remove); err != nil || g.LeftAlone != "" {
		return err
	}
	if err := gs.store.dropGuest(ctx, g.LocalUserID); err != nil {
		return gs.explainFile(ctx, err)
	}
	gs.wake.report.now()
	gs.logGuest(ctx, "a guest was deleted", "", g)
	return nil
}

// guestGone is the text for a guest whose local user does not exist. The next report
// compares all local users, and then the agent ends the link; see [dashboard.look].
const guestGone = "a guest was deleted at the media server, and is not created again"

// localUser asks the media server for the local user of a guest. It returns nil,
// and leaves the guest alone, when an admin has deleted them or made them an
// administrator.
func (gs *guests) localUser(ctx context.Context, g *guestRow) (*mediaserver.LocalUser, error) {
	within, cancel := context.WithTimeout(ctx, gs.pace.media)
	defer cancel()
	user, err := gs.opt.MediaServer.LocalUser(within, g.LocalUserID)
	switch {
	case errors.Is(err, mediaserver.ErrNotFound):
		return nil, gs.leaveAlone(ctx, g, aloneGone, guestGone)
	case err != nil:
		return nil, gs.media.explain(ctx, err)
	case user.Administrator:
		return nil, gs.leaveAlone(ctx, g, aloneAdministrator, "a guest has become an administrator: from now on the agent does not change that local user, even when the link ends")
	}
	return &user, nil
}

// change calls act, which changes a guest at the media server. It leaves the
// guest alone when the media server does not have them or does not allow the
// change.
func (gs *guests) change(ctx context.Context, g *guestRow, act func(context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, gs.pace.media)
	defer cancel()
	err := act(within)
	switch {
	case errors.Is(err, mediaserver.ErrNotFound):
		return gs.leaveAlone(ctx, g, aloneGone, guestGone)
	case errors.Is(err, mediaserver.ErrNotAllowed):
		return gs.leaveAlone(ctx, g, aloneAdministrator, "the media server does not let the agent change a guest, who may have become an administrator: from now on the agent does not change that local user")
	}
	return gs.media.explain(ctx, err)
}

// leaveAlone notes that the agent no longer changes a guest, and why. The caller sees it in
// g.LeftAlone. It notes nothing if another media server has taken the place of the
// registered one, because that other one knows nothing about the guest.
func (gs *guests) leaveAlone(ctx context.Context, g *guestRow, why, text string) error {
	if err := gs.media.check(ctx); err != nil {
		return err
	}
	if err := gs.store.leaveAlone(ctx, g.LocalUserID, why); err != nil {
		return gs.explainFile(ctx, err)
	}
	g.LeftAlone = why
	gs.wake.report.now()
	gs.log.LogAttrs(ctx, slog.LevelWarn, text, //nolint:sloglint // all its texts are constants
		slog.String("local_user", readable(g.Name)), slog.String("local_user_id", g.LocalUserID), slog.String("link_id", g.LinkID))
	return nil
}
