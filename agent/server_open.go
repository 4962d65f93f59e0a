package agent

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/limit"
	"github.com/latchkey-media/latchkey/internal/peer"
)

// Opens sign browsers in at the media server's own web app. A browser begins a flow at the
// media server's origin, and goes to the service with a state and a code challenge. It
// comes back with a code, which the agent redeems with the verifier that nobody else
// knows. Flows are kept only in memory: after a restart of the agent people have to begin again.
type Opens struct {
	*core

	exchanges *Exchanges
	begun     *limit.Limiter[netip.Prefix] // limits the flows that begin from one network
	found     paths

	mu    sync.Mutex
	flows map[string]*openFlow // by id
	ended map[string]time.Time // when sessions ended, by the ids that the service gave them; kept for as long as a flow lives
}

const (
	openFlowLife  = 5 * time.Minute
	openFlowsMost = 1000 // flows at once; the oldest has to go
)

// openFlow is one attempt of a browser to get in. Each step can be done only once, and the first
// mistake ends the flow.
type openFlow struct {
	id, state, verifier string
	endsAt              time.Time

	link     *linkRow // the link that the service has named; nil before that
	user     mediaserver.LocalUser
	openedBy string // the id of the person's session at the service
}

// ErrOpenOver means that a flow is unknown, old or used up, or that the service refuses its
// code: the person has to press Open again.
var ErrOpenOver = errors.New("this way in is over")

// ErrOpenTooOften means that too many flows were begun from one network.
var ErrOpenTooOften = errors.New("too many flows were begun")

func newOpens(c *core, exchanges *Exchanges) *Opens {
	return &Opens{
		core: c, exchanges: exchanges, begun: limit.New[netip.Prefix](c.opt.Now, 30, time.Minute, networksMost),
		found: paths{at: map[string]bool{}}, flows: map[string]*openFlow{}, ended: map[string]time.Time{},
	}
}

// OpenBegun is a flow that has begun.
type OpenBegun struct {
	Flow string // its id; only the browser that began the flow may get it
	URL  string // the page of the service to which the browser has to go
}

// Begin begins a flow for a browser. The parameter from is the address of the browser. It
// returns [ErrNotRegistered] or [ErrOpenTooOften].
func (o *Opens) Begin(ctx context.Context, from netip.Addr) (OpenBegun, error) {
	if !o.begun.Allow(peer.Network(from)) {
		return OpenBegun{}, ErrOpenTooOften
	}
	facts, err := o.store.facts(ctx)
	if err != nil {
		return OpenBegun{}, o.explainFile(ctx, err)
	}
	if facts[factServerKey] == "" || !isNumber(facts[factServerID]) {
		return OpenBegun{}, ErrNotRegistered
	}
	flow := &openFlow{endsAt: o.opt.Now().Add(openFlowLife)}
	for _, text := range []*string{&flow.id, &flow.state, &flow.verifier} {
		if *text, err = randomText(o.opt.Random); err != nil {
			return OpenBegun{}, err
		}
	}
	o.keep(flow)
	sum := sha256.Sum256([]byte(flow.verifier))
	asked := url.Values{
		"state": {flow.state}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	return OpenBegun{flow.id, o.ServicePage("/servers/" + facts[factServerID] + "/authorize?" + asked.Encode())}, nil
}

// ServicePage returns the address of a page of the service.
func (c *core) ServicePage(path string) string {
	return strings.TrimSuffix(c.opt.ServiceURL, "/") + path
}

// randomText returns 256 random bits in base64url.
func randomText(random io.Reader) (string, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("no randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// keep stores a flow, and forgets the flows that are over.
func (o *Opens) keep(flow *openFlow) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.opt.Now()
	var oldest *openFlow
	for id, one := range o.flows {
		if !one.endsAt.After(now) {
			delete(o.flows, id)
		} else if oldest == nil || one.endsAt.Before(oldest.endsAt) {
			oldest = one
		}
	}
	if len(o.flows) >= openFlowsMost && oldest != nil {
		delete(o.flows, oldest.id)
	}
	o.flows[flow.id] = flow
}

// take removes a flow, so that each step works once. It returns nil for a flow that is over.
func (o *Opens) take(id string) *openFlow {
	o.mu.Lock()
	defer o.mu.Unlock()
	flow := o.flows[id]
	delete(o.flows, id)
	if flow == nil || !flow.endsAt.After(o.opt.Now()) {
		return nil
	}
	return flow
}

// OpenedAs is the local user as whom a browser can be signed in.
type OpenedAs struct {
	LocalUserID, Name string
}

// Who redeems the code with which a browser came back, and returns the local user as whom the
// browser can be signed in. It does not make a token yet. The parameter local says whether the
// browser is in the home network. It returns [ErrOpenOver], [ErrServiceAway],
// [ErrLocalUserDisabled] and the other errors of [Exchanges.Exchange].
func (o *Opens) Who(ctx context.Context, id, state, code string, local bool) (OpenedAs, error) {
	flow := o.take(id)
	if flow == nil || flow.link != nil || code == "" || subtle.ConstantTimeCompare([]byte(flow.state), []byte(state)) != 1 {
		return OpenedAs{}, ErrOpenOver
	}
	opened, err := o.redeem(ctx, code, flow.verifier)
	if err != nil {
		return OpenedAs{}, err
	}
	flow.openedBy = opened.DeviceID
	if flow.link, err = o.linkOf(ctx, opened); err != nil {
		return OpenedAs{}, err
	}
	if flow.link, err = o.exchanges.awaitGuest(ctx, flow.link); err != nil {
		return OpenedAs{}, err
	}
	if flow.user, err = o.look(ctx, flow.link, local); err != nil {
		return OpenedAs{}, err
	}
	o.keep(flow)
	return OpenedAs{flow.user.ID, flow.user.Name}, nil
}

// look returns the local user of a link, if the person may be let in now.
func (o *Opens) look(ctx context.Context, link *linkRow, local bool) (mediaserver.LocalUser, error) {
	if err := o.media.check(ctx); err != nil {
		return mediaserver.LocalUser{}, err
	}
	user, err := o.exchanges.localUserOf(ctx, link, local)
	o.exchanges.askForPIN(ctx, link, mediaserver.Device{}, err)
	return user, err
}

// redeem asks the service to redeem a code. It returns [ErrOpenOver], [ErrServiceAway] or
// [ErrNotRegistered].
func (o *Opens) redeem(ctx context.Context, code, verifier string) (client.Opened, error) {
	service, err := o.service.client(ctx)
	if err != nil {
		return client.Opened{}, err
	}
	within, cancel := context.WithTimeout(ctx, o.pace.ask)
	defer cancel()
	opened, err := service.RedeemOpen(within, code, verifier)
	if errors.Is(err, client.ErrOpenOver) {
		return client.Opened{}, ErrOpenOver
	}
	return opened, o.service.explain(ctx, byNobody, err)
}

// linkOf looks in the agent's own copy for the link that the service has named, because
// only this copy decides. It returns [ErrNotYet] for a link that the agent has not read
// yet.
func (o *Opens) linkOf(ctx context.Context, opened client.Opened) (*linkRow, error) {
	found, err := readLinks(o.store.read(ctx), "id = ?", string(opened.LinkID))
	if err != nil {
		return nil, o.explainFile(ctx, err)
	}
	if len(found) == 0 {
		return nil, ErrNotYet
	}
	now := o.store.now()
	if found[0].AccountID != string(opened.AccountID) || !found[0].usable(now) && !found[0].paused(now) {
		return nil, ErrOpenOver
	}
	if found[0].paused(now) {
		return nil, found[0].notUsable(now)
	}
	return &found[0], nil
}

// Mint makes a token for the browser of a flow, and uses the flow up. The token ends with the
// link, and with the session in which the person pressed Open. It returns [ErrOpenOver] and the
// errors of [Exchanges.Exchange].
func (o *Opens) Mint(ctx context.Context, id string, device mediaserver.Device, local bool) (Exchanged, error) {
	flow := o.take(id)
	if flow == nil || flow.link == nil {
		return Exchanged{}, ErrOpenOver
	}
	if o.hasEnded(flow.openedBy) {
		return Exchanged{}, ErrOpenOver
	}
	user, err := o.look(ctx, flow.link, local) // the local user may have been disabled since then
	if err != nil {
		return Exchanged{}, err
	}
	made, err := o.exchanges.mint(ctx, flow.link, user, device, tokenCause{openedBy: flow.openedBy})
	if errors.Is(err, ErrAccessKeyWrong) {
		return Exchanged{}, ErrOpenOver // the link has changed meanwhile
	}
	if err != nil || !o.hasEnded(flow.openedBy) {
		return made, err
	}
	// The session ended while the token was made, perhaps before the token was written down.
	err = o.store.tx(context.WithoutCancel(ctx), "end a token", func(tx *gorm.DB) error {
		return o.store.oweTokens(tx, "account_id = ? AND opened_by = ?", flow.link.AccountID, flow.openedBy)
	})
	o.wake.media.now()
	return Exchanged{}, errors.Join(ErrOpenOver, o.explainFile(ctx, err))
}

// sessionEnded notes that a session has ended. Call it before you look for the tokens that have
// to end. If a token is made at the same time, either you find it, or [Opens.hasEnded] tells its
// maker that the session has ended.
func (o *Opens) sessionEnded(deviceID string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.opt.Now()
	for id, at := range o.ended {
		if now.Sub(at) > openFlowLife {
			delete(o.ended, id)
		}
	}
	o.ended[deviceID] = now
}

// hasEnded reports whether a session has ended since its flow began.
func (o *Opens) hasEnded(deviceID string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ended := o.ended[deviceID]
	return ended
}

// Allowed reports whether a browser's request comes from a page of one of the addresses at which
// people reach the media server. The parameter origin is what the browser says; it is "" if the
// browser says nothing.
func (o *Opens) Allowed(origin string) bool {
	if origin == "" {
		return true
	}
	for _, address := range o.addressesToReport(context.Background(), "") {
		if u, err := url.Parse(address.URL); err == nil && strings.EqualFold(u.Scheme+"://"+withoutUsualPort(u), origin) {
			return true
		}
	}
	return false
}

// withoutUsualPort returns the host of an address as browsers write it in an origin.
func withoutUsualPort(u *url.URL) string {
	usual := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return strings.TrimSuffix(u.Host, usual)
}
