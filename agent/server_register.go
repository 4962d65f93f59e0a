package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/client"
)

// registration is what is asked of the service when a server registers. It is
// kept until the key is: the very same request again gets the same key.
type registration struct {
	Key       string           `json:"key"` // that makes repetitions safe
	ClaimCode string           `json:"claim_code"`
	Name      string           `json:"name"`
	SystemID  string           `json:"system_id"`
	Version   string           `json:"version"`
	Product   string           `json:"product"`
	Addresses []client.Address `json:"addresses"`
}

// ensureRegistered registers the server, as often as it takes. It returns false
// when ctx is over.
func (a *Agent) ensureRegistered(ctx context.Context) bool {
	for failures := 1; ; failures++ {
		err := a.register(ctx)
		if err == nil {
			a.trouble.end(ctx, troubleRegister)
			return true
		}
		wait := a.pace.backoff(failures)
		if errors.Is(err, ErrServiceRefused) || errors.Is(err, errNoClaimCode) || errors.Is(err, ErrWrongKey) {
			wait = a.pace.refused
		}
		if !pause(ctx, wait) {
			return false
		}
	}
}

var (
	errNoClaimCode = errors.New("the agent has no claim code")
	errOtherCode   = errors.New("the agent has another claim code by now")
)

// register registers the server unless it is.
func (a *Agent) register(ctx context.Context) error {
	key, err := a.store.serverKey(ctx)
	if err != nil || key != "" {
		return a.ownFile(ctx, err)
	}
	ask, err := a.pendingRegistration(ctx)
	if err != nil {
		return err
	}
	made, err := a.o.Service.As("").Servers.Register(ctx, client.NewServer{
		ClaimCode: ask.ClaimCode, Name: ask.Name, SystemID: ask.SystemID, Version: ask.Version, Addresses: ask.Addresses, IdempotencyKey: ask.Key,
	})
	if err = a.heard(ctx, byRegister, err); err != nil {
		if !errors.Is(err, ErrServiceRefused) {
			return err // whether it was carried out nobody knows: the same again
		}
		// It was not carried out, and never will be.
		if failed := a.ownFile(ctx, a.store.setFacts(ctx, map[string]string{factRegistration: ""})); failed != nil {
			return failed
		}
		if ask.ClaimCode != a.o.ClaimCode && a.o.ClaimCode != "" {
			return errOtherCode
		}
		a.trouble.begin(ctx, troubleRegister, "the service refuses to register this server: is the claim code right and new? "+
			"Make another one on its page for a new server and give it to the agent", slog.String("cause", err.Error()))
		return err
	}
	if !isNumber(string(made.ID)) || made.Key == "" {
		a.blames(ctx, byRegister, troubleServiceAnswer, "what answers at the service's address is not the service: check the address, and any proxy in between")
		return fmt.Errorf("%w: its answer makes no sense", ErrServiceAway)
	}
	sealed, err := a.store.keys.Seal(a.store.random, sealServerKey, factServerKey, made.Key)
	if err != nil {
		return err
	}
	err = a.store.setFacts(ctx, map[string]string{
		factServerID: string(made.ID), factServerKey: sealed, factSystemID: ask.SystemID, factRegistration: "",
		factServerName: ask.Name, factProduct: ask.Product, factVersion: ask.Version,
	})
	if err != nil {
		return a.ownFile(ctx, err)
	}
	a.log.LogAttrs(ctx, slog.LevelInfo, "this server is registered", slog.String("server_id", string(made.ID)), slog.String("name", readable(ask.Name)))
	return nil
}

// pendingRegistration is the registration that was not answered yet, or a new
// one, which is kept first.
func (a *Agent) pendingRegistration(ctx context.Context) (registration, error) {
	var ask registration
	facts, err := a.store.facts(ctx)
	if err != nil {
		return ask, a.ownFile(ctx, err)
	}
	if kept := facts[factRegistration]; kept != "" {
		text, err := a.store.keys.Open(sealRegistration, factRegistration, kept)
		if err != nil {
			return ask, a.ownFile(ctx, ErrWrongKey)
		}
		if err := json.Unmarshal([]byte(text), &ask); err != nil {
			return ask, fmt.Errorf("read the registration: %w", err)
		}
		return ask, nil
	}
	if a.o.ClaimCode == "" {
		a.trouble.begin(ctx, troubleRegister, "this server is not registered yet: make a claim code on the service's page for a new server and give it to the agent",
			slog.String("page", a.o.ServiceURL+"/servers/new"))
		return ask, errNoClaimCode
	}
	if err := a.look(ctx); err != nil {
		return ask, err
	}
	identity, _ := a.Identity()
	ask = registration{
		ClaimCode: a.o.ClaimCode, Name: identity.Name, SystemID: identity.ID, Version: identity.Version, Product: identity.Product,
		Addresses: a.addresses(ctx, ""),
	}
	if ask.Key, err = a.store.newID(); err != nil {
		return ask, err
	}
	return ask, a.keepRegistration(ctx, ask)
}

// keepRegistration writes a registration before it is sent, unless another
// program was faster.
func (a *Agent) keepRegistration(ctx context.Context, ask registration) error {
	text, err := json.Marshal(ask)
	if err != nil {
		return fmt.Errorf("write the registration: %w", err)
	}
	sealed, err := a.store.keys.Seal(a.store.random, sealRegistration, factRegistration, string(text))
	if err != nil {
		return err
	}
	err = a.store.tx(ctx, "keep the registration", func(tx *gorm.DB) error {
		if kept, err := fact(tx, factRegistration); err != nil || kept != "" {
			return errors.Join(err, errOther(kept))
		}
		if kept, err := fact(tx, factServerKey); err != nil || kept != "" {
			return errors.Join(err, errOther(kept))
		}
		return setFact(tx, factRegistration, sealed)
	})
	return a.ownFile(ctx, err)
}

// errOther is the error for something that another program has just written.
func errOther(kept string) error {
	if kept == "" {
		return nil
	}
	return errors.New("another program registers this server")
}
