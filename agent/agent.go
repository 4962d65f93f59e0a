// Package agent is the program beside a media server: it registers that server
// with the service, reports what it is and who its local users are, carries out
// what becomes of its links, and gives devices that show an access key a local
// access token. It speaks to the service through package client alone, and goes
// on from its own copy while the service is away.
package agent

import (
	"io"
	"log/slog"
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
	CheckEvery  time.Duration // the media server is checked so often
	Log         *slog.Logger
	Now         func() time.Time
	Random      io.Reader
}

// Agent is the engine. Make one with [New]. It is safe for use by many
// goroutines. Several programs may have an Agent on the same file; only one of
// them runs it.
type Agent struct {
	MediaServer *MediaServer
	Links       *Links
	Invites     *Invites
	Exchanges   *Exchanges

	registration  *registration
	reports       *reports
	feed          *feed
	proofs        *proofs
	quickConnects *quickConnects
	owed          *owedWork

	*core
}

// New returns an agent. It does nothing by itself until [Agent.Run].
func New(o Options) *Agent {
	c := newCore(o)
	acks := &acknowledgements{}
	tokens := &tokens{core: c}
	reports := &reports{core: c, acks: acks}
	links := &Links{core: c, reports: reports}
	guests := &guests{core: c, reports: reports, created: newLimit(o.Now, guestsHourly, time.Hour)}
	exchanges := newExchanges(c, links, tokens)
	return &Agent{
		MediaServer: c.media, Links: links, Invites: &Invites{c}, Exchanges: exchanges,
		registration: &registration{c}, reports: reports, feed: &feed{core: c, links: links, acks: acks},
		proofs: newProofs(c, reports), quickConnects: newQuickConnects(c, exchanges),
		owed: &owedWork{core: c, links: links, guests: guests, tokens: tokens},
		core: c,
	}
}
