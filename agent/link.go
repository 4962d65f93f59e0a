package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// Link is a link as the agent's own copy has it.
type Link struct {
	ID, AccountID              string
	Username, DisplayName      string // of the account; DisplayName is "" for none
	LocalUserID, LocalUserName string // "" while the link has no local user; the name is the one last seen
	Type                       string // client.Linked or client.Guest
	Status                     string // client.Pending or client.Accepted
	Active                     bool   // false while the account is disabled or not confirmed
	Libraries                  []string
	EndsAt                     time.Time // zero for no end
}

// LinkAnswer tells what became of [Agent.Link].
type LinkAnswer struct {
	Pending bool // the person has to accept it
	Link    Link
}

// Links returns the agent's own copy of all links, those first that were made
// first.
func (a *Agent) Links(ctx context.Context) ([]Link, error) { return a.store.links(ctx) }

// Pending returns the links that wait for their person.
func (a *Agent) Pending(ctx context.Context) ([]Link, error) {
	all, err := a.store.links(ctx)
	if err != nil {
		return nil, err
	}
	pending := []Link{}
	for _, link := range all {
		if link.Status == client.Pending {
			pending = append(pending, link)
		}
	}
	return pending, nil
}

// Link asks the person with a username to link their account with a local user;
// requestedBy is who asks, as the person will read it. It returns
// [ErrNotRegistered], [ErrLocalUserUnknown], [ErrLocalUserRefused] for an
// administrator, [ErrUsernameUnknown], [ErrAlreadyLinked], [ErrMediaServerAway],
// [ErrServiceAway] or [ErrServiceRefused].
func (a *Agent) Link(ctx context.Context, localUserID, username, requestedBy string) (LinkAnswer, error) {
	user, err := a.linkable(ctx, localUserID)
	if err != nil {
		return LinkAnswer{}, err
	}
	service, err := a.service(ctx)
	if err != nil {
		return LinkAnswer{}, err
	}
	before, err := changeSeq(a.store.read(ctx))
	if err != nil {
		return LinkAnswer{}, a.ownFile(ctx, err)
	}
	made, err := a.askForLink(ctx, service, client.AskLink{To: username, LocalUser: user.ID, Type: client.Linked, RequestedBy: requestedBy})
	if err != nil {
		return LinkAnswer{}, err
	}
	row, err := rowOf(&made)
	if err != nil || row.LocalUserID != user.ID {
		a.oddLink(ctx, row)
		return LinkAnswer{}, fmt.Errorf("%w: its answer makes no sense", ErrServiceAway)
	}
	err = a.store.tx(ctx, "write a link", func(tx *gorm.DB) error {
		if ok, err := unchanged(before)(tx); err != nil || !ok {
			return err // the feed knows better
		}
		_, err := a.store.putLink(tx, row)
		return err
	})
	if errors.Is(err, errLinkOdd) {
		a.oddLink(ctx, row)
		return LinkAnswer{}, fmt.Errorf("%w: %w", ErrServiceAway, err)
	}
	if err != nil {
		return LinkAnswer{}, a.ownFile(ctx, err)
	}
	row.LocalUserName = readable(user.Name)
	a.say(ctx, note{text: "a link was asked for", link: &row, more: []slog.Attr{slog.String("requested_by", readable(requestedBy))}})
	return LinkAnswer{Pending: row.Status == client.Pending, Link: row.link()}, nil
}

// askForLink asks the service for a link, once more when it does not know the
// local user yet.
func (a *Agent) askForLink(ctx context.Context, service *client.Agent, ask client.AskLink) (client.AgentLink, error) {
	made, err := service.AskForLink(ctx, ask)
	if wrong, is := errors.AsType[*client.Error](err); is {
		if _, unknown := wrong.Field("local_user"); unknown { // made since the last report
			if err := a.reportNow(ctx); err != nil {
				return made, err
			}
			made, err = service.AskForLink(ctx, ask)
		}
	}
	if err != nil {
		return made, a.notLinked(ctx, err)
	}
	return made, a.heard(ctx, once, nil)
}

// linkable is a local user that may be linked.
func (a *Agent) linkable(ctx context.Context, localUserID string) (mediaserver.LocalUser, error) {
	if err := a.confirm(ctx); err != nil {
		return mediaserver.LocalUser{}, away(err)
	}
	within, cancel := context.WithTimeout(ctx, a.pace.media)
	defer cancel()
	user, err := a.o.MediaServer.LocalUser(within, localUserID)
	switch {
	case errors.Is(err, mediaserver.ErrNotFound):
		return user, ErrLocalUserUnknown
	case err != nil:
		return user, away(a.mediaServer(ctx, err))
	case user.Administrator && !a.o.Policy.AllowAdmins:
		return user, fmt.Errorf("%w: they are an administrator, and allow-admins is off", ErrLocalUserRefused)
	}
	return user, nil
}

// notLinked is what it means that the service makes no link.
func (a *Agent) notLinked(ctx context.Context, err error) error {
	wrong, _ := errors.AsType[*client.Error](err)
	err = a.heard(ctx, once, err)
	switch {
	case !errors.Is(err, ErrServiceRefused):
		return err
	case errors.Is(err, client.ErrAlreadyLinked), errors.Is(err, client.ErrLocalUserTaken):
		return fmt.Errorf("%w: %w", ErrAlreadyLinked, err)
	}
	if _, unknown := wrong.Field("to"); unknown {
		return fmt.Errorf("%w: %w", ErrUsernameUnknown, err)
	}
	if _, unknown := wrong.Field("local_user"); unknown {
		return fmt.Errorf("%w: %w", ErrLocalUserUnknown, err)
	}
	return err
}

// Unlink ends the link of a local user. It returns [ErrNotLinked].
func (a *Agent) Unlink(ctx context.Context, localUserID string) error {
	if localUserID == "" {
		return ErrNotLinked
	}
	return a.unlink(ctx, "local_user_id = ? AND unlinked_at = 0", localUserID)
}

// UnlinkID ends a link. It returns [ErrNotLinked].
func (a *Agent) UnlinkID(ctx context.Context, linkID string) error {
	return a.unlink(ctx, "id = ? AND unlinked_at = 0", linkID)
}

// unlink shuts links here at once. The service hears of it now, or as soon as it
// is back.
func (a *Agent) unlink(ctx context.Context, condition string, args ...any) error {
	var ended []linkRow
	err := a.store.tx(ctx, "end a link", func(tx *gorm.DB) error {
		var err error
		if ended, err = links(tx, condition, args...); err != nil {
			return err
		}
		for _, link := range ended {
			if err := tx.Exec("UPDATE links SET unlinked_at = ? WHERE id = ?", stamp(a.store.now()), link.ID).Error; err != nil {
				return err
			}
			if err := a.store.oweTokens(tx, "link_id = ?", link.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return a.ownFile(ctx, err)
	}
	if len(ended) == 0 {
		return ErrNotLinked
	}
	a.owed.now()
	for i := range ended {
		a.say(ctx, note{text: "a link was ended here by an admin", link: &ended[i]})
		_ = a.tellEnd(ctx, &ended[i]) // else it is owed
	}
	return nil
}
