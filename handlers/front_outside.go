package handlers

import (
	"context"

	"github.com/latchkey-media/latchkey/internal/reach"
	"github.com/latchkey-media/latchkey/models"
)

// askOutside returns the function by which the service asks an address, or nil if the operator has switched that off.
func (s *site) askOutside() models.AskOutside {
	if s.Outside == nil {
		return nil
	}
	return func(ctx context.Context, address models.Address, systemID string) models.Found {
		answer := s.Outside.Ask(ctx, reach.Target{Scheme: address.Scheme, Host: address.Host, Port: address.Port, Path: address.Path}, systemID)
		found := models.Found{Finding: string(answer.Finding), Until: answer.Until, Itself: answer.Itself}
		if answer.At.IsValid() {
			found.At = answer.At.String()
		}
		return found
	}
}
