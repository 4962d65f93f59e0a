package agent

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/limit"
)

// localPasswords give local users the passwords that people choose at the service. For each local
// user a fact in the agent's file says how far that has come. The fact is written before the
// media server is asked, so that after a crash in between the agent can set the same password
// again or take it back.
type localPasswords struct {
	*core

	exchanges *Exchanges
	attempts  *limit.Bucket // limits the passwords that this run gives: the service could ask for any number
	one       sync.Mutex    // held while the media server gets a password: an owed random password must not follow a newer password that a person has chosen
}

func newLocalPasswords(c *core, exchanges *Exchanges) *localPasswords {
	return &localPasswords{core: c, exchanges: exchanges, attempts: limit.NewBucket(c.opt.Now, 30, time.Hour)}
}

// The states of a password in the fact of a local user. The id of the account follows the state.
// After passwordTried, the id of the try follows, too.
const (
	passwordTried = "tried" // the media server may have it, and the service does not know yet
	passwordSet   = "set"
	passwordOwed  = "owed" // a random password has to replace the chosen one
)

// loop handles the passwords that people choose, until ctx ends.
func (p *localPasswords) loop(ctx context.Context) {
	p.repeat(ctx, p.wake.localPasswords, p.opt.ReportEvery, func() error { return p.handleAll(ctx) }) // a change wakes the loop sooner
}

// handleAll handles all passwords that wait at the service, and settles the tried passwords that
// do not wait any longer.
func (p *localPasswords) handleAll(ctx context.Context) error {
	service, err := p.service.client(ctx)
	if err != nil {
		return err
	}
	open, err := service.LocalPasswords(ctx)
	if errors.Is(err, client.ErrNotFound) {
		return nil // a service that is older than passwords
	}
	if err = p.service.explain(ctx, byLocalPasswords, err); err != nil {
		return err
	}
	waiting := map[string]bool{}
	for _, one := range open {
		waiting[string(one.ID)] = true
	}
	err = p.settleTried(ctx, service, waiting)
	for _, one := range open {
		if failed := p.handle(ctx, service, one); failed != nil {
			err = failed // the others are still handled
		}
	}
	return err
}

// settleTried completes the passwords that an earlier run gave to the media server without noting the
// result, because that run ended too early. The map waiting has the ids of the passwords that still
// wait at the service; settleTried leaves these alone. It tells the service about each of the other
// passwords. If the service no longer knows a password, the local user gets a random password
// instead, see [localPasswords.complete].
func (p *localPasswords) settleTried(ctx context.Context, service *client.Agent, waiting map[string]bool) error {
	facts, err := p.store.facts(ctx)
	if err != nil {
		return p.explainFile(ctx, err)
	}
	for name, value := range facts {
		userID, is := strings.CutPrefix(name, factLocalPassword)
		fields := strings.Fields(value)
		if !is || len(fields) != 3 || fields[0] != passwordTried || waiting[fields[2]] {
			continue
		}
		if failed := p.complete(ctx, service, userID, fields[2], fields[1]); failed != nil {
			err = failed // the others are still settled
		}
	}
	return err
}

// complete tells the service that a local user has a password. If the service no longer knows this
// password, because the person has signed out everywhere meanwhile or has chosen another password,
// complete takes it back.
func (p *localPasswords) complete(ctx context.Context, service *client.Agent, userID, id, accountID string) error {
	err := p.service.explain(ctx, byLocalPasswords, service.CompleteLocalPassword(ctx, client.ID(id)))
	if errors.Is(err, ErrServiceRefused) {
		return p.takeBack(ctx, func(fields []string) bool { return fields[0] == passwordTried && fields[len(fields)-1] == id })
	}
	if err != nil {
		return err
	}
	return p.keep(ctx, userID, id, accountID)
}

// takeBack notes, for each local user for whom selected returns true, that the agent has to give
// them a random password. See [owePasswords].
func (p *localPasswords) takeBack(ctx context.Context, selected func(fields []string) bool) error {
	err := p.store.tx(ctx, "take passwords back", func(tx *gorm.DB) error { return owePasswords(tx, selected) })
	p.wake.media.now()
	return p.explainFile(ctx, err)
}

// owePasswords owes a random password to each local user for whom selected returns true. It calls
// selected with the words of the fact about the password of each local user, unless a random
// password is owed already.
func owePasswords(tx *gorm.DB, selected func(fields []string) bool) error {
	var rows []struct{ Name, Value string }
	if err := tx.Raw("SELECT name, value FROM facts WHERE name LIKE ?", factLocalPassword+"%").Scan(&rows).Error; err != nil {
		return err
	}
	for _, row := range rows {
		fields := strings.Fields(row.Value)
		if len(fields) == 0 || fields[0] == passwordOwed || !selected(fields) {
			continue
		}
		if err := setFact(tx, row.Name, passwordOwed); err != nil {
			return err
		}
	}
	return nil
}

// owePasswordsOf owes a random password to each local user for whom an account has chosen one.
func owePasswordsOf(tx *gorm.DB, accountID string) error {
	return owePasswords(tx, func(fields []string) bool { return len(fields) > 1 && fields[1] == accountID })
}

// endPassword does what has to be done about the password of a link that was removed: a guest gets
// a random password, and a local user who existed before the agent keeps their password.
func endPassword(tx *gorm.DB, link *linkRow) error {
	name := factLocalPassword + link.LocalUserID
	value, err := fact(tx, name)
	if err != nil || value == "" {
		return err
	}
	if link.Type == client.Guest {
		return setFact(tx, name, passwordOwed)
	}
	return setFact(tx, name, "")
}

// handle gives one local user a password and tells the service the result.
func (p *localPasswords) handle(ctx context.Context, service *client.Agent, one client.OpenLocalPassword) error {
	link, user, reason, err := p.try(ctx, one)
	if err != nil {
		return err // the password waits if err is ErrNotYet: another round follows soon
	}
	p.logPassword(ctx, one, link, reason)
	if reason != "" {
		err = p.service.explain(ctx, byLocalPasswords, service.FailLocalPassword(ctx, one.ID, reason))
		if errors.Is(err, ErrServiceRefused) {
			return nil // the service had ended the password before
		}
		return err
	}
	return p.complete(ctx, service, user, string(one.ID), string(one.AccountID))
}

// keep writes down that the service knows about a password, unless a random password is owed
// already.
func (p *localPasswords) keep(ctx context.Context, userID, id, accountID string) error {
	return p.explainFile(ctx, p.store.tx(ctx, "keep a password", func(tx *gorm.DB) error {
		value, err := fact(tx, factLocalPassword+userID)
		if err != nil || value != strings.Join([]string{passwordTried, accountID, id}, " ") {
			return err
		}
		return setFact(tx, factLocalPassword+userID, passwordSet+" "+accountID)
	}))
}

// logPassword logs the result of a password, and never the password itself.
func (p *localPasswords) logPassword(ctx context.Context, one client.OpenLocalPassword, link *linkRow, reason string) {
	attrs := []slog.Attr{slog.String("account_id", readable(string(one.AccountID))), slog.String("link_id", readable(string(one.LinkID)))}
	if link != nil {
		attrs = append(attrs, slog.String("account", link.Username), slog.String("local_user", link.LocalUserName))
	}
	text := "a local user got the password that its person has chosen"
	if reason != "" {
		text, attrs = "a local user did not get the password that its person has chosen", append(attrs, slog.String("reason", reason))
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, text, attrs...) //nolint:sloglint // both texts are constants
}

// try gives the local user of a link the password. It returns the reason if the local user does
// not get it, and otherwise "". It returns [ErrNotYet] for a guest whose local user is still to be
// created, and the errors of [localPasswords.give].
func (p *localPasswords) try(ctx context.Context, one client.OpenLocalPassword) (link *linkRow, userID, reason string, err error) {
	found, err := readLinks(p.store.read(ctx), "id = ?", string(one.LinkID))
	if err != nil {
		return nil, "", "", p.explainFile(ctx, err)
	}
	now := p.store.now()
	if len(found) == 0 || found[0].AccountID != string(one.AccountID) || !found[0].usable(now) || !one.ExpiresAt.After(now) || !isNumber(string(one.ID)) {
		return nil, "", client.LocalPasswordNotAllowed, nil
	}
	link = &found[0]
	if link.pinRequired() { // with a password, nobody would ask for the PIN
		return link, "", client.LocalPasswordNotAllowed, nil
	}
	key, err := p.store.passwordKey(ctx)
	if err != nil {
		return link, "", "", p.explainFile(ctx, err)
	}
	password, ok := openPassword(key, string(one.LinkID), one.Sealed)
	if !ok {
		return link, "", client.LocalPasswordUnreadable, nil
	}
	if err := p.exchanges.checkGuest(ctx, link); errors.Is(err, ErrNotYet) {
		return link, "", "", err
	}
	if reason = passwordReason(p.media.check(ctx)); reason != "" {
		return link, "", reason, nil
	}
	user, err := p.exchanges.localUserOf(ctx, link, true)
	if reason = passwordReason(err); reason != "" {
		return link, "", reason, nil
	}
	if !p.attempts.Allow() {
		p.logSometimes(ctx, "more local passwords were chosen within an hour than the agent gives: the others are refused. If you did not expect that, check the service")
		return link, "", client.LocalPasswordUnavailable, nil
	}
	reason, err = p.give(ctx, one, link, user.ID, password)
	return link, user.ID, reason, err
}

// passwordReason returns the reason that the service gets for an error, or "" for nil.
func passwordReason(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrNotYet), errors.Is(err, ErrGuestWaits):
		return client.LocalPasswordNoLocalUser
	case errors.Is(err, ErrLocalUserRefused), errors.Is(err, ErrLocalUserNotAllowed), errors.Is(err, ErrPINRequired):
		return client.LocalPasswordNotAllowed
	default:
		return client.LocalPasswordUnavailable
	}
}

// give writes down that a password is tried, and asks the media server to take it. If the media
// server does not answer, nobody knows whether it has taken the password. Then give returns an
// error, and the agent tries the same password again as long as it waits at the service.
func (p *localPasswords) give(ctx context.Context, one client.OpenLocalPassword, link *linkRow, userID, password string) (reason string, err error) {
	p.one.Lock()
	defer p.one.Unlock()
	tried := strings.Join([]string{passwordTried, string(one.AccountID), string(one.ID)}, " ")
	if err := p.store.setFacts(ctx, map[string]string{factLocalPassword + userID: tried}); err != nil {
		return "", p.explainFile(ctx, err)
	}
	err = p.change(ctx, userID, password, link.Type == client.Guest)
	switch {
	case err == nil:
		return "", nil
	case errors.Is(err, mediaserver.ErrNotFound), errors.Is(err, mediaserver.ErrNotAllowed):
		reason = client.LocalPasswordNotAllowed
	case errors.Is(err, mediaserver.ErrUnsupported):
		reason = client.LocalPasswordUnavailable
	default:
		return "", err
	}
	return reason, p.explainFile(ctx, p.store.setFacts(ctx, map[string]string{factLocalPassword + userID: ""})) // nothing has changed at the media server
}

// change asks the media server to give a local user a password. If the agent manages the passwords of
// guests, and the local user is one, it writes the password down first, and afterwards whether the media
// server has taken it. A refusal of the media server is returned as it is, and every other error explained.
func (p *localPasswords) change(ctx context.Context, userID, password string, guest bool) error {
	guest = guest && p.opt.managesPasswords()
	if guest {
		if err := p.store.tryManaged(ctx, userID, password); err != nil {
			return p.explainFile(ctx, err)
		}
	}
	within, cancel := context.WithTimeout(ctx, p.pace.media)
	defer cancel()
	err := p.opt.MediaServer.GivePassword(within, userID, password)
	if err != nil && !isAnswer(err) {
		return p.media.explain(ctx, err)
	}
	if guest {
		if failed := p.store.settleManaged(ctx, userID, err == nil); failed != nil {
			return p.explainFile(ctx, failed)
		}
	}
	return err
}

// isManaged reports whether the agent manages the password of a local user.
func (p *localPasswords) isManaged(ctx context.Context, userID string) (bool, error) {
	if !p.opt.managesPasswords() {
		return false, nil
	}
	rows, err := readManaged(p.store.read(ctx), userID)
	return len(rows) > 0, p.explainFile(ctx, err)
}

// endBehindPIN owes a random password to each local user whose link asks for the PIN now: with the chosen
// password, nobody would ask for it.
func (p *localPasswords) endBehindPIN(ctx context.Context) error {
	links, err := readLinks(p.store.read(ctx), "levels IS NOT NULL AND local_user_id <> ''")
	if err != nil {
		return p.explainFile(ctx, err)
	}
	facts := map[string]string{}
	for i := range links {
		if !links[i].goesOn(p.store.now()) || !links[i].pinRequired() {
			continue
		}
		if len(facts) == 0 {
			if facts, err = p.store.facts(ctx); err != nil {
				return p.explainFile(ctx, err)
			}
		}
		name := factLocalPassword + links[i].LocalUserID
		if value := facts[name]; value == "" || value == passwordOwed {
			continue
		}
		if err := p.store.setFacts(ctx, map[string]string{name: passwordOwed}); err != nil {
			return p.explainFile(ctx, err)
		}
	}
	return nil
}

// replaceOwed gives a random password to each local user to whom a random password is owed.
func (p *localPasswords) replaceOwed(ctx context.Context) error {
	facts, err := p.store.facts(ctx)
	if err != nil {
		return p.explainFile(ctx, err)
	}
	for name, value := range facts {
		userID, is := strings.CutPrefix(name, factLocalPassword)
		if !is || value != passwordOwed {
			continue
		}
		if one := p.replace(ctx, name, userID); one != nil {
			err = one // the others are still replaced
		}
	}
	return err
}

// replace gives a random password to one local user, unless a person has chosen another password
// since then.
func (p *localPasswords) replace(ctx context.Context, name, userID string) error {
	p.one.Lock()
	defer p.one.Unlock()
	if owed, err := p.isOwed(ctx, name); err != nil || !owed {
		return err
	}
	random, err := p.store.newGuestSecret()
	if err != nil {
		return err
	}
	managed, err := p.isManaged(ctx, userID)
	if err != nil {
		return err
	}
	err = p.change(ctx, userID, random, managed)
	gone := errors.Is(err, mediaserver.ErrNotFound) || errors.Is(err, mediaserver.ErrNotAllowed) || errors.Is(err, mediaserver.ErrUnsupported)
	if err != nil && !gone {
		return err
	}
	if err == nil {
		p.log.LogAttrs(ctx, slog.LevelInfo, "the password of a local user was replaced by a random one", slog.String("local_user_id", readable(userID)))
	}
	return p.explainFile(ctx, p.store.setFacts(ctx, map[string]string{name: ""}))
}

// isOwed reports whether the fact with the given name says that a random password is owed.
func (p *localPasswords) isOwed(ctx context.Context, name string) (bool, error) {
	facts, err := p.store.facts(ctx)
	return facts[name] == passwordOwed, p.explainFile(ctx, err)
}
