package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// callsAtOnce is the greatest number of calls that the agent of one service has at the media server
// at the same time, if several services share it. So one service that causes much work leaves room
// for the others.
const callsAtOnce = 8

// serviceView is a media server as the agent of one of several services sees it: the guests of the
// other services do not exist there, and what another service holds cannot be changed. Every call of
// the agent passes through it, so a service that lies gets no further than its own agent's view. It
// reads the files of the other agents each time, so it also holds after a crash, and for commands
// that run beside the agent. See ADR 0044.
type serviceView struct {
	server mediaserver.Server
	own    Share
	others []Share
	before int // others[:before] come before this service
	limits *keyLocks
	free   chan struct{}
}

// ShareMediaServer returns, for each of several services, the media server as the agent of this
// service may use it. A service that is alone gets the media server itself.
func ShareMediaServer(server mediaserver.Server, shares []Share) []mediaserver.Server {
	if len(shares) == 1 {
		return []mediaserver.Server{server}
	}
	limits := &keyLocks{held: map[string]*keyLock{}}
	views := make([]mediaserver.Server, len(shares))
	for i, own := range shares {
		others := slices.Concat(shares[:i], shares[i+1:])
		view := &serviceView{server: server, own: own, others: others, before: i, limits: limits, free: make(chan struct{}, callsAtOnce)}
		if checker, can := server.(mediaserver.Checker); can {
			views[i] = checkedView{view, checker}
			continue
		}
		views[i] = view
	}
	return views
}

// checkedView is the view of a media server that can check itself. The checks are about the media server alone, and
// name no local user.
type checkedView struct {
	*serviceView
	checker mediaserver.Checker
}

// Check implements [mediaserver.Checker].
func (v checkedView) Check(ctx context.Context) ([]mediaserver.CheckedStep, error) {
	return call(ctx, v.serviceView, func() ([]mediaserver.CheckedStep, error) { return v.checker.Check(ctx) })
}

// enter waits until the agent may make another call, and returns the function that ends the call.
func (v *serviceView) enter(ctx context.Context) (leave func(), err error) {
	select {
	case v.free <- struct{}{}:
		return func() { <-v.free }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// call makes a call that concerns no single local user.
func call[T any](ctx context.Context, v *serviceView, work func() (T, error)) (T, error) { //nolint:ireturn // T is what the media server answers
	leave, err := v.enter(ctx)
	if err != nil {
		var none T
		return none, err
	}
	defer leave()
	return work()
}

// foreign returns a function that reports whether a local user belongs to another service.
func (v *serviceView) foreign(ctx context.Context) (func(user mediaserver.LocalUser) bool, error) {
	own, err := v.own.Store.claims(ctx)
	if err != nil {
		return nil, err
	}
	var all []claims
	for _, other := range v.others {
		theirs, err := other.Store.claims(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, theirs)
	}
	return func(user mediaserver.LocalUser) bool {
		return slices.ContainsFunc(all, func(theirs claims) bool {
			// If both were creating a guest of that name, the secret of the guest decides, and
			// each agent asks for it.
			return theirs.made[user.ID] || theirs.mayBeMaking(user) && !own.made[user.ID] && !own.mayBeMaking(user)
		})
	}, nil
}

// mine returns mediaserver.ErrNotFound for a local user who belongs to another service. The local
// user is asked for only if that could matter: while another service is creating a guest.
func (v *serviceView) mine(ctx context.Context, localUserID string) error {
	foreign, err := v.foreign(ctx)
	if err != nil {
		return err
	}
	if foreign(mediaserver.LocalUser{ID: localUserID}) {
		return mediaserver.ErrNotFound
	}
	for _, other := range v.others {
		theirs, err := other.Store.intents(ctx)
		if err != nil {
			return err
		}
		if len(theirs) == 0 {
			continue
		}
		user, err := v.server.LocalUser(ctx, localUserID)
		if err != nil {
			return err
		}
		if foreign(user) {
			return mediaserver.ErrNotFound
		}
		return nil
	}
	return nil
}

// callOn makes a call that concerns one local user, who must not belong to another service.
func callOn[T any](ctx context.Context, v *serviceView, localUserID string, work func() (T, error)) (none T, err error) { //nolint:ireturn // T is what the media server answers
	return call(ctx, v, func() (T, error) {
		if err := v.mine(ctx, localUserID); err != nil {
			return none, err
		}
		return work()
	})
}

// changeOn does the same as callOn for a call that returns nothing.
func changeOn(ctx context.Context, v *serviceView, localUserID string, work func() error) error {
	_, err := callOn(ctx, v, localUserID, func() (struct{}, error) { return struct{}{}, work() })
	return err
}

// Identity implements [mediaserver.Server].
func (v *serviceView) Identity(ctx context.Context) (mediaserver.Identity, error) {
	return call(ctx, v, func() (mediaserver.Identity, error) { return v.server.Identity(ctx) })
}

// Libraries implements [mediaserver.Server].
func (v *serviceView) Libraries(ctx context.Context) ([]mediaserver.Library, error) {
	return call(ctx, v, func() ([]mediaserver.Library, error) { return v.server.Libraries(ctx) })
}

// LocalUsers implements [mediaserver.Users]. It leaves out the guests of the other services.
func (v *serviceView) LocalUsers(ctx context.Context) ([]mediaserver.LocalUser, error) {
	return call(ctx, v, func() ([]mediaserver.LocalUser, error) {
		users, err := v.server.LocalUsers(ctx)
		if err != nil {
			return nil, err
		}
		foreign, err := v.foreign(ctx) // after the list, see [Store.claims]
		if err != nil {
			return nil, err
		}
		return slices.DeleteFunc(slices.Clone(users), foreign), nil
	})
}

// LocalUser implements [mediaserver.Users].
func (v *serviceView) LocalUser(ctx context.Context, id string) (mediaserver.LocalUser, error) {
	return call(ctx, v, func() (none mediaserver.LocalUser, err error) {
		user, err := v.server.LocalUser(ctx, id)
		if err != nil {
			return none, err
		}
		return v.notForeign(ctx, user, mediaserver.ErrNotFound)
	})
}

// notForeign returns a local user, or the error refused for one that belongs to another service.
func (v *serviceView) notForeign(ctx context.Context, user mediaserver.LocalUser, refused error) (mediaserver.LocalUser, error) {
	foreign, err := v.foreign(ctx)
	if err != nil {
		return mediaserver.LocalUser{}, err
	}
	if foreign(user) {
		return mediaserver.LocalUser{}, refused
	}
	return user, nil
}

// CreateGuest implements [mediaserver.Users].
func (v *serviceView) CreateGuest(ctx context.Context, name, secret string, to mediaserver.Restriction) (mediaserver.LocalUser, error) {
	return call(ctx, v, func() (mediaserver.LocalUser, error) { return v.server.CreateGuest(ctx, name, secret, to) })
}

// IsGuest implements [mediaserver.Users].
func (v *serviceView) IsGuest(ctx context.Context, id, secret string) (bool, error) {
	is, err := callOn(ctx, v, id, func() (bool, error) { return v.server.IsGuest(ctx, id, secret) })
	if errors.Is(err, mediaserver.ErrNotFound) {
		return false, nil
	}
	return is, err
}

// Restrict implements [mediaserver.Users].
func (v *serviceView) Restrict(ctx context.Context, id string, to mediaserver.Restriction) error {
	return v.guestOnly(ctx, id, func() error { return v.server.Restrict(ctx, id, to) })
}

// GivePassword implements [mediaserver.Users]. If several services let somebody in as the same
// local user, only the first of them gives the password, because a new password ends every token.
func (v *serviceView) GivePassword(ctx context.Context, id, password string) error {
	return changeOn(ctx, v, id, func() error {
		for _, other := range v.others[:v.before] {
			if lets, err := other.Store.lets(ctx, id, other.AllUsers); err != nil {
				return err
			} else if lets {
				return fmt.Errorf("%w: the password belongs to another Latchkey", mediaserver.ErrNotAllowed)
			}
		}
		return v.server.GivePassword(ctx, id, password)
	})
}

// guestOnly makes a change that an agent may make to its own guests alone.
func (v *serviceView) guestOnly(ctx context.Context, id string, work func() error) error {
	return changeOn(ctx, v, id, func() error {
		own, err := v.own.Store.claims(ctx)
		if err != nil {
			return err
		}
		if !own.made[id] {
			return fmt.Errorf("%w: the local user is no guest of this Latchkey", mediaserver.ErrNotAllowed)
		}
		return work()
	})
}

// SetDisabled implements [mediaserver.Users].
func (v *serviceView) SetDisabled(ctx context.Context, id string, disabled bool) error {
	return v.guestOnly(ctx, id, func() error { return v.server.SetDisabled(ctx, id, disabled) })
}

// Delete implements [mediaserver.Users].
func (v *serviceView) Delete(ctx context.Context, id string) error {
	return v.guestOnly(ctx, id, func() error { return v.server.Delete(ctx, id) })
}

// ownDevice returns the id under which this service keeps a token on a device on which another
// service has a token of the same local user. A media server keeps one token of a local user on a
// device, so with the device's own id one service would end the token of the other.
func (v *serviceView) ownDevice(id string) string { return id + deviceMark + v.own.Name }

const deviceMark = "~latchkey-"

// isShared reports whether another service has a token of a local user on a device.
func (v *serviceView) isShared(ctx context.Context, localUserID, deviceID string) (bool, error) {
	for _, other := range v.others {
		if has, err := other.Store.hasTokenOn(ctx, localUserID, deviceID); err != nil || has {
			return has, err
		}
	}
	return false, nil
}

// Mint implements [mediaserver.Tokens]. It never ends a token of another service.
func (v *serviceView) Mint(ctx context.Context, localUserID string, device mediaserver.Device) (mediaserver.Token, error) {
	return callOn(ctx, v, localUserID, func() (none mediaserver.Token, err error) {
		shared, err := v.isShared(ctx, localUserID, device.ID)
		if err != nil {
			return none, err
		}
		if shared {
			device.ID = v.ownDevice(device.ID)
		}
		return v.server.Mint(ctx, localUserID, device)
	})
}

// EndTrial implements [mediaserver.Tokens].
func (v *serviceView) EndTrial(ctx context.Context, localUserID string) error {
	return changeOn(ctx, v, localUserID, func() error { return v.server.EndTrial(ctx, localUserID) })
}

// Revoke implements [mediaserver.Tokens]. The agent knows only the tokens that it was given itself.
func (v *serviceView) Revoke(ctx context.Context, token string) error {
	_, err := call(ctx, v, func() (struct{}, error) { return struct{}{}, v.server.Revoke(ctx, token) })
	return err
}

// Administrator implements [mediaserver.Tokens].
func (v *serviceView) Administrator(ctx context.Context, token string) (bool, error) {
	return call(ctx, v, func() (bool, error) { return v.server.Administrator(ctx, token) })
}

// SignedIn implements [mediaserver.Devices].
func (v *serviceView) SignedIn(ctx context.Context) ([]mediaserver.SignedIn, error) {
	return call(ctx, v, func() ([]mediaserver.SignedIn, error) {
		list, err := v.server.SignedIn(ctx)
		if err != nil {
			return nil, err
		}
		users, err := v.server.LocalUsers(ctx)
		if err != nil {
			return nil, err
		}
		foreign, err := v.foreign(ctx)
		if err != nil {
			return nil, err
		}
		hidden := map[string]bool{}
		for _, user := range users {
			hidden[user.ID] = foreign(user)
		}
		var seen []mediaserver.SignedIn
		for _, one := range list {
			id, service, marked := strings.Cut(one.DeviceID, deviceMark)
			if hidden[one.LocalUserID] || marked && service != v.own.Name {
				continue
			}
			one.DeviceID = id
			seen = append(seen, one)
		}
		return seen, nil
	})
}

// EndDevice implements [mediaserver.Devices]. It leaves a token of another service on the device
// alone.
func (v *serviceView) EndDevice(ctx context.Context, localUserID, deviceID string) error {
	return changeOn(ctx, v, localUserID, func() error {
		if err := v.server.EndDevice(ctx, localUserID, v.ownDevice(deviceID)); err != nil {
			return err
		}
		if shared, err := v.isShared(ctx, localUserID, deviceID); err != nil || shared {
			return err
		}
		return v.server.EndDevice(ctx, localUserID, deviceID)
	})
}

// withLimits calls work unless another service holds the limits of a local user.
func (v *serviceView) withLimits(ctx context.Context, id string, work func() error) error {
	return changeOn(ctx, v, id, func() error {
		// Two agents must not both find that nobody holds the limits.
		defer v.limits.lock(id)()
		for _, other := range v.others {
			if holds, err := other.Store.holdsLimits(ctx, id); err != nil {
				return err
			} else if holds {
				return mediaserver.ErrHeldElsewhere
			}
		}
		return work()
	})
}

// ChangeLimits implements [mediaserver.Levels]. The service that first writes limits for a local
// user holds them until it has written the bound back.
func (v *serviceView) ChangeLimits(ctx context.Context, id string, change func(now mediaserver.Limits) (mediaserver.Limits, error)) error {
	return v.withLimits(ctx, id, func() error { return v.server.ChangeLimits(ctx, id, change) })
}

// AllLimits implements [mediaserver.Levels].
func (v *serviceView) AllLimits(ctx context.Context) (map[string]mediaserver.Limits, error) {
	return call(ctx, v, func() (map[string]mediaserver.Limits, error) {
		all, err := v.server.AllLimits(ctx)
		if err != nil {
			return nil, err
		}
		users, err := v.server.LocalUsers(ctx)
		if err != nil {
			return nil, err
		}
		foreign, err := v.foreign(ctx)
		if err != nil {
			return nil, err
		}
		seen := map[string]mediaserver.Limits{}
		for _, user := range users {
			if limits, has := all[user.ID]; has && !foreign(user) {
				seen[user.ID] = limits
			}
		}
		return seen, nil
	})
}

// Choices implements [mediaserver.Levels].
func (v *serviceView) Choices(ctx context.Context) (mediaserver.Choices, error) {
	return call(ctx, v, func() (mediaserver.Choices, error) { return v.server.Choices(ctx) })
}

// Say implements [mediaserver.Levels].
func (v *serviceView) Say(ctx context.Context, localUserID, header, text string) error {
	return v.withLimits(ctx, localUserID, func() error { return v.server.Say(ctx, localUserID, header, text) })
}

// StopPlaying implements [mediaserver.Levels].
func (v *serviceView) StopPlaying(ctx context.Context, localUserID string) error {
	return v.withLimits(ctx, localUserID, func() error { return v.server.StopPlaying(ctx, localUserID) })
}

// StartProof implements [mediaserver.Proofs].
func (v *serviceView) StartProof(ctx context.Context, accountName string) (mediaserver.Proof, error) {
	return call(ctx, v, func() (mediaserver.Proof, error) { return v.server.StartProof(ctx, accountName) })
}

// CheckProof implements [mediaserver.Proofs]. A guest of another service proves nothing here.
func (v *serviceView) CheckProof(ctx context.Context, secret string) (mediaserver.LocalUser, error) {
	return call(ctx, v, func() (none mediaserver.LocalUser, err error) {
		user, err := v.server.CheckProof(ctx, secret)
		if err != nil {
			return none, err
		}
		return v.notForeign(ctx, user, mediaserver.ErrProofOver)
	})
}

// ApproveCode implements [mediaserver.Server].
func (v *serviceView) ApproveCode(ctx context.Context, code, localUserID string) error {
	return changeOn(ctx, v, localUserID, func() error { return v.server.ApproveCode(ctx, code, localUserID) })
}
