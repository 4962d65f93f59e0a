package main

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/latchkey-media/latchkey/internal/reach"
	"github.com/latchkey-media/latchkey/internal/webhook"
	"github.com/latchkey-media/latchkey/jobs"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

// webhooks returns the worker that sends messages to webhooks. It sends to public addresses that are not of this machine, and
// to the networks that the operator has named.
func (p *program) webhooks(store *models.Store, catalogue *templates.Catalogue, log *slog.Logger) *jobs.Webhooks {
	resolve, dial := reach.Direct()
	own, named := ownAddresses(p.settings.PublicURL, resolve, net.InterfaceAddrs), p.settings.TrustedWebhookNetworks()
	return &jobs.Webhooks{
		Store: store, Say: catalogue.Say, Service: p.settings.ServiceName, Log: log, Parallel: 4, Interval: time.Second, Look: time.Minute,
		Sender: &webhook.Sender{
			Resolve: resolve, Dial: dial, Now: store.Now, Patience: jobs.WebhookPatience,
			May: func(ctx context.Context, address netip.Addr) bool { return reach.Public(address) && !own(ctx, address) },
			Trusted: func(address netip.Addr) bool {
				return slices.ContainsFunc(named, func(network netip.Prefix) bool { return network.Contains(address.Unmap()) })
			},
		},
	}
}
