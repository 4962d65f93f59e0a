package agent

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// What the media server was told of a guest, beside appliedOpen with what they
// may see.
const (
	appliedOpen   = "open:"
	appliedPaused = "paused" // disabled, while there is a link that may be in use again
	appliedShut   = "shut"   // disabled, and the link is gone
)

// Why nothing is done with a guest any more.
const (
	aloneGone          = "gone"
	aloneAdministrator = "administrator"
	aloneLinked        = "linked"
)

// guestsHourly is how many guests are made in an hour. Whoever has taken the
// service over shall not fill the media server in a night.
const guestsHourly = 20

// Reasons for which an accepted guest waits.
const (
	waitOff    = "guests_off"
	waitLimit  = "guest_limit"
	waitHourly = "guests_hourly"
	waitMedia  = "guest_refused"
)

func waitText(reason string) string {
	switch reason {
	case waitOff:
		return "somebody has accepted an invite as a guest, but create-users is off: no local user is made. Link them with a local user of yours, or end the link"
	case waitLimit:
		return "somebody has accepted an invite as a guest, but there are as many guests as guest-limit allows: delete former ones at the media server, or raise it"
	case waitHourly:
		return "somebody has accepted an invite as a guest, but many were made within the last hour: they are made later. If you did not invite so many, look into the service"
	default:
		return "somebody has accepted an invite as a guest, but the media server refuses to make a local user: look into its log"
	}
}

// guestBook is one pass over all guests.
type guestBook struct {
	now       time.Time
	guests    []*guestRow
	inUse     map[string]*linkRow    // links of guests that are in use, by id
	order     []*linkRow             // the same, those first that were made first
	byAccount map[string][]*linkRow  // the same
	standFor  map[string]*guestRow   // guests by the link that they stand for
	former    map[string][]*guestRow // the others, by account
	alone     map[string]bool        // links whose guest is left alone
	waits     map[string]*linkRow    // whom a reason keeps waiting
}

func newGuestBook(now time.Time, inUse []linkRow, rows []guestRow) *guestBook {
	b := &guestBook{
		now: now, inUse: map[string]*linkRow{}, byAccount: map[string][]*linkRow{},
		standFor: map[string]*guestRow{}, former: map[string][]*guestRow{}, alone: map[string]bool{}, waits: map[string]*linkRow{},
	}
	for i := range inUse {
		link := &inUse[i]
		b.inUse[link.ID] = link
		b.order = append(b.order, link)
		b.byAccount[link.AccountID] = append(b.byAccount[link.AccountID], link)
	}
	for i := range rows {
		g := &rows[i]
		if g.LeftAlone != "" {
			b.alone[g.LinkID] = true
			continue
		}
		b.guests = append(b.guests, g)
		if link := b.inUse[g.LinkID]; link != nil && link.mayBe(g) {
			b.standFor[g.LinkID] = g
		} else {
			b.former[g.AccountID] = append(b.former[g.AccountID], g)
		}
	}
	return b
}

// mayBe reports whether a guest can be the one of the link.
func (r *linkRow) mayBe(g *guestRow) bool {
	return r.LocalUserID == "" || r.LocalUserID == g.LocalUserID
}

// comeBack lets former guests stand for links of the same accounts that have
// nobody.
func (b *guestBook) comeBack(move func(g *guestRow, link *linkRow) error) error {
	for _, link := range b.order {
		if b.standFor[link.ID] != nil || b.alone[link.ID] {
			continue
		}
		for i, g := range b.former[link.AccountID] {
			if !link.mayBe(g) {
				continue
			}
			if err := move(g, link); err != nil {
				return err
			}
			b.standFor[link.ID] = g
			b.former[link.AccountID] = slices.Delete(b.former[link.AccountID], i, i+1)
			break
		}
	}
	return nil
}

// guests are the local users that the agent has made for links.
type guests struct {
	*core

	reports *reports
	created *limit // guests that this run has made
}

// settle does for guests what their links want: makes, restricts, disables
// and deletes, and tells the service. It is called by one goroutine.
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
		if who := book.waits[reason]; who != nil {
			gs.trouble.begin(ctx, reason, waitText(reason), slog.String("account", who.Username), slog.String("link_id", who.ID))
		} else {
			gs.trouble.end(ctx, reason)
		}
	}
	return failed
}

// applyBook shuts out whose link has ended, and lets in whose link is in use.
// Nobody waits for somebody else's trouble.
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
		g := book.standFor[link.ID]
		switch {
		case g != nil:
			failed = errors.Join(failed, gs.open(ctx, link, g))
		case link.LocalUserID == "" && !book.alone[link.ID]:
			failed = errors.Join(failed, gs.create(ctx, book, link))
		default: // the service names a local user that is no guest of ours: nothing of them is touched
		}
	}
	return failed
}

// restriction is what the guest of a link may see.
func (gs *guests) restriction(ctx context.Context, link *linkRow) (mediaserver.Restriction, error) {
	if ids := link.libraries(); ids != nil {
		slices.Sort(ids)
		return mediaserver.Restriction{Libraries: ids}, nil
	}
	if gs.opt.Policy.GuestLibraries == nil {
		return mediaserver.Restriction{AllLibraries: true}, nil
	}
	libraries, err := gs.media.libraries(ctx)
	if err != nil {
		return mediaserver.Restriction{}, err
	}
	ids, unknown := chooseLibraries(libraries, gs.opt.Policy.GuestLibraries)
	if len(unknown) > 0 {
		gs.trouble.begin(ctx, troubleLibraries, "guest-libraries names libraries that the media server does not have: guests do not see them. Correct it in the agent's settings",
			slog.String("libraries", strings.Join(unknown, ", ")))
	} else {
		gs.trouble.end(ctx, troubleLibraries)
	}
	return mediaserver.Restriction{Libraries: ids}, nil
}

// chooseLibraries are the ids of libraries that are named by id or name, and the
// names of which there is none.
func chooseLibraries(libraries []mediaserver.Library, wanted []string) (ids, unknown []string) {
	ids = []string{}
	for _, want := range wanted {
		found := false
		for _, l := range libraries {
			if l.ID == want || strings.EqualFold(l.Name, want) {
				ids, found = append(ids, l.ID), true
			}
		}
		if !found {
			unknown = append(unknown, want)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), unknown
}

// libraries are those of the media server, as last heard.
func (m *MediaServer) libraries(ctx context.Context) ([]mediaserver.Library, error) {
	m.mu.Lock()
	known := m.libs
	m.mu.Unlock()
	if known != nil {
		return known, nil
	}
	within, cancel := context.WithTimeout(ctx, m.pace.media)
	defer cancel()
	libraries, err := m.opt.MediaServer.Libraries(within)
	if err != nil {
		return nil, m.explain(ctx, err)
	}
	m.keepLibraries(libraries)
	return libraries, nil
}

func (m *MediaServer) keepLibraries(libraries []mediaserver.Library) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.libs = slices.Clone(libraries); m.libs == nil {
		m.libs = []mediaserver.Library{}
	}
}

// appliedFor is the note of a guest that is let in with a restriction.
func appliedFor(to mediaserver.Restriction) (string, error) {
	text, err := json.Marshal(struct {
		All       bool     `json:"all,omitempty"`
		Libraries []string `json:"libraries,omitempty"`
	}{to.AllLibraries, to.Libraries})
	return appliedOpen + string(text), err
}

// open lets a guest in with what their link says, if that is not so yet.
func (gs *guests) open(ctx context.Context, link *linkRow, g *guestRow) error {
	to, err := gs.restriction(ctx, link)
	if err != nil {
		return err
	}
	want, err := appliedFor(to)
	if err != nil || want == g.Applied {
		return err
	}
	if user, err := gs.localUser(ctx, g); err != nil || user == nil {
		return err
	}
	if err := gs.change(ctx, g, func(ctx context.Context) error { return gs.opt.MediaServer.Restrict(ctx, g.LocalUserID, to) }); err != nil || g.LeftAlone != "" {
		return err
	}
	text := "what a guest may see was changed"
	if !strings.HasPrefix(g.Applied, appliedOpen) {
		// Who is disabled while they should be let in was disabled by an admin, and stays so.
		text = "a guest was let in"
		enable := func(ctx context.Context) error { return gs.opt.MediaServer.SetDisabled(ctx, g.LocalUserID, false) }
		if err := gs.change(ctx, g, enable); err != nil || g.LeftAlone != "" {
			return err
		}
	}
	if err := gs.store.setApplied(ctx, g.LocalUserID, want); err != nil {
		return gs.explainFile(ctx, err)
	}
	g.Applied = want
	gs.logGuest(ctx, text, link.Username, g)
	return nil
}

// shut shuts a guest out whose link is not in use, if that is not so yet.
// Nobody is deleted while there is a link: an account that is disabled may be
// enabled again, and the clock of this machine may be wrong about an end.
func (gs *guests) shut(ctx context.Context, now time.Time, g *guestRow) error {
	named, err := readLinks(gs.store.read(ctx), "id = ?", g.LinkID)
	if err != nil {
		return gs.explainFile(ctx, err)
	}
	over := len(named) == 0
	if g.Applied == appliedShut || g.Applied == appliedPaused && !over {
		return nil
	}
	linked, err := readLinks(gs.store.read(ctx), "local_user_id = ? AND type <> ? AND "+usable, g.LocalUserID, client.Guest, stamp(now))
	if err != nil {
		return gs.explainFile(ctx, err)
	}
	if len(linked) > 0 {
		return gs.leaveAlone(ctx, g, aloneLinked, "a former guest is linked with an account by an admin: from now on nothing is done with that local user")
	}
	if user, err := gs.localUser(ctx, g); err != nil || user == nil {
		return err
	}
	if over && gs.opt.Policy.DeleteGuests {
		return gs.delete(ctx, g)
	}
	return gs.disable(ctx, g, over)
}

func (gs *guests) disable(ctx context.Context, g *guestRow, over bool) error {
	disable := func(ctx context.Context) error { return gs.opt.MediaServer.SetDisabled(ctx, g.LocalUserID, true) }
	if err := gs.change(ctx, g, disable); err != nil || g.LeftAlone != "" {
		return err
	}
	before := g.Applied
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

func (gs *guests) delete(ctx context.Context, g *guestRow) error {
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

// localUser is the local user of a guest, nil when nothing may be done with them
// any more: an admin has deleted them or made them an administrator.
func (gs *guests) localUser(ctx context.Context, g *guestRow) (*mediaserver.LocalUser, error) {
	within, cancel := context.WithTimeout(ctx, gs.pace.media)
	defer cancel()
	user, err := gs.opt.MediaServer.LocalUser(within, g.LocalUserID)
	switch {
	case errors.Is(err, mediaserver.ErrNotFound):
		return nil, gs.leaveAlone(ctx, g, aloneGone, "a guest was deleted at the media server: they are not made again. End their link, or link them with another local user")
	case err != nil:
		return nil, gs.media.explain(ctx, err)
	case user.Administrator:
		return nil, gs.leaveAlone(ctx, g, aloneAdministrator, "a guest is an administrator by now: from now on nothing is done with that local user, also when their link ends")
	}
	return &user, nil
}

// change does something with a guest. What the media server does not have, or
// does not allow, is left alone.
func (gs *guests) change(ctx context.Context, g *guestRow, act func(context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, gs.pace.media)
	defer cancel()
	err := act(within)
	switch {
	case errors.Is(err, mediaserver.ErrNotFound):
		return gs.leaveAlone(ctx, g, aloneGone, "a guest was deleted at the media server: they are not made again. End their link, or link them with another local user")
	case errors.Is(err, mediaserver.ErrNotAllowed):
		return gs.leaveAlone(ctx, g, aloneAdministrator, "the media server does not let the agent change a guest: are they an administrator by now? From now on nothing is done with that local user")
	}
	return gs.media.explain(ctx, err)
}

// leaveAlone notes that nothing is done with a guest any more, and why.
func (gs *guests) leaveAlone(ctx context.Context, g *guestRow, why, text string) error {
	if err := gs.store.leaveAlone(ctx, g.LocalUserID, why); err != nil {
		return gs.explainFile(ctx, err)
	}
	g.LeftAlone = why
	gs.log.LogAttrs(ctx, slog.LevelWarn, text, //nolint:sloglint // all its texts are constants
		slog.String("local_user", readable(g.Name)), slog.String("local_user_id", g.LocalUserID), slog.String("link_id", g.LinkID))
	return nil
}

func (gs *guests) logGuest(ctx context.Context, text, username string, g *guestRow) {
	gs.log.LogAttrs(ctx, slog.LevelInfo, text, //nolint:sloglint // all its texts are constants
		slog.String("account", username), slog.String("link_id", g.LinkID),
		slog.String("local_user", readable(g.Name)), slog.String("local_user_id", g.LocalUserID))
}
