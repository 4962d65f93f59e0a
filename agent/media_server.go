package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// sight is the media server as it was last looked at.
type sight struct {
	identity mediaserver.Identity
	known    bool // it was seen in this run
	away     bool // it does not answer now
	other    bool // it is not the one that was registered
}

// Identity is what the media server last said of itself; false before it did.
func (a *Agent) Identity() (mediaserver.Identity, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seen.identity, a.seen.known
}

// Administrator reports whether a token of the media server is one of an
// administrator. It returns [ErrMediaServerAway]: another media server than the
// one that was registered is not asked.
func (a *Agent) Administrator(ctx context.Context, token string) (bool, error) {
	if token == "" {
		return false, nil
	}
	if err := a.confirm(ctx); err != nil {
		return false, away(err)
	}
	is, err := a.o.MediaServer.Administrator(ctx, token)
	return is && err == nil, a.mediaServer(ctx, err)
}

// lookLoop looks at the media server again and again.
func (a *Agent) lookLoop(ctx context.Context) {
	for {
		_ = a.look(ctx) // it has told of its trouble
		if !pause(ctx, a.o.LookEvery) {
			return
		}
	}
}

// look asks the media server who it is. It returns [ErrMediaServerAway], also for
// one that is not the one that was registered.
func (a *Agent) look(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, a.pace.media)
	defer cancel()
	identity, err := a.o.MediaServer.Identity(within)
	if err == nil && identity.ID == "" {
		err = errors.New("it does not say who it is")
	}
	if err != nil {
		a.mu.Lock()
		a.seen.away = true
		a.mu.Unlock()
		return a.mediaServer(ctx, err)
	}
	facts, err := a.store.facts(ctx)
	if err != nil {
		return a.ownFile(ctx, err)
	}
	registered := facts[factSystemID]
	other := registered != "" && registered != identity.ID
	a.mu.Lock()
	before := a.seen
	a.seen = sight{identity: identity, known: true, other: other}
	a.mu.Unlock()
	a.trouble.end(ctx, troubleMediaServer, troubleMediaKey, troubleMediaOld)
	if other {
		a.trouble.begin(ctx, troubleOtherServer, "this is another media server than the one that was registered: nothing is done with it, and no link is touched. "+
			"Bring the former one back, or run latchkey agent setup --force with a new claim code",
			slog.String("registered_id", registered), slog.String("found_id", readable(identity.ID)))
		return ErrMediaServerAway
	}
	a.trouble.end(ctx, troubleOtherServer)
	if identity.QuickConnect {
		a.trouble.end(ctx, troubleQuickConnect)
	}
	if before.away || !before.known || before.identity != identity {
		a.owed.now()
		a.report.now()
	}
	return nil
}

// same is what the media server last said of itself; false when it was not seen
// in this run, or is another one than the one that was registered.
func (a *Agent) same() (mediaserver.Identity, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seen.identity, a.seen.known && !a.seen.other
}

// confirm returns nil when the media server is the one that was registered, and
// was seen in this run. Otherwise it looks, and returns [ErrMediaServerAway].
func (a *Agent) confirm(ctx context.Context) error {
	if _, same := a.same(); same {
		return nil
	}
	return a.look(ctx)
}

// mediaServer notes what an error of the media server means, and wraps it in
// [ErrMediaServerAway] unless it is an answer about a local user, a code or a
// proof.
func (a *Agent) mediaServer(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case isAnswer(err):
		return err
	case ctx.Err() != nil && errors.Is(err, ctx.Err()): // who asked has left
	case errors.Is(err, mediaserver.ErrKeyRefused):
		a.trouble.begin(ctx, troubleMediaKey, "the media server refuses the agent's key: make a new API key there and give it to the agent. Nothing is removed")
	case errors.Is(err, mediaserver.ErrTooOld):
		a.trouble.begin(ctx, troubleMediaOld, "the media server is too old for the agent: update it. Nothing is removed",
			slog.String("cause", readable(err.Error())))
	default:
		a.trouble.begin(ctx, troubleMediaServer, "the media server does not answer as it should: see whether it runs, and whether its address is right. "+
			"Nothing is removed", slog.String("cause", readable(err.Error())))
	}
	return fmt.Errorf("%w: %w", ErrMediaServerAway, err)
}

// isAnswer reports whether err is an answer and no trouble with the media server.
func isAnswer(err error) bool {
	for _, answer := range []error{
		mediaserver.ErrNotFound, mediaserver.ErrCodeWrong, mediaserver.ErrUnsupported, mediaserver.ErrNotAllowed,
		mediaserver.ErrProofOver, mediaserver.ErrProofPending,
	} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

// ownFile notes trouble with the agent's own file.
func (a *Agent) ownFile(ctx context.Context, err error) error {
	if err == nil {
		a.trouble.end(ctx, troubleStore)
		return nil
	}
	if ctx.Err() == nil {
		a.trouble.begin(ctx, troubleStore, "the agent's own file cannot be read or written: see whether its disk is full, and who may write there",
			slog.String("cause", err.Error()))
	}
	return err
}
