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

// Link is a link in the agent's own copy.
type Link struct {
	ID, AccountID              string
	Username, DisplayName      string // of the account; DisplayName may be ""
	LocalUserID, LocalUserName string // "" while the link has no local user; the name may be old
	Type                       string // client.Linked or client.Guest
	Status                     string // client.Pending or client.Accepted
	Active                     bool   // false while the account is disabled or not confirmed
	Libraries                  []string
	EndsAt                     time.Time // zero if the link does not end
	Allowed                    bool      // whether the local user may be used; see [Allowances]
}

// LinkAnswer is the answer of [Links.Ask].
type LinkAnswer struct {
	Pending bool // the person has to accept the link
	Link    Link
}

// Links are the agent's own copy of the server's links, and the operations on them for an
// admin at the machine.
type Links struct {
	*core

	reports *reports
}

// List returns all links of the agent's own copy, the oldest first.
func (l *Links) List(ctx context.Context) ([]Link, error) {
	list, err := l.store.links(ctx)
	for i := range list {
		list[i].Allowed = list[i].Allowed || l.opt.Policy.AllowAllUsers
	}
	return list, err
}

// Pending returns the links that wait for their person.
func (l *Links) Pending(ctx context.Context) ([]Link, error) {
	all, err := l.store.links(ctx)
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

// Ask asks the person with a username to link their account with a local user. The
// parameter requestedBy is the name of the administrator, as the person sees it; it may be
// "". It returns [ErrNotRegistered], [ErrLocalUserUnknown], [ErrLocalUserRefused] for an
// administrator, [ErrUsernameUnknown], [ErrAlreadyLinked], [ErrMediaServerAway],
// [ErrServiceAway] or [ErrServiceRefused].
func (l *Links) Ask(ctx context.Context, localUserID, username, requestedBy string) (LinkAnswer, error) {
	user, err := l.linkable(ctx, localUserID)
	if err != nil {
		return LinkAnswer{}, err
	}
	service, err := l.service.client(ctx)
	if err != nil {
		return LinkAnswer{}, err
	}
	before, err := changeSeq(l.store.read(ctx))
	if err != nil {
		return LinkAnswer{}, l.explainFile(ctx, err)
	}
	fresh, err := l.give(ctx, user, givenByLink) // an admin has asked, which is the yes
	if err != nil {
		return LinkAnswer{}, err
	}
	made, err := l.askForLink(ctx, service, client.AskLink{To: username, LocalUser: user.ID, Type: client.Linked, RequestedBy: requestedBy})
	if err != nil {
		if fresh && !errors.Is(err, ErrServiceAway) { // a service that is away may have made the link
			_, failed := l.store.disallow(ctx, user.ID)
			err = errors.Join(err, failed)
		}
		return LinkAnswer{}, err
	}
	row, err := rowOf(&made)
	if err != nil || row.LocalUserID != user.ID {
		l.passOver(ctx, row)
		return LinkAnswer{}, fmt.Errorf("%w: its answer makes no sense", ErrServiceAway)
	}
	err = l.store.tx(ctx, "write a link", func(tx *gorm.DB) error {
		if ok, err := unchanged(before)(tx); err != nil || !ok {
			return err // the feed has brought something newer
		}
		_, err := l.store.putLink(tx, row)
		return err
	})
	if errors.Is(err, errLinkInvalid) {
		l.passOver(ctx, row)
		return LinkAnswer{}, fmt.Errorf("%w: %w", ErrServiceAway, err)
	}
	if err != nil {
		return LinkAnswer{}, l.explainFile(ctx, err)
	}
	row.LocalUserName = readable(user.Name)
	l.logLink(ctx, note{text: "a link was asked for", link: &row, more: []slog.Attr{slog.String("requested_by", readable(requestedBy))}})
	return LinkAnswer{Pending: row.Status == client.Pending, Link: row.link()}, nil
}

// Replace does the same as [Links.Ask], but first ends the link of the local user to
// another account. It ends that link only when the service has found the new account and
// would make the new link. The link of a guest is not replaced, because the local user of
// the guest would be shut out with it: then Replace returns [ErrAlreadyLinked].
func (l *Links) Replace(ctx context.Context, localUserID, username string) (LinkAnswer, error) {
	answer, err := l.Ask(ctx, localUserID, username, "")
	if !errors.Is(err, client.ErrLocalUserTaken) {
		return answer, err
	}
	rows, failed := readLinks(l.store.read(ctx), "local_user_id = ? AND unlinked_at = 0", localUserID)
	switch {
	case failed != nil:
		return LinkAnswer{}, l.explainFile(ctx, failed)
	case len(rows) != 1 || rows[0].Type != client.Linked:
		return LinkAnswer{}, err
	}
	if err := l.End(ctx, rows[0].ID); err != nil && !errors.Is(err, ErrNotLinked) {
		return LinkAnswer{}, err
	}
	return l.Ask(ctx, localUserID, username, "")
}

// askForLink asks the service for a link. If the service does not know the local
// user yet, it sends a report and asks once more.
func (l *Links) askForLink(ctx context.Context, service *client.Agent, ask client.AskLink) (client.AgentLink, error) {
	made, err := service.AskForLink(ctx, ask)
	if wrong, is := errors.AsType[*client.Error](err); is {
		if _, unknown := wrong.Field("local_user"); unknown { // created since the last report
			if err := l.reports.sendNow(ctx); err != nil {
				return made, err
			}
			made, err = service.AskForLink(ctx, ask)
		}
	}
	if err != nil {
		return made, l.refusal(ctx, err)
	}
	return made, l.service.explain(ctx, byNobody, nil)
}

// linkable asks the media server for a local user and checks that they may be
// linked.
func (l *Links) linkable(ctx context.Context, localUserID string) (mediaserver.LocalUser, error) {
	if err := l.media.check(ctx); err != nil {
		return mediaserver.LocalUser{}, away(err)
	}
	within, cancel := context.WithTimeout(ctx, l.pace.media)
	defer cancel()
	user, err := l.opt.MediaServer.LocalUser(within, localUserID)
	switch {
	case errors.Is(err, mediaserver.ErrNotFound):
		return user, ErrLocalUserUnknown
	case err != nil:
		return user, away(l.media.explain(ctx, err))
	case user.Administrator && !l.opt.Policy.AllowAdmins:
		return user, fmt.Errorf("%w: it is an administrator, and allow-admins is off", ErrLocalUserRefused)
	}
	return user, nil
}

// refusal returns the agent's error for the error with which the service has refused a
// link.
func (l *Links) refusal(ctx context.Context, err error) error {
	wrong, _ := errors.AsType[*client.Error](err)
	err = l.service.explain(ctx, byNobody, err)
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
