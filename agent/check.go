package agent

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/mediaurl"
	"github.com/latchkey-media/latchkey/internal/reach"
)

// Checks repeat the checks of the setup at any time: of the media server, of the addresses at which
// people reach it, and of this machine.
type Checks struct {
	*core
	opens *Opens
	asker *reach.Asker
}

// Check is the result of one check, with its words for the admin.
type Check struct {
	client.CheckResult

	Text   string `json:"text"`             // the result, as a sentence
	Advice string `json:"advice,omitempty"` // what to do; "" if there is nothing to do
}

// Reasons of results that several checks have.
const (
	reasonOK         = "ok"
	reasonUnknown    = "unknown"     // it could not be found out
	reasonNotReached = "not_reached" // something that has to work first does not
)

func newChecks(c *core, opens *Opens) *Checks {
	resolve, dial := reach.Direct()
	return &Checks{core: c, opens: opens, asker: &reach.Asker{
		Resolve: resolve, Dial: dial, May: netip.Addr.IsValid, Roots: c.opt.Roots, Now: c.opt.Now, Patience: checkPatience,
	}}
}

// checkPatience limits the question at one address.
const checkPatience = 10 * time.Second

// All makes all checks. An error means that ctx ended, or that the agent's own file cannot be read.
func (k *Checks) All(ctx context.Context) ([]Check, error) {
	facts, err := k.store.facts(ctx)
	if err != nil {
		return nil, k.explainFile(ctx, err)
	}
	list, systemID, err := k.mediaServer(ctx)
	if err != nil {
		return nil, err
	}
	systemID = cmp.Or(facts[factSystemID], systemID)
	places, err := k.places(ctx, k.addressesToReport(ctx, facts[factSeenAs]), systemID)
	if err != nil {
		return nil, err
	}
	list = k.withOlderApps(ctx, list, systemID)
	list = append(append(list, places...), k.clock(ctx), k.disk())
	for i := range list {
		list[i].Text, list[i].Advice = wordsOf(list[i])
	}
	return list, ctx.Err()
}

// loop makes the checks some time after the start, whenever the owner asks for them, and every few
// hours, more often while something is wrong. It tells the service what it has found, until ctx ends.
func (k *Checks) loop(ctx context.Context) {
	if !k.wake.checks.wait(ctx, k.pace.checks) {
		return
	}
	for {
		wait := k.opt.ChecksEvery
		switch found, err := k.tell(ctx); {
		case errors.Is(err, ErrServiceRefused): // the same list would be refused again
		case err != nil:
			wait = k.pace.refused
		case found:
			wait = min(wait, k.pace.recheck)
		}
		if !k.wake.checks.wait(ctx, wait) {
			return
		}
	}
}

// tell makes all checks and tells the service. It reports whether something is not as it should be. A
// service that is older than this agent does not know such a list; then nothing is told.
func (k *Checks) tell(ctx context.Context) (found bool, err error) {
	list, err := k.All(ctx)
	if err != nil {
		return false, err
	}
	results := make([]client.CheckResult, len(list))
	for i, one := range list {
		results[i] = one.CheckResult
		found = found || one.State != client.CheckOK
	}
	service, err := k.service.client(ctx)
	if err != nil {
		return found, err
	}
	err = service.TellChecks(ctx, results)
	if errors.Is(err, client.ErrNotFound) {
		return found, nil
	}
	return found, k.service.explain(ctx, byNobody, err)
}

// result returns a check without its words.
func result(name, state, reason string) Check {
	return Check{CheckResult: client.CheckResult{Name: name, State: state, Reason: reason}}
}

// mediaServer returns the checks of the media server itself, and its id if it answers.
func (k *Checks) mediaServer(ctx context.Context) (list []Check, id string, err error) {
	within, cancel := context.WithTimeout(ctx, k.pace.media)
	defer cancel()
	identity, failed := k.opt.MediaServer.Identity(within)
	checker, can := k.opt.MediaServer.(mediaserver.Checker)
	if !can {
		if failed != nil {
			return []Check{result(client.CheckMediaServer, client.CheckWrong, "away")}, "", ctx.Err()
		}
		version := result(client.CheckVersion, client.CheckOK, reasonOK)
		version.Version = readable(identity.Version)
		return []Check{result(client.CheckMediaServer, client.CheckOK, reasonOK), version}, identity.ID, nil
	}
	steps, err := checker.Check(within)
	if err != nil && ctx.Err() != nil {
		return nil, "", ctx.Err()
	}
	list = stepped(steps)
	for i := range list {
		if list[i].Name == client.CheckVersion {
			list[i].Version = readable(identity.Version)
		}
	}
	return list, identity.ID, nil
}

// stepped returns the checks for the steps of a media server. The checks whose steps were not made
// are there, too, as unchecked.
func stepped(steps []mediaserver.CheckedStep) []Check {
	media := result(client.CheckMediaServer, client.CheckWrong, "away")
	rest := []Check{}
	for _, step := range steps {
		state, reason := stateOf(step)
		switch step.Name {
		case "reachable":
		case "Jellyfin", "Emby":
			if media = result(client.CheckMediaServer, state, reason); !step.OK {
				media.Reason = "other_program"
			}
		case "version":
			if reason == mediaserver.ReasonStarting || reason == mediaserver.ReasonUnfinished || reason == reasonUnknown {
				media = result(client.CheckMediaServer, client.CheckWrong, reason)
				continue
			}
			rest = append(rest, result(client.CheckVersion, state, reason))
		case "key":
			rest = append(rest, result(client.CheckKey, uncheckedUnless(state, reason), reason))
		case "older apps":
			rest = append(rest, result(client.CheckOlderApps, state, reason))
		case "Quick Connect":
			rest = append(rest, result(client.CheckQuickConnect, uncheckedUnless(state, reason), reason))
		}
	}
	rest = append(rest, notMade(steps, rest)...)
	return append([]Check{media}, rest...)
}

// notMade returns, as unchecked, the checks whose steps were not made.
func notMade(steps []mediaserver.CheckedStep, made []Check) (list []Check) {
	names := []string{client.CheckVersion, client.CheckKey}
	if !withoutQuickConnect(steps) {
		names = append(names, client.CheckQuickConnect)
	}
	for _, name := range names {
		if !has(made, name) {
			list = append(list, result(name, client.CheckUnchecked, reasonNotReached))
		}
	}
	return list
}

// withoutQuickConnect reports whether the media server is one that never has Quick Connect, such as
// Emby.
func withoutQuickConnect(steps []mediaserver.CheckedStep) bool {
	return slices.ContainsFunc(steps, func(step mediaserver.CheckedStep) bool { return step.Name == "sign-in" })
}

// stateOf returns the state and the reason of a step.
func stateOf(step mediaserver.CheckedStep) (state, reason string) {
	state, reason = client.CheckOK, cmp.Or(step.Reason, reasonOK)
	switch {
	case !step.OK:
		state, reason = client.CheckWrong, cmp.Or(step.Reason, reasonUnknown)
	case step.Warning:
		state = client.CheckWarning
	}
	return state, reason
}

// uncheckedUnless returns the state of a step, or CheckUnchecked if the media server gave no usable answer.
func uncheckedUnless(state, reason string) string {
	if reason == reasonUnknown {
		return client.CheckUnchecked
	}
	return state
}

func has(list []Check, name string) bool {
	for _, one := range list {
		if one.Name == name {
			return true
		}
	}
	return false
}

// withOlderApps corrects the check of older apps: the proxy of an address may take their prefixes off.
func (k *Checks) withOlderApps(ctx context.Context, list []Check, systemID string) []Check {
	for i := range list {
		if list[i].Name != client.CheckOlderApps || list[i].Reason != mediaserver.ReasonPrefixes {
			continue
		}
		for _, address := range k.opt.Addresses.Configured {
			if target, ok := targetOf(address + "/emby"); ok && k.asker.Ask(ctx, target, systemID).Itself {
				list[i] = result(client.CheckOlderApps, client.CheckOK, reasonOK)
			}
		}
	}
	return list
}

// targetOf reads an address. It reports false for any other text.
func targetOf(address string) (reach.Target, bool) {
	u, err := mediaurl.Parse(address)
	return reach.Target{Scheme: u.Scheme, Host: u.Host, Port: u.Port, Path: u.Path}, err == nil
}

// places returns the checks of the addresses, and of the paths for the agent below those that the
// admin has named.
func (k *Checks) places(ctx context.Context, addresses []client.Address, systemID string) ([]Check, error) {
	paths, err := k.opens.CheckPaths(ctx)
	if err != nil {
		return nil, err
	}
	found := make([]Check, len(addresses))
	connects := make([]Check, len(paths))
	var all sync.WaitGroup
	for at, address := range addresses {
		all.Go(func() { found[at] = k.address(ctx, address, systemID) })
	}
	for at, path := range paths {
		all.Go(func() { connects[at] = k.connectPath(ctx, path.Address) })
	}
	all.Wait()
	opens := make([]Check, 0, len(paths))
	for _, path := range paths {
		opens = append(opens, openPathCheck(path))
	}
	return slices.Concat(found, opens, connects), nil
}

// address asks at one address. What an address for outside looks like from here does not prove anything: some
// routers do not lead back into their own network, or answer themselves.
func (k *Checks) address(ctx context.Context, address client.Address, systemID string) Check {
	check := result(client.CheckAddress, client.CheckUnchecked, reasonNotReached)
	check.Subject = address.URL
	target, ok := targetOf(address.URL)
	if !ok || systemID == "" {
		return check
	}
	answer := k.asker.Ask(ctx, target, systemID)
	if outside := address.Kind == kindWAN; outside {
		check.State = stateFromHere(answer)
	} else {
		check.State = stateAtHome(answer.Finding)
	}
	check.Reason, check.Until = string(answer.Finding), answer.Until
	const soon = 14 * 24 * time.Hour
	switch {
	case answer.Finding == reach.Fine && !answer.Until.IsZero() && answer.Until.Sub(k.opt.Now()) < soon:
		check.State, check.Reason = client.CheckWarning, "certificate_soon"
	case answer.Finding == reach.Fine:
		check.Reason = reasonOK
	case check.State == client.CheckWarning && answer.Finding != reach.Redirect && answer.Finding != reach.NoAnswer:
		check.Reason, check.Until = string(reach.OtherServer), time.Time{}
	}
	return check
}

// stateAtHome returns the state of an address in the home network.
func stateAtHome(finding reach.Finding) string {
	switch finding {
	case reach.Fine:
		return client.CheckOK
	case reach.NoAnswer, reach.Redirect:
		return client.CheckWarning
	default:
		return client.CheckWrong
	}
}

// stateFromHere returns the state of an address for people outside, as this machine sees it. If something else answers
// with its own certificate, it may be the router, so that is only a warning.
func stateFromHere(answer reach.Answer) string {
	switch {
	case answer.Finding == reach.NoAnswer:
		return client.CheckUnchecked
	case answer.Finding == reach.OtherServer, !answer.Itself && !answer.Until.IsZero():
		return client.CheckWarning
	default:
		return stateAtHome(answer.Finding)
	}
}

// openPathCheck returns the check of the path for browsers.
func openPathCheck(path OpenPathState) Check {
	check := result(client.CheckOpenPath, client.CheckOK, reasonOK)
	switch {
	case path.Err == nil:
	case errors.Is(path.Err, ErrPathNotAsked):
		check = result(client.CheckOpenPath, client.CheckUnchecked, string(reach.NoAnswer))
	default:
		check = result(client.CheckOpenPath, client.CheckWarning, "not_handed")
	}
	check.Subject = path.Address
	return check
}

// ConnectSignIn is the text with which the agent answers a caller without a token at a Connect path.
const ConnectSignIn = "Sign in first."

// connectPath asks below an address that the admin has named whether a Connect path leads to an agent.
func (k *Checks) connectPath(ctx context.Context, address string) Check {
	check := result(client.CheckConnectPath, client.CheckUnchecked, string(reach.NoAnswer))
	check.Subject = address
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(address, "/")+"/Connect/Pending", http.NoBody)
	if err != nil {
		return check
	}
	here := *k.opt.OpenClient
	here.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := here.Do(request)
	if err != nil || answer.StatusCode >= http.StatusInternalServerError {
		return check
	}
	defer func() { _ = answer.Body.Close() }()
	const most = 1 << 10
	said, _ := io.ReadAll(io.LimitReader(answer.Body, most))
	if answer.StatusCode == http.StatusUnauthorized && strings.Contains(string(said), ConnectSignIn) {
		check.State, check.Reason = client.CheckOK, reasonOK
	} else {
		check.State, check.Reason = client.CheckWarning, "not_handed"
	}
	return check
}
