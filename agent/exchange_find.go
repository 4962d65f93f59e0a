package agent

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/peer"
)

// findLink returns the link that an access key opens. It looks into the agent's
// own copy first. It returns [ErrAccountUnknown] or [ErrAccessKeyWrong].
func (e *Exchanges) findLink(ctx context.Context, ask ExchangeAsk, key *shownKey) (*linkRow, error) {
	found, err := e.lookUpTwice(ctx, ask, key)
	if err != nil {
		return nil, err
	}
	unsure := false
	if found != nil {
		if ended, err := e.store.hasEnded(ctx, found, key); err != nil || ended {
			return nil, errors.Join(ErrAccessKeyWrong, e.explainFile(ctx, err))
		}
		unsure = found.unsure(key)
	}
	current := e.copy.current(ctx)
	if found != nil && found.Missing == listed && current && !unsure {
		return found, nil
	}
	asked, err := e.askService(ctx, ask, key)
	if errors.Is(err, ErrServiceAway) && !errors.Is(err, errAskedTooMuch) && found != nil && current && !unsure {
		return found, nil // the own copy decides while the service is away
	}
	return asked, err
}

// lookUpTwice returns the link that key opens, or nil. If the agent's own copy has no link of the
// account that the device named, it fetches the links and looks again. It returns
// [ErrAccountUnknown] if the account still has no link.
func (e *Exchanges) lookUpTwice(ctx context.Context, ask ExchangeAsk, key *shownKey) (found *linkRow, err error) {
	known, found, err := e.lookUp(ctx, ask.AccountID, key)
	if err != nil || known || ask.AccountID == "" {
		return found, err
	}
	if e.refreshLinks(ctx, ask) {
		known, found, err = e.lookUp(ctx, ask.AccountID, key)
	}
	if err != nil || !known {
		return nil, errors.Join(err, ErrAccountUnknown)
	}
	return found, nil
}

// lookUp looks into the agent's own copy with one indexed statement. It reports
// whether the account has any link, and returns the link that key opens, or nil. Only if
// the device did not name its account, it compares a device key with all links.
func (e *Exchanges) lookUp(ctx context.Context, accountID string, key *shownKey) (known bool, found *linkRow, err error) {
	condition, arg := "unlinked_at >= 0 AND account_id = ?", accountID
	if accountID == "" {
		condition, arg = "unlinked_at >= 0 AND access_key_sha256 = ?", key.hash
	}
	rows, err := readLinks(e.store.read(ctx), condition, arg)
	if err == nil && len(rows) == 0 && accountID == "" && key.session != 0 {
		rows, err = readLinks(e.store.read(ctx), "unlinked_at >= 0 AND device_keys = 1")
	}
	if err != nil {
		return false, nil, e.explainFile(ctx, err)
	}
	for i := range rows {
		if rows[i].opens(key) {
			found = &rows[i]
		}
	}
	return len(rows) > 0, found, nil
}

// prepareQuestion returns a client for asking the service while a device waits,
// and the number of the last change, which shows later whether the own copy has
// changed meanwhile. It returns [ErrServiceAway] when the service has just failed
// to answer, and errAskedTooMuch when the source has asked too often.
func (e *Exchanges) prepareQuestion(ctx context.Context, ask ExchangeAsk) (service *client.Agent, seq int64, err error) {
	if e.service.contact.failing(e.opt.Now()) {
		return nil, 0, ErrServiceAway
	}
	if !e.unknownKeys.Allow(peer.Network(ask.Device.Address)) {
		return nil, 0, errAskedTooMuch
	}
	if seq, err = changeSeq(e.store.read(ctx)); err != nil {
		return nil, 0, err
	}
	service, err = e.service.client(ctx)
	return service, seq, err
}

// errAskedTooMuch means that a source has caused too many questions to the
// service. It does not count as an absence of the service: asking often must not
// make a missing link valid.
var errAskedTooMuch = errors.New("that source has asked too often")

// refreshLinks takes over all links of the service because an account is unknown
// here. It reports whether it did.
func (e *Exchanges) refreshLinks(ctx context.Context, ask ExchangeAsk) bool {
	if !e.refreshes.Allow() {
		return false
	}
	service, seq, err := e.prepareQuestion(ctx, ask)
	if err != nil {
		return false
	}
	within, cancel := context.WithTimeout(ctx, e.pace.ask)
	defer cancel()
	list, err := service.Links(within)
	if e.service.explain(ctx, byNobody, err) != nil {
		return false
	}
	return e.links.takeOver(ctx, list, notListed, unchanged(seq), nil) == nil
}

// unchanged returns a condition for writing an answer of the service: the number
// of the last change must still be seq. Otherwise the agent's own copy may be
// newer than the answer.
func unchanged(seq int64) func(tx *gorm.DB) (bool, error) {
	return func(tx *gorm.DB) (bool, error) {
		now, err := changeSeq(tx)
		return now == seq, err
	}
}

// askService asks the service which link an access key opens, and takes that link
// over. It returns [ErrAccessKeyWrong], which also wraps [ErrServiceAway] when
// the service could not be asked.
func (e *Exchanges) askService(ctx context.Context, ask ExchangeAsk, key *shownKey) (*linkRow, error) {
	service, seq, err := e.prepareQuestion(ctx, ask)
	if err != nil {
		return nil, fmt.Errorf("%w: %w: %w", ErrAccessKeyWrong, ErrServiceAway, err)
	}
	within, cancel := context.WithTimeout(ctx, e.pace.ask)
	defer cancel()
	answer, err := service.Exchange(within, key.text, client.ID(ask.AccountID), key.sessionID())
	if errors.Is(err, client.ErrJSONInvalid) { // the service is older than the parameter sessionID, and has no device keys
		answer, err = service.Exchange(within, key.text, client.ID(ask.AccountID), "")
	}
	if err = e.service.explain(ctx, byNobody, err); err != nil {
		return nil, wrongKey(err)
	}
	row, err := rowOf(&answer)
	if err != nil || !row.opens(key) || ask.AccountID != "" && row.AccountID != ask.AccountID {
		e.links.passOver(ctx, row)
		return nil, ErrAccessKeyWrong
	}
	err = e.store.tx(ctx, "take a link over", func(tx *gorm.DB) error {
		if ok, err := unchanged(seq)(tx); err != nil || !ok {
			return err
		}
		_, err := e.store.putLink(tx, row)
		return err
	})
	if errors.Is(err, errLinkInvalid) {
		e.links.passOver(ctx, row)
		return nil, ErrAccessKeyWrong
	}
	if err != nil {
		return nil, e.explainFile(ctx, err)
	}
	e.wake.media.now()
	_, found, err := e.lookUp(ctx, ask.AccountID, key)
	if err == nil && found == nil {
		err = ErrAccessKeyWrong
	}
	return found, err
}

// wrongKey returns the error for a key that is unknown here and that the service
// refuses or cannot judge now.
func wrongKey(err error) error {
	if errors.Is(err, ErrServiceAway) || errors.Is(err, ErrNotRegistered) {
		return fmt.Errorf("%w: %w", ErrAccessKeyWrong, ErrServiceAway)
	}
	return ErrAccessKeyWrong
}
