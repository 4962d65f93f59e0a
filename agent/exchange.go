package agent

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/limit"
)

// ExchangeAsk is the request of a device that shows an access key.
type ExchangeAsk struct {
	AccessKey string
	AccountID string             // as the device names it; may be ""
	Device    mediaserver.Device // its Address is the source by which wrong keys are counted
	Local     bool               // the device is in the home network
}

// Exchanged is the answer to the device.
type Exchanged struct {
	LocalUserID string
	AccessToken string
}

// networksMost is the greatest number of networks of devices that are counted separately.
const networksMost = 10_000

// Exchanges give devices local access tokens in exchange for access keys.
type Exchanges struct {
	*core

	links       *Links
	tokens      *tokens
	unknownKeys *limit.Limiter[netip.Prefix] // limits questions to the service about unknown access keys, by source
	refreshes   *limit.Bucket                // limits readings of all links because of an unknown account
	pinAsks     *limit.Limiter[string]       // limits how often the service hears of a device that needs the PIN, by link and device
	pinAsksAll  *limit.Bucket                // the same for all devices together
}

func newExchanges(c *core, links *Links, tokens *tokens) *Exchanges {
	return &Exchanges{
		core: c, links: links, tokens: tokens,
		unknownKeys: limit.New[netip.Prefix](c.opt.Now, 20, 10*time.Minute, networksMost), refreshes: limit.NewBucket(c.opt.Now, 6, time.Minute),
		pinAsks: limit.New[string](c.opt.Now, 1, time.Minute, networksMost), pinAsksAll: limit.NewBucket(c.opt.Now, 60, time.Minute),
	}
}

// Exchange gives a local access token to a device that shows an access key. It looks
// into the agent's own copy of the links first, and asks the service only if the account
// or the key is not found there. It returns [ErrNotRegistered],
// [ErrAccountUnknown], [ErrAccessKeyWrong], [ErrStayPaused], [ErrTrustOver], [ErrLocalUserNotAllowed], [ErrPINRequired],
// [ErrNotYet], [ErrGuestWaits], [ErrLocalUserRefused] or [ErrMediaServerAway].
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
	key := showKey(ask.AccessKey)
	link, err := e.findLink(ctx, ask, &key)
	if err != nil {
		return Exchanged{}, err
	}
	if now := e.store.now(); !link.usable(now) {
		return Exchanged{}, link.notUsable(now)
	}
	if link, err = e.awaitGuest(ctx, link); err != nil {
		return Exchanged{}, err
	}
	// Another media server may have taken the place of the registered one since the last check.
	if err := e.media.check(ctx); err != nil {
		return Exchanged{}, err
	}
	device := e.deviceOf(link, ask.Device)
	user, err := e.localUserOf(ctx, link, ask.Local)
	if err != nil {
		e.askForPIN(ctx, link, device, err)
		return Exchanged{}, err
	}
	return e.mint(ctx, link, user, device, tokenCause{sessionID: link.sessionOf(&key)})
}

// deviceOf returns the device of an exchange, always with an id. A device that has sent no
// id gets an id that is always the same for its link, client and name.
func (e *Exchanges) deviceOf(link *linkRow, device mediaserver.Device) mediaserver.Device {
	if device.ID == "" {
		sum := e.store.keys.MAC("agent device id", link.ID, device.Client, device.Name)
		device.ID = hex.EncodeToString(sum[:16])
	}
	return device
}

// localUserOf asks the media server for the local user of a link. The parameter local says
// whether the device is in the home network. It returns [ErrLocalUserNotAllowed], [ErrPINRequired],
// [ErrNotYet], [ErrGuestWaits], [ErrLocalUserRefused] or [ErrMediaServerAway].
func (e *Exchanges) localUserOf(ctx context.Context, link *linkRow, local bool) (mediaserver.LocalUser, error) {
	refuseAs := func(kind error, why string) error {
		if e.repeated.Allow(link.ID + why) { // a device that keeps asking must not fill the log
			e.log.LogAttrs(ctx, slog.LevelInfo, "a device was refused", slog.String("reason", why),
				slog.String("account", link.Username), slog.String("link_id", link.ID), slog.String("local_user", link.LocalUserName))
		}
		return fmt.Errorf("%w: %s", kind, why)
	}
	refuse := func(why string) error { return refuseAs(ErrLocalUserRefused, why) }
	if !e.mayUse(link) {
		return mediaserver.LocalUser{}, refuseAs(ErrLocalUserNotAllowed, "the link waits for a yes at this machine: see 'latchkey agent allow'")
	}
	if err := e.checkPIN(ctx, link); err != nil {
		if errors.Is(err, ErrPINRequired) {
			err = refuseAs(ErrPINRequired, e.pinText())
		}
		return mediaserver.LocalUser{}, err
	}
	if err := e.checkGuest(ctx, link); err != nil {
		return mediaserver.LocalUser{}, err
	}
	within, cancel := context.WithTimeout(ctx, e.pace.media)
	defer cancel()
	user, err := e.opt.MediaServer.LocalUser(within, link.LocalUserID)
	switch {
	case errors.Is(err, mediaserver.ErrNotFound):
		return user, refuse("the media server no longer has that local user")
	case err != nil:
		return user, away(e.media.explain(ctx, err))
	case user.ID != link.LocalUserID:
		return user, fmt.Errorf("%w: it answered with another local user", ErrMediaServerAway)
	case user.Disabled:
		return user, refuseAs(ErrLocalUserDisabled, "the local user is disabled")
	case user.Administrator && !e.opt.Policy.AllowAdmins:
		e.wake.report.now() // the report looks at all local users, and ends the tokens
		return user, refuse("the local user is an administrator, and allow-admins is off")
	case !user.RemoteAccess && !local:
		return user, refuse("the local user may not connect from outside the home network")
	}
	return user, nil
}

// away wraps any error of the media server in [ErrMediaServerAway].
func away(err error) error {
	if err == nil || errors.Is(err, ErrMediaServerAway) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrMediaServerAway, err)
}

// mint makes the media server create a token, and writes the token down. Before that, it
// notes what it is about to do, because a program that is killed in between could otherwise
// never end that token. If the link has changed meanwhile, or the session that the parameter
// by names has ended, mint revokes the token and returns [ErrAccessKeyWrong]. If an unlock that the link
// needs has ended meanwhile, it revokes the token and returns [ErrPINRequired].
func (e *Exchanges) mint(ctx context.Context, link *linkRow, user mediaserver.LocalUser, device mediaserver.Device, by tokenCause) (Exchanged, error) {
	// The media server keeps only the newest token of a device. Because of this
	// lock, the token written last is the newest one.
	defer e.tokens.minting.lock(link.ID + "/" + device.ID)()
	if err := ctx.Err(); err != nil {
		return Exchanged{}, away(err) // the device has left: a device that keeps asking and leaving must not cause new tokens
	}
	ctx = context.WithoutCancel(ctx) // a token that was made must be written down
	within, cancel := context.WithTimeout(ctx, e.pace.media)
	defer cancel()
	made := newToken{link: link, localUserID: user.ID, deviceID: device.ID, by: by, allUsers: e.opt.Policy.AllowAllUsers}
	id, err := e.store.noteToken(ctx, made)
	if err != nil {
		return Exchanged{}, e.explainFile(ctx, err)
	}
	token, err := e.opt.MediaServer.Mint(within, user.ID, device)
	switch {
	case err != nil:
		return Exchanged{}, e.notMinted(ctx, link, user, id, err)
	case token.Value == "":
		return Exchanged{}, fmt.Errorf("%w: it gave an empty token", ErrMediaServerAway)
	}
	e.trouble.end(ctx, troubleQuickConnect)
	made.value = token.Value
	other := token.LocalUserID != user.ID
	kept, err := e.store.putToken(ctx, id, made, !other)
	if err != nil {
		// A token that is not written down could never be revoked: nobody gets it.
		e.dropUnwritten(ctx, token.Value)
		return Exchanged{}, e.explainFile(ctx, err)
	}
	if !kept {
		e.tokens.revokeByID(ctx, id)
		if other {
			return Exchanged{}, fmt.Errorf("%w: it gave a token of another local user", ErrMediaServerAway)
		}
		return Exchanged{}, e.notKept(ctx, link, device)
	}
	e.log.LogAttrs(ctx, slog.LevelInfo, "a device was given a local token", slog.String("account", link.Username), slog.String("link_id", link.ID),
		slog.String("local_user", readable(user.Name)), slog.String("client", readable(device.Client)), slog.String("device", readable(device.Name)))
	return Exchanged{LocalUserID: user.ID, AccessToken: token.Value}, nil
}

// notMinted returns the error of an exchange in which the media server has answered with err
// and has given no token. If it is certain that no token was made, notMinted removes the
// note about the token.
func (e *Exchanges) notMinted(ctx context.Context, link *linkRow, user mediaserver.LocalUser, id string, err error) error {
	switch {
	case errors.Is(err, mediaserver.ErrOutsideHours): // a token was made, and cannot be ended at this hour
		return fmt.Errorf("%w: %w", ErrOutsideHours, err)
	case errors.Is(err, mediaserver.ErrQuickConnectOff):
		e.trouble.begin(ctx, troubleQuickConnect, "Quick Connect is off at the media server: switch it on in Jellyfin under Dashboard, General; "+
			"no device can sign in until then")
		err = away(err)
	case errors.Is(err, mediaserver.ErrUnsupported):
		e.log.LogAttrs(ctx, slog.LevelInfo, "a device was refused, because this local user signs in at the media server with a password of their own",
			slog.String("account", link.Username), slog.String("link_id", link.ID), slog.String("local_user", readable(user.Name)))
		err = fmt.Errorf("%w: %w", ErrLocalUserRefused, err)
	case errors.Is(err, mediaserver.ErrNotFound), errors.Is(err, mediaserver.ErrNotAllowed):
		e.log.LogAttrs(ctx, slog.LevelInfo, "the media server does not give a device a local token: it has too many sessions, or it is not allowed",
			slog.String("account", link.Username), slog.String("link_id", link.ID), slog.String("local_user", readable(user.Name)))
		err = fmt.Errorf("%w: %w", ErrLocalUserRefused, err)
	default:
		return away(e.media.explain(ctx, err))
	}
	return errors.Join(err, e.explainFile(ctx, e.store.dropToken(ctx, id)))
}

// dropUnwritten revokes a token that could not be written down.
func (e *Exchanges) dropUnwritten(ctx context.Context, value string) {
	within, cancel := context.WithTimeout(ctx, e.pace.media)
	defer cancel()
	if err := e.opt.MediaServer.Revoke(within, value); err != nil {
		e.log.LogAttrs(ctx, slog.LevelError, "a local token could be neither written down nor revoked; no device has got it")
	}
}
