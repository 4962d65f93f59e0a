package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/internal/typed"
)

type agentSetup struct {
	Force bool `name:"force" help:"Replace the existing file of settings. Its settings are kept unless others are given."`
}

// Help returns the longer text in the help of the command.
func (agentSetup) Help() string {
	return `It asks for each setting that has no value from a flag, the environment or an existing file. It tries them all, writes the file with
mode 0600, and registers the server at once, because a claim code is valid for ten minutes only.

If the server has got a new server key at the service, run it with --force and paste the key, which begins with lkv_, where it asks for a claim
code. The server stays registered, with its links, and a running agent uses the new key within half a minute.

With --at=NAME it adds a further Latchkey, such as a club's, to an agent that is set up: with a key, links, guests and settings of its own.`
}

// Run sets the agent up.
func (c agentSetup) Run(p *agentProgram) error {
	if p.at != "" && p.at != mainService {
		return c.addService(p)
	}
	s := &setup{agentProgram: p, asker: newAsker(p.ctx, p.input, p.output), force: c.Force}
	if err := s.place(); err != nil {
		return err
	}
	for _, step := range []func() error{s.introduce, s.service, s.claimCode, s.mediaServer, s.outside, s.write, s.register, s.openPaths, s.farewell} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// setup is one dialogue with the admin.
type setup struct {
	*agentProgram
	*asker

	force      bool
	file       string // the file of settings to write
	system     bool   // systemd will run the agent
	before     bool   // the file of settings existed before
	registered bool   // the server was registered before
	again      bool   // the registration has to be replaced
	keyTaken   bool   // a new server key was stored

	saveAs func() error // writes the settings of a further service; nil for the agent's own
}

// The data folder that systemd gives to an agent, and the user as whom the agent runs then.
const (
	systemFolder = "/var/lib/latchkey-agent"
	systemUser   = "latchkey-agent"
)

// place decides where the file of settings is written.
func (s *setup) place() error {
	switch {
	case s.settings.File != "":
		s.file = s.settings.File
	case s.loaded.File != "":
		s.file = s.loaded.File
	case s.loaded.Origins["data-dir"] == "default" && os.Geteuid() == 0:
		s.file, s.settings.DataDir = config.AgentSystemFile, systemFolder
	default:
		s.file = filepath.Join(s.settings.DataDir, config.AgentFile)
	}
	s.system = s.file == config.AgentSystemFile
	// Setup asks for these settings later and may replace the file, so they may still be wrong
	// here.
	if err := s.loaded.Check("config", "service", "claim-code", "media-server", "media-server-url", "api-key", "server-name", "listen", "addresses"); err != nil {
		return err
	}
	_, err := os.Stat(s.file)
	s.before = err == nil
	if err == nil && !s.force {
		return fmt.Errorf("%s exists already: look at it with 'latchkey agent config', or set up again with --force", s.file)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// introduce explains what follows.
func (s *setup) introduce() error {
	if strings.HasPrefix(s.loaded.Origins["api-key"], "flag") {
		if err := s.say("Careful: other users of this machine can see the API key in the list of processes. Use LATCHKEY_AGENT_API_KEY or LATCHKEY_AGENT_API_KEY_FILE instead."); err != nil {
			return err
		}
	}
	return s.say("This sets up the agent beside a media server. Press Enter to accept a value in brackets. If a value does not work, you are asked again.\n")
}

// question asks for one setting until its value is good.
type question struct {
	name, text string
	value      *string
	usual      string // the value that Enter stands for; may be ""
	secret     bool
	optional   bool
	refused    bool         // a value was not good: after that, the end of the input no longer means Enter
	pasted     bool         // the value may have blanks around it and invisible characters in it
	try        func() error // tries the value; may be nil
}

// settle uses the value that the setting already has, or asks for one, until the value is good.
func (s *setup) settle(q question) error {
	for given := *q.value != ""; ; given = false {
		if !given {
			if err := s.fill(q); err != nil {
				return err
			}
		}
		err := s.judge(q)
		if err == nil {
			return nil
		}
		if err := s.failed(err.Error()); err != nil {
			return err
		}
		q.refused = true
	}
}

// judge returns an error if the value of a question is not good.
func (s *setup) judge(q question) error {
	if q.pasted {
		*q.value = strings.TrimSpace(typed.Plain(*q.value))
	}
	if *q.value == "" {
		if q.optional {
			return nil
		}
		return errors.New("a value is needed here")
	}
	if err := config.Problem(s.settings, q.name); err != nil {
		return err
	}
	if q.try == nil {
		return nil
	}
	return q.try()
}

// fill asks for a value once.
func (s *setup) fill(q question) error {
	text := q.text
	if q.usual != "" {
		text += " [" + q.usual + "]"
	}
	ask := s.ask
	if q.secret {
		ask = s.hidden
	}
	answer, err := ask(text + ": ")
	if errors.Is(err, errNoAnswer) && (!q.optional || q.refused) {
		return fmt.Errorf("%w: %s has no value; answer the question, or set it with --%s or as LATCHKEY_AGENT_%s", err, q.name,
			q.name, strings.ToUpper(strings.ReplaceAll(q.name, "-", "_")))
	}
	*q.value = cmp.Or(strings.TrimSpace(answer), q.usual)
	if errors.Is(err, errNoAnswer) {
		return nil // the end of the input means Enter
	}
	return err
}

// asBefore reports whether a setting has the same value as in the file that is replaced. A setting
// that the file leaves out has its default.
func (s *setup) asBefore(name string) bool {
	origin := s.loaded.Origins[name]
	return s.before && (origin == "default" || strings.HasPrefix(origin, s.file+":"))
}

// isOpen reports whether a setting has its default and the admin has not accepted that yet, because
// there is no file.
func (s *setup) isOpen(name string) bool {
	return s.loaded.Origins[name] == "default" && !s.before
}

func (s *setup) good(text string) error   { return s.say("  ✓ " + text) }
func (s *setup) failed(text string) error { return s.say("  ✗ " + text) }

// service asks for the address of the service.
func (s *setup) service() error {
	return s.settle(question{
		name: "service", text: "Address of the Latchkey service", value: &s.settings.Service, try: s.tryService,
	})
}

// tryService checks that a Latchkey service answers at the address.
func (s *setup) tryService() error {
	service, err := s.agentProgram.service(1, 0)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.agentProgram.ctx, 15*time.Second)
	defer cancel()
	_, err = service.Agent.Get(ctx) // without a key: only a Latchkey service refuses the request in this way
	const advice = "use the address that your browser shows when you are signed in to the service"
	answer, isAnswer := errors.AsType[*client.Error](err)
	switch {
	case isAnswer && answer.Code != "":
		return s.good("A Latchkey service answers there.")
	case isAnswer && answer.Status >= http.StatusInternalServerError:
		return fmt.Errorf("something answers there, but it is not a Latchkey service: its status is %d. Check that the service runs, or %s", answer.Status, advice)
	case isAnswer || errors.Is(err, client.ErrBadAnswer):
		return errors.New("something answers there, but it is not a Latchkey service: " + advice)
	case agent.CertificateAdvice(err) != "":
		return fmt.Errorf("nothing was sent there, because %s", agent.CertificateAdvice(err))
	default:
		return fmt.Errorf("nothing answers there (%w): check that the address is right and that this machine can reach it", err)
	}
}

// claimCode asks for a claim code, unless the server can keep its registration.
func (s *setup) claimCode() error {
	err := asOwner(s.settings.DataDir, func() error {
		s.registered = s.wasRegistered()
		return nil
	})
	if err != nil {
		return err
	}
	if s.registered && s.asBefore("claim-code") {
		s.settings.ClaimCode = "" // the claim code was used already
	}
	if err := s.settle(s.claimQuestion(s.registered)); err != nil {
		return err
	}
	if s.keyTaken {
		s.settings.ClaimCode = "" // the key is in the data folder, and must not be in the file of settings
	}
	s.again = s.registered && s.settings.ClaimCode != ""
	return nil
}

// claimQuestion returns the question for the claim code. If mayStay is true, the server can keep
// its registration: then Enter alone and a new server key are valid answers, too.
func (s *setup) claimQuestion(mayStay bool) question {
	text := "Claim code, from " + s.settings.Service + "/servers/new"
	if mayStay {
		text += ", or the new server key (Enter to stay registered as before)"
	}
	return question{
		name: "claim-code", text: text, value: &s.settings.ClaimCode, secret: true, optional: mayStay, pasted: true,
		try: func() error { return s.tryKey(mayStay) },
	}
}

// wasRegistered reports whether the data folder holds a registration.
func (s *setup) wasRegistered() bool {
	if _, err := os.Stat(s.path("agent.db")); err != nil {
		return false
	}
	keys, err := s.secretKeys()
	if err != nil {
		return false
	}
	store, err := s.openStore(keys)
	if err != nil {
		return true // perhaps another key made the file; then the file is set aside
	}
	defer func() { _ = store.Close() }()
	status, err := s.engine(&parts{log: slog.New(slog.DiscardHandler), store: store}, nil, 0).Status(s.agentProgram.ctx)
	return err != nil || status.Registered
}

// builtin asks for the settings of the builtin media server.
func (s *setup) builtin() error {
	if s.isOpen("server-name") {
		s.settings.ServerName = ""
	}
	err := s.settle(question{name: "server-name", text: "Name of the media server, as people see it", value: &s.settings.ServerName, usual: "Latchkey"})
	if err != nil {
		return err
	}
	if s.isOpen("listen") {
		s.settings.Listen = ""
	}
	return s.settle(question{
		name: "listen", text: "Address and port to listen on (without a host: in the whole home network)", value: &s.settings.Listen, usual: ":8096",
		try: func() error {
			if s.keyTaken || s.registered && s.asBefore("listen") {
				return nil // the agent itself may be listening there
			}
			listener, err := (&net.ListenConfig{}).Listen(s.agentProgram.ctx, "tcp", s.settings.Listen)
			if err != nil {
				return fmt.Errorf("another program uses that port (%w): stop it, or choose another port", err)
			}
			return listener.Close()
		},
	})
}

// outside asks for the address at which people outside the home network reach the media server.
func (s *setup) outside() error {
	if len(s.settings.Addresses) > 0 {
		return config.Problem(s.settings, "addresses")
	}
	for {
		var address string
		err := s.fill(question{name: "addresses", text: "Address at which people reach the media server from outside (Enter for none)", value: &address})
		if errors.Is(err, errNoAnswer) || err == nil && address == "" {
			return s.say("") // the admin can set the address later
		}
		if err != nil {
			return err
		}
		s.settings.Addresses = []string{address}
		err = config.Problem(s.settings, "addresses")
		if err == nil {
			return s.say("")
		}
		s.settings.Addresses = nil
		if err := s.failed(err.Error()); err != nil {
			return err
		}
	}
}

// newSecretKey returns a random secret key.
func newSecretKey() string {
	key := make([]byte, 36)
	_, _ = rand.Read(key) // rand.Read never fails
	return base64.StdEncoding.EncodeToString(key)
}
