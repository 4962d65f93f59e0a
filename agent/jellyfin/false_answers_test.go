package jellyfin_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// answers returns a handler that answers with JSON.
func answers(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write([]byte(text))
	}
}

func TestFalseAnswers(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "10.11")
	s := drive(t, fake.URL, fake.APIKey)
	anna := fake.AddUser("Anna", "a", false)
	ben := fake.AddUser("Ben", "b", false)
	_, secret := fake.ShowCode("TV", "tv")
	code, approved := fake.ShowCode("TV", "tv 2")
	fake.Approve(code, anna)
	mint := func(ctx context.Context) error { _, err := s.Mint(ctx, anna, tv()); return err }
	prove := func(secret string) func(context.Context) error {
		return func(ctx context.Context) error { _, err := s.CheckProof(ctx, secret); return err }
	}
	user := `{"Id":"` + anna + `","Name":"Anna"}`
	tests := []struct {
		operation, answer string
		do                func(context.Context) error
		want              string
	}{
		{"InitiateQuickConnect", `{}`, mint, "no code"},
		{"InitiateQuickConnect", `{"Code":"123456"}`, mint, "no code"},
		{"InitiateQuickConnect", `{"Secret":"x","Code":"1&userId=` + ben + `"}`, mint, "no code"},
		{"InitiateQuickConnect", `{"Secret":"x","Code":""}`, func(ctx context.Context) error { _, err := s.StartProof(ctx, "anna"); return err }, "no code"},
		{"AuthorizeQuickConnect", `false`, mint, "does not approve"},
		{"AuthenticateWithQuickConnect", `{"User":` + user + `}`, mint, "no token"},
		{"AuthenticateWithQuickConnect", `{"AccessToken":"x"}`, mint, "another local user"},
		{"AuthenticateWithQuickConnect", `{"User":` + user + `}`, prove(approved), "no token"},
		{"GetQuickConnectState", `{"Secret":"` + approved + `","Authenticated":true}`, prove(secret), "another request"},
		{"GetMediaFolders", `{}`, func(ctx context.Context) error { _, err := s.Administrator(ctx, "x"); return err }, "no libraries"},
		{"GetPublicSystemInfo", `{"ProductName":"Jellyfin Server","Version":"10.11.1"}`, func(ctx context.Context) error { _, err := s.Identity(ctx); return err }, "no valid id"},
		{"GetPublicSystemInfo", `{"ProductName":"Jellyfin Server","Version":"10.11.1","Id":"a b"}`, func(ctx context.Context) error { _, err := s.Identity(ctx); return err }, "no valid id"},
	}
	for _, test := range tests {
		fake.Break(test.operation, 1, answers(test.answer))
		err := test.do(t.Context())
		fake.Mend()
		if err == nil || !strings.Contains(err.Error(), test.want) || clearError(err, fake, secret, approved) != "" {
			t.Errorf("%s, %s: error %v, want one clear line with %q", test.operation, test.answer, err, test.want)
		}
		for _, sentinel := range []error{mediaserver.ErrNotFound, mediaserver.ErrProofOver, mediaserver.ErrNotAllowed, mediaserver.ErrKeyRefused} {
			if errors.Is(err, sentinel) {
				t.Errorf("%s, %s: error %v, which must not be %v", test.operation, test.answer, err, sentinel)
			}
		}
	}
	if tokens := fake.Tokens(ben); len(tokens) > 0 {
		t.Errorf("tokens of Ben %+v, want none", tokens)
	}
}

// An approval that Jellyfin does not confirm is an error.
func TestApprovedNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna := fake.AddUser("Anna", "a", false)
		code, _ := fake.ShowCode("TV", "tv")
		fake.Break("AuthorizeQuickConnect", 1, answers("false"))
		if err := s.ApproveCode(t.Context(), code, anna); err == nil {
			t.Error("no error, want one")
		}
	})
}
