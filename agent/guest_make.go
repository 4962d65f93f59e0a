package agent

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// create makes a local user for a link, unless a reason keeps it waiting.
func (gs *guests) create(ctx context.Context, book *guestBook, link *linkRow) error {
	if !gs.opt.Policy.CreateUsers {
		book.waits[waitOff] = link
		return nil
	}
	if book.waits[waitLimit] != nil || book.waits[waitHourly] != nil {
		return nil // it waits like the one before
	}
	to, err := gs.restriction(ctx, link)
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, gs.pace.media)
	defer cancel()
	users, err := gs.opt.MediaServer.LocalUsers(within)
	if err != nil {
		return gs.media.explain(ctx, err)
	}
	reason, err := gs.reasonToWait(ctx, book, users)
	if err != nil {
		return err
	}
	if reason != "" {
		book.waits[reason] = link
		return nil
	}
	in := intent{LinkID: link.ID, AccountID: link.AccountID, Name: link.Username, Before: map[string]bool{}}
	for _, user := range users {
		in.Before[user.ID] = true
	}
	// Should we be killed in between, the next run looks for what became of it.
	if err := gs.store.putIntent(ctx, in); err != nil {
		return gs.explainFile(ctx, err)
	}
	user, err := gs.opt.MediaServer.CreateGuest(within, link.Username, to)
	if err != nil {
		if isAnswer(err) {
			book.waits[waitMedia] = link
		}
		return gs.media.explain(ctx, err)
	}
	applied, err := appliedFor(to)
	if err != nil {
		return err
	}
	g := guestRow{
		LocalUserID: user.ID, AccountID: link.AccountID, LinkID: link.ID, Name: user.Name, Applied: applied, CreatedAt: stamp(gs.store.now()),
	}
	if err := gs.store.putGuest(ctx, g); err != nil {
		return gs.explainFile(ctx, err)
	}
	gs.created.take("")
	book.guests = append(book.guests, &g)
	gs.wake.service.now()
	gs.logGuest(ctx, "a local user was made for a guest", link.Username, &g)
	return nil
}

// reasonToWait returns the reason for which no guest is made now, "" for none.
//
// Also those count that are left alone by now, while they are there: the service
// says who is linked, and so could let as many be made as it likes.
func (gs *guests) reasonToWait(ctx context.Context, book *guestBook, users []mediaserver.LocalUser) (reason string, err error) {
	made, err := readGuests(gs.store.read(ctx), "left_alone <> ?", aloneGone)
	if err != nil {
		return "", gs.explainFile(ctx, err)
	}
	there := 0
	for _, g := range made {
		if slices.ContainsFunc(users, func(u mediaserver.LocalUser) bool { return u.ID == g.LocalUserID }) {
			there++
		}
	}
	recent, err := gs.store.madeSince(ctx, book.now.Add(-time.Hour))
	switch {
	case err != nil:
		return "", gs.explainFile(ctx, err)
	case there >= gs.opt.Policy.GuestLimit:
		return waitLimit, nil
	case recent >= guestsHourly || gs.created.full(""): // those that were deleted again count, too
		return waitHourly, nil
	default:
		return "", nil
	}
}

// finishIntents finds out what became of guests that were about to be made when
// the program ended, or the media server did not answer.
func (gs *guests) finishIntents(ctx context.Context) error {
	open, err := gs.store.intents(ctx)
	if err != nil || len(open) == 0 {
		return gs.explainFile(ctx, err)
	}
	within, cancel := context.WithTimeout(ctx, gs.pace.media)
	defer cancel()
	users, err := gs.opt.MediaServer.LocalUsers(within)
	if err != nil {
		return gs.media.explain(ctx, err)
	}
	for _, in := range open {
		if err := gs.finishIntent(ctx, in, users); err != nil {
			return gs.explainFile(ctx, err)
		}
	}
	return nil
}

func (gs *guests) finishIntent(ctx context.Context, in intent, users []mediaserver.LocalUser) error {
	known, err := readGuests(gs.store.read(ctx), "1 = 1")
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	for _, g := range known {
		ours[g.LocalUserID] = true
	}
	var found []mediaserver.LocalUser
	for _, u := range users {
		if !in.Before[u.ID] && !ours[u.ID] && !u.Administrator && (u.Hidden || u.Disabled) && isNameLike(u.Name, in.Name) {
			found = append(found, u)
		}
	}
	if len(found) == 0 {
		return gs.store.dropIntent(ctx, in.LinkID)
	}
	if len(found) > 1 {
		gs.log.LogAttrs(ctx, slog.LevelWarn, "several local users may have been made for one guest: the first is taken, look at the others",
			slog.String("link_id", in.LinkID), slog.String("name", readable(in.Name)), slog.Int("found", len(found)))
	}
	// What it may see is not known: applied is "", and it is restricted or disabled next.
	g := guestRow{LocalUserID: found[0].ID, AccountID: in.AccountID, LinkID: in.LinkID, Name: found[0].Name, CreatedAt: stamp(gs.store.now())}
	if err := gs.store.putGuest(ctx, g); err != nil {
		return err
	}
	gs.logGuest(ctx, "a local user that was made for a guest was found again", in.Name, &g)
	return nil
}

// isNameLike reports whether name is wanted, or wanted with what makes it another
// one: digits, blanks and the like, but no letters.
func isNameLike(name, wanted string) bool {
	if len(name) < len(wanted) || !strings.EqualFold(name[:len(wanted)], wanted) {
		return false
	}
	return !strings.ContainsFunc(name[len(wanted):], unicode.IsLetter)
}
