package mailer

import (
	"errors"
	"net/netip"
	"testing"
)

// TestPlainAllows checks each policy with addresses of each kind.
func TestPlainAllows(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][2]error{ // the errors of PlainLoopback and of PlainPrivate
		"127.0.0.1":           {nil, nil},
		"::1":                 {nil, nil},
		"::ffff:127.0.0.1":    {nil, nil},
		"10.1.2.3":            {errNotLoopback, nil},
		"172.31.255.255":      {errNotLoopback, nil},
		"192.168.7.25":        {errNotLoopback, nil},
		"::ffff:192.168.7.25": {errNotLoopback, nil},
		"169.254.7.25":        {errNotLoopback, nil},
		"100.64.7.25":         {errNotLoopback, nil},
		"fd00::25":            {errNotLoopback, nil},
		"fe80::25":            {errNotLoopback, nil},
		"172.32.0.1":          {errNotLoopback, errNotPrivate},
		"100.128.0.1":         {errNotLoopback, errNotPrivate},
		"203.0.113.9":         {errNotLoopback, errNotPrivate},
		"2001:db8::25":        {errNotLoopback, errNotPrivate},
	} {
		for i, policy := range []Plain{PlainLoopback, PlainPrivate} {
			if got := policy.allows(netip.MustParseAddr(address)); !errors.Is(got, want[i]) {
				t.Errorf("policy %d, address %s: got error %v, want %v", policy, address, got, want[i])
			}
		}
	}
}
