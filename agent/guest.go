package agent

import (
	"context"
	"errors"
	"log/slog"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/limit"
)

// States of a guest at the media server, as they are kept in guestRow.Applied.
// appliedOpen is followed by what the guest may see.
const (
	appliedOpen   = "open:"
	appliedPaused = "paused" // disabled, but the link exists and may be in use again
	appliedShut   = "shut"   // disabled, and the link was removed
)

// Reasons why the agent no longer changes a guest, as they are kept in
// guestRow.LeftAlone.
const (
	aloneGone          = "gone"
	aloneAdministrator = "administrator"
	aloneLinked        = "linked"
)

// guestsHourly is the greatest number of guests that may be created in an hour. A
// stranger who controls the service must not be able to fill the media server in
// a night.
const guestsHourly = 20

// Reasons why no local user is created yet for an accepted link. They are names
// of troubles, too.
const (
	waitOff    = "guests_off"
	waitLimit  = "guest_limit"
	waitHourly = "guests_hourly"
	waitMedia  = "guest_refused"
)

func waitText(reason string) string {
	switch reason {
	case waitOff:
		return "a guest has accepted an invite, but create-users is off: no local user is created. Link the account with a local user that exists, or end the link"
	case waitLimit:
		return "a guest has accepted an invite, but there are as many guests as guest-limit allows: delete former guests at the media server, or raise guest-limit"
	case waitHourly:
		return "a guest has accepted an invite, but many local users were created within the last hour: this one is created later. If you did not invite so many guests, check the service"
	default:
		return "a guest has accepted an invite, but the media server refuses to create a local user: see its log"
	}
}

// guests are the local users that the agent has created for links.
type guests struct {
	*core

	reports *reports
	tokens  *tokens
	created *limit.Bucket // limits the guests that this run creates
}

// settle brings all guests into the state that their links ask for: it creates,
// restricts, disables and deletes them. Only one goroutine calls it.
func (gs *guests) settle(ctx context.Context) error {
	if err := gs.finishIntents(ctx); err != nil {
		return err
	}
	now := gs.store.now()
	inUse, err := readLinks(gs.store.read(ctx), "type = ? AND "+usable, client.Guest, stamp(now))
	if err != nil {
		return gs.explainFile(ctx, err)
	}
	rows, err := readGuests(gs.store.read(ctx), "1 = 1")
	if err != nil {
		return gs.explainFile(ctx, err)
	}
	book := newGuestBook(now, inUse, rows)
	failed := gs.applyBook(ctx, book)
	for _, reason := range []string{waitOff, waitLimit, waitHourly, waitMedia} {
		if link := book.waiting[reason]; link != nil {
			gs.trouble.begin(ctx, reason, waitText(reason), slog.String("account", link.Username), slog.String("link_id", link.ID))
		} else {
			gs.trouble.end(ctx, reason)
		}
	}
	return failed
}

// applyBook shuts out guests whose link has ended and lets in guests whose link
// is in use. An error of one guest does not hold up the others.
func (gs *guests) applyBook(ctx context.Context, book *guestBook) error {
	err := book.comeBack(func(g *guestRow, link *linkRow) error {
		if err := gs.store.moveGuest(ctx, *g, link.ID); err != nil {
			return gs.explainFile(ctx, err)
		}
		g.LinkID = link.ID
		return nil
	})
	if err != nil {
		return err
	}
	var failed error
	for _, gone := range book.former {
		for _, g := range gone {
			failed = errors.Join(failed, gs.shut(ctx, book.now, g))
		}
	}
	for _, link := range book.order {
		g := book.current[link.ID]
		switch {
		case g != nil:
			failed = errors.Join(failed, gs.open(ctx, link, g))
		case link.LocalUserID == "" && !book.leftAlone[link.ID]:
			failed = errors.Join(failed, gs.create(ctx, book, link))
		default: // the service names a local user that the agent did not create: they are not touched
		}
	}
	return failed
}

func (gs *guests) logGuest(ctx context.Context, text, username string, g *guestRow) {
	gs.log.LogAttrs(ctx, slog.LevelInfo, text, //nolint:sloglint // all its texts are constants
		slog.String("account", username), slog.String("link_id", g.LinkID),
		slog.String("local_user", readable(g.Name)), slog.String("local_user_id", g.LocalUserID))
}
