package agent

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// ExchangeAsk is a device that shows an access key.
type ExchangeAsk struct {
	AccessKey string
	AccountID string             // that the device names; "" for none
	Device    mediaserver.Device // its Address is where wrong tries are counted
	Local     bool               // it asks from the home network
}

// Exchanged is what the device gets.
type Exchanged struct {
	LocalUserID string
	AccessToken string
}

// Exchanges give devices local access tokens for access keys.
type Exchanges struct {
	*core

	links       *Links
	tokens      *tokens
	unknownKeys *limit     // questions to the service about an access key, by the source of the device
	refreshes   *limit     // readings of all links for an account that is unknown here
	minting     keyedLocks // one token of a link and device at a time
}

func newExchanges(c *core, links *Links, tokens *tokens) *Exchanges {
	return &Exchanges{
		core: c, links: links, tokens: tokens,
		unknownKeys: newLimit(c.opt.Now, 20, 10*time.Minute), refreshes: newLimit(c.opt.Now, 6, time.Minute),
		minting: keyedLocks{held: map[string]*hold{}},
	}
}

// Exchange gives a device that shows an access key a local access token. It looks
// into the agent's own copy, and asks the service only about what it does not
// know there. It returns [ErrNotRegistered], [ErrAccountUnknown],
// [ErrAccessKeyWrong], [ErrTrustOver], [ErrLocalUserRefused] or
// [ErrMediaServerAway].
func (e *Exchanges) Exchange(ctx context.Context, ask ExchangeAsk) (Exchanged, error) {
	facts, err := e.store.facts(ctx)
	if err != nil {
		return Exchanged{}, e.explainFile(ctx, err)
	}
	if facts[factServerKey] == "" {
		return Exchanged{}, ErrNotRegistered
	}
	if err := e.service.checkTrust(ctx, facts); err != nil {
		return Exchanged{}, err
	}
	link, err := e.findLink(ctx, ask)
	if err != nil {
		return Exchanged{}, err
	}
	if !link.usable(e.store.now()) {
		return Exchanged{}, ErrAccessKeyWrong
	}
	if err := e.media.confirm(ctx); err != nil {
		return Exchanged{}, err
	}
	user, err := e.localUserOf(ctx, link, ask.Local)
	if err != nil {
		return Exchanged{}, err
	}
	return e.mint(ctx, link, user, e.deviceOf(link, ask.Device))
}

// deviceOf is the device of an exchange. One that does not say who it is gets an
// id of its own, which is always the same.
func (e *Exchanges) deviceOf(link *linkRow, device mediaserver.Device) mediaserver.Device {
	if device.ID == "" {
		sum := e.store.keys.MAC("agent device id", link.ID, device.Client, device.Name)
		device.ID = hex.EncodeToString(sum[:16])
	}
	return device
}

// localUserOf is the local user of a link, as the media server has it now. It
// returns [ErrLocalUserRefused] or [ErrMediaServerAway].
func (e *Exchanges) localUserOf(ctx context.Context, link *linkRow, local bool) (mediaserver.LocalUser, error) {
	refuse := func(why string) error {
		e.log.LogAttrs(ctx, slog.LevelInfo, "a device was refused", slog.String("reason", why),
			slog.String("account", link.Username), slog.String("link_id", link.ID), slog.String("local_user", link.LocalUserName))
		return fmt.Errorf("%w: %s", ErrLocalUserRefused, why)
	}
	if link.LocalUserID == "" {
		return mediaserver.LocalUser{}, refuse("the link has no local user yet")
	}
	if ready, err := e.guestReady(ctx, link); err != nil || !ready {
		return mediaserver.LocalUser{}, errors.Join(err, refuse("the guest is not let in yet"))
	}
	within, cancel := context.WithTimeout(ctx, e.pace.media)
	defer cancel()
	user, err := e.opt.MediaServer.LocalUser(within, link.LocalUserID)
	switch {
	case errors.Is(err, mediaserver.ErrNotFound):
		return user, refuse("the media server does not have that local user any more")
	case err != nil:
		return user, away(e.media.explain(ctx, err))
	case user.ID != link.LocalUserID:
		return user, fmt.Errorf("%w: it answers with another local user", ErrMediaServerAway)
	case user.Disabled:
		return user, refuse("the local user is disabled")
	case user.Administrator && !e.opt.Policy.AllowAdmins:
		return user, refuse("the local user is an administrator, and allow-admins is off")
	case !user.RemoteAccess && !local:
		return user, refuse("the local user may not come from outside of the home network")
	}
	return user, nil
}

// guestReady reports whether a guest is restricted as their link says: one that
// was found again after a crash may be allowed anything.
func (e *Exchanges) guestReady(ctx context.Context, link *linkRow) (bool, error) {
	if link.Type != client.Guest {
		return true, nil
	}
	found, err := readGuests(e.store.read(ctx), "local_user_id = ? AND left_alone = ''", link.LocalUserID)
	if err != nil {
		return false, e.explainFile(ctx, err)
	}
	return len(found) == 0 || strings.HasPrefix(found[0].Applied, appliedOpen) && found[0].LinkID == link.ID, nil
}

// away makes an error of the media server [ErrMediaServerAway], whatever it says.
func away(err error) error {
	if err == nil || errors.Is(err, ErrMediaServerAway) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrMediaServerAway, err)
}

// mint makes a token and writes it down. When the link has changed meanwhile it
// revokes the token and returns [ErrAccessKeyWrong].
func (e *Exchanges) mint(ctx context.Context, link *linkRow, user mediaserver.LocalUser, device mediaserver.Device) (Exchanged, error) {
	// Of two tokens for one device the media server keeps the one made last: what is
	// written last must be that one.
	defer e.minting.lock(link.ID + "/" + device.ID)()
	if err := ctx.Err(); err != nil {
		return Exchanged{}, away(err) // who asked has left: whoever asks and leaves must not have tokens made for hours
	}
	ctx = context.WithoutCancel(ctx) // what is made is written down
	within, cancel := context.WithTimeout(ctx, e.pace.media)
	defer cancel()
	token, err := e.opt.MediaServer.Mint(within, user.ID, device)
	switch {
	case errors.Is(err, mediaserver.ErrQuickConnectOff):
		e.trouble.begin(ctx, troubleQuickConnect, "Quick Connect is off at the media server: switch it on in Jellyfin under Dashboard, General; "+
			"no device can be signed in until then")
		return Exchanged{}, away(err)
	case errors.Is(err, mediaserver.ErrNotFound), errors.Is(err, mediaserver.ErrNotAllowed):
		e.log.LogAttrs(ctx, slog.LevelInfo, "the media server gives a device no local token: too many sessions, or the device is not allowed",
			slog.String("account", link.Username), slog.String("link_id", link.ID), slog.String("local_user", readable(user.Name)))
		return Exchanged{}, fmt.Errorf("%w: %w", ErrLocalUserRefused, err)
	case err != nil:
		return Exchanged{}, away(e.media.explain(ctx, err))
	case token.Value == "":
		return Exchanged{}, fmt.Errorf("%w: it gives an empty token", ErrMediaServerAway)
	}
	e.trouble.end(ctx, troubleQuickConnect)
	made := newToken{link: link, localUserID: user.ID, deviceID: device.ID, value: token.Value}
	other := token.LocalUserID != user.ID
	kept, id, err := e.store.putToken(ctx, made, !other)
	if err != nil {
		// It cannot be written down, so nobody may have it.
		e.dropUnwritten(ctx, token.Value)
		return Exchanged{}, e.explainFile(ctx, err)
	}
	if !kept {
		e.tokens.revokeByID(ctx, id)
		if other {
			return Exchanged{}, fmt.Errorf("%w: it gives a token of another local user", ErrMediaServerAway)
		}
		return Exchanged{}, ErrAccessKeyWrong
	}
	e.log.LogAttrs(ctx, slog.LevelInfo, "a device was given a local token", slog.String("account", link.Username), slog.String("link_id", link.ID),
		slog.String("local_user", readable(user.Name)), slog.String("client", readable(device.Client)), slog.String("device", readable(device.Name)))
	return Exchanged{LocalUserID: user.ID, AccessToken: token.Value}, nil
}

// dropUnwritten revokes a token that could not be written down.
func (e *Exchanges) dropUnwritten(ctx context.Context, value string) {
	within, cancel := context.WithTimeout(ctx, e.pace.media)
	defer cancel()
	if err := e.opt.MediaServer.Revoke(within, value); err != nil {
		e.log.LogAttrs(ctx, slog.LevelError, "a local token could be neither written down nor revoked; nobody was given it")
	}
}
