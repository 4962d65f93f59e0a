package models

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Tries are the operations by which an owner lets the service ask their server's own addresses from outside. The rules
// that keep this from being a scanner are in docs/adr/0040-try-from-outside.md.
type Tries struct {
	*core

	// rest waits until a time; tests replace it.
	rest func(ctx context.Context, until time.Time) error
}

func newTries(c *core) *Tries {
	return &Tries{core: c, rest: func(ctx context.Context, until time.Time) error {
		timer := time.NewTimer(until.Sub(c.Now()))
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return nil
		}
	}}
}

// Findings of a try that this package decides about. The others come from the function that asks, see [AskOutside].
const (
	TryNothing     = "nothing_found" // the server did not answer, and nothing more may be said
	TryFine        = "fine"
	TryNameUnknown = "name_unknown"
	TryOwnMachine  = "own_machine"
)

// TryFindings returns all findings of a try.
func TryFindings() []string {
	return []string{
		TryNothing, TryFine, TryNameUnknown, TryOwnMachine, "no_answer", "certificate_soon", "certificate_expired", "certificate_name", "certificate_untrusted",
		"no_tls", "redirect", "base_path", "other_server", "server_away",
	}
}

// Found holds the finding at an address.
type Found struct {
	Finding string
	At      string    // the IP address that was asked; "" if none was
	Until   time.Time // the end of its certificate; zero if none was seen
	Itself  bool      // the media server with the right id has answered
}

// AskOutside asks an address whether the media server with an id answers there.
type AskOutside func(ctx context.Context, address Address, systemID string) Found

// Try is the last result for one address.
type Try struct {
	Address Address
	Finding string    // "" if the address was not tried yet
	Until   time.Time // the end of its certificate; zero if it is not known
	At      time.Time
}

// serverTryRow is a row of server_tries.
type serverTryRow struct {
	ServerID int64
	Address  string
	Finding  string
	UntilAt  *time.Time
	TriedAt  time.Time
}

// TableName returns the name of the table, server_tries.
func (serverTryRow) TableName() string { return "server_tries" }

// serverAnswerRow is a row of server_answers: the server itself has answered at a place.
type serverAnswerRow struct {
	ServerID   int64
	Place      secret.Hash // of the host, the port and the IP address
	AnsweredAt time.Time
}

// TableName returns the name of the table, server_answers.
func (serverAnswerRow) TableName() string { return "server_answers" }

const (
	// triesMost is the greatest number of addresses that one try asks.
	triesMost = 4
	// TryTime is how long a try takes if it finds nothing at one of the addresses. It is always the same, so that the
	// time does not tell a closed port from an open one. The function that asks must end within it.
	TryTime = 6 * time.Second
	// answersKept is the time for which the service remembers that a server has answered at a
	// place.
	answersKept = 180 * 24 * time.Hour
	// trySoon is how long before the end of a certificate the result of a try names that end.
	trySoon = 14 * 24 * time.Hour
)

// placeOf returns the key of a place. The IP address belongs to it: a name whose owner leads it to somebody else's
// machine must not carry the trust along.
func placeOf(address Address, ip string) secret.Hash {
	return sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%s", address.Host, address.Port, ip))
}

// targets returns the addresses of a server that may be tried: those that its agent has reported for use from outside.
func (t *Tries) targets(ctx context.Context, serverID int64) ([]Address, error) {
	rows, err := database.G[addressRow](t.read(ctx)).
		Where("server_id = ? AND kind = ? AND by_owner = ?", serverID, AddressWAN, false).Order("position, id").Find(ctx)
	if err != nil {
		return nil, explained("read the addresses", err)
	}
	var list []Address
	for i := range rows {
		if address := rows[i].address(); !address.HomeOnly() && len(list) < triesMost {
			list = append(list, address)
		}
	}
	return list, nil
}

// List returns the last result for each address of a server that may be tried. It returns [ErrNotFound].
func (t *Tries) List(ctx context.Context, ownerID, serverID int64) ([]Try, error) {
	if _, err := t.ownedServer(ctx, t.read(ctx), ownerID, serverID); err != nil {
		return nil, err
	}
	targets, err := t.targets(ctx, serverID)
	if err != nil {
		return nil, err
	}
	rows, err := database.G[serverTryRow](t.read(ctx)).Where("server_id = ?", serverID).Find(ctx)
	if err != nil {
		return nil, explained("read the tries", err)
	}
	list := make([]Try, len(targets))
	for i, address := range targets {
		list[i].Address = address
		for _, row := range rows {
			if row.Address == address.URL() {
				list[i] = Try{Address: address, Finding: row.Finding, Until: orZero(row.UntilAt), At: row.TriedAt.UTC()}
			}
		}
	}
	return list, nil
}

// Make asks each address of a server that may be tried, and stores what may be said about it. It may take [TryTime].
// It returns [ErrNotFound], also for a server without an agent, [ErrTriesOff] if ask is nil, or [ErrThrottled]: one try
// a minute for each server, and limits for the account and for the whole service.
func (t *Tries) Make(ctx context.Context, ownerID, serverID int64, ask AskOutside) ([]Try, error) {
	server, err := t.ownedServer(ctx, t.read(ctx), ownerID, serverID)
	switch {
	case err != nil:
		return nil, err
	case server.Kind != ServerAgent || server.DisabledAt != nil:
		return nil, ErrNotFound
	case ask == nil:
		return nil, ErrTriesOff
	}
	limits := t.opt.Limits
	for _, one := range []struct {
		what, of string
		limit    Limit
	}{
		{"try", FormatID(serverID), limits.TryMinute}, {"tries of an account", FormatID(ownerID), limits.TryAccount}, {"tries", "", limits.TryService},
	} {
		if err := t.throttle.allow(ctx, t.throttle.key(one.what, one.of), one.limit); err != nil {
			return nil, err
		}
	}
	targets, err := t.targets(ctx, serverID)
	if err != nil {
		return nil, err
	}
	ends := t.Now().Add(TryTime)
	found := askAllOutside(ctx, targets, server.SystemID, ask)
	list, answered, err := t.judge(ctx, serverID, targets, found)
	if err != nil {
		return nil, err
	}
	for _, one := range list {
		if one.Finding != TryNothing {
			continue
		}
		if err := t.rest(ctx, ends); err != nil {
			return nil, explained("wait for the end of a try", err)
		}
		break
	}
	return list, t.tx(ctx, "store a try", func(tx *gorm.DB) error { return t.store(ctx, tx, ownerID, serverID, list, answered) })
}

// askAllOutside asks several addresses at the same time.
func askAllOutside(ctx context.Context, targets []Address, systemID string, ask AskOutside) []Found {
	found := make([]Found, len(targets))
	var all sync.WaitGroup
	for i, address := range targets {
		all.Go(func() { found[i] = ask(ctx, address, systemID) })
	}
	all.Wait()
	return found
}

// judge decides what may be said. About a place at which the server itself has never answered, the owner learns no more
// than that it did not answer. Names are public, so the owner learns what is wrong with the name.
func (t *Tries) judge(ctx context.Context, serverID int64, targets []Address, found []Found) (list []Try, answered []secret.Hash, err error) {
	rows, err := database.G[serverAnswerRow](t.read(ctx)).Where("server_id = ?", serverID).Find(ctx)
	if err != nil {
		return nil, nil, explained("read where a server has answered", err)
	}
	now := t.Now()
	known := map[secret.Hash]bool{}
	for _, row := range rows {
		known[row.Place] = row.AnsweredAt.After(now.Add(-answersKept))
	}
	for i, address := range targets {
		one := Try{Address: address, Finding: TryNothing, At: now}
		place := placeOf(address, found[i].At)
		if found[i].Itself {
			answered = append(answered, place)
		}
		if found[i].Itself || known[place] || found[i].Finding == TryNameUnknown || found[i].Finding == TryOwnMachine {
			one.Finding, one.Until = found[i].Finding, found[i].Until
		}
		if one.Finding == TryFine && !one.Until.IsZero() && one.Until.Before(now.Add(trySoon)) {
			one.Finding = "certificate_soon"
		}
		list = append(list, one)
	}
	return list, answered, nil
}

// store replaces the results of a server, and notes where it has answered.
func (t *Tries) store(ctx context.Context, tx *gorm.DB, ownerID, serverID int64, list []Try, answered []secret.Hash) error {
	if err := lockOwnServer(tx, ownerID, serverID); err != nil {
		return err
	}
	if err := tx.Exec("DELETE FROM server_tries WHERE server_id = ?", serverID).Error; err != nil {
		return err
	}
	for _, one := range list {
		row := serverTryRow{ServerID: serverID, Address: one.Address.URL(), Finding: one.Finding, TriedAt: one.At}
		if !one.Until.IsZero() {
			until := one.Until.UTC().Truncate(time.Millisecond)
			row.UntilAt = &until
		}
		if err := database.G[serverTryRow](tx).Create(ctx, &row); err != nil {
			return err
		}
	}
	for _, place := range answered {
		if err := tx.Exec("DELETE FROM server_answers WHERE server_id = ? AND place = ?", serverID, place).Error; err != nil {
			return err
		}
		row := serverAnswerRow{ServerID: serverID, Place: place, AnsweredAt: t.Now()}
		if err := database.G[serverAnswerRow](tx).Create(ctx, &row); err != nil {
			return err
		}
	}
	return nil
}
