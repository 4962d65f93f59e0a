package agent

import (
	"context"
	"errors"
	"log/slog"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/limit"
)

// States of a guest at the media server, as guestRow.Applied has them. After appliedOpen
// comes the restriction of the guest.
const (
	appliedOpen   = "open:"
	appliedPaused = "paused" // disabled, but the link exists and may be in use again
	appliedShut   = "shut"   // disabled, and the link was removed
)

// Reasons why the agent no longer changes a guest, as guestRow.LeftAlone has them.
const (
	aloneGone          = "gone"
	aloneAdministrator = "administrator"
	aloneLinked        = "linked"
	aloneTaken         = "taken" // an administrator uses the local user of a former guest for something else
)

const (
	// guestsAtOnce is the number of guests that are created at the same time.
	guestsAtOnce = 4
	// guestsKept, multiplied by GuestLimit, is the largest number of local users of guests
	// that may exist. GuestLimit bounds only the guests who are let in: a guest who is shut
	// out frees a place. The service decides who is shut out. Without guestsKept it could
	// fill the media server with local users, by inviting guests and ending their links
	// again and again.
	guestsKept = 5
)

// Reasons why no local user is created yet for an accepted link. They are also names of
// troubles, and the agent tells them to the service.
const (
	waitOff    = client.WaitGuestsOff
	waitLimit  = client.WaitLimit
	waitHourly = client.WaitHourly
	waitMedia  = client.WaitRefused
	waitName   = client.WaitNameTaken
)

// waitText returns the text of the trouble for links whose local user is not created yet
// for the given reason. The text names the accounts.
func waitText(reason string, links []*linkRow) string {
	who := "no local user is created for " + some(usernames(links))
	switch reason {
	case waitOff:
		return who + ", because create-users is off. Link the account with a local user that exists, or end the link"
	case waitLimit:
		return who + ", because there are as many guests as guest-limit allows: end the links of other guests or raise guest-limit, and delete former guests at the media server if there are many"
	case waitHourly:
		return who + " yet, because as many guests were created within the last hour as guests-hourly allows: it is done later, or sooner if you raise guests-hourly. If you did not invite so many guests, check the service"
	case waitName:
		return who + ", because the media server refuses every name like theirs: see its log, and rename or delete the local users there that have such a name"
	default:
		return who + ", because the media server refuses it: see its log"
	}
}

func usernames(links []*linkRow) []string {
	names := make([]string, len(links))
	for i, link := range links {
		names[i] = link.Username
	}
	return names
}

// guests are the local users that the agent has created for links.
type guests struct {
	*core

	reports *reports
	tokens  *tokens
	levels  *Levels
	created *limit.Bucket // limits the guests that this run creates

	handTold  string // what was told of changes by hand, as JSON; "" before this run has told it
	handOlder bool   // the service is older than this; both fields belong to the loop that tells
}

// settle brings all guests into the state that their links ask for: it creates,
// restricts, disables and deletes them. Only one goroutine calls it.
func (gs *guests) settle(ctx context.Context) error {
	if err := gs.finishIntents(ctx); err != nil {
		return err
	}
	if err := gs.resetAdministrators(ctx); err != nil {
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
	gs.tellWaiting(ctx, book)
	return failed
}

// tellWaiting begins and ends the troubles of links that wait for a local user, and tells
// the reasons to the service and to the devices that wait.
func (gs *guests) tellWaiting(ctx context.Context, book *guestBook) {
	reasons := map[string]string{}
	for _, reason := range []string{waitOff, waitLimit, waitHourly, waitMedia, waitName} {
		links := book.waiting[reason]
		for _, link := range links {
			reasons[link.ID] = reason
		}
		if len(links) > 0 {
			gs.trouble.begin(ctx, reason, waitText(reason, links), slog.String("link_id", links[0].ID))
		} else {
			gs.trouble.end(ctx, reason)
		}
	}
	gs.waits.set(reasons)
	if len(reasons) > 0 {
		gs.wake.quickConnects.now()
		gs.wake.localPasswords.now()
	}
}

// wakeToTell wakes the loop that tells the service the reasons why guests wait, unless the
// service has these reasons already. It is called each time after the agent has tried to
// find the reasons. It is called even if that failed, because then the service must not
// keep the reasons of an earlier run.
func (gs *guests) wakeToTell() {
	gs.waits.setUnknown()
	if _, told := gs.waits.untold(); !told {
		gs.wake.service.now()
	}
}

// applyBook shuts out guests whose link has ended and lets in guests whose link is in use.
// An error with one guest does not stop the work for the others.
func (gs *guests) applyBook(ctx context.Context, book *guestBook) error {
	err := book.comeBack(func(g *guestRow, link *linkRow) (moved bool, err error) {
		if taken, err := gs.isTaken(ctx, g); err != nil || taken {
			return false, err
		}
		if err := gs.store.moveGuest(ctx, *g, link.ID); err != nil {
			return false, gs.explainFile(ctx, err)
		}
		g.LinkID = link.ID
		return true, nil
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
	var missing []*linkRow
	for _, link := range book.order {
		g := book.current[link.ID]
		switch {
		case g != nil:
			failed = errors.Join(failed, gs.open(ctx, link, g))
		case link.LocalUserID == "" && !book.leftAlone[link.ID] && link.Missing == listed:
			missing = append(missing, link)
		default: // nothing is done: the service no longer lists the link, or the link names a local user whom the agent did not create
		}
	}
	return errors.Join(failed, gs.createAll(ctx, book, missing))
}

func (gs *guests) logGuest(ctx context.Context, text, username string, g *guestRow) {
	gs.log.LogAttrs(ctx, slog.LevelInfo, text, //nolint:sloglint // all its texts are constants
		slog.String("account", username), slog.String("link_id", g.LinkID),
		slog.String("local_user", readable(g.Name)), slog.String("local_user_id", g.LocalUserID))
}
