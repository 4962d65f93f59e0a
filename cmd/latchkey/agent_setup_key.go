package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// tryKey stores a new server key that the admin gave instead of a claim code. It does nothing for a
// claim code, which is tried later. It returns an error for a server key if mayStay is false,
// because a server that is not registered needs a claim code.
func (s *setup) tryKey(mayStay bool) error {
	key := s.settings.ClaimCode
	if !strings.HasPrefix(key, string(secret.ServerKey)+"_") {
		return nil
	}
	if !mayStay {
		return errors.New("this is a server key, and a server that is not registered here needs a claim code: make one at " + s.settings.Service + "/servers/new")
	}
	id := ""
	err := asOwner(s.settings.DataDir, func() (err error) {
		id, err = s.takeKey(key)
		return err
	})
	if err != nil {
		return err
	}
	s.keyTaken = true
	return s.good("The server key is stored. The server stays registered as server " + id + ", with its links.")
}

// takeKey checks a server key with the service and stores it. It returns the id of the
// server at the service.
func (s *setup) takeKey(key string) (id string, err error) {
	keys, err := s.secretKeys()
	if err != nil {
		return "", fmt.Errorf("secret-key: %w", err)
	}
	store, err := s.openStore(keys)
	if err != nil {
		return "", err
	}
	defer func() { _ = store.Close() }()
	service, err := s.agentProgram.service(2, 5*time.Second)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(s.agentProgram.ctx, registerTime)
	defer cancel()
	engine := s.engine(&parts{log: slog.New(slog.DiscardHandler), store: store}, service, 0)
	switch err := engine.ServerKeys.Take(ctx, key); {
	case errors.Is(err, agent.ErrServiceAway):
		return "", fmt.Errorf("the key cannot be checked, and was not stored: %w", err)
	case err != nil:
		return "", err
	}
	status, err := engine.Status(ctx)
	return status.ServerID, err
}

// secretKeys returns the keys with which the data in the data folder are encrypted.
func (s *setup) secretKeys() (secret.Keys, error) {
	return secret.NewKeys(cmp.Or(s.settings.SecretKey, s.keptKey()), "")
}

// openStore opens the agent's own file.
func (s *setup) openStore(keys secret.Keys) (*agent.Store, error) {
	return agent.OpenStore(s.agentProgram.ctx, s.path("agent.db"), keys, s.now, rand.Reader)
}
