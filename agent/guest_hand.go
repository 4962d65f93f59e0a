package agent

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// This file is about guests whom an administrator has changed in the dashboard of the media server. The agent
// notices such a change, tells the service, and does not undo the change until the owner asks the service for a
// reset of the guest.

// changedByHand reports whether an administrator has made the change of a guest, client.HandDisabled or another.
func (g *guestRow) changedByHand(change string) bool {
	return slices.Contains(strings.Split(g.Hand, ","), change)
}

// mustReset reports whether the owner has asked for a reset of the guests of the link and the agent has not yet
// carried it out for this guest.
func (r *linkRow) mustReset(g *guestRow) bool {
	return r.HandResetAt != 0 && r.HandResetAt != g.ResetAt
}

// handOf returns what an administrator has changed for a guest, by comparing the agent's file with the local user
// that the media server has just listed. The parameter link is the guest's link, and inUse says whether it is in
// use.
func handOf(g *guestRow, link *linkRow, inUse bool, user *mediaserver.LocalUser, sees string) []string {
	var hand []string
	note := func(change string, is bool) {
		if is {
			hand = append(hand, change)
		}
	}
	open := strings.HasPrefix(g.Applied, appliedOpen)
	note(client.HandEnabled, !inUse && g.Applied == appliedPaused && !user.Disabled && link.LocalUserID == g.LocalUserID)
	note(client.HandDisabled, user.Disabled && (open || g.changedByHand(client.HandDisabled)))
	note(client.HandLibraries, open && sees != "")
	note(client.HandAdministrator, user.Administrator || g.LeftAlone == aloneAdministrator)
	return hand
}

// noteHand writes down what administrators have changed, for each guest whose link exists. The parameter before is
// what was read before the media server listed its local users. It does nothing if the agent itself has changed
// guests meanwhile.
func (d *dashboard) noteHand(ctx context.Context, before *beforeLook, users map[string]mediaserver.LocalUser, libraries []mediaserver.Library) error {
	now := d.store.now()
	for i := range before.guests {
		g := &before.guests[i]
		user, there := users[g.LocalUserID]
		link := before.linkOf(g.LinkID)
		if !there || link == nil || g.LeftAlone != "" && g.LeftAlone != aloneAdministrator {
			continue
		}
		sees := ""
		if !before.levels[g.LocalUserID] {
			sees = seesOther(g.Applied, user.Sees, libraries)
		}
		hand := strings.Join(handOf(g, link, link.usable(now), &user, sees), ",")
		if err := d.keepHand(ctx, g, link, &user, hand); err != nil {
			return err
		}
	}
	return nil
}

// keepHand writes down what an administrator has changed at one guest, if that is new.
func (d *dashboard) keepHand(ctx context.Context, g *guestRow, link *linkRow, user *mediaserver.LocalUser, hand string) error {
	if hand == g.Hand {
		return nil
	}
	noted, err := d.store.setHand(ctx, g, hand)
	if err != nil || !noted {
		return d.explainFile(ctx, err)
	}
	d.wake.service.now()
	if hand != "" {
		d.log.LogAttrs(ctx, slog.LevelWarn, "an administrator of the media server has changed a guest by hand: the agent leaves that as it is until the owner decides on the server's page",
			slog.String("account", link.Username), slog.String("link_id", link.ID), slog.String("local_user", readable(user.Name)), slog.String("changes", hand))
	}
	return nil
}

// linkOf returns a link that existed before the look, or nil.
func (b *beforeLook) linkOf(id string) *linkRow {
	for i := range b.all {
		if b.all[i].ID == id {
			return &b.all[i]
		}
	}
	return nil
}

// resetAdministrators takes back guests whom the agent has left alone as administrators, if they are administrators
// no longer and the owner has asked for a reset.
func (gs *guests) resetAdministrators(ctx context.Context) error {
	rows, err := readGuests(gs.store.read(ctx), "left_alone = ?", aloneAdministrator)
	if err != nil || len(rows) == 0 {
		return gs.explainFile(ctx, err)
	}
	var failed error
	for i := range rows {
		g := &rows[i]
		named, err := readLinks(gs.store.read(ctx), "id = ?", g.LinkID)
		if err != nil {
			return gs.explainFile(ctx, err)
		}
		if len(named) == 0 || !named[0].mustReset(g) {
			continue
		}
		failed = errors.Join(failed, gs.resetAdministrator(ctx, &named[0], g))
	}
	return failed
}

func (gs *guests) resetAdministrator(ctx context.Context, link *linkRow, g *guestRow) error {
	if err := gs.media.check(ctx); err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, gs.pace.media)
	defer cancel()
	user, err := gs.opt.MediaServer.LocalUser(within, g.LocalUserID)
	switch {
	case errors.Is(err, mediaserver.ErrNotFound):
		return nil // the next report ends the link
	case err != nil:
		return gs.media.explain(ctx, err)
	case user.Administrator:
		return gs.explainFile(ctx, gs.store.setReset(ctx, g, link.HandResetAt, g.Hand))
	}
	gs.logGuest(ctx, "a guest is an administrator no longer: the agent looks after that local user again", link.Username, g)
	return gs.explainFile(ctx, gs.store.takeGuestBack(ctx, g.LocalUserID))
}

// finishReset notes that the agent has reset a guest, if the owner has asked for that.
func (gs *guests) finishReset(ctx context.Context, link *linkRow, g *guestRow) error {
	if !link.mustReset(g) {
		return nil
	}
	if err := gs.store.setReset(ctx, g, link.HandResetAt, ""); err != nil {
		return gs.explainFile(ctx, err)
	}
	g.ResetAt, g.Hand = link.HandResetAt, ""
	gs.wake.service.now()
	gs.wake.report.now()
	gs.logGuest(ctx, "a guest whom an administrator had changed by hand was set again", link.Username, g)
	return nil
}

// tellHand tells the service what administrators have changed by hand, if that has changed since it was told.
func (gs *guests) tellHand(ctx context.Context) error {
	if gs.handOlder {
		return nil
	}
	rows, err := readGuests(gs.store.read(ctx), "hand <> '' AND link_id IN (SELECT id FROM links)")
	if err != nil {
		return gs.explainFile(ctx, err)
	}
	list := []client.HandState{}
	for i := range rows {
		list = append(list, client.HandState{LinkID: client.ID(rows[i].LinkID), Hand: strings.Split(rows[i].Hand, ",")})
	}
	text, err := json.Marshal(list)
	if err != nil || string(text) == gs.handTold {
		return err
	}
	service, err := gs.service.client(ctx)
	if err != nil {
		return err
	}
	err = service.TellHand(ctx, list)
	if errors.Is(err, client.ErrNotFound) { // the service is older than stays
		gs.handOlder = true
		return nil
	}
	if err := gs.service.explain(ctx, byOwed, err); err != nil {
		return err
	}
	gs.handTold = string(text)
	return nil
}
