package agent

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// createAll creates a local user for each link, several at the same time. If it may not
// create the local user of a link now, it puts the link into book.waiting, with the reason.
// An error with one guest does not stop the work for the others.
func (gs *guests) createAll(ctx context.Context, book *guestBook, links []*linkRow) error {
	if len(links) == 0 {
		return nil
	}
	if !gs.opt.Policy.CreateUsers {
		book.waiting[waitOff] = links
		return nil
	}
	if err := gs.media.check(ctx); err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, gs.pace.media)
	defer cancel()
	users, err := gs.opt.MediaServer.LocalUsers(within)
	if err != nil {
		return gs.media.explain(ctx, err)
	}
	reason, room, err := gs.room(ctx, book, users)
	if err != nil {
		return err
	}
	if room < len(links) {
		book.waiting[reason] = links[room:]
		links = links[:room]
	}
	results := make([]error, len(links))
	free := make(chan struct{}, guestsAtOnce)
	var all sync.WaitGroup
	for i, link := range links {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			results[i] = gs.create(ctx, link, users)
		})
	}
	all.Wait()
	for i, err := range results {
		switch {
		case errors.Is(err, mediaserver.ErrNameTaken):
			book.waiting[waitName] = append(book.waiting[waitName], links[i])
		case isAnswer(err):
			book.waiting[waitMedia] = append(book.waiting[waitMedia], links[i])
		}
	}
	return errors.Join(results...)
}

// create creates the local user of one link. The parameter users has the local users that
// existed before, so that a later run does not take one of them for the guest.
func (gs *guests) create(ctx context.Context, link *linkRow, users []mediaserver.LocalUser) error {
	to, err := gs.restriction(ctx, link)
	if err != nil {
		return err
	}
	in := intent{LinkID: link.ID, AccountID: link.AccountID, Name: link.Username, Before: map[string]bool{}}
	if in.Secret, err = gs.store.newGuestSecret(); err != nil {
		return err
	}
	for _, user := range users {
		in.Before[user.ID] = true
	}
	// If the program is killed between these two steps, the next run finds the local
	// user by the secret of this intent.
	if err := gs.store.putIntent(ctx, in); err != nil {
		return gs.explainFile(ctx, err)
	}
	within, cancel := context.WithTimeout(ctx, gs.pace.media)
	defer cancel()
	user, err := gs.opt.MediaServer.CreateGuest(within, link.Username, in.Secret, to)
	if err != nil {
		return gs.media.explain(ctx, err)
	}
	// A guest with a level is let in by the next round, which gives them their level first.
	applied := ""
	if !gs.levels.holds(link.with(user.ID), link.levels(), &guestRow{}) {
		if applied, err = appliedFor(to); err != nil {
			return err
		}
	} else {
		defer gs.wake.media.now()
	}
	g := guestRow{
		LocalUserID: user.ID, AccountID: link.AccountID, LinkID: link.ID, Name: user.Name, Applied: applied, CreatedAt: stamp(gs.store.now()),
	}
	if err := gs.store.putGuest(ctx, g, gs.opt.managed(in.Secret)); err != nil {
		return gs.explainFile(ctx, err)
	}
	gs.created.Allow()
	gs.waits.tell()
	gs.wake.service.now()
	gs.wake.quickConnects.now()
	gs.wake.localPasswords.now()
	gs.logGuest(ctx, "a local user was created for a guest", link.Username, &g)
	return nil
}

// room returns how many guests may be created now, and the reason why no more guests may be
// created. It also counts guests that the agent leaves alone, as long as their local user
// exists: the service decides about links, and otherwise it could make the agent create any
// number of guests. A guest who is shut out counts only for the higher limit; see
// [guestsKept].
func (gs *guests) room(ctx context.Context, book *guestBook, users []mediaserver.LocalUser) (reason string, n int, err error) {
	made, err := readGuests(gs.store.read(ctx), "left_alone <> ?", aloneGone)
	if err != nil {
		return "", 0, gs.explainFile(ctx, err)
	}
	there, letIn := 0, 0
	for _, g := range made {
		if slices.ContainsFunc(users, func(u mediaserver.LocalUser) bool { return u.ID == g.LocalUserID }) {
			if there++; g.Applied != appliedShut {
				letIn++
			}
		}
	}
	recent, err := gs.store.madeSince(ctx, book.now.Add(-time.Hour))
	if err != nil {
		return "", 0, gs.explainFile(ctx, err)
	}
	limit := gs.opt.Policy.GuestLimit
	n = max(0, min(limit-letIn, limit*guestsKept-there))
	reason = waitLimit
	// The agent's file does not keep deleted guests, so gs.created counts all guests that
	// this run has created.
	if hourly := max(0, min(gs.opt.Policy.GuestsHourly-recent, gs.created.Left())); hourly < n {
		n, reason = hourly, waitHourly
	}
	return reason, n, nil
}

// finishIntents looks at the guests that an earlier run or try was about to create when the
// program was killed or the media server did not answer. It finds out which of these guests
// exist.
func (gs *guests) finishIntents(ctx context.Context) error {
	open, err := gs.store.intents(ctx)
	if err != nil || len(open) == 0 {
		return gs.explainFile(ctx, err)
	}
	if err := gs.media.check(ctx); err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, gs.pace.media)
	defer cancel()
	users, err := gs.opt.MediaServer.LocalUsers(within)
	if err != nil {
		return gs.media.explain(ctx, err)
	}
	for _, in := range open {
		if err := gs.finishIntent(ctx, in, users); err != nil {
			return err
		}
	}
	return nil
}

// finishIntent looks for the local user of one intent, and keeps them as a guest. If no
// local user has the secret of the intent, the guest was not created, and the intent is
// deleted. A local user whom somebody else has created is never used as the guest, whatever
// their name is.
func (gs *guests) finishIntent(ctx context.Context, in intent, users []mediaserver.LocalUser) error {
	known, err := readGuests(gs.store.read(ctx), "1 = 1")
	if err != nil {
		return gs.explainFile(ctx, err)
	}
	ours := map[string]bool{}
	for _, g := range known {
		ours[g.LocalUserID] = true
	}
	var found *mediaserver.LocalUser
	for i, u := range users {
		if in.Before[u.ID] || ours[u.ID] || u.Administrator || u.Disabled || !isNameLike(u.Name, in.Name) {
			continue
		}
		is, err := gs.isGuest(ctx, u.ID, in.Secret)
		if err != nil {
			return err
		}
		if is {
			found = &users[i]
			break
		}
		gs.log.LogAttrs(ctx, slog.LevelWarn, "a local user has the name of a guest who was being created when the agent ended, but the agent did not create that local user, and leaves them alone",
			slog.String("link_id", in.LinkID), slog.String("local_user", readable(u.Name)), slog.String("local_user_id", u.ID))
	}
	if found == nil {
		return gs.explainFile(ctx, gs.store.dropIntent(ctx, in.LinkID))
	}
	// The guest may have access to anything, so Applied stays empty: the next step
	// restricts or disables them.
	g := guestRow{LocalUserID: found.ID, AccountID: in.AccountID, LinkID: in.LinkID, Name: found.Name, CreatedAt: stamp(gs.store.now())}
	if err := gs.store.putGuest(ctx, g, gs.opt.managed(in.Secret)); err != nil {
		return gs.explainFile(ctx, err)
	}
	gs.logGuest(ctx, "a local user that was created for a guest was found again", in.Name, &g)
	return nil
}

// isGuest asks the media server whether a local user has the secret of a guest.
func (gs *guests) isGuest(ctx context.Context, id, secret string) (bool, error) {
	within, cancel := context.WithTimeout(ctx, gs.pace.media)
	defer cancel()
	is, err := gs.opt.MediaServer.IsGuest(within, id, secret)
	return is, gs.media.explain(ctx, err)
}

// isNameLike reports whether name is the wanted name, perhaps with an ending that makes it
// unique: digits, blanks and signs, but no letters.
func isNameLike(name, wanted string) bool {
	if len(name) < len(wanted) || !strings.EqualFold(name[:len(wanted)], wanted) {
		return false
	}
	return !strings.ContainsFunc(name[len(wanted):], unicode.IsLetter)
}
