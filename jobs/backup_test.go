package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/jobs"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// The time before which a backup is too old: the last time of the day that was named, in the zone of the
// machine, also on the days on which clocks are changed; or a while ago.
func TestBackupSchedule(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	daily := jobs.BackupSchedule{Daily: true, At: 2*time.Hour + 30*time.Minute, Zone: berlin}
	for _, test := range []struct {
		schedule  jobs.BackupSchedule
		now, want string
	}{
		{daily, "2026-03-04T01:29:59Z", "2026-03-03T01:30:00Z"},
		{daily, "2026-03-04T01:30:00Z", "2026-03-04T01:30:00Z"},
		{daily, "2026-07-04T12:00:00Z", "2026-07-04T00:30:00Z"},
		{daily, "2026-03-29T12:00:00Z", "2026-03-29T01:30:00Z"}, // half past two does not exist on that day
		{daily, "2026-01-01T00:00:00Z", "2025-12-31T01:30:00Z"},
		{jobs.BackupSchedule{EachIn: 6 * time.Hour}, "2026-03-04T05:00:00Z", "2026-03-03T23:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, test.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := test.schedule.Due(now).UTC().Format(time.RFC3339); got != test.want {
			t.Errorf("at %s the last backup must not be older than %s, want %s", test.now, got, test.want)
		}
	}
}

// A backup is made when it is due, a failure is noted and tried again later, and a stop of the service
// leaves it due.
func TestBackupsAreMade(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		made, fail := 0, error(nil)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		job := &jobs.Backups{
			Store: store, Log: slog.New(slog.DiscardHandler), Owner: "here", Every: time.Minute,
			Schedule: jobs.BackupSchedule{EachIn: 24 * time.Hour},
			Make: func(ctx context.Context) (jobs.BackupMade, error) {
				made++
				return jobs.BackupMade{Manifest: models.BackupManifest{Schema: 42, At: store.Now()}, Bytes: 7}, errors.Join(fail, ctx.Err())
			},
		}
		once := func(what string, want int, failure string) {
			t.Helper()
			job.Once(ctx)
			state, err := store.Backups.Last(t.Context())
			if err != nil || made != want || state.Failure != failure {
				t.Errorf("%s: %d backups, %+v, %v; want %d and the failure %q", what, made, state, err, want, failure)
			}
		}
		once("at the start", 1, "")
		once("at once again", 1, "")
		clock.Advance(25 * time.Hour)
		fail = errors.New("no room")
		once("a day later", 2, "no room")
		once("after the failure", 2, "no room")
		clock.Advance(16 * time.Minute)
		fail = nil
		once("a while after the failure", 3, "")
		clock.Advance(25 * time.Hour)
		stopped := job.Make
		job.Make = func(ctx context.Context) (jobs.BackupMade, error) { stop(); return stopped(ctx) }
		once("while the service stops", 4, "")
		ctx, job.Make = t.Context(), stopped
		once("after the next start", 5, "")
	})
}
