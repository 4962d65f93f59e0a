package config

import (
	"fmt"
	"net/netip"
)

// TrustedWebhookNetworks returns the networks of webhook-networks. Call it on settings that passed Loaded.Check; it
// leaves out values that are wrong.
func (s *Settings) TrustedWebhookNetworks() []netip.Prefix {
	var all []netip.Prefix
	for _, text := range s.WebhookNetworks {
		if prefix, err := parseWebhookNetwork(text); err == nil {
			all = append(all, prefix)
		}
	}
	return all
}

func checkWebhookNetworks(texts []string) error {
	for _, text := range texts {
		if _, err := parseWebhookNetwork(text); err != nil {
			return err
		}
	}
	return nil
}

// parseWebhookNetwork reads an address or a network to which webhooks may lead. It refuses networks that are wider than
// every private one: they would open the network around the service to everybody who has a media server.
func parseWebhookNetwork(text string) (netip.Prefix, error) {
	prefix, err := parseNetwork(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	if least, wide := tooWide(prefix); wide {
		return netip.Prefix{}, fmt.Errorf("%s is wider than a private network, and would open everything in it to all owners of servers; "+
			"name the addresses of the receivers, or networks of /%d or narrower", quote(text), least)
	}
	return prefix, nil
}
