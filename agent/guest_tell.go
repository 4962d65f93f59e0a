package agent

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"

	"github.com/latchkey-media/latchkey/client"
)

// tellAll tells the service which local users were created for its links.
func (gs *guests) tellAll(ctx context.Context) error {
	untold, err := readGuests(gs.store.read(ctx), "told = 0 AND left_alone = '' AND link_id IN (SELECT id FROM links WHERE "+usable+")", stamp(gs.store.now()))
	if err != nil || len(untold) == 0 {
		return gs.explainFile(ctx, err)
	}
	service, err := gs.service.client(ctx)
	if err != nil {
		return err
	}
	if err := gs.reports.sendNow(ctx); err != nil { // the service must know the local users first
		return err
	}
	for i := range untold {
		if err := gs.tell(ctx, service, &untold[i]); err != nil {
			return err
		}
	}
	return nil
}

// tell tells the service the local user of one guest.
func (gs *guests) tell(ctx context.Context, service *client.Agent, g *guestRow) error {
	found, err := readLinks(gs.store.read(ctx), "id = ?", g.LinkID)
	if err != nil || len(found) == 0 {
		return gs.explainFile(ctx, err)
	}
	answer, err := service.AskForLink(ctx, client.AskLink{To: found[0].Username, LocalUser: g.LocalUserID, Type: client.Guest})
	if wrong, is := errors.AsType[*client.Error](err); is {
		if _, unknown := wrong.Field("local_user"); unknown {
			gs.wake.report.now()
			return gs.service.explain(ctx, byOwed, nil) // it was deleted at the media server meanwhile: the next report finds out
		}
	}
	err = gs.service.explain(ctx, byOwed, err)
	switch {
	case errors.Is(err, ErrServiceRefused):
		gs.log.LogAttrs(ctx, slog.LevelWarn, "the service refuses the local user that was created for a guest, so that its pages do not name them",
			slog.String("account", found[0].Username), slog.String("link_id", g.LinkID), slog.String("cause", err.Error()))
	case err != nil:
		return err
	case string(answer.ID) != g.LinkID:
		return gs.takeBack(ctx, service, answer, g)
	}
	return gs.explainFile(ctx, gs.store.setTold(ctx, g.LocalUserID, g.LinkID))
}

// takeBack ends a link that [guests.tell] has asked for by mistake, because the link of the
// guest ended meanwhile, or because the account was renamed and its old name now belongs to
// another account.
func (gs *guests) takeBack(ctx context.Context, service *client.Agent, answer client.AgentLink, g *guestRow) error {
	gs.log.LogAttrs(ctx, slog.LevelWarn, "the link of a guest ended or its account was renamed at the wrong moment: a link that was asked for by mistake is ended again",
		slog.String("link_id", readable(string(answer.ID))))
	if err := gs.service.explain(ctx, byOwed, service.EndLink(ctx, answer.ID)); err != nil && !errors.Is(err, ErrServiceRefused) {
		return err
	}
	return gs.explainFile(ctx, gs.store.setTold(ctx, g.LocalUserID, g.LinkID))
}

// waitsTold is the largest number of guests whose reason to wait is told to the service. A
// request with more of them could become too long for it.
const waitsTold = 500

// tellReasons tells the service why no local user is created for some guests, if the
// reasons have changed since the service was last told. The owner and the guests see the
// reasons on the pages of the service.
func (gs *guests) tellReasons(ctx context.Context) error {
	reasons, told := gs.waits.untold()
	if told {
		return nil
	}
	service, err := gs.service.client(ctx)
	if err != nil {
		return err
	}
	waiting := []client.WaitingGuest{}
	for _, id := range slices.Sorted(maps.Keys(reasons)) {
		if len(waiting) == waitsTold {
			break
		}
		waiting = append(waiting, client.WaitingGuest{LinkID: client.ID(id), Reason: reasons[id]})
	}
	err = service.Acknowledge(ctx, 0, waiting)
	if errors.Is(err, client.ErrJSONInvalid) {
		err = nil // the service is older than this agent, and does not know the member
	}
	if err := gs.service.explain(ctx, byOwed, err); err != nil {
		return err
	}
	gs.waits.setTold(reasons)
	return nil
}
