package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/latchkey-media/latchkey/internal/bench"
	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
)

// seeded makes a copy of the town in a folder of its own.
func (r *run) seeded(ctx context.Context, name string) (address, folder string, err error) {
	p, address, err := r.startSeeded(ctx, name, r.program)
	if err != nil {
		return "", "", err
	}
	p.stop()
	return address, filepath.Join(r.folder, name), nil
}

// measureMail puts many mails into the outbox, and measures how fast they reach a mail server that
// accepts each mail at once.
func (r *run) measureMail(ctx context.Context) ([]bench.Figure, error) {
	const mails, longest = 2000, 15 * time.Second
	address, folder, err := r.seeded(ctx, "mail")
	if err != nil {
		return nil, err
	}
	if err := r.town.oweMails(ctx, address, mails); err != nil {
		return nil, err
	}
	before := r.sink.taken.Load()
	p, err := r.serve(ctx, nameOwn, r.program, address, folder)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	began, used := time.Now(), p.used()
	for r.sink.taken.Load()-before < mails && time.Since(began) < longest && ctx.Err() == nil {
		pause(ctx, 10*time.Millisecond)
	}
	sent, took := float64(r.sink.taken.Load()-before), time.Since(began)
	return []bench.Figure{
		{Name: fmt.Sprintf("mails a second, of %d owed", mails), Unit: "", Values: []float64{sent / took.Seconds()}},
		{Name: "CPU for each mail", Unit: "ms", Values: []float64{(p.used() - used).Seconds() * 1e3 / max(sent, 1)}},
	}, nil
}

// oweMails puts n mails into the outbox, to owners of servers at many mail providers.
func (t *town) oweMails(ctx context.Context, address string, n int) error {
	db, err := database.Open(address, 1)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	now := time.Now().UTC().Truncate(time.Millisecond)
	mails := table{
		"outbox", "id, kind, account_id, recipient, locale, facts, subject_id, salt, key_id, state, attempts, due_at, lease_owner, last_error, created_at, expires_at",
		n, func(i int) ([]any, error) {
			facts, err := json.Marshal(map[string]string{
				"username": username(i % t.accounts), "display_name": "Person", "server": "Server", "person": "person0", "at": now.Format(time.RFC3339),
			})
			return []any{
				t.id("mail", 2, i), models.MailLinkAccepted, t.accountID(i % t.accounts), "", "en", string(facts), 0, digest("salt", i), t.keys.ID(), "queued", 0,
				now, "", "", now, now.Add(24 * time.Hour),
			}, err
		},
	}
	return mails.fill(ctx, db.SQL)
}

// measureNotedUses uses many sessions whose last use must be written down. It measures how long
// writers wait while the service writes these uses, which it does once a minute.
func (r *run) measureNotedUses(ctx context.Context) ([]bench.Figure, error) {
	p, _, err := r.startSeeded(ctx, "noted", r.program)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	began := time.Now()
	const minute, last = 60 * time.Second, 70 * time.Second
	var used atomic.Int64
	rt := &route{request: func(b []byte, random *rand.Rand) []byte {
		n := int(used.Add(1)) % (r.accounts - r.town.quiet())
		return append(append(append(begin(b, random, "GET", "/service/user"), connectToken...), r.town.token(r.town.quiet()+n)...), "\r\n\r\n"...)
	}}
	if _, err := rt.target(p).Run(ctx, 20*time.Second); err != nil {
		return nil, err
	}
	pause(ctx, minute-10*time.Second-time.Since(began))
	var waits []float64
	refused := 0
	for i := 0; time.Since(began) < last && i < r.town.quiet() && ctx.Err() == nil; i++ {
		asked := time.Now()
		answer, err := send(ctx, p.address, r.town.accept(i))
		if err != nil {
			return nil, err
		}
		waits = append(waits, float64(time.Since(asked).Microseconds())/1e3)
		if answer.status[0] != '2' {
			refused++
		}
		pause(ctx, 5*time.Millisecond)
	}
	noted := min(int(used.Load()), r.accounts-r.town.quiet())
	return []bench.Figure{
		{Name: fmt.Sprintf("an acceptance while %d uses are noted, the longest", noted), Unit: "ms", Values: []float64{bench.Quantile(waits, 1)}},
		{Name: "the same, p50", Unit: "ms", Values: []float64{bench.Quantile(waits, 0.5)}},
		{Name: "acceptances that were refused meanwhile", Unit: fmt.Sprintf("of %d", len(waits)), Values: []float64{float64(refused)}},
	}, nil
}
