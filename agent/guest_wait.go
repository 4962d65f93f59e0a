package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/latchkey-media/latchkey/client"
)

// guestWaits wakes the waiting devices when guests have changed. It also holds the reasons
// why no local user is created for a link.
type guestWaits struct {
	mu      sync.Mutex
	reasons map[string]string // names of troubles by the id of the link; nil until the agent has looked for the first time
	told    map[string]string // the reasons that the service has; nil if this run of the agent has not told it yet
	next    chan struct{}     // closed by the next change
}

func newGuestWaits() *guestWaits { return &guestWaits{next: make(chan struct{})} }

// changed returns a channel that is closed by the next change. Take the channel before you
// look at the guests, so that you miss no change.
func (w *guestWaits) changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next
}

// tell wakes everybody who waits.
func (w *guestWaits) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.next)
	w.next = make(chan struct{})
}

// set replaces the reasons, and wakes everybody who waits.
func (w *guestWaits) set(reasons map[string]string) {
	w.mu.Lock()
	w.reasons = reasons
	w.mu.Unlock()
	w.tell()
}

// setUnknown notes that the agent has tried to find out the reasons, in vain. Reasons that it
// found before stay.
func (w *guestWaits) setUnknown() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reasons == nil {
		w.reasons = map[string]string{}
	}
}

// untold returns the reasons, and whether the service has them already. At the start of a
// run the reasons are untold even if no guest waits, because the service may still have the
// reasons of the run before.
func (w *guestWaits) untold() (reasons map[string]string, told bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reasons, w.reasons == nil || w.told != nil && maps.Equal(w.reasons, w.told)
}

// setTold notes the reasons that the service has now.
func (w *guestWaits) setTold(reasons map[string]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = reasons
}

// reason returns the reason why no local user is created for a link, or "".
func (w *guestWaits) reason(linkID string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reasons[linkID]
}

// checkGuest returns nil if the local user of a link exists and, for a guest, if the agent
// has restricted them and let them in. It returns [ErrNotYet] while that is still to be
// done, and [ErrGuestWaits] if there is a reason not to create the guest. A guest who was
// found again after a crash may have access to everything, so they have to wait, too.
func (e *Exchanges) checkGuest(ctx context.Context, link *linkRow) error {
	if link.Type != client.Guest {
		if link.LocalUserID == "" {
			return fmt.Errorf("%w: the service has not named the local user", ErrNotYet)
		}
		return nil
	}
	if link.LocalUserID == "" {
		if reason := e.waits.reason(link.ID); reason != "" {
			return fmt.Errorf("%w: %s", ErrGuestWaits, reason)
		}
		return fmt.Errorf("%w: the local user is being created", ErrNotYet)
	}
	found, err := readGuests(e.store.read(ctx), "local_user_id = ? AND left_alone = ''", link.LocalUserID)
	if err != nil {
		return e.explainFile(ctx, err)
	}
	if len(found) == 0 || strings.HasPrefix(found[0].Applied, appliedOpen) && found[0].LinkID == link.ID {
		return nil
	}
	return fmt.Errorf("%w: the guest is not let in yet", ErrNotYet)
}

// awaitGuest waits some seconds for a guest who is being created, and returns the link as
// it is after the wait. It returns [ErrNotYet], [ErrGuestWaits], or [ErrAccessKeyWrong] if
// the link has ended meanwhile.
func (e *Exchanges) awaitGuest(ctx context.Context, link *linkRow) (*linkRow, error) {
	within, cancel := context.WithTimeout(ctx, e.pace.guest)
	defer cancel()
	for {
		changed := e.waits.changed()
		found, err := readLinks(e.store.read(ctx), "id = ?", link.ID)
		if err != nil {
			return nil, e.explainFile(ctx, err)
		}
		if len(found) == 0 || found[0].AccessKeySHA256 != link.AccessKeySHA256 {
			return nil, ErrAccessKeyWrong
		}
		if now := e.store.now(); !found[0].usable(now) {
			return nil, found[0].notUsable(now)
		}
		if err = e.checkGuest(ctx, &found[0]); !errors.Is(err, ErrNotYet) {
			return &found[0], err
		}
		select {
		case <-changed:
		case <-within.Done():
			return nil, err
		}
	}
}
