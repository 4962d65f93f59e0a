package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// write writes the file of settings.
func (s *setup) write() error {
	if err := s.makeFolder(); err != nil {
		return err
	}
	err := asOwner(s.settings.DataDir, func() error {
		s.settings.SecretKey = cmp.Or(s.settings.SecretKey, s.keptKey())
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.save(); err != nil {
		return err
	}
	return s.good("Wrote " + s.file + ". Only its owner can read it. Keep a copy of it.")
}

// keptKey returns the secret key of the data folder, or a new one.
func (s *setup) keptKey() string {
	if kept, err := os.ReadFile(s.path("secret-key")); err == nil {
		return strings.TrimSpace(string(kept))
	}
	return newSecretKey()
}

// makeFolder creates the data folder. If systemd uses the folder, its owner becomes the user
// as whom systemd runs the agent.
func (s *setup) makeFolder() error {
	if err := os.MkdirAll(s.settings.DataDir, 0o700); err != nil {
		return fmt.Errorf("data-dir: %w", err)
	}
	if s.settings.DataDir != systemFolder {
		return nil
	}
	owner, err := user.Lookup(systemUser)
	if err != nil {
		return nil //nolint:nilerr // systemd gives the folder to the user when it starts the agent
	}
	uid, errUser := strconv.Atoi(owner.Uid)
	gid, errGroup := strconv.Atoi(owner.Gid)
	if err := errors.Join(errUser, errGroup); err != nil {
		return fmt.Errorf("user %s: %w", systemUser, err)
	}
	return os.Chown(s.settings.DataDir, uid, gid)
}

// save writes the file of settings. If the file is in the data folder, save writes it as the owner
// of the folder.
func (s *setup) save() error {
	if s.saveAs != nil {
		return s.saveAs()
	}
	if filepath.Dir(s.file) == filepath.Clean(s.settings.DataDir) {
		return asOwner(s.settings.DataDir, s.replace)
	}
	return s.replace()
}

// replace writes the settings into a new file and renames it to the final name.
func (s *setup) replace() (err error) {
	folder := filepath.Dir(s.file)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, ".agent-*.yaml") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	leftOut := []string{}
	if filepath.Dir(s.file) == filepath.Clean(s.settings.DataDir) && filepath.Base(s.file) == config.AgentFile {
		leftOut = append(leftOut, "data-dir") // the file in the data folder is found without it
	} else if s.settings.DataDir, err = filepath.Abs(s.settings.DataDir); err != nil {
		return err
	}
	_, err = file.WriteString("# Settings of the Latchkey agent, by 'latchkey agent setup'. It holds secrets: nobody else should read it.\n")
	if err = errors.Join(err, config.WriteYAML(file, s.settings, leftOut...), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), s.file)
}

// registerTime is the longest time that setup waits for the registration.
const registerTime = 30 * time.Second

// register registers the server at once: a claim code is valid for ten minutes, and the admin can
// get another one now.
func (s *setup) register() error {
	if s.registered && !s.again {
		return nil
	}
	var release func()
	err := asOwner(s.settings.DataDir, func() (err error) {
		if release, err = lockFolder(s.path("agent.lock")); err != nil {
			return err
		}
		return s.setAside()
	})
	if release != nil {
		defer release()
	}
	if errors.Is(err, errLocked) {
		return fmt.Errorf("the agent is running: stop it, and set up again with --force, to register again: %w", err)
	}
	if err != nil {
		return err
	}
	if err := s.keepRegistering(); err != nil {
		return fmt.Errorf("the file is written, but the server is not registered: %w", err)
	}
	return nil
}

// keepRegistering asks for another claim code until the service accepts one.
func (s *setup) keepRegistering() error {
	for {
		refused := ""
		err := asOwner(s.settings.DataDir, func() (err error) {
			refused, err = s.tryRegister()
			return err
		})
		if err != nil {
			return err
		}
		s.settings.ClaimCode = ""
		if refused == "" {
			return s.save() // without the claim code, which has been used now
		}
		if err := s.failed(refused); err != nil {
			return err
		}
		err = s.settle(s.claimQuestion(false))
		if err == nil {
			err = s.save()
		}
		if err != nil {
			return err
		}
	}
}

// setAside renames the file of an earlier registration. The links of that registration stay at the
// service.
func (s *setup) setAside() error {
	if !s.again {
		return nil
	}
	aside := s.path("agent-" + s.now().UTC().Format("20060102-150405") + ".db")
	for _, ending := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(s.path("agent.db")+ending, aside+ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return s.say("  The data of the earlier registration is kept in " + aside + ".\n" +
		"  The earlier server stays at the service, with its links, until you remove it on its page.")
}

// tryRegister runs the agent until its server is registered. If the service refuses the
// registration, it returns the reason, and otherwise "".
func (s *setup) tryRegister() (string, error) {
	waits := &noteWaits{next: http.DefaultTransport}
	service, err := s.agentProgram.service(2, 5*time.Second, client.WithHTTPClient(&http.Client{Transport: waits}))
	if err != nil {
		return "", err
	}
	opened, err := s.open(slog.New(slog.DiscardHandler), func() string { return "" })
	if err != nil {
		return "", err
	}
	defer func() { _ = opened.close() }()
	engine := s.engine(opened, service, 0)
	ctx, cancel := context.WithTimeout(s.agentProgram.ctx, registerTime)
	began, ended := s.now().Truncate(time.Millisecond), make(chan struct{})
	go func() {
		defer close(ended)
		_ = engine.Run(ctx) // the outcome is in the status
	}()
	defer func() { cancel(); <-ended }()
	return s.awaitRegistration(ctx, engine, began, waits)
}

// noteWaits is a transport that records how long the service asks to wait after too many requests.
type noteWaits struct {
	next    http.RoundTripper
	minutes atomic.Int64 // 0 if the service has not asked to wait
}

// RoundTrip implements http.RoundTripper.
func (n *noteWaits) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := n.next.RoundTrip(r)
	if err == nil && answer.StatusCode == http.StatusTooManyRequests {
		seconds, _ := strconv.ParseInt(answer.Header.Get("Retry-After"), 10, 32)
		n.minutes.Store(max(1, (seconds+59)/60))
	}
	return answer, err
}

// awaitRegistration waits until the status says that the server is registered. If the service
// refuses the registration, it returns the reason, and otherwise "".
func (s *setup) awaitRegistration(ctx context.Context, engine *agent.Agent, began time.Time, waits *noteWaits) (string, error) {
	var inTheWay error
	for ctx.Err() == nil {
		status, err := engine.Status(ctx)
		if err != nil && ctx.Err() == nil {
			return "", err
		}
		if status.Registered {
			return "", s.good(fmt.Sprintf("Registered with the service as server %s, %q.", status.ServerID, printable.Text(status.Name)))
		}
		for _, t := range status.Trouble {
			switch {
			case t.Since.Before(began): // an earlier run had this trouble
			case t.Name == "registration":
				return t.Text, nil
			case waits.minutes.Load() > 0:
				return "", s.throttled(waits.minutes.Load())
			default:
				inTheWay = errors.New(t.Text)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
	switch {
	case s.agentProgram.ctx.Err() != nil:
		return "", errors.New("interrupted")
	case inTheWay != nil:
		return "", inTheWay
	default:
		return "", errors.New("the service has not answered in time; the agent tries again when you start it")
	}
}

// throttled returns an error that says what to do while the service accepts no registrations.
func (s *setup) throttled(minutes int64) error {
	wait := fmt.Sprintf("%d minutes", minutes)
	if minutes == 1 {
		wait = "a minute"
	}
	start, _ := s.next()
	return fmt.Errorf("the service has had too many requests from here, and accepts no registration for %s. "+
		"Start the agent (%s): it registers by itself if the claim code is still valid then. "+
		"Or wait %s, get a new claim code, and set up again with --force and --claim-code", wait, start, wait)
}

// next returns the commands that start the agent and show its status.
func (s *setup) next() (start, status string) {
	flags := ""
	switch {
	case s.system:
		return "sudo systemctl enable --now latchkey-agent", "sudo latchkey agent status"
	case s.settings.File != "":
		flags = " --config=" + s.file
	case s.loaded.Origins["data-dir"] != "default":
		flags = " --data-dir=" + s.settings.DataDir
	}
	return "latchkey agent" + flags, "latchkey agent status" + flags
}

// farewell prints how to continue.
func (s *setup) farewell() error {
	start, status := s.next()
	allow := strings.Replace(status, "agent status", "agent allow", 1)
	return s.say("\nStart the agent: " + start + "\nThen:            " + status +
		"\nThe service may let people in only as local users whom you allow: " + allow)
}
