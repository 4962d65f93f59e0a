package jellyfin

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// proofLife is the time in which a code can be approved. Jellyfin forgets it after ten
// minutes.
const proofLife = 9*time.Minute + 30*time.Second

// StartProof begins a proof. The agent asks for a Quick Connect code as a device does; the
// person who approves it in their own app proves which local user they are. It returns
// ErrUnsupported if Quick Connect is off.
func (s *Server) StartProof(ctx context.Context, accountName string) (mediaserver.Proof, error) {
	const doing = "starting a proof"
	var id [8]byte
	if _, err := io.ReadFull(s.random, id[:]); err != nil {
		return mediaserver.Proof{}, fmt.Errorf(prefix+"%s: no randomness: %w", doing, err)
	}
	// Each proof has its own device, so that proofs of the same person do not end each other.
	device := mediaserver.Device{
		Client: "Latchkey", Name: "Latchkey: " + accountName, ID: "latchkey-" + hex.EncodeToString(id[:]), Version: s.version,
	}
	expires := s.now().Add(proofLife)
	request, err := s.initiate(ctx, doing, "", device, mediaserver.ErrUnsupported)
	if err != nil {
		return mediaserver.Proof{}, err
	}
	return mediaserver.Proof{Code: request.Code, Secret: request.Secret, ExpiresAt: expires}, nil
}

// CheckProof returns the local user who approved the code, ErrProofPending or ErrProofOver.
// CheckProof ends the token that Jellyfin made for the proof. If that fails, it returns an
// error, and the next call tries again.
func (s *Server) CheckProof(ctx context.Context, secret string) (mediaserver.LocalUser, error) {
	const doing = "asking for the result of a proof"
	var request quickConnectRequest
	err := s.calls.Do(ctx, call{
		Doing: doing, Method: http.MethodGet, Path: "/QuickConnect/Connect", Query: url.Values{"secret": {secret}}, Into: &request,
	})
	switch {
	case mediacall.StatusOf(err) == http.StatusNotFound:
		return mediaserver.LocalUser{}, proofOver(doing)
	case mediacall.StatusOf(err) == http.StatusUnauthorized:
		return mediaserver.LocalUser{}, s.refused(ctx, doing, "", mediaserver.ErrProofOver)
	case err != nil:
		return mediaserver.LocalUser{}, err
	case request.Secret != secret:
		return mediaserver.LocalUser{}, implausible(doing, "it answers with another request")
	case !request.Authenticated:
		return mediaserver.LocalUser{}, &failure{Product: product, Doing: doing, Why: mediaserver.ErrProofPending.Error(), Err: mediaserver.ErrProofPending}
	}
	result, err := s.collect(ctx, doing, secret)
	if errors.Is(err, errLost) {
		return mediaserver.LocalUser{}, proofOver(doing)
	}
	if err != nil {
		return mediaserver.LocalUser{}, err
	}
	if err := s.Revoke(context.WithoutCancel(ctx), result.AccessToken); err != nil {
		return mediaserver.LocalUser{}, err
	}
	user, err := s.readUser(ctx, result.User.ID)
	if errors.Is(err, mediaserver.ErrNotFound) || errors.Is(err, mediaserver.ErrNotAllowed) {
		return mediaserver.LocalUser{}, proofOver(doing) // deleted or disabled meanwhile
	}
	return user, err
}

func proofOver(doing string) error {
	return &failure{Product: product, Doing: doing, Why: mediaserver.ErrProofOver.Error(), Err: mediaserver.ErrProofOver}
}
