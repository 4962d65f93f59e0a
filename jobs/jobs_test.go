package jobs_test

import (
	"context"
	"log/slog"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/jobs"
	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

const password = "seven-lanterns over-Quay 93"

// worker sends the mails of store through transport.
func worker(t *testing.T, store *models.Store, transport mailer.Transport) *jobs.Mail {
	t.Helper()
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	texts, err := mailer.ReadTemplates(catalogue)
	if err != nil {
		t.Fatal(err)
	}
	return &jobs.Mail{
		Store: store, Log: slog.New(slog.DiscardHandler), Owner: "worker", Parallel: 4, Interval: 5 * time.Millisecond, Now: time.Now,
		Mailer: &mailer.Mailer{
			Transport: transport, From: "accounts@example.org", ServiceName: "Latchkey", PublicURL: "https://accounts.example.org", Templates: texts,
		},
	}
}

func emailOf(username string) string { return username + "@mail.example.org" }

// signUp signs a person up, so that a confirmation mail is in the queue.
func signUp(t *testing.T, store *models.Store, username string) {
	t.Helper()
	signUpAt(t, store, username, emailOf(username))
}

// signUpAt signs a person up with an address.
func signUpAt(t *testing.T, store *models.Store, username, address string) {
	t.Helper()
	in := models.SignUp{Username: username, Email: address, Password: password, Locale: "en"}
	if _, err := store.Accounts.SignUp(t.Context(), in, models.Caller{}); err != nil {
		t.Fatal(err)
	}
}

// member makes an account that can sign in, and leaves the queue empty.
func member(t *testing.T, store *models.Store, username string) {
	t.Helper()
	signUp(t, store, username)
	if err := store.Operators.Confirm(t.Context(), username); err != nil {
		t.Fatal(err)
	}
	dropAll(t, store)
}

// queue returns the mails of the queue by their ids.
func queue(t *testing.T, store *models.Store) map[int64]models.QueuedMail {
	t.Helper()
	mails, err := store.Mail.List(t.Context(), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	byID := map[int64]models.QueuedMail{}
	for _, m := range mails {
		byID[m.ID] = m
	}
	return byID
}

func dropAll(t *testing.T, store *models.Store) {
	t.Helper()
	for id := range maps.Keys(queue(t, store)) {
		if err := store.Mail.Drop(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
}

// once makes the worker send the mails that are due.
func once(t *testing.T, j *jobs.Mail) {
	t.Helper()
	if err := j.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// rounds returns a function that waits until the worker has begun n more rounds, and so has ended
// n-1 of them. It counts the worker's looks at the clock of the test: each round begins with such a
// look, and while no mail is being sent nothing else looks at the clock.
func rounds(t *testing.T, work *jobs.Mail) (more func(n int64)) {
	t.Helper()
	var begun atomic.Int64
	now := work.Now
	work.Now = func() time.Time { begun.Add(1); return now() }
	return func(n int64) {
		t.Helper()
		from := begun.Load()
		waittest.Eventually(t, "more rounds of the worker", func() bool { return begun.Load() >= from+n })
	}
}

// running starts a job. It returns a function that stops the job and waits for its end.
func running(t *testing.T, run func(context.Context)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx)
	}()
	stop = func() {
		cancel()
		if !waittest.Done(ended) {
			t.Error("the job did not stop, want it stopped")
		}
	}
	t.Cleanup(stop)
	return stop
}
