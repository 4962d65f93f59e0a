package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
)

// An admin reads a line for each check, and below it what to do; a program reads the same as JSON.
func TestWriteChecks(t *testing.T) {
	t.Parallel()
	list := []agent.Check{
		{CheckResult: client.CheckResult{Name: client.CheckKey, State: client.CheckOK, Reason: "ok"}, Text: "The key is good."},
		{
			CheckResult: client.CheckResult{Name: client.CheckAddress, Subject: "https://den.example.org:443", State: client.CheckWrong, Reason: "certificate_expired"},
			Text:        "The certificate has expired.", Advice: "Renew it.",
		},
	}
	var said bytes.Buffer
	if err := writeChecks(&said, list); err != nil {
		t.Fatal(err)
	}
	const want = "  ✓ The key is good.\n  ✗ https://den.example.org:443: The certificate has expired.\n      Renew it.\n"
	if diff := cmp.Diff(want, said.String()); diff != "" {
		t.Errorf("for people (-want +got):\n%s", diff)
	}
	said.Reset()
	if err := writeChecksJSON(&said, list); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Checks []map[string]any `json:"checks"`
	}
	if err := json.Unmarshal(said.Bytes(), &got); err != nil || len(got.Checks) != 2 || got.Checks[1]["reason"] != "certificate_expired" || got.Checks[1]["advice"] != "Renew it." {
		t.Errorf("for programs: %s (error %v), want both checks with their members", said.String(), err)
	}
}

// The addresses of this machine are the addresses of its interfaces and the addresses to which the public name of the
// service leads.
func TestOwnAddresses(t *testing.T) {
	t.Parallel()
	resolve := func(_ context.Context, name string) ([]netip.Addr, error) {
		if name != "id.example.org." {
			return nil, errors.New("no such name")
		}
		return []netip.Addr{netip.MustParseAddr("93.184.215.14")}, nil
	}
	interfaces := func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: net.ParseIP("8.8.4.4"), Mask: net.CIDRMask(24, 32)}, &net.IPNet{IP: net.ParseIP("2606:4700::1"), Mask: net.CIDRMask(64, 128)}}, nil
	}
	for public, own := range map[string]string{"https://id.example.org": "93.184.215.14", "https://93.184.215.99": "93.184.215.99", "https://[2606:4700::2]:8443": "2606:4700::2"} {
		is := ownAddresses(public, resolve, interfaces)
		for text, want := range map[string]bool{own: true, "8.8.4.4": true, "2606:4700::1": true, "93.184.215.15": false, "8.8.4.5": false} {
			if got := is(t.Context(), netip.MustParseAddr(text)); got != want {
				t.Errorf("%s of %s: own %t, want %t", text, public, got, want)
			}
		}
	}
}
