package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

// Invites are offers of a link that an admin makes to guests at the machine.
type Invites struct{ *core }

// InviteAsk is the request to invite a guest in the name of the server's owner.
type InviteAsk struct {
	To        string   // a username or an email address; "" for a link alone
	Note      string   // for the person
	Libraries []string // ids or names; nil means the profile or the agent's settings decide
	EndsAt    time.Time
	Link      bool      // also make a link, to hand on
	Family    bool      // for the whole family of a guardian; only with To
	Greeting  string    // the name that the page greets
	Uses      int       // how many people may accept it; 0 for one, or as the profile says
	ExpiresAt time.Time // until when it can be accepted; zero for 14 days, or as the profile says
	Profile   string    // the name of a profile that the owner has saved at the service; "" for none
}

// InviteAnswer is the answer of [Invites.Create].
type InviteAnswer struct {
	ID        string
	To        string // as the admin typed it
	Uses      int    // how many people may accept it
	Link      string // the address to hand on; "" without a link. The service tells it only this once
	EndsAt    time.Time
	ExpiresAt time.Time
}

// inviteRefusal returns the agent's error if the service has refused an invite because of
// the invite itself, and nil for any other error. Too many invites count as such a reason,
// so that the admin is not told that the service is away.
func inviteRefusal(err error) error {
	wrong, is := errors.AsType[*client.Error](err)
	if !is {
		return nil
	}
	_, unknown := wrong.Field("to")
	_, profile := wrong.Field("profile")
	switch {
	case unknown:
		return fmt.Errorf("%w: %w", ErrUsernameUnknown, err)
	case profile:
		return fmt.Errorf("%w: %w", ErrProfileUnknown, err)
	case len(wrong.Fields) > 0:
		return fmt.Errorf("%w: %s", ErrServiceRefused, readable(cmp.Or(wrong.Fields[0].Detail, wrong.Fields[0].Code)))
	case errors.Is(err, client.ErrThrottled):
		return fmt.Errorf("%w: too many invites or requests within a short time. Try again later: %w", ErrServiceRefused, err)
	case errors.Is(err, client.ErrServerUnclaimed):
		return fmt.Errorf("%w: %w", ErrUnclaimed, err)
	}
	return nil
}

// Create invites a guest. It returns [ErrNotRegistered], [ErrGuestsOff],
// [ErrLibraryUnknown], [ErrUsernameUnknown] when the service cannot invite
// ask.To, [ErrProfileUnknown], [ErrUnclaimed], [ErrMediaServerAway], [ErrServiceAway], or
// [ErrServiceRefused], also for a value that the service does not take.
func (i *Invites) Create(ctx context.Context, ask InviteAsk) (InviteAnswer, error) {
	if !i.opt.Policy.CreateUsers {
		return InviteAnswer{}, ErrGuestsOff
	}
	in := client.AskInvite{
		To: ask.To, Type: client.Guest, Note: ask.Note, EndsAt: ask.EndsAt,
		Link: ask.Link, Family: ask.Family, Greeting: ask.Greeting, Uses: ask.Uses, ExpiresAt: ask.ExpiresAt, Profile: ask.Profile,
	}
	if ask.Libraries != nil {
		if err := i.media.confirm(ctx); err != nil {
			return InviteAnswer{}, away(err)
		}
		known, err := i.media.knownLibraries(ctx)
		if err != nil {
			return InviteAnswer{}, away(err)
		}
		ids, unknown := chooseLibraries(known, ask.Libraries)
		if len(unknown) > 0 {
			return InviteAnswer{}, fmt.Errorf("%w: %s", ErrLibraryUnknown, readable(strings.Join(unknown, ", ")))
		}
		in.Libraries = ids
	}
	service, err := i.service.client(ctx)
	if err != nil {
		return InviteAnswer{}, err
	}
	made, err := service.Invite(ctx, in)
	if refused := inviteRefusal(err); refused != nil {
		return InviteAnswer{}, refused
	}
	if err := i.service.explain(ctx, byNobody, err); err != nil {
		return InviteAnswer{}, err
	}
	i.log.LogAttrs(ctx, slog.LevelInfo, "a guest was invited", slog.String("invite_id", string(made.ID)))
	return answerOf(made), nil
}

// TimeZone returns the time zone of the server's owner. The last day of a link is a day in this
// zone. It returns UTC while the service does not know the zone, or if this machine does not know
// it. It returns [ErrNotRegistered], [ErrServiceAway] or [ErrServiceRefused].
func (i *Invites) TimeZone(ctx context.Context) (*time.Location, error) {
	service, err := i.service.client(ctx)
	if err != nil {
		return nil, err
	}
	this, err := service.Get(ctx)
	if err := i.service.explain(ctx, byNobody, err); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(this.TimeZone)
	if err != nil || this.TimeZone == "Local" {
		return time.UTC, nil //nolint:nilerr // a zone that this machine does not know counts as none
	}
	return zone, nil
}

// answerOf returns the facts about a new invite that the administrator sees.
func answerOf(made client.MadeInvite) InviteAnswer {
	out := InviteAnswer{ID: string(made.ID), To: made.To, Uses: made.Uses, ExpiresAt: made.ExpiresAt}
	if made.Link != nil {
		out.Link = made.Link.URL
	}
	for _, one := range made.Servers {
		out.EndsAt = one.EndsAt
	}
	return out
}

// Invite is an invite to the server that the invited person has not answered yet.
type Invite struct {
	ID        string
	To        string   // a username or an email address, as the admin or the owner typed it; "" for a link alone
	Type      string   // client.Linked or client.Guest
	Greeting  string   // the name that the page greets
	HasLink   bool     // the owner can copy it again at the service
	Uses      int      // how many people may accept it
	Used      int      // how many people have accepted it
	Libraries []string // ids; nil means the agent's settings decide
	EndsAt    time.Time
	ExpiresAt time.Time
}

// Pending asks the service for the invites that nobody has answered yet, the newest first.
// They include the invites that the owner made on a page of the service. Pending returns
// [ErrNotRegistered], [ErrServiceAway] or [ErrServiceRefused].
func (i *Invites) Pending(ctx context.Context) ([]Invite, error) {
	service, err := i.service.client(ctx)
	if err != nil {
		return nil, err
	}
	list, err := service.Invites(ctx)
	if err := i.service.explain(ctx, byNobody, err); err != nil {
		return nil, err
	}
	pending := make([]Invite, 0, len(list))
	for _, one := range list {
		invite := Invite{
			ID: string(one.ID), To: readable(one.To), Type: one.Type, Greeting: readable(one.Greeting), HasLink: one.HasLink, Uses: one.Uses, Used: one.Used,
			EndsAt: one.EndsAt, ExpiresAt: one.ExpiresAt,
		}
		for _, library := range one.Libraries {
			invite.Libraries = append(invite.Libraries, library.ID)
		}
		pending = append(pending, invite)
	}
	return pending, nil
}

// Withdraw takes back an invite that waits for its answer. It returns
// [ErrNotInvited] for any other id, [ErrNotRegistered], [ErrServiceAway] or
// [ErrServiceRefused].
func (i *Invites) Withdraw(ctx context.Context, id string) error {
	if !isNumber(id) {
		return ErrNotInvited
	}
	service, err := i.service.client(ctx)
	if err != nil {
		return err
	}
	err = service.WithdrawInvite(ctx, client.ID(id))
	if errors.Is(err, client.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrNotInvited, err)
	}
	if err := i.service.explain(ctx, byNobody, err); err != nil {
		return err
	}
	i.log.LogAttrs(ctx, slog.LevelInfo, "an invite was withdrawn", slog.String("invite_id", id))
	return nil
}
