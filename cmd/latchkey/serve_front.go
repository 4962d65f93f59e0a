package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/heap"
	"github.com/latchkey-media/latchkey/internal/metrics"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

// front answers all requests. Behind it stands a service with the settings in force. When an operator changes a setting on a
// page, front makes another service with a connection to the database of its own, lets it answer all further requests, and
// ends the old one after its last request. The port stays open all the time.
type front struct {
	p         *program // with the settings of the command line, the environment and the file
	log       *slog.Logger
	catalogue *templates.Catalogue
	address   string       // at which the program listens
	restored  bool         // the operator says that the database was restored
	measuring net.Listener // where Prometheus reads the metrics; nil without them
	metrics   *metrics.Metrics
	welcome   func(s *service) // called when the first service serves; may be nil

	now      atomic.Pointer[service] // nil until the first one serves
	stopping atomic.Bool             // the program reports that it is not ready
	ended    chan struct{}           // closed when the last request has been answered
	retiring sync.WaitGroup          // services that no longer get requests

	mu    sync.Mutex // held while the service is replaced
	count int        // services made so far
	told  string     // the code of the set-up that the operator was told
}

// lookEvery is how often the front looks whether another instance, or a command, has changed the settings.
const lookEvery = 10 * time.Second

func newFront(p *program, log *slog.Logger, address string) (*front, error) {
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		return nil, err
	}
	return &front{p: p, log: log, catalogue: catalogue, address: address, ended: make(chan struct{})}, nil
}

// ServeHTTP passes requests to the service. Until the database is up to date, it answers that the program runs but cannot
// serve yet. While the program stops, each answer ends its connection, so that a proxy sends no further request on it.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.stopping.Load() {
		w.Header().Set("Connection", "close")
	}
	s := f.enter()
	switch {
	case s != nil:
		defer s.busy.Add(-1)
		s.site.ServeHTTP(w, r)
	case r.URL.Path == "/livez":
		_, _ = io.WriteString(w, "ok\n")
	default:
		handlers.Starting(w, r)
	}
}

// enter returns the service that answers a request, which counts as busy until the caller says otherwise; nil while there is
// none.
func (f *front) enter() *service {
	for {
		s := f.now.Load()
		if s == nil {
			return nil
		}
		s.busy.Add(1)
		if f.now.Load() == s { // otherwise it may have been told to end before it was busy
			return s
		}
		s.busy.Add(-1)
	}
}

// ready returns nil if the service can answer requests, and otherwise the reason why not.
func (f *front) ready(ctx context.Context, store *models.Store) error {
	if f.stopping.Load() {
		return errors.New("the service is stopping")
	}
	return store.Ready(ctx)
}

// open makes the first service. It waits for a database that cannot be reached.
func (f *front) open(ctx context.Context) (*service, error) {
	store, err := f.p.store(f.log, f.catalogue)
	if err != nil {
		return nil, err
	}
	watch := f.p.newRestoreWatch(store, f.log)
	var values map[string]string
	err = prepare(ctx, store, f.log, func(ctx context.Context) error {
		if err := watch.begin(ctx, f.restored); err != nil {
			return err
		}
		var err error
		values, err = store.OperatorSettings.All(ctx)
		return err
	})
	if err == nil {
		var s *service
		if s, err = f.make(ctx, store, values); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, store.Close())
}

// make makes a service on a store that is prepared, with the settings that operators have set on pages.
func (f *front) make(ctx context.Context, store *models.Store, values map[string]string) (*service, error) {
	with := f.p.withConsole(values)
	if err := with.mistaken(); err != nil {
		return nil, err
	}
	store.Choose(with.choices())
	missing, fileLacks := len(with.loaded.Missing()) > 0, len(f.p.loaded.Missing()) > 0
	setUp, err := store.Setups.Begin(ctx, fileLacks, missing)
	if err != nil {
		return nil, err
	}
	s, err := with.service(f, store, setUp && fileLacks || missing)
	if err != nil {
		return nil, err
	}
	s.values, s.setUp = values, setUp
	f.count++
	f.tellSetup(ctx, s)
	return s, nil
}

// reload puts the settings in force that the database has now. It does nothing if they are the same. If they cannot be used,
// it returns an error, and the service goes on as before.
func (f *front) reload(ctx context.Context) (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.now.Load()
	if old == nil || f.stopping.Load() {
		return nil
	}
	same, err := old.current(ctx)
	if err != nil || same {
		return err
	}
	store, err := f.p.store(f.log, f.catalogue)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, store.Close())
		}
	}()
	if _, err := store.Prepare(ctx, owner()); err != nil {
		return err
	}
	values, err := store.OperatorSettings.All(ctx)
	if err != nil {
		return err
	}
	next, err := f.make(ctx, store, values)
	if err != nil {
		return err
	}
	next.start(old.jobs)
	f.now.Store(next)
	f.log.InfoContext(ctx, "the settings have changed", slog.String("public_url", next.public))
	f.retiring.Go(func() { f.retire(old) })
	return nil
}

// retireTime is the longest time that a service has to answer its last requests.
const retireTime = 2 * time.Minute

// retire ends a service that gets no further request, after its last one.
func (f *front) retire(old *service) {
	old.stop()
	deadline, look := time.NewTimer(retireTime), time.NewTicker(50*time.Millisecond)
	defer deadline.Stop()
	defer look.Stop()
	for waiting := true; waiting && old.busy.Load() > 0; {
		select {
		case <-look.C:
		case <-deadline.C:
			waiting = false
		case <-f.ended:
			waiting = false
		}
	}
	old.working.Wait()
	_ = old.store.Close()
}

// watch looks for changes of the settings by other instances and by commands until ctx ends.
func (f *front) watch(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			err := f.reload(ctx)
			if err != nil && ctx.Err() == nil && models.KindOf(err) != models.KindUnavailable { // others say that the database is away
				f.log.ErrorContext(ctx, "the settings of the console cannot be put in force; the service goes on with the former ones", slog.Any("err", err))
			}
		}
	}
}

// run serves until ctx ends, and then stops in this order: it reports that it is not ready, so that
// a proxy sends requests elsewhere; it waits until requests have ended; and it waits for mails that
// are being sent.
func (f *front) run(ctx context.Context, listener net.Listener, drain time.Duration) error {
	server := handlers.NewHTTPServer(f)
	server.ErrorLog = slog.NewLogLogger(f.log.Handler(), slog.LevelDebug)
	door := newDoor(listener)
	server.ConnState = door.noteState
	failed := make(chan error, 1)
	// Until this is called, the system holds new connections, so that no request fails while the
	// service starts.
	accept := sync.OnceFunc(func() { go func() { failed <- server.Serve(door) }() })
	defer func() { _ = server.Close() }()
	address := slog.String("address", listener.Addr().String())
	f.log.InfoContext(ctx, "listening", address)
	held := time.AfterFunc(holdTime, accept)
	defer held.Stop()
	first, err := f.open(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil // the program was told to stop before it had started
		}
		return err
	}
	jobsCtx, stopJobs := context.WithCancel(context.WithoutCancel(ctx))
	defer stopJobs()
	first.start(jobsCtx)
	f.now.Store(first)
	accept()
	var working sync.WaitGroup
	working.Go(func() { heap.Manage(jobsCtx, hashing().AtOnce()) })
	working.Go(func() { f.watch(jobsCtx) })
	defer f.tellMetrics(ctx)()
	f.log.InfoContext(ctx, "serving", address, slog.String("public_url", first.public), slog.String("version", version))
	if f.welcome != nil {
		f.welcome(first)
	}

	select {
	case err = <-failed:
	case <-ctx.Done():
		f.log.InfoContext(ctx, "stopping")
		f.stopping.Store(true)
		time.Sleep(drain)
		stopJobs()
		f.mu.Lock()          // a change of the settings that has begun ends first; from now on there is no other
		f.now.Load().leave() // without this, the stop would wait for agents that wait for changes
		f.mu.Unlock()
		door.closeAndWait(lastRequestTime)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		if err = server.Shutdown(last); err != nil {
			err = fmt.Errorf("some requests did not end in time: %w", err)
		}
	}
	stopJobs()
	close(f.ended)
	working.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.now.Load()
	s.stop()
	s.working.Wait()
	f.retiring.Wait()
	f.log.InfoContext(context.WithoutCancel(ctx), "stopped")
	return errors.Join(err, s.store.Close())
}

// current reports whether the settings and the state of the set-up are those of the service.
func (s *service) current(ctx context.Context) (bool, error) {
	values, err := s.store.OperatorSettings.All(ctx)
	if err != nil || !maps.Equal(values, s.values) {
		return false, err
	}
	_, _, err = s.store.Setups.Code(ctx)
	if errors.Is(err, models.ErrNotFound) {
		return !s.setUp, nil
	}
	return err != nil || s.setUp, err
}
