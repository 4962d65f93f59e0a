// Package health looks whether everything around the service is as it should be: its public address with certificate and
// proxy, mail, clocks, disks, the database, backups, agents and settings. The command doctor and the page /admin/health
// show its one list of checks. It knows neither the database nor settings nor mail: its caller gives it functions for them.
package health

import (
	"cmp"
	"context"
	"crypto/x509"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// State says how much a finding matters.
type State string

// The values of [State], from the best to the worst.
const (
	OK      State = "ok"
	Advice  State = "advice"  // it works and should be changed
	Unknown State = "unknown" // it could not be looked at
	Problem State = "problem"
)

// Check is the finding of one check. [Reasons] lists the names, each with its reasons.
type Check struct {
	Name, Reason string
	State        State
	Subject      string         // the address, the folder or the server that it is about; "" if there is one only
	Params       map[string]any // for the placeholders in its texts
}

// Keys returns the keys of the two texts of a finding: what was found, and what to do. There is no second text for a finding
// that is in order.
func (c Check) Keys() (found, advice string) {
	found = "health." + c.Name + "." + c.Reason
	return found, found + ".do"
}

// found returns a check with the state that belongs to its reason.
func found(name, reason string, params map[string]any) Check {
	return Check{Name: name, Reason: reason, State: Reasons()[name][reason], Params: params}
}

// about returns the check with a subject.
func (c Check) about(subject string) Check {
	c.Subject = subject
	return c
}

// Sources is what the checks look at. Fields are required unless their comments say otherwise.
type Sources struct {
	PublicURL string
	Settings  Settings
	Folders   []string // each is looked at for room
	Free      func(folder string) (bytes uint64, err error)
	FileKind  func(path string) (kind string, err error) // the kind of the file system of a file
	Database  string                                     // the path of the SQLite file; "" for a server
	Stored    func(context.Context) (Stored, error)
	Mail      Mail
	Resolver  Resolver
	Dial      func(ctx context.Context, network, address string) (net.Conn, error)
	Roots     *x509.CertPool // nil for the authorities of the system
	Key       []byte         // the secret by which the service knows the questions of [Ask]
	Nonce     func() string
	Selectors []string // of DKIM, besides [Selectors]; may be empty
	Version   string   // of this program
	Now       func() time.Time
}

// probeTime is the longest time of one look outside, and lookTime that of all of them together. Both are shorter than a
// request may take.
const (
	probeTime = 6 * time.Second
	lookTime  = 8 * time.Second
)

// Look makes all checks, those outside at the same time, and returns them in the order of [Names].
func Look(ctx context.Context, s *Sources) []Check {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	looks := []func(context.Context, *Sources) []Check{lookAtAddress, lookAtMail, lookAtSPF, lookAtDKIM, lookAtDMARC, lookAtStored, lookAtDisks, lookAtSettings}
	results := make([][]Check, len(looks))
	var working sync.WaitGroup
	for i, look := range looks {
		working.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, probeTime)
			defer cancel()
			results[i] = look(ctx, s)
		})
	}
	working.Wait()
	return sorted(slices.Concat(results...))
}

// sorted puts checks into the order of [Names], and those of one name by how bad they are.
func sorted(list []Check) []Check {
	names := Names()
	slices.SortStableFunc(list, func(a, b Check) int {
		return cmp.Or(
			cmp.Compare(slices.Index(names, a.Name), slices.Index(names, b.Name)), cmp.Compare(b.State.weight(), a.State.weight()), strings.Compare(a.Subject, b.Subject),
		)
	})
	return list
}

func (s State) weight() int { return slices.Index([]State{OK, Advice, Unknown, Problem}, s) }

// Worst returns the worst state of a list, which is OK for an empty one.
func Worst(list []Check) State {
	worst := OK
	for _, one := range list {
		if one.State.weight() > worst.weight() {
			worst = one.State
		}
	}
	return worst
}

// keptFor is the time for which a [Keeper] gives the same list again.
const keptFor = time.Minute

// Keeper makes the checks for pages. It makes them at most once a minute, however many ask, so that nobody can use the
// service to disturb what it looks at.
type Keeper struct {
	Sources *Sources

	mu   sync.Mutex
	list []Check
	at   time.Time
}

// List returns the checks and when they were made.
func (k *Keeper) List(ctx context.Context) ([]Check, time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.Sources.Now(); k.at.IsZero() || now.Sub(k.at).Abs() >= keptFor {
		k.list = Look(context.WithoutCancel(ctx), k.Sources) // a reader who leaves must not spoil the list for the next one
		k.at = k.Sources.Now()
	}
	return slices.Clone(k.list), k.at
}
