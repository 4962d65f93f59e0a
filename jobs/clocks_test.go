package jobs_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/jobs"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// twoInstances runs f on each engine with two instances on one database. The clock of the second
// machine is ahead.
func twoInstances(t *testing.T, ahead time.Duration, f func(t *testing.T, clock *modelstest.Clock, right, wrong *models.Store, machine *modelstest.Machine)) {
	t.Helper()
	t.Run("by "+ahead.String(), func(t *testing.T) {
		modelstest.EachDatabase(t, func(t *testing.T, address string) {
			clock := modelstest.NewClock()
			machine := modelstest.NewMachine(clock.Now, ahead)
			f(t, clock, modelstest.Open(t, address, clock, modelstest.Unlimited),
				modelstest.Open(t, address, clock, modelstest.Unlimited, machine.Adjust), machine)
		})
	})
}

// work does once what the workers of an instance do: it sweeps, and sends the mails that are due. It
// returns the mails that were sent.
func work(t *testing.T, store *models.Store) *mailtest.Recorder {
	t.Helper()
	post := &mailtest.Recorder{}
	_ = store.Sweep(t.Context())
	_ = worker(t, store, post).Once(t.Context())
	return post
}

// An instance whose clock is ahead deletes nothing that is still valid (F-14). Without the guard, a
// clock that was ten minutes ahead deleted the codes of devices that had just been approved; 26
// hours, the links and the mails of resets; and 31 days, sign-ups, tokens and the mails in the
// outbox.
func TestAClockThatIsAheadErasesNothing(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, ahead := range []time.Duration{10 * time.Minute, 26 * time.Hour, 31 * day} {
		twoInstances(t, ahead, func(t *testing.T, clock *modelstest.Clock, right, wrong *models.Store, machine *modelstest.Machine) {
			ctx := t.Context()
			member(t, right, "anna")
			member(t, right, "dan")
			in := servicetest.Must(right.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: "anna", Password: password}, models.Caller{}))(t)
			dropAll(t, right) // remove the mail about the new browser
			signUp(t, right, "berta")
			confirm := sentSecret(t, work(t, right))
			reset(t, right, "anna")
			link := sentSecret(t, work(t, right))
			clock.Advance(time.Second)
			reset(t, right, "dan")
			code := servicetest.Must(right.Devices.Begin(ctx, models.DeviceAsk{DeviceID: "tv", Device: "TV", Door: models.DoorAPI}, models.Caller{}))(t)
			servicetest.NoError(t, right.Devices.Approve(ctx, in.Session, code.UserCode, models.Caller{}))
			signUp(t, right, "carla")
			owed := len(queue(t, right))

			if sent := work(t, wrong).Sent(); len(sent) > 0 || len(queue(t, right)) != owed || owed != 2 {
				t.Errorf("%d mails sent and %d owed, want none sent and 2 of 2 owed", len(sent), len(queue(t, right)))
			}
			if sent := work(t, right).Sent(); len(sent) != owed {
				t.Errorf("the right instance has sent %d mails, want %d", len(sent), owed)
			}
			if _, err := right.Devices.Exchange(ctx, code.DeviceCode, models.Caller{}); err != nil {
				t.Errorf("the approved code: %v, want a session", err)
			}
			if err := right.Recovery.ResetPassword(ctx, link, password+" too", models.Caller{}); err != nil {
				t.Errorf("the link of the reset: %v, want it to work", err)
			}
			if err := right.Emails.Confirm(ctx, confirm, models.Caller{}); err != nil {
				t.Errorf("the link of the sign-up: %v, want it to work", err)
			}

			signUp(t, right, "dora")
			machine.Set(0)
			(&jobs.Clocks{Store: wrong, Log: slog.New(slog.DiscardHandler)}).Once(ctx)
			if sent := work(t, wrong).Sent(); len(sent) == 0 || len(queue(t, right)) != 0 {
				t.Errorf("with the right clock %d mails sent and %d owed, want the owed ones sent", len(sent), len(queue(t, right)))
			}
		})
	}
}

// reset asks for a new password.
func reset(t *testing.T, store *models.Store, username string) {
	t.Helper()
	servicetest.NoError(t, store.Recovery.Request(t.Context(), username, models.Caller{}, false))
}

// sentSecret returns the secret of the link in the only mail that was sent.
func sentSecret(t *testing.T, post *mailtest.Recorder) string {
	t.Helper()
	sent := post.Sent()
	if len(sent) != 1 {
		t.Fatalf("%d mails sent, want 1", len(sent))
	}
	_, token, _ := strings.Cut(mailtest.FirstLink(sent[0]), "?token=")
	return token
}

// The log says once that the clocks differ, and once that they agree again. Meanwhile the workers
// log nothing of their own. After that, the mail worker goes on by itself.
func TestClocksAreLoggedOnce(t *testing.T) {
	t.Parallel()
	log, clock := &servicetest.Log{}, modelstest.NewClock()
	machine := modelstest.NewMachine(clock.Now, 26*time.Hour)
	store := modelstest.Open(t, modelstest.SQLite(t), clock, modelstest.Unlimited, machine.Adjust)
	clocks := &jobs.Clocks{Store: store, Log: log.Logger(), Every: time.Millisecond}
	signUp(t, store, "anna")
	var post mailtest.Recorder
	mails := worker(t, store, &post)
	mails.Log = log.Logger()
	more := rounds(t, mails)
	keeping := &jobs.Housekeeping{Store: store, Log: log.Logger(), Sweep: time.Millisecond, Flush: time.Hour}
	running(t, clocks.Run)
	running(t, mails.Run)
	running(t, keeping.Run)
	servicetest.Eventually(t, "it says that they differ", func() bool { return log.Count("differ by more than a minute") > 0 })
	more(10)
	if lines := log.Count("level="); lines != 1 || log.Count("level=ERROR") != 1 || len(post.Sent()) != 0 {
		t.Errorf("%d mails sent and the log\n%s\nwant no mail and one line", len(post.Sent()), log)
	}
	machine.Set(30 * time.Second)
	servicetest.Eventually(t, "it says that they differ a little", func() bool { return log.Count("goes by the database's clock") == 1 })
	servicetest.Eventually(t, "the mail is sent", func() bool { return len(post.Sent()) == 1 })
	machine.Set(0)
	servicetest.Eventually(t, "it says that they agree", func() bool { return log.Count("agree again") == 1 })
	more(10)
	if n := log.Count("differ by more than a minute"); n != 1 {
		t.Errorf("said %d times that the clocks differ, want once:\n%s", n, log)
	}
}

// If the database has a row from the future, the log says so at the start.
func TestTheFutureIsLogged(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		clock := modelstest.NewClock()
		clock.Advance(26 * time.Hour)
		member(t, modelstest.Open(t, address, clock, modelstest.Unlimited), "anna")
		clock.Advance(-26 * time.Hour)
		log := &servicetest.Log{}
		clocks := &jobs.Clocks{Store: modelstest.Open(t, address, clock), Log: log.Logger(), Every: time.Hour}
		running(t, clocks.Run)
		servicetest.Eventually(t, "the future is logged", func() bool { return log.Count("lies in the future") == 1 })
	})
}
