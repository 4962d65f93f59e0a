package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Errors of [ServerKeys.Take]. A device never gets them, because only an admin at the
// machine gives the agent a key.
var (
	// ErrKeyRefused means that the service does not accept a server key.
	ErrKeyRefused = errors.New("the service does not accept this server key: copy it again, whole, or make a new one on the server's page at the service")
	// ErrKeyOfOther means that a server key belongs to another server than the
	// registered one.
	ErrKeyOfOther = errors.New("this is the key of another server: make the key on the page of the server that this agent is registered as")
	// ErrKeyReplaced means that a server key works for a while only, because there is
	// a newer one.
	ErrKeyReplaced = errors.New("this server key was replaced by a newer one: use the newest key, or make a new one on the server's page at the service")
	// ErrServerOff means that the operator of the service has switched the server off.
	ErrServerOff = errors.New("the operator of the service has switched this server off: ask them why, and give the agent its key when the server is on again")
)

// ServerKeys replace the server key that the agent's file holds. The running agent
// reads it from there before each call of the service.
type ServerKeys struct {
	*core

	// failed is true after a renewal that failed. Only the loop of the feed uses it.
	failed bool
}

// Take stores a new server key, which the owner made at the service, in place of the old
// key. Links and everything else stay. First it asks the service whether the key is the
// newest one of the same server. It returns [ErrNotRegistered] before the registration,
// [ErrKeyRefused], [ErrKeyOfOther], [ErrKeyReplaced], [ErrServerOff], [ErrServiceAway] or
// [ErrServiceRefused]; after an error the stored key stays as it was.
func (k *ServerKeys) Take(ctx context.Context, key string) error {
	facts, err := k.store.facts(ctx)
	if err != nil {
		return err
	}
	if facts[factServerKey] == "" {
		return ErrNotRegistered
	}
	if !secret.WellFormed(secret.ServerKey, key) {
		return ErrKeyRefused
	}
	this, err := k.opt.Service.As(key).Agent.Get(ctx)
	switch {
	case errors.Is(err, client.ErrServerKeyWrong):
		return fmt.Errorf("%w: %w", ErrKeyRefused, err)
	case errors.Is(err, client.ErrServerDisabled):
		return fmt.Errorf("%w: %w", ErrServerOff, err)
	}
	if err = k.service.explain(ctx, byNobody, err); err != nil {
		return err
	}
	switch {
	case string(this.ID) != facts[factServerID]:
		return ErrKeyOfOther
	case !this.KeyExpiresAt.IsZero():
		return ErrKeyReplaced
	}
	_, err = k.put(ctx, "", key)
	return err
}

// put seals a server key, stores it in the file, and forgets a renewal that has not been
// answered. The parameter before is the sealed key that it may replace, or "" for any key.
// If the file holds another key, because another program has stored one meanwhile, put
// changes nothing and returns false.
func (k *ServerKeys) put(ctx context.Context, before, key string) (bool, error) {
	sealed, err := k.store.keys.Seal(k.store.random, sealServerKey, factServerKey, key)
	if err != nil {
		return false, err
	}
	written := false
	err = k.store.tx(ctx, "write the server key", func(tx *gorm.DB) error {
		written = false
		now, err := fact(tx, factServerKey)
		if err != nil || before != "" && now != before {
			return err
		}
		written = true
		return errors.Join(setFact(tx, factServerKey, sealed), setFact(tx, factKeyRenewal, ""))
	})
	return written, err
}

// renewIfOwed replaces the server key if a former owner of the server may know it, or if an
// earlier renewal was not finished, perhaps because the program ended meanwhile. It returns
// true if the caller has to ask the service for this server again, because the key may have
// changed. If the renewal fails, a trouble begins, but the feed goes on with the old key,
// and the renewal is repeated some minutes later.
func (k *ServerKeys) renewIfOwed(ctx context.Context, this *client.ThisServer) (again bool, err error) {
	facts, err := k.store.facts(ctx)
	if err != nil {
		return false, k.explainFile(ctx, err)
	}
	k.failed = false
	// A key that ends soon, because somebody has replaced it, cannot ask for a new one. The
	// owner has to give the agent the newest key.
	if facts[factKeyRenewal] == "" && (!this.KeyHandedOver || !this.KeyExpiresAt.IsZero()) {
		k.trouble.end(ctx, troubleKeyHandedOver)
		return false, nil
	}
	switch err = k.renew(ctx); {
	case err == nil:
		k.trouble.end(ctx, troubleKeyHandedOver)
		return true, nil
	case ctx.Err() != nil:
		return false, err
	default:
		k.failed = true
		k.trouble.begin(ctx, troubleKeyHandedOver, "the server has a new owner, and the former one may know its key: the agent cannot replace the key yet, and tries again. "+
			"If this does not end, make a new key on the server's page at the service and give it to the agent with latchkey agent setup --force",
			slog.String("cause", err.Error()))
		return false, nil
	}
}

// renew asks the service for a new server key and stores it. In two cases it stores nothing
// and returns nil: if the service no longer accepts the old key for this, and if another
// program has stored another key meanwhile.
func (k *ServerKeys) renew(ctx context.Context) error {
	r, err := k.pendingRenewal(ctx)
	if err != nil {
		return k.explainFile(ctx, err)
	}
	made, err := k.opt.Service.As(r.key).Agent.RotateKey(ctx, r.idempotencyKey)
	if errors.Is(err, client.ErrServerKeyWrong) {
		// The service will never carry out this request: forget it.
		return k.explainFile(ctx, k.store.setFacts(ctx, map[string]string{factKeyRenewal: ""}))
	}
	if err = k.service.classify(ctx, byNobody, err); err != nil {
		return err
	}
	written, err := k.put(ctx, r.sealed, made.Key)
	if err != nil || !written {
		return k.explainFile(ctx, err)
	}
	k.log.LogAttrs(ctx, slog.LevelInfo, "the agent has replaced its server key, because the server has a new owner: the former owner's key ends by itself")
	return nil
}

// keyRenewal is a request for a new server key.
type keyRenewal struct {
	sealed, key    string // the server key that is replaced, as it stands in the file and in plain text
	idempotencyKey string // with it the service answers a repetition with the same new key
}

// pendingRenewal returns the renewal that has not been answered. If the file has no such
// renewal, pendingRenewal makes a new one and writes it down before the service hears of
// it.
func (k *ServerKeys) pendingRenewal(ctx context.Context) (r keyRenewal, err error) {
	fresh, err := k.store.newID()
	if err != nil {
		return r, err
	}
	sealedFresh, err := k.store.keys.Seal(k.store.random, sealKeyRenewal, factKeyRenewal, fresh)
	if err != nil {
		return r, err
	}
	kept := ""
	err = k.store.tx(ctx, "keep the renewal of the server key", func(tx *gorm.DB) error {
		if r.sealed, err = fact(tx, factServerKey); err != nil {
			return err
		}
		if kept, err = fact(tx, factKeyRenewal); err != nil || kept != "" {
			return err
		}
		kept = sealedFresh
		return setFact(tx, factKeyRenewal, kept)
	})
	if err != nil {
		return r, err
	}
	var errKey, errKept error
	r.key, errKey = k.store.keys.Open(sealServerKey, factServerKey, r.sealed)
	r.idempotencyKey, errKept = k.store.keys.Open(sealKeyRenewal, factKeyRenewal, kept)
	if errKey != nil || errKept != nil {
		return r, ErrWrongKey
	}
	return r, nil
}
