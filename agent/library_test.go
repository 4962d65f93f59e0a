package agent_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// An administrator renames a library in Jellyfin, and Jellyfin gives the library a new id.
// The service asks the owner whether it is the same library, and nothing changes before the
// owner agrees. Then the policies at Jellyfin have the new folder: the policy of the guest,
// and also the policy of a guest who accepts an older invite.
func TestLibraryRenamedAtJellyfin(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.11", "12"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			ctx, s := t.Context(), newSite(t)
			d, fake := onJellyfin(t, s, version)
			before := fake.AddLibrary("Holidays")
			bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
			d.started()
			withHolidays := func(in *client.NewInvite) { in.Servers[0].Libraries = []string{before} }
			d.invite(bob, "bob", withHolidays)
			guest := d.guestOf("bob")
			open := client.NewInvite{To: "cat", Type: client.Guest, Servers: []client.NewInviteServer{{ServerID: d.serverID()}}}
			withHolidays(&open)
			sent := must(d.ann.Invites.Create(ctx, open))(t)

			after := fake.RenameLibrary("Holidays", "Journeys")
			var offered []client.GoneLibrary
			eventually(t, "the offer", func() bool {
				offered = must(d.ann.Servers.GoneLibraries(ctx, d.serverID()))(t)
				return len(offered) == 1 && len(offered[0].Likely) == 1
			})
			if gone := offered[0]; gone.ID != before || gone.Name != "Holidays" || gone.Likely[0].ID != after || gone.Likely[0].Name != "Journeys" {
				t.Errorf("offered %+v, want Journeys for Holidays", gone)
			}
			eventually(t, "the trouble", func() bool { return strings.Contains(d.troubleText("guest_library_gone"), "bob") })
			seenBy := func(guest string) []string {
				return must(d.options.MediaServer.LocalUsers(ctx))(t)[d.at(guest)].Sees.Libraries
			}
			d.never("a change without the yes", func() bool { return !slices.Equal(seenBy(guest.LocalUserID), []string{before}) })

			noError(t, d.ann.Servers.ReplaceLibrary(ctx, d.serverID(), before, after))
			eventually(t, "the new folder in the policy", func() bool { return slices.Equal(seenBy(guest.LocalUserID), []string{after}) })
			eventually(t, "the end of the trouble", func() bool { return !d.trouble("guest_library_gone") })
			noError(t, cat.Invites.Accept(ctx, sent.ID))
			if got := seenBy(d.guestOf("cat").LocalUserID); !slices.Equal(got, []string{after}) {
				t.Errorf("the later guest sees %v, want %s", got, after)
			}
			isError(t, d.ann.Servers.ReplaceLibrary(ctx, d.serverID(), before, after), client.ErrLibraryUnnamed)
			isError(t, d.ann.Servers.ReplaceLibrary(ctx, d.serverID(), after, before), client.ErrLibraryBack)
			fake.RemoveLibrary("Journeys")
			eventually(t, "the report without it", func() bool { return len(must(d.ann.Servers.GoneLibraries(ctx, d.serverID()))(t)) == 1 })
			isError(t, d.ann.Servers.ReplaceLibrary(ctx, d.serverID(), after, before), client.ErrLibraryGone)
			if drift := fake.Drift(); len(drift) > 0 {
				t.Errorf("the fake has met requests unlike Jellyfin's %q, want none", drift)
			}
		})
	}
}

// at returns the position of a local user in the media server's list.
func (d *deployment) at(id string) int {
	d.t.Helper()
	at := slices.IndexFunc(must(d.options.MediaServer.LocalUsers(d.t.Context()))(d.t), func(u mediaserver.LocalUser) bool { return u.ID == id })
	if at < 0 {
		d.t.Fatalf("the media server has no local user %s", id)
	}
	return at
}

// TestGuestLibrariesOfSettings takes the libraries of guests from the settings.
func TestGuestLibrariesOfSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, func(o *agent.Options) { o.Policy.GuestLibraries = []string{"films", "Books"} }).started()
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	guest := d.guestOf("bob")
	if diff := cmp.Diff(mediaserver.Restriction{Libraries: []string{"l1"}}, d.fake.limit(guest.LocalUserID)); diff != "" {
		t.Errorf("restriction (-want +got):\n%s", diff)
	}
	if d.log.Count("guest-libraries names libraries") != 1 {
		t.Errorf("want one line about guest-libraries; log:\n%s", d.log)
	}
	if text := d.troubleText("guest_libraries"); !strings.Contains(text, "does not have: Books.") || !strings.Contains(text, "one of these now: Music.") {
		t.Errorf("trouble %q, want it to name Books and, as what it may be now, Music", text)
	}
	d.fake.set(func() { d.fake.libraries = append(d.fake.libraries, mediaserver.Library{ID: "l3", Name: "Books"}) })
	eventually(t, "the other one as well", func() bool { return slices.Equal(d.fake.limit(guest.LocalUserID).Libraries, []string{"l1", "l3"}) })
	if d.trouble("guest_libraries") {
		t.Errorf("trouble %+v, want no guest_libraries", d.status().Trouble)
	}
}

// A service that is older than the agent refuses reports that name the run of the agent, or
// the kinds of libraries. It gets a report without them.
func TestReportToOlderService(t *testing.T) {
	t.Parallel()
	const run, kinds = `"run":`, `"kind":"movies"`
	for name, unknown := range map[string][]string{"without runs": {run}, "without runs and kinds": {run, kinds}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s)
			d.fake.set(func() { d.fake.libraries[0].Kind = "movies" })
			var withKinds atomic.Int64
			s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
				if strings.HasSuffix(r.URL.Path, "/server/report") {
					body := string(must(io.ReadAll(r.Body))(t))
					if slices.ContainsFunc(unknown, func(member string) bool { return strings.Contains(body, member) }) {
						problem(w, http.StatusBadRequest, "json_invalid")
						return
					}
					if strings.Contains(body, kinds) {
						withKinds.Add(1)
					}
					r.Body = io.NopCloser(strings.NewReader(body))
				}
				inner.ServeHTTP(w, r)
			})
			d.started()
			if got := must(d.ann.Servers.Get(t.Context(), d.serverID()))(t).Libraries; len(got) != 2 {
				t.Errorf("libraries %+v at the service, want 2", got)
			}
			if got, want := withKinds.Load() > 0, len(unknown) == 1; got != want {
				t.Errorf("a report with kinds was taken: %t, want %t", got, want)
			}
		})
	}
}
