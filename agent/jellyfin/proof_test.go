package jellyfin_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

func TestProof(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		ctx := t.Context()
		anna := fake.AddUser("Anna", "a", false)
		proof, err := s.StartProof(ctx, "änna")
		if err != nil {
			t.Fatal(err)
		}
		if len(proof.Code) != 6 || proof.URL != "" || proof.ExpiresAt.After(clock().Add(10*time.Minute)) || !proof.ExpiresAt.After(clock()) {
			t.Errorf("proof %+v, want a code for at most ten minutes", proof)
		}
		if _, err := s.CheckProof(ctx, proof.Secret); !errors.Is(err, mediaserver.ErrProofPending) {
			t.Errorf("before the approval: error %v, want %v", err, mediaserver.ErrProofPending)
		}
		if !fake.Approve(proof.Code, anna) {
			t.Fatal("the code is not known")
		}
		// While the token cannot be ended, the proof is not finished.
		fake.Break("ReportSessionEnded", 1, jellyfintest.Status(500))
		if _, err := s.CheckProof(ctx, proof.Secret); err == nil {
			t.Error("no error while the token could not be ended, want one")
		}
		for range 2 { // the result can be asked for again
			user, err := s.CheckProof(ctx, proof.Secret)
			if err != nil || user.ID != anna || user.Name != "Anna" {
				t.Errorf("local user %+v (error %v), want Anna with the id %s", user, err, anna)
			}
		}
		if tokens := fake.Tokens(anna); len(tokens) != 0 {
			t.Errorf("tokens %+v, want none", tokens)
		}
	})
}

func TestProofOver(t *testing.T) {
	t.Parallel()
	tests := map[string]func(fake *jellyfintest.Server, code, anna string){
		"restart": func(fake *jellyfintest.Server, _, _ string) { fake.Restart() },
		"time": func(fake *jellyfintest.Server, _, _ string) {
			fake.SetClock(func() time.Time { return time.Now().Add(11 * time.Minute) })
		},
		"off": func(fake *jellyfintest.Server, _, _ string) { fake.SetQuickConnect(false) },
		"disabled": func(fake *jellyfintest.Server, code, anna string) {
			fake.Approve(code, anna)
			fake.SetPolicy(anna, "IsDisabled", "true")
		},
		"gone": func(fake *jellyfintest.Server, code, anna string) { fake.Approve(code, anna); fake.RemoveUser(anna) },
		"lost late": func(fake *jellyfintest.Server, code, anna string) {
			fake.Approve(code, anna)
			fake.Before("AuthenticateWithQuickConnect", fake.Restart)
		},
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
				anna := fake.AddUser("Anna", "a", false)
				proof, err := s.StartProof(t.Context(), "anna")
				if err != nil {
					t.Fatal(err)
				}
				spoil(fake, proof.Code, anna)
				if _, err := s.CheckProof(t.Context(), proof.Secret); !errors.Is(err, mediaserver.ErrProofOver) {
					t.Errorf("error %v, want %v", err, mediaserver.ErrProofOver)
				}
			})
		})
	}
}

func TestProofNeedsQuickConnect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		fake.SetQuickConnect(false)
		if _, err := s.StartProof(t.Context(), "anna"); !errors.Is(err, mediaserver.ErrUnsupported) {
			t.Errorf("error %v, want %v", err, mediaserver.ErrUnsupported)
		}
	})
}
