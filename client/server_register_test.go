package client_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

func TestSiteRegistersOnce(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann := s.Join(t, "ann")
	in := client.NewServer{
		ClaimCode: must(ann.Servers.MakeClaimCode(ctx))(t).Code, Name: "Den", SystemID: "5ed", Version: "10.11", IdempotencyKey: "den-0123456789abcdef",
		Addresses: []client.Address{{Kind: "lan", URL: "http://192.168.1.2:8096"}},
	}
	made := must(ann.Servers.Register(ctx, in))(t)
	if again := must(ann.Servers.Register(ctx, in))(t); again != made {
		t.Errorf("registered again as %+v, want the same %+v", again, made)
	}
	in.Name = "Other"
	_, err := ann.Servers.Register(ctx, in)
	isError(t, err, client.ErrIdempotencyMismatch)
	agent := s.NewClient(t).As(made.Key).Agent
	for _, want := range []bool{true, false} {
		if got := must(agent.Report(ctx, servicetest.Den()))(t); got.Changed != want {
			t.Errorf("the report says changed %t, want %t", got.Changed, want)
		}
	}
}
