package agent_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
)

// TestSecondProgramWritesNoTrouble begins a trouble in a program that does not run the
// agent, such as a command. The trouble must not be written to the file, because nothing
// would remove it from there.
func TestSecondProgramWritesNoTrouble(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t)).started()
	other := newFake()
	other.down = errDown
	options := d.options
	options.MediaServer = other
	_, err := agent.New(options).Links.Ask(t.Context(), "u1", "bob", "")
	isError(t, err, agent.ErrMediaServerAway)
	if d.log.Count("does not answer as it should") != 1 || len(d.status().Trouble) != 0 {
		t.Errorf("trouble %+v, want none in the file, and one line in the log:\n%s", d.status().Trouble, d.log)
	}
}

// TestSecondProgramOnTheSameFile uses the file of a running agent in another
// program, as commands do.
func TestSecondProgramOnTheSameFile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	store := must(agent.OpenStore(t.Context(), d.path, testKeys(t), s.Clock.Now, nil))(t)
	defer func() { _ = store.Close() }()
	options := d.options
	options.Store = store
	other := agent.New(options).Hurry()
	d.fake.setDown(errDown)
	eventually(t, "the other one sees it", func() bool {
		status := must(other.Status(t.Context()))(t)
		return status.Registered && status.Links == 1 && status.Tokens == 1 && len(status.Trouble) == 1 && status.Trouble[0].Name == "media_server_away" &&
			!status.LastContact.IsZero() && status.OfflineTrustedUntil.Sub(status.LastContact) == 72*time.Hour
	})
	s.Down()
	noError(t, other.Links.EndOf(t.Context(), "u1"))
	_, err := d.exchange(key)
	isError(t, err, agent.ErrAccessKeyWrong)
	d.fake.setDown(nil)
	eventually(t, "the one that runs revokes it", func() bool { return len(d.fake.live("u1")) == 0 })
}

// TestSecondRunWaits runs two agents on one file.
func TestSecondRunWaits(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	var stopping, early atomic.Bool
	options, second := d.options, newFake()
	second.hook(func(string) error {
		if !stopping.Load() {
			early.Store(true)
		}
		return nil
	}, nil)
	options.MediaServer = second
	other := agent.New(options).Hurry()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- other.Run(ctx) }()
	eventually(t, "one line", func() bool { return d.log.Count("another agent runs with this data folder") == 1 })
	d.never("it works", other.Ready)
	stopping.Store(true)
	d.stop()
	eventually(t, "the other one works", other.Ready)
	if early.Load() {
		t.Error("the second agent called the media server before the first one was stopped, want it to wait")
	}
	cancel()
	noError(t, <-done)
}

// TestStoreRefusesOtherSecretKey opens the file with another secret key.
func TestStoreRefusesOtherSecretKey(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t))
	_, err := agent.OpenStore(context.Background(), d.path, otherKeys(t), time.Now, nil)
	isError(t, err, agent.ErrWrongKey)
}
