package agent

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// pinRequired reports whether nobody gets in with the link without an open unlock. This does not depend on
// the setting levels, which is about policies.
func (r *linkRow) pinRequired() bool {
	levels := r.levels()
	return levels != nil && levels.PINRequired
}

// letsIn reports whether somebody may get in with a link now: it asks for no PIN, or an unlock is open. It
// decides by the agent's own file.
func (s *Store) letsIn(tx *gorm.DB, linkID string) (bool, error) {
	found, err := readLinks(tx, "id = ?", linkID)
	if err != nil || len(found) == 0 || !found[0].pinRequired() {
		return err == nil, err // a link that does not exist any more lets nobody in for another reason
	}
	open, err := s.openedNow(tx, &found[0])
	return open.open(), err
}

// checkPIN returns [ErrPINRequired] if nobody may get in with a link before the PIN was given.
func (e *Exchanges) checkPIN(ctx context.Context, link *linkRow) error {
	in, err := e.store.letsIn(e.store.read(ctx), link.ID)
	if err != nil {
		return e.explainFile(ctx, err)
	}
	if !in {
		return ErrPINRequired
	}
	return nil
}

// pinText says where a link is opened with the PIN.
func (c *core) pinText() string {
	return "open this server with it at " + c.ServicePage("/unlock") + ", then try again"
}

// notKept returns the error of an exchange whose token was not kept.
func (e *Exchanges) notKept(ctx context.Context, link *linkRow, device mediaserver.Device) error {
	now, err := e.store.now(), e.checkPIN(ctx, link)
	if found, failed := readLinks(e.store.read(ctx), "id = ?", link.ID); failed == nil && len(found) == 1 && found[0].paused(now) {
		return found[0].notUsable(now)
	}
	if !errors.Is(err, ErrPINRequired) {
		return ErrAccessKeyWrong
	}
	e.askForPIN(ctx, link, device, err)
	return fmt.Errorf("%w: %s", ErrPINRequired, e.pinText())
}

// askForPIN tells the service, in the background, that a device was refused because no unlock is open. It
// does nothing for other errors, and it tells about the same device of the same link only once within a
// minute. The zero device stands for a device that the agent does not know.
func (e *Exchanges) askForPIN(ctx context.Context, link *linkRow, device mediaserver.Device, err error) {
	if !errors.Is(err, ErrPINRequired) || e.service.contact.failing(e.opt.Now()) {
		return
	}
	if !e.pinAsks.Allow(link.ID+"/"+device.ID) || !e.pinAsksAll.Allow() {
		return
	}
	service, err := e.service.client(ctx)
	if err != nil {
		return
	}
	ask := client.UnlockAsk{LinkID: client.ID(link.ID), Device: shortName(device.Name), Client: shortName(device.Client)}
	go func() {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.pace.ask)
		defer cancel()
		_ = service.AskUnlock(within, ask) // the person may still find the page by themselves
	}()
}

// shortName returns the name of a device or app in a form that the service takes.
func shortName(text string) string {
	const most = 64
	return printable.Cut(printable.Text(text), most)
}
