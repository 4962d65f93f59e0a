package agent

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// The greatest numbers of local users and libraries that the service accepts in a report.
const (
	reportedUsersMost     = 5000
	reportedLibrariesMost = 1000
)

// reports tell the service what the media server is and which local users and
// libraries it has.
type reports struct {
	*core

	acks      *acknowledgements
	dashboard *dashboard
	opens     *Opens
	levels    *Levels
	one       sync.Mutex             // held from the look at the media server until the report is taken: an older report must not follow a newer one
	run       atomic.Pointer[string] // random, made when this program begins to run the agent; nil until then
}

// lastReport remembers the report that was sent last.
type lastReport struct {
	digest      [sha256.Size]byte
	at          time.Time
	seenAs      string
	single      bool // a single report for a waiting caller, beside the loop
	spoken      bool // a report of this loop was taken
	others      int  // how many reports came right after a report of another run
	otherAt     time.Time
	changedBack int // how many reports in a row the service had to change back, without a change here
}

// loop sends a report when something has changed, and after Options.ReportEvery,
// until ctx ends.
func (r *reports) loop(ctx context.Context) {
	var last lastReport
	if facts, err := r.store.facts(ctx); err == nil {
		last.seenAs = facts[factSeenAs]
	}
	r.repeat(ctx, r.wake.report, min(r.opt.CheckEvery, r.opt.ReportEvery), func() error { return r.send(ctx, &last) })
}

// send sends a report if one is due. If the media server does not list everything, no
// report is sent: the service would forget the local users and libraries that are missing
// in it.
func (r *reports) send(ctx context.Context, last *lastReport) error {
	r.one.Lock()
	defer r.one.Unlock()
	report, err := r.compose(ctx, last.seenAs)
	if err != nil {
		return err
	}
	text, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	digest, now := sha256.Sum256(text), r.opt.Now()
	if digest == last.digest && now.Sub(last.at) < r.opt.ReportEvery && !now.Before(last.at) {
		return nil
	}
	service, err := r.service.client(ctx)
	if err != nil {
		return err
	}
	by := byReports
	if last.single {
		by = byNobody
	}
	if run := r.run.Load(); run != nil {
		report.Run = *run
	}
	answer, err := reportTo(ctx, service, report)
	if err = r.service.explain(ctx, by, err); err != nil {
		if errors.Is(err, ErrServiceRefused) {
			r.trouble.begin(ctx, troubleReport, "the service refuses the report about the media server: check the names of the server, its users and its libraries",
				slog.String("cause", err.Error()))
		}
		return err
	}
	r.trouble.end(ctx, troubleReport)
	if last.seenAs == "" && answer.SeenAs != "" {
		r.wake.report.now() // once more, with the address from which the service sees this machine
	}
	last.seenAs = answer.SeenAs // a later change is only reported when the next report is due: it could change each time
	if !last.single && !r.surelyAlone(ctx, last, answer.AnotherRun, answer.Changed && digest == last.digest) {
		digest = [sha256.Size]byte{} // once more, so that the trouble begins or ends soon
	}
	last.digest, last.at = digest, now
	return r.noteSent(ctx, now, answer.SeenAs, report.Name, report.Version)
}

// surelyAlone reports whether the answer to a report has no sign of a second agent with the
// same key. It begins and ends the trouble that reports a second agent.
func (r *reports) surelyAlone(ctx context.Context, last *lastReport, anotherRun, changed bool) bool {
	unsure := last.noteRun(r.opt.Now(), r.opt.ReportEvery, anotherRun)
	return r.checkAlone(ctx, last, changed) && !unsure
}

// noteSent stores what the command status shows about the last report.
func (r *reports) noteSent(ctx context.Context, now time.Time, seenAs, name, version string) error {
	r.media.mu.Lock()
	product := r.media.last.identity.Product
	r.media.mu.Unlock()
	return r.explainFile(ctx, r.store.setFacts(ctx, map[string]string{
		factLastReport: stampText(now), factSeenAs: readable(seenAs), factServerName: readable(name),
		factVersion: readable(version), factProduct: readable(product),
	}))
}

// othersMost is the number of reports after which the agent concludes that a second agent runs, if each of these
// reports came right after a report of another run. A late report of an earlier run can cause one of them.
const othersMost = 2

// noteRun notes whether the report before came from another run of an agent. For the first
// report of a run that is usual, because the other run has ended. It returns true at the first
// sign of a second agent; then the next report should not wait. A second agent counts as ended
// when nothing was heard of it for the time of three reports.
func (l *lastReport) noteRun(now time.Time, every time.Duration, another bool) (unsure bool) {
	const reports = 3
	if now.Sub(l.otherAt) >= reports*every {
		l.others = 0
	}
	if another && l.spoken {
		l.others, l.otherAt = l.others+1, now
	}
	l.spoken = true
	return another && l.others == 1
}

// reportTo sends a report. A service that is older than this agent refuses fields that it does not know. Then reportTo sends the
// report again with fewer fields. It first leaves out the libraries that local users see, the field about televisions and the
// kind of the media server; then also the fields about levels; then also the run, the key for passwords, the addresses at which
// Open works and the field about device keys; and at last also the kinds of the libraries.
func reportTo(ctx context.Context, service *client.Agent, report client.Report) (client.ReportAnswer, error) {
	answer, err := service.Report(ctx, report)
	if errors.Is(err, client.ErrJSONInvalid) &&
		(report.Televisions+report.MediaServer != "" || slices.ContainsFunc(report.LocalUsers, func(u client.ReportedLocalUser) bool { return u.Sees != nil })) {
		report.Televisions, report.MediaServer, report.LocalUsers = "", "", slices.Clone(report.LocalUsers)
		for i := range report.LocalUsers {
			report.LocalUsers[i].Sees = nil
		}
		answer, err = service.Report(ctx, report)
	}
	if errors.Is(err, client.ErrJSONInvalid) && (report.Levels != "" || report.Choices != nil) {
		report.Levels, report.Choices = "", nil
		answer, err = service.Report(ctx, report)
	}
	if errors.Is(err, client.ErrJSONInvalid) && (report.Run+report.PasswordKey != "" || report.OpenAddresses != nil || report.DeviceKeys) {
		report.Run, report.PasswordKey, report.OpenAddresses, report.DeviceKeys = "", "", nil, false
		answer, err = service.Report(ctx, report)
	}
	if !errors.Is(err, client.ErrJSONInvalid) {
		return answer, err
	}
	report.Libraries = slices.Clone(report.Libraries)
	for i := range report.Libraries {
		report.Libraries[i].Kind = ""
	}
	return service.Report(ctx, report)
}

// changedBackMost is the number of unchanged reports in a row after which the agent concludes that a second agent
// runs, if each of these reports made the service change something. An owner who changes addresses sometimes causes
// one such report.
const changedBackMost = 3

// checkAlone begins a trouble if there is a sign that another agent uses the same server key, and
// ends the trouble if there is no sign. There are three signs: another run keeps sending reports
// between the reports of this run; several reports in a row changed what the service had stored,
// although this agent reported the same as before; or somebody has acknowledged changes that this
// agent has not carried out since it last compared its links. A restored data folder is not such a
// sign. checkAlone returns false if it asked the service and got no usable answer; the caller then
// has to try again soon.
func (r *reports) checkAlone(ctx context.Context, last *lastReport, changedBack bool) bool {
	if last.changedBack++; !changedBack {
		last.changedBack = 0
	}
	service, err := r.service.client(ctx)
	if err != nil {
		return true
	}
	this, err := service.Get(ctx)
	if r.service.explain(ctx, byReports, err) != nil {
		return false
	}
	_ = r.store.setFacts(ctx, map[string]string{factOwner: readable(this.Owner)}) // if this fails, the next report writes it
	seq, err := changeSeq(r.store.read(ctx))                                      // read last, because this agent acknowledges a change only after it is carried out
	if err != nil {
		return true
	}
	compared := r.acks.compared.Load()
	ahead := compared >= 0 && this.AcknowledgedSeq > max(seq, compared)
	if ahead || last.changedBack >= changedBackMost || last.others >= othersMost {
		r.trouble.begin(ctx, troubleTwoAgents, "another agent uses the same server key, and both are at work now: each undoes the changes of the other, "+
			"and does not know its guests. The data folder was copied: stop one of them; a second media server needs its own data folder and claim code")
		return true
	}
	r.trouble.end(ctx, troubleTwoAgents)
	return true
}

// compose asks the media server for everything that belongs in a report.
func (r *reports) compose(ctx context.Context, seenAs string) (client.Report, error) {
	var report client.Report
	if err := r.media.confirm(ctx); err != nil {
		return report, err
	}
	before, err := r.dashboard.before(ctx)
	if err != nil {
		return report, err
	}
	within, cancel := context.WithTimeout(ctx, r.pace.media)
	defer cancel()
	users, err := r.opt.MediaServer.LocalUsers(within)
	if err != nil {
		return report, r.media.explain(ctx, err)
	}
	libraries, err := r.opt.MediaServer.Libraries(within)
	if err != nil {
		return report, r.media.explain(ctx, err)
	}
	// If another media server has taken the place of the registered one, users holds the
	// local users of that other one, and the local users of guests seem to be deleted.
	if err := r.media.check(ctx); err != nil {
		return report, err
	}
	r.media.keepLibraries(libraries)
	r.media.keepUsers(users)
	if err := r.dashboard.look(ctx, before, users, libraries); err != nil {
		return report, err
	}
	if err := r.levels.look(ctx); err != nil {
		return report, err
	}
	if users, err = r.reportable(ctx, users, len(libraries)); err != nil {
		return report, err
	}
	identity, same := r.media.registered()
	if !same {
		return report, ErrMediaServerAway // another media server has taken its place meanwhile
	}
	report = client.Report{
		Name: identity.Name, Version: identity.Version, SystemID: identity.ID, QuickConnect: identity.QuickConnect, DeviceKeys: true,
		Addresses: r.addressesToReport(ctx, seenAs), Libraries: []client.ReportedLibrary{},
	}
	key, err := r.store.passwordKey(ctx)
	if err != nil {
		return report, r.explainFile(ctx, err)
	}
	report.PasswordKey = publicText(key)
	if report.LocalUsers, err = r.reported(ctx, before.links, users); err != nil {
		return report, err
	}
	slices.SortFunc(libraries, func(x, y mediaserver.Library) int { return strings.Compare(x.ID, y.ID) })
	for _, l := range libraries[:min(len(libraries), reportedLibrariesMost)] {
		report.Libraries = append(report.Libraries, client.ReportedLibrary{ID: l.ID, Name: l.Name, Kind: l.Kind})
	}
	report.Levels, report.Choices, report.Televisions = r.opt.Policy.Levels, r.levels.choices(ctx), r.opt.Policy.Televisions
	report.MediaServer = r.opt.MediaKind
	report.OpenAddresses = r.opens.openAddresses(report.Addresses)
	if report.Addresses == nil {
		report.Addresses = []client.Address{}
	}
	return report, nil
}

// reported returns local users in the form that a report has.
func (r *reports) reported(ctx context.Context, links []linkRow, users []mediaserver.LocalUser) ([]client.ReportedLocalUser, error) {
	of, err := r.whoIsAllowed(ctx)
	if err != nil {
		return nil, r.explainFile(ctx, err)
	}
	seen, err := r.sights(ctx, links, users)
	if err != nil {
		return nil, err
	}
	out := make([]client.ReportedLocalUser, len(users))
	for i, u := range users {
		notAllowed := r.needsYes(of.allowance(u))
		out[i] = client.ReportedLocalUser{
			ID: u.ID, Name: u.Name, Disabled: u.Disabled, Administrator: u.Administrator, NotAllowed: notAllowed, Sees: seen.of(u, notAllowed),
		}
	}
	return out, nil
}

// reportable returns the local users for a report, in an order that does not change. If there are more local users
// than the service accepts, it returns the local users with links, and then the first of the other local users by
// name.
func (r *reports) reportable(ctx context.Context, users []mediaserver.LocalUser, libraries int) ([]mediaserver.LocalUser, error) {
	linked := map[string]bool{}
	list, err := r.store.links(ctx)
	if err != nil {
		return nil, r.explainFile(ctx, err)
	}
	for _, link := range list {
		linked[link.LocalUserID] = true
	}
	users = slices.Clone(users)
	slices.SortFunc(users, func(x, y mediaserver.LocalUser) int {
		if linked[x.ID] != linked[y.ID] && len(users) > reportedUsersMost {
			if linked[x.ID] {
				return -1
			}
			return 1
		}
		if order := strings.Compare(x.Name, y.Name); order != 0 {
			return order
		}
		return strings.Compare(x.ID, y.ID)
	})
	if len(users) <= reportedUsersMost && libraries <= reportedLibrariesMost {
		r.trouble.end(ctx, troubleTooMany)
		return users, nil
	}
	r.trouble.begin(ctx, troubleTooMany, "the media server has more local users or libraries than the service takes (5000 and 1000): the linked ones and the first by name are reported, and the others cannot be chosen at the service",
		slog.Int("local_users", len(users)), slog.Int("libraries", libraries))
	return users[:min(len(users), reportedUsersMost)], nil
}

// sendNow sends a report at once, for a caller that waits for it. It returns
// [ErrMediaServerAway], [ErrServiceAway], [ErrServiceRefused] or
// [ErrNotRegistered].
func (r *reports) sendNow(ctx context.Context) error {
	facts, err := r.store.facts(ctx)
	if err != nil {
		return r.explainFile(ctx, err)
	}
	return r.send(ctx, &lastReport{seenAs: facts[factSeenAs], single: true})
}
