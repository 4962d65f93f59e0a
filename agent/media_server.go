package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// MediaServer is the media server beside the agent, as the last check found it.
type MediaServer struct {
	*core

	mu        sync.Mutex
	last      observation
	absences  int                     // how many checks have failed
	libraries []mediaserver.Library   // nil until they are known
	users     []mediaserver.LocalUser // all of them, as the last report found them; nil until then
}

// observation is the result of a check of the media server.
type observation struct {
	identity mediaserver.Identity
	known    bool // the media server has answered in this run
	away     bool // the media server did not answer the last check
	other    bool // another media server than the registered one answers
}

// Identity returns what the media server last said about itself, and false if it
// has not answered yet.
func (m *MediaServer) Identity() (mediaserver.Identity, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last.identity, m.last.known
}

// ready reports whether the registered media server has answered the last check.
func (m *MediaServer) ready() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last.known && !m.last.away && !m.last.other
}

// Administrator reports whether token belongs to an administrator of the media server. It
// returns [mediaserver.ErrTokenEnded] for a token that is unknown or has ended. It returns
// [ErrMediaServerAway] if the media server does not answer, or if another media server than
// the registered one answers; the token is not sent to that other one.
func (m *MediaServer) Administrator(ctx context.Context, token string) (bool, error) {
	if token == "" {
		return false, mediaserver.ErrTokenEnded
	}
	if err := m.check(ctx); err != nil {
		return false, away(err)
	}
	is, err := m.opt.MediaServer.Administrator(ctx, token)
	return is && err == nil, m.explain(ctx, err)
}

// checkLoop checks the media server again and again, until ctx ends.
func (m *MediaServer) checkLoop(ctx context.Context) {
	for {
		wait := m.opt.CheckEvery
		if m.check(ctx) != nil { // check has begun a trouble
			wait = min(wait, m.pace.again)
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// check asks the media server for its identity. It returns [ErrMediaServerAway]
// also when another media server than the registered one answers.
func (m *MediaServer) check(ctx context.Context) error {
	const most = 3
	for try := 1; ; try++ {
		newest, err := m.checkOnce(ctx)
		if err != nil || newest || try == most {
			return err
		}
	}
}

// checkOnce does the work of [MediaServer.check] with one question. It reports whether the answer is newer than all other
// facts about the media server. If something else failed while the question was under way, nobody knows which of the two
// is newer, and the failure counts.
func (m *MediaServer) checkOnce(ctx context.Context) (newest bool, err error) {
	within, cancel := context.WithTimeout(ctx, m.pace.media)
	defer cancel()
	m.mu.Lock()
	absences := m.absences
	m.mu.Unlock()
	noticed := m.trouble.noticed()
	identity, err := m.opt.MediaServer.Identity(within)
	if err == nil && identity.ID == "" {
		err = errors.New("its answer holds no id")
	}
	if err != nil {
		if ctx.Err() == nil { // a device that leaves says nothing about the media server
			m.mu.Lock()
			m.last.away = true
			m.absences++
			m.mu.Unlock()
		}
		return true, m.explain(ctx, err)
	}
	facts, err := m.store.facts(ctx)
	if err != nil {
		return true, m.explainFile(ctx, err)
	}
	registered := facts[factSystemID]
	other := registered != "" && registered != identity.ID
	m.mu.Lock()
	before := m.last
	failed := m.absences != absences && before.away
	m.last = observation{identity: identity, known: true, other: other, away: failed}
	m.mu.Unlock()
	ended := m.trouble.endUpTo(ctx, noticed, troubleMediaServer, troubleMediaKey, troubleMediaOld)
	if other {
		m.trouble.begin(ctx, troubleOtherServer, "this is another media server than the registered one: the agent does not use it and leaves all links as they are. "+
			"Bring the former one back, or run latchkey agent setup --force with a new claim code",
			slog.String("registered_id", registered), slog.String("found_id", readable(identity.ID)))
		return true, ErrMediaServerAway
	}
	m.trouble.end(ctx, troubleOtherServer)
	if identity.QuickConnect {
		m.trouble.end(ctx, troubleQuickConnect)
	}
	if before.away && !failed || !before.known || before.identity != identity {
		m.wake.media.now()
		m.wake.report.now()
	}
	return ended && !failed, nil
}

// registered returns what the media server last said about itself. It returns false if the
// media server has not answered in this run, or if it is not the registered media server.
func (m *MediaServer) registered() (mediaserver.Identity, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last.identity, m.last.known && !m.last.other
}

// confirm returns nil if the registered media server has answered in this run.
// Otherwise it checks now, and returns [ErrMediaServerAway].
func (m *MediaServer) confirm(ctx context.Context) error {
	if _, same := m.registered(); same {
		return nil
	}
	return m.check(ctx)
}

// explain begins a trouble according to an error of the media server, and wraps the error
// in [ErrMediaServerAway]. A refusal that concerns a local user, a code or a proof is
// returned unchanged.
func (m *MediaServer) explain(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case isAnswer(err):
		return err
	case ctx.Err() != nil && errors.Is(err, ctx.Err()): // the caller has left: no trouble of the media server
	case errors.Is(err, mediaserver.ErrKeyRefused):
		m.trouble.begin(ctx, troubleMediaKey, "the media server refuses the agent's key: make a new API key there and give it to the agent. Nothing is removed")
	case errors.Is(err, mediaserver.ErrTooOld):
		m.trouble.begin(ctx, troubleMediaOld, "the media server is too old for the agent: update it. Nothing is removed",
			causeOf(err))
	default:
		m.trouble.begin(ctx, troubleMediaServer, "the media server does not answer as it should: check that it runs and that its address is right. "+
			"Nothing is removed", causeOf(err))
	}
	return fmt.Errorf("%w: %w", ErrMediaServerAway, err)
}

// isAnswer reports whether err is a refusal that the media server itself has sent. Other
// errors mean that it does not work or cannot be reached.
func isAnswer(err error) bool {
	for _, answer := range []error{
		mediaserver.ErrNotFound, mediaserver.ErrCodeWrong, mediaserver.ErrUnsupported, mediaserver.ErrNotAllowed,
		mediaserver.ErrNameTaken, mediaserver.ErrProofOver, mediaserver.ErrProofPending, mediaserver.ErrTokenEnded, mediaserver.ErrOutsideHours, mediaserver.ErrHeldElsewhere,
	} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}
