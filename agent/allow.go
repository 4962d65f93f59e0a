package agent

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// Allowances are the local users that somebody has allowed: the service may let people
// in as these local users. A local user who existed before the agent needs a yes that is
// given at this machine: by an admin, or by the person, who proves which local user they
// are. Otherwise somebody who takes over the service could sign in as anybody.
type Allowances struct {
	*core

	links *Links
}

// Allowance is a local user as [Allowances.List] returns them.
type Allowance struct {
	LocalUser mediaserver.LocalUser
	Allowed   bool
	Guest     bool     // the agent has created them, and they need no yes
	Waiting   []string // usernames whose accepted link waits for the yes
}

// Needed reports whether the local user needs a yes: they have no yes, and are not disabled.
func (a Allowance) Needed() bool { return !a.Allowed && !a.LocalUser.Disabled }

// List asks the media server for its local users, and returns for each whether they
// are allowed, in the order of the media server. Administrators are left out, unless
// Policy.AllowAdmins is set. It returns [ErrMediaServerAway].
func (a *Allowances) List(ctx context.Context) ([]Allowance, error) {
	list, err := a.all(ctx)
	return slices.DeleteFunc(list, func(one Allowance) bool { return one.LocalUser.Administrator && !a.opt.Policy.AllowAdmins }), err
}

// all does the work of [Allowances.List], but always includes the administrators.
func (a *Allowances) all(ctx context.Context) ([]Allowance, error) {
	within, cancel := context.WithTimeout(ctx, a.pace.media)
	defer cancel()
	users, err := a.opt.MediaServer.LocalUsers(within)
	if err != nil {
		return nil, away(a.media.explain(ctx, err))
	}
	of, err := a.whoIsAllowed(ctx)
	if err != nil {
		return nil, a.explainFile(ctx, err)
	}
	list := make([]Allowance, 0, len(users))
	for _, user := range users {
		one := of.allowance(user)
		one.Allowed = one.Allowed || a.opt.Policy.AllowAllUsers
		list = append(list, one)
	}
	return list, nil
}

// Allow allows a local user: the service may then let people in as this local user. It returns
// [ErrLocalUserUnknown], [ErrLocalUserRefused] for an administrator, or [ErrMediaServerAway].
func (a *Allowances) Allow(ctx context.Context, localUserID string) error {
	user, err := a.links.linkable(ctx, localUserID)
	if err != nil {
		return err
	}
	_, err = a.give(ctx, user, givenByAllow)
	return err
}

// give stores the yes of the admin to a local user, and reports whether it is new.
func (c *core) give(ctx context.Context, user mediaserver.LocalUser, by string) (fresh bool, err error) {
	if fresh, err = c.store.allow(ctx, user, by); err != nil {
		return false, c.explainFile(ctx, err)
	}
	if fresh {
		c.log.LogAttrs(ctx, slog.LevelInfo, "a local user was allowed: the service may let people in as them",
			slog.String("local_user", readable(user.Name)), slog.String("local_user_id", user.ID), slog.String("by", by))
		c.wake.media.now()
		c.wake.report.now()
	}
	return fresh, nil
}

// Disallow removes the yes to a local user, even if the media server no longer has the
// local user. The agent then revokes the tokens that it made for the local user. The links
// stay, and wait for a new yes. Disallow returns [ErrLocalUserNotAllowed] if there was no
// yes.
func (a *Allowances) Disallow(ctx context.Context, localUserID string) error {
	was, err := a.store.disallow(ctx, localUserID)
	if err != nil {
		return a.explainFile(ctx, err)
	}
	if !was {
		return ErrLocalUserNotAllowed
	}
	a.log.LogAttrs(ctx, slog.LevelInfo, "a local user is no longer allowed: the service cannot let anybody in as them", slog.String("local_user_id", localUserID))
	a.wake.media.now()
	a.wake.report.now()
	return nil
}

// Find returns the id of an allowed local user, or "" if no local user matches. It compares
// the given name with the ids and, without letter case, with the names that the local users
// had when they got the yes. So it also finds local users that the media server no longer
// has.
func (a *Allowances) Find(ctx context.Context, name string) (localUserID string, err error) {
	rows, err := a.store.allowedUsers(ctx)
	if err != nil {
		return "", a.explainFile(ctx, err)
	}
	for _, row := range rows {
		if strings.EqualFold(row.Name, name) || row.LocalUserID == name {
			return row.LocalUserID, nil
		}
	}
	return "", nil
}

// allowances holds the local users who are allowed, and the local users whose links wait for
// a yes. It is read once, and then many local users can be looked up in it.
type allowances struct {
	yes, guests map[string]bool     // by id of the local user
	waiting     map[string][]string // usernames by id of the local user
}

// whoIsAllowed reads the allowed local users from the agent's file. A local user whom only
// Policy.AllowAllUsers allows is not among them; the caller has to consider that.
func (c *core) whoIsAllowed(ctx context.Context) (allowances, error) {
	of := allowances{map[string]bool{}, map[string]bool{}, map[string][]string{}}
	rows, err := c.store.allowedUsers(ctx)
	if err != nil {
		return of, err
	}
	guests, err := readGuests(c.store.read(ctx), "unsure = 0 AND left_alone <> ?", aloneAdministrator)
	if err != nil {
		return of, err
	}
	links, err := c.waitingLinks(ctx)
	if err != nil {
		return of, err
	}
	for _, row := range rows {
		of.yes[row.LocalUserID] = true
	}
	for i := range guests {
		of.guests[guests[i].LocalUserID] = true
	}
	for i := range links {
		of.waiting[links[i].LocalUserID] = append(of.waiting[links[i].LocalUserID], links[i].Username)
	}
	return of, nil
}

func (a allowances) allowance(user mediaserver.LocalUser) Allowance {
	return Allowance{
		LocalUser: user, Allowed: a.yes[user.ID] || a.guests[user.ID], Guest: a.guests[user.ID], Waiting: a.waiting[user.ID],
	}
}

// needsYes reports whether a missing yes is the reason why the agent lets nobody in as a
// local user. For an administrator it returns false while Policy.AllowAdmins is off, because
// a yes would not help then.
func (c *core) needsYes(a Allowance) bool {
	return !a.Allowed && !c.opt.Policy.AllowAllUsers && (!a.LocalUser.Administrator || c.opt.Policy.AllowAdmins)
}

// waitingLinks returns the accepted links whose local user waits for a yes.
func (c *core) waitingLinks(ctx context.Context) ([]linkRow, error) {
	if c.opt.Policy.AllowAllUsers {
		return nil, nil
	}
	return c.store.waitingLinks(ctx)
}

// mayUse reports whether the local user of a link may be used.
func (c *core) mayUse(link *linkRow) bool { return link.Allowed || c.opt.Policy.AllowAllUsers }

// noteWaiting begins the trouble for links that wait for a yes, or ends it when no link
// waits.
func (c *core) noteWaiting(ctx context.Context) error {
	links, err := c.waitingLinks(ctx)
	if err != nil {
		return c.explainFile(ctx, err)
	}
	if len(links) == 0 {
		c.trouble.end(ctx, troubleNotAllowed)
		return nil
	}
	c.trouble.begin(ctx, troubleNotAllowed, "a link waits for a yes at this machine: 'latchkey agent allow' shows the local users, and 'latchkey agent allow NAME' says yes. "+
		"If neither you nor your household has made that link, end it on the server's page and do not say yes",
		slog.Int("links", len(links)), slog.String("local_user_id", readable(links[0].LocalUserID)))
	return nil
}

// Waiting returns the local users whose links wait for a yes. Their names come from the
// media server, because the service could put any name into a link. If the media server
// does not answer, or does not list a local user, the name is the id of the local user.
func (a *Allowances) Waiting(ctx context.Context) ([]Allowance, error) {
	links, err := a.waitingLinks(ctx)
	if err != nil || len(links) == 0 {
		return nil, a.explainFile(ctx, err)
	}
	all, err := a.all(ctx)
	if err != nil && !errors.Is(err, ErrMediaServerAway) {
		return nil, err
	}
	list := slices.DeleteFunc(all, func(one Allowance) bool { return len(one.Waiting) == 0 })
	for i := range links {
		id := readable(links[i].LocalUserID)
		if !slices.ContainsFunc(list, func(one Allowance) bool { return one.LocalUser.ID == links[i].LocalUserID }) {
			list = append(list, Allowance{LocalUser: mediaserver.LocalUser{ID: links[i].LocalUserID, Name: id}, Waiting: []string{links[i].Username}})
		}
	}
	return list, nil
}
