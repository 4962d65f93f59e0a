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

// registration registers the media server with the service.
type registration struct{ *core }

// registrationRequest is the request to register the server. It is kept until there is a
// server key, because the service answers a repetition of the same request with the same
// key.
type registrationRequest struct {
	Key       string           `json:"key"` // makes repeated requests safe
	ClaimCode string           `json:"claim_code"`
	Name      string           `json:"name"`
	SystemID  string           `json:"system_id"`
	Version   string           `json:"version"`
	Product   string           `json:"product"`
	Addresses []client.Address `json:"addresses"`
}

// ensure registers the server and tries again until that succeeds. It returns
// false when ctx ends first.
func (r *registration) ensure(ctx context.Context) bool {
	for failures := 1; ; failures++ {
		err := r.register(ctx)
		if err == nil {
			r.trouble.end(ctx, troubleRegister)
			return true
		}
		wait := r.pace.backoff(failures)
		if errors.Is(err, ErrServiceRefused) || errors.Is(err, errNoClaimCode) || errors.Is(err, ErrWrongKey) {
			wait = r.pace.refused
		}
		if !pause(ctx, wait) {
			return false
		}
	}
}

var (
	errNoClaimCode = errors.New("the agent has no claim code")
	errOtherCode   = errors.New("the agent has got another claim code")
)

// register registers the server unless it is registered.
func (r *registration) register(ctx context.Context) error {
	key, err := r.store.serverKey(ctx)
	if err != nil || key != "" {
		return r.explainFile(ctx, err)
	}
	ask, err := r.pending(ctx)
	if err != nil {
		return err
	}
	made, err := r.opt.Service.As("").Servers.Register(ctx, client.NewServer{
		ClaimCode: ask.ClaimCode, Name: ask.Name, SystemID: ask.SystemID, Version: ask.Version, Addresses: ask.Addresses, IdempotencyKey: ask.Key,
	})
	if err = r.service.explain(ctx, byRegistration, err); err != nil {
		if !errors.Is(err, ErrServiceRefused) {
			return err // the service may have carried it out: repeat the same request
		}
		// The service will never carry out this request: forget it.
		if failed := r.explainFile(ctx, r.store.setFacts(ctx, map[string]string{factRegistration: ""})); failed != nil {
			return failed
		}
		if ask.ClaimCode != r.opt.ClaimCode && r.opt.ClaimCode != "" {
			return errOtherCode
		}
		r.trouble.begin(ctx, troubleRegister, "the service refuses to register this server: the claim code may be wrong or too old. "+
			"Make a new one on the service's page for a new server and give it to the agent", slog.String("cause", err.Error()))
		return err
	}
	if !isNumber(string(made.ID)) || made.Key == "" {
		r.service.beginTrouble(ctx, byRegistration, troubleServiceAnswer, "the answer from the service's address does not come from the service: check the address, and any proxy in between")
		return fmt.Errorf("%w: its answer makes no sense", ErrServiceAway)
	}
	sealed, err := r.store.keys.Seal(r.store.random, sealServerKey, factServerKey, made.Key)
	if err != nil {
		return err
	}
	err = r.store.setFacts(ctx, map[string]string{
		factServerID: string(made.ID), factServerKey: sealed, factSystemID: ask.SystemID, factRegistration: "",
		factServerName: ask.Name, factProduct: ask.Product, factVersion: ask.Version,
	})
	if err != nil {
		return r.explainFile(ctx, err)
	}
	r.log.LogAttrs(ctx, slog.LevelInfo, "this server is registered", slog.String("server_id", string(made.ID)), slog.String("name", readable(ask.Name)))
	return nil
}

// pending returns the registration request that was not answered yet. If every request was
// answered, it makes a new request and writes it down.
func (r *registration) pending(ctx context.Context) (registrationRequest, error) {
	var ask registrationRequest
	facts, err := r.store.facts(ctx)
	if err != nil {
		return ask, r.explainFile(ctx, err)
	}
	if kept := facts[factRegistration]; kept != "" {
		text, err := r.store.keys.Open(sealRegistration, factRegistration, kept)
		if err != nil {
			return ask, r.explainFile(ctx, ErrWrongKey)
		}
		if err := json.Unmarshal([]byte(text), &ask); err != nil {
			return ask, fmt.Errorf("read the registration: %w", err)
		}
		return ask, nil
	}
	if r.opt.ClaimCode == "" {
		r.trouble.begin(ctx, troubleRegister, "this server is not registered yet: make a claim code on the service's page for a new server and give it to the agent",
			slog.String("page", r.opt.ServiceURL+"/servers/new"))
		return ask, errNoClaimCode
	}
	if err := r.media.check(ctx); err != nil {
		return ask, err
	}
	identity, _ := r.media.Identity()
	ask = registrationRequest{
		ClaimCode: r.opt.ClaimCode, Name: identity.Name, SystemID: identity.ID, Version: identity.Version, Product: identity.Product,
		Addresses: r.addressesToReport(ctx, ""),
	}
	if ask.Key, err = r.store.newID(); err != nil {
		return ask, err
	}
	return ask, r.keep(ctx, ask)
}

// keep writes down a registration request before it is sent, unless another
// program was faster.
func (r *registration) keep(ctx context.Context, ask registrationRequest) error {
	text, err := json.Marshal(ask)
	if err != nil {
		return fmt.Errorf("write the registration: %w", err)
	}
	sealed, err := r.store.keys.Seal(r.store.random, sealRegistration, factRegistration, string(text))
	if err != nil {
		return err
	}
	err = r.store.tx(ctx, "keep the registration", func(tx *gorm.DB) error {
		if kept, err := fact(tx, factRegistration); err != nil || kept != "" {
			return errors.Join(err, errOther(kept))
		}
		if kept, err := fact(tx, factServerKey); err != nil || kept != "" {
			return errors.Join(err, errOther(kept))
		}
		return setFact(tx, factRegistration, sealed)
	})
	return r.explainFile(ctx, err)
}

// errOther returns an error if kept, the request in the file, is not empty: then another
// program has just written one.
func errOther(kept string) error {
	if kept == "" {
		return nil
	}
	return errors.New("another program is registering this server")
}
