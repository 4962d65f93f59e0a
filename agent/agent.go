// Package agent is the program beside a media server: it registers that server
// with the service, reports what it is and who its local users are, carries out
// what becomes of its links, and gives devices that show an access key a local
// access token. It speaks to the service through package client alone, and goes
// on from its own copy while the service is away.
package agent

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// Policy is what the service can never overrule: the admin sets it at the
// machine.
type Policy struct {
	AllowAdmins    bool          // local administrators may be linked
	CreateUsers    bool          // guests may be made
	DeleteGuests   bool          // a guest whose link ended is deleted; else disabled
	GuestLibraries []string      // ids or names, for guests of whom the service names none; nil for all
	GuestLimit     int           // how many guests there may be
	OfflineTrust   time.Duration // how long exchanges go on without a word from the service
}

// Addresses says which addresses are reported.
type Addresses struct {
	Configured []string                           // as people reach the media server from outside; the best first
	Port       int                                // of the media server, for those that are found out
	LAN        bool                               // report the addresses of this machine's interfaces
	WAN        bool                               // report where the service sees this machine
	Interfaces func() ([]InterfaceAddress, error) // of the machine
}

// Options are what an [Agent] works with.
type Options struct {
	Service     *client.Client // without a token
	ServiceURL  string         // for what people read
	ClaimCode   string         // for the first registration; "" afterwards
	MediaServer mediaserver.Server
	Store       *Store
	Policy      Policy
	Addresses   Addresses
	ReportEvery time.Duration // a report is sent so often, and sooner when asked to
	LookEvery   time.Duration // the media server is looked at so often
	Log         *slog.Logger
	Now         func() time.Time
	Random      io.Reader
}

// Agent is the engine. Make one with [New]. It is safe for use by many
// goroutines; several programs may have one over the same file, of which one
// runs.
type Agent struct {
	o       Options
	store   *Store
	log     *slog.Logger
	trouble *troubles
	pace    pace

	owed    kick // there is work at the media server
	told    kick // there is something to tell the service
	report  kick // a report is wanted now
	proofs  kick
	codes   kick
	strange *limit // access keys that are asked of the service, by source
	refresh *limit // looks for an unknown account
	tries   *limit // codes of Quick Connect
	proving *limit // proofs that are begun
	making  *limit // guests
	lines   *limit // of the log, by what they say
	minting keyed  // one token of a link and device at a time
	contact contact
	blamed  blamed

	mu      sync.Mutex
	seen    sight                 // the media server, as last looked at
	shelves []mediaserver.Library // its libraries, nil before they are known
	shown   map[string]bool       // proofs that somebody works on
	done    map[string]bool       // Quick Connect codes approved, while the service has not heard

	acknowledged atomic.Int64 // up to which changes the service has heard from this agent
	ahead        atomic.Int64 // up to which it had heard when they were last compared
}

// pace is how often things are done. Tests hurry.
type pace struct {
	owed    time.Duration // between looks for work that another program left, and tries
	proof   time.Duration // between looks whether a person has answered
	wait    time.Duration // the first wait after a failure
	longest time.Duration // the longest
	refused time.Duration // after a refusal that only people can mend
	ask     time.Duration // that the service may take while a device waits
	media   time.Duration // that the media server may take for one thing
	poll    time.Duration // that the service waits for a change
	round   time.Duration // between two questions for changes, at least
	resync  time.Duration // between comparisons of all links
	contact time.Duration // between notes of the last contact
}

func usualPace() pace {
	return pace{
		owed: 3 * time.Second, proof: 2 * time.Second, wait: time.Second, longest: 30 * time.Second, refused: 5 * time.Minute,
		ask: 4 * time.Second, media: 20 * time.Second, poll: 25 * time.Second, round: 300 * time.Millisecond,
		resync: 6 * time.Hour, contact: time.Minute,
	}
}

// New returns an agent. It does nothing by itself until [Agent.Run].
func New(o Options) *Agent {
	if o.ReportEvery <= 0 {
		o.ReportEvery = 5 * time.Minute
	}
	if o.LookEvery <= 0 {
		o.LookEvery = 30 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &Agent{
		o: o, store: o.Store, log: o.Log, pace: usualPace(),
		trouble: &troubles{log: o.Log, now: o.Now, store: o.Store, open: map[string]string{}},
		owed:    newKick(), told: newKick(), report: newKick(), proofs: newKick(), codes: newKick(),
		strange: newLimit(o.Now, 20, 10*time.Minute), refresh: newLimit(o.Now, 6, time.Minute), tries: newLimit(o.Now, 30, time.Hour),
		proving: newLimit(o.Now, 120, time.Hour), making: newLimit(o.Now, guestsHourly, time.Hour), lines: newLimit(o.Now, 3, time.Hour),
		minting: keyed{held: map[string]*hold{}}, blamed: blamed{by: map[string]string{}}, shown: map[string]bool{}, done: map[string]bool{},
	}
	return a
}

// service is a client with the server key. It returns [ErrNotRegistered].
func (a *Agent) service(ctx context.Context) (*client.Agent, error) {
	key, err := a.store.serverKey(ctx)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return nil, ErrNotRegistered
	}
	return a.o.Service.As(key).Agent, nil
}
