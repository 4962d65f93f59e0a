// Package agent is the program beside a media server. It registers the server
// with the service, reports what the server is and which local users it has,
// carries out the changes of its links, and gives a device that shows an access
// key a local access token. It speaks to the service only through package client,
// and works from its own copy of the links while the service is away.
package agent

import (
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/limit"
)

// Policy holds the limits that the admin sets at the machine and that the service
// can never overrule.
type Policy struct {
	AllowAdmins    bool          // local administrators may be linked
	AllowAllUsers  bool          // local users need no yes at this machine; see [Allowances]
	CreateUsers    bool          // guests may be made
	DeleteGuests   bool          // a guest is deleted when their link ends, instead of disabled
	GuestLibraries []string      // ids or names, for guests whose link names no libraries; nil allows all
	GuestLimit     int           // the greatest number of guests who are not shut out
	GuestsHourly   int           // the greatest number of guests that are made in an hour; 0 means 20
	OfflineTrust   time.Duration // how long exchanges go on while the service is away
	Levels         string        // for whom levels hold: client.LevelsGuests or another; "" means LevelsGuests
	Televisions    string        // for whom the owner may sign televisions in: client.TelevisionsGuests or another; "" means TelevisionsGuests
}

// Addresses says which addresses of the media server the agent reports.
type Addresses struct {
	Configured []string                           // where people reach the media server from outside, the best first
	Port       int                                // the media server's port, for the addresses that the agent finds out itself
	Path       string                             // "", or the path below which the media server is: "/jellyfin"
	LAN        bool                               // report the addresses of this machine's interfaces
	Own        bool                               // the agent itself answers at all of them: Open leads there without a proxy
	WAN        bool                               // report the address from which the service sees this machine
	Interfaces func() ([]InterfaceAddress, error) // the addresses of the machine's network interfaces
}

// Options hold the settings of an [Agent] and the things that the agent works with.
type Options struct {
	Service     *client.Client // without a token
	ServiceURL  string         // the service's address in texts for people
	ClaimCode   string         // needed for the first registration only
	MediaServer mediaserver.Server
	MediaKind   string       // which media server it is, for the service: [client.MediaJellyfin] and the others; "" if nobody says
	OpenClient  *http.Client // asks where the path for browsers leads; nil uses the usual client
	Store       *Store
	Policy      Policy
	Addresses   Addresses
	FreeDisk    func() (bytes uint64, err error) // the room on the disk of the agent's file; nil if that is not known
	Roots       *x509.CertPool                   // the authorities whose certificates are good; nil for those of the system
	ChecksEvery time.Duration                    // the longest time between two rounds of checks; 0 means 6 hours
	ReportEvery time.Duration                    // the longest time between two reports; 0 means 5 minutes
	CheckEvery  time.Duration                    // the time between two checks of the media server; 0 means 30 seconds
	Log         *slog.Logger
	Now         func() time.Time
	Random      io.Reader
}

// managesPasswords reports whether the media server makes tokens only with a password, so that the agent
// keeps the passwords of guests.
func (o *Options) managesPasswords() bool { return o.MediaKind == client.MediaEmby }

// signsInBrowsers reports whether Open can sign people in at the web app of the media server. It cannot
// do so at the web app of Emby, because Emby does not document how that app keeps a sign-in.
func (o *Options) signsInBrowsers() bool { return o.MediaKind != client.MediaEmby }

// managed returns a secret if the agent keeps it as the password of a guest, and otherwise "".
func (o *Options) managed(secret string) string {
	if !o.managesPasswords() {
		return ""
	}
	return secret
}

// Agent is the engine. Make one with [New]. It is safe for use by many goroutines.
// Several programs may have an Agent on the same file, but only one of these agents
// runs at a time.
type Agent struct {
	MediaServer *MediaServer
	Links       *Links
	Allowances  *Allowances
	Invites     *Invites
	Exchanges   *Exchanges
	ServerKeys  *ServerKeys
	Opens       *Opens
	Levels      *Levels
	Checks      *Checks

	registration   *registration
	reports        *reports
	states         *localUserStates
	feed           *feed
	proofs         *proofs
	quickConnects  *quickConnects
	localPasswords *localPasswords
	owed           *owedWork

	*core
}

// New returns an agent. The agent does nothing by itself before [Agent.Run] is called.
func New(o Options) *Agent {
	c := newCore(o)
	acks := &acknowledgements{}
	acks.compared.Store(-1)
	tokens := newTokens(c)
	reports := &reports{core: c, acks: acks}
	links := &Links{core: c, reports: reports}
	reports.dashboard = &dashboard{core: c, links: links}
	levels := &Levels{core: c, refused: map[string]refusedLevel{}}
	reports.levels = levels
	guests := &guests{core: c, reports: reports, tokens: tokens, levels: levels, created: limit.NewBucket(o.Now, c.opt.Policy.GuestsHourly, time.Hour)}
	levels.restriction = guests.restriction
	exchanges := newExchanges(c, links, tokens)
	keys := &ServerKeys{core: c}
	passwords := newLocalPasswords(c, exchanges)
	opens := newOpens(c, exchanges)
	reports.opens = opens
	return &Agent{
		MediaServer: c.media, Links: links, Allowances: &Allowances{core: c, links: links}, Invites: &Invites{c}, Exchanges: exchanges, ServerKeys: keys, Opens: opens, Levels: levels, Checks: newChecks(c, opens),
		registration: &registration{c}, reports: reports, states: &localUserStates{core: c}, feed: &feed{core: c, links: links, acks: acks, keys: keys, opens: opens},
		proofs: newProofs(c, reports), quickConnects: newQuickConnects(c, exchanges), localPasswords: passwords,
		owed: &owedWork{core: c, links: links, guests: guests, tokens: tokens, levels: levels, passwords: passwords},
		core: c,
	}
}
