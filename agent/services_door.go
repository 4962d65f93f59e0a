package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
)

// Door is the one way in of a media server that several services use, each with an [Agent] of its
// own. It finds out to which service a device or a browser belongs, and never tells a secret of one
// service to another. See ADR 0044.
type Door struct{ agents []*Agent }

// NewDoor returns the door of the agents. The first agent answers requests that name no service.
func NewDoor(first *Agent, others ...*Agent) *Door {
	return &Door{append([]*Agent{first}, others...)}
}

// First returns the agent of the first service.
func (d *Door) First() *Agent { return d.agents[0] }

// Exchange does what [Exchanges.Exchange] does, at the service whose links know the access key. The
// service of a key that no agent's own copy knows cannot be told by the key. So the key is shown to no
// service: the agents read their links again, which have no keys in them, and look once more. Only the
// account that the device names decides which of them read; if no agent knows the account, all of them
// do, at the same time, and the first one whose links know the key is enough.
func (d *Door) Exchange(ctx context.Context, ask ExchangeAsk) (Exchanged, error) {
	if len(d.agents) == 1 {
		return d.agents[0].Exchanges.Exchange(ctx, ask)
	}
	seen := make([]knownHere, len(d.agents))
	for i, a := range d.agents {
		var err error
		if seen[i], err = a.Exchanges.knows(ctx, ask); err != nil {
			continue // the fault of one file must not keep the devices of the others out
		}
		if seen[i].key {
			return a.Exchanges.Exchange(ctx, ask)
		}
	}
	var asked []*Agent
	for i, a := range d.agents {
		if seen[i].account {
			asked = append(asked, a)
		}
	}
	known := len(asked) > 0
	if !known {
		asked = d.agents
	}
	found, err := learn(ctx, asked, ask)
	switch {
	case found != nil:
		return found.Exchanges.Exchange(ctx, ask)
	case err != nil:
		return Exchanged{}, err
	case known || ask.AccountID == "":
		return Exchanged{}, ErrAccessKeyWrong
	default:
		return Exchanged{}, ErrAccountUnknown
	}
}

// learn lets agents read their links again, and returns the first one whose links know the key then, or
// nil. It returns an error if no agent knows the key and one of them could not read its links.
func learn(ctx context.Context, agents []*Agent, ask ExchangeAsk) (*Agent, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop() // whoever has not answered yet need not
	type answer struct {
		agent *Agent
		knows bool
		err   error
	}
	answers := make(chan answer, len(agents))
	for _, a := range agents {
		go func() {
			knows, err := a.Exchanges.learns(ctx, ask)
			answers <- answer{a, knows, err}
		}()
	}
	var failed error
	registered := false
	for range agents {
		one := <-answers
		switch {
		case one.knows:
			return one.agent, nil
		case errors.Is(one.err, ErrNotRegistered):
			continue // nobody has a link there
		}
		registered = true
		failed = cmp.Or(failed, one.err)
	}
	if !registered {
		return nil, ErrNotRegistered
	}
	return nil, failed
}

// knownHere tells whether the agent's own list of links has the account and the access key of a device.
type knownHere struct {
	account bool // the account has a link
	key     bool // the access key opens a link
}

// knows reports what the agent's own copy knows about an access key and an account. It does not ask
// the service.
func (e *Exchanges) knows(ctx context.Context, ask ExchangeAsk) (knownHere, error) {
	key := showKey(ask.AccessKey)
	account, found, err := e.lookUp(ctx, ask.AccountID, &key)
	return knownHere{account: account && ask.AccountID != "", key: found != nil}, err
}

// learns reads the links of the service again, without showing it the access key, and reports whether
// the key opens one of them. It returns [ErrNotRegistered], or [ErrServiceAway] if the links could not
// be read now.
func (e *Exchanges) learns(ctx context.Context, ask ExchangeAsk) (bool, error) {
	if key, err := e.store.serverKey(ctx); err != nil || key == "" {
		return false, errors.Join(ErrNotRegistered, err)
	}
	read := e.refreshLinks(ctx, ask)
	known, err := e.knows(ctx, ask)
	if err == nil && !known.key && !read {
		err = fmt.Errorf("%w: its links could not be read now", ErrServiceAway)
	}
	return known.key, err
}

// OfServer returns the agent of the server with an id at its service, and the first agent for any
// other text: a service that is older than the id leads browsers here without one.
func (d *Door) OfServer(ctx context.Context, serverID string) *Agent {
	for _, a := range d.agents {
		if len(d.agents) == 1 || serverID == "" {
			break
		}
		if id, err := fact(a.store.read(ctx), factServerID); err == nil && id == serverID {
			return a
		}
	}
	return d.agents[0]
}

// OfFlow returns the agent at which a browser has begun the flow with that id, and the first agent for
// any other text.
func (d *Door) OfFlow(id string) *Agent {
	for _, a := range d.agents {
		if a.Opens.hasFlow(id) {
			return a
		}
	}
	return d.agents[0]
}

// hasFlow reports whether a flow was begun here, and is not over.
func (o *Opens) hasFlow(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.flows[id] != nil
}

// Run runs all agents until ctx ends. If one of them ends, the others go on.
func (d *Door) Run(ctx context.Context) error {
	errs := make([]error, len(d.agents))
	var all sync.WaitGroup
	for i, a := range d.agents {
		all.Go(func() { errs[i] = a.Run(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}
