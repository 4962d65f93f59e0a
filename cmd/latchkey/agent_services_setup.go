package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/latchkey-media/latchkey/config"
)

// addService sets a further service up: it asks for the address and a claim code, writes the settings into
// a folder of the service's own, and registers the media server there. Nothing of the services that are set
// up already is touched, and the agent may run meanwhile.
func (c agentSetup) addService(p *agentProgram) error {
	if err := checkServiceName(p.at); err != nil {
		return err
	}
	if err := p.atMachine("claim-code"); err != nil {
		return err
	}
	file := filepath.Join(p.folderOf(p.at), config.AgentServiceFile)
	_, err := os.Stat(file)
	switch {
	case err == nil && !c.Force:
		return fmt.Errorf("%s exists already: change the settings there, or set up again with --force", file)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	settings, err := c.furtherSettings(p, file, err == nil)
	if err != nil {
		return err
	}
	s := &setup{agentProgram: p.of(p.at, settings), asker: newAsker(p.ctx, p.input, p.output), force: c.Force, file: file}
	if err := os.MkdirAll(s.settings.DataDir, 0o700); err != nil {
		return fmt.Errorf("data-dir: %w", err)
	}
	s.saveAs = func() error { return s.saveService(settings) }
	for _, step := range []func() error{s.service, s.otherService, s.claimCode, s.writeService, s.register, s.serviceFarewell} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// furtherSettings returns the settings with which the setup of a further service begins: those of its file,
// or the defaults, and what the command line says. A setting of the first service is never taken over.
func (agentSetup) furtherSettings(p *agentProgram, file string, before bool) (*config.AgentService, error) {
	settings := config.NewAgentService()
	if before {
		kept, err := config.LoadAgentService(file)
		if err != nil {
			return nil, err
		}
		settings = kept
		settings.ClaimCode = ""
	}
	if strings.HasPrefix(p.loaded.Origins["service"], "flag") {
		settings.Service = p.settings.Service
	}
	if strings.HasPrefix(p.loaded.Origins["plain-http"], "flag") {
		settings.PlainHTTP = p.settings.PlainHTTP
	}
	if strings.HasPrefix(p.loaded.Origins["claim-code"], "flag") {
		settings.ClaimCode = p.settings.ClaimCode
	}
	return settings, nil
}

// otherService returns an error if the agent already works for this service under another name. Otherwise
// the same media server would be registered twice with the service, as two servers with different people.
func (s *setup) otherService() error {
	programs, err := s.programs()
	if err != nil {
		return err
	}
	for _, one := range programs {
		if one.serviceName() != s.name && one.settings.Service == s.settings.Service {
			return fmt.Errorf("the agent works for %s already, under the name %s", s.settings.Service, one.serviceName())
		}
	}
	return nil
}

// writeService writes the settings of a further service, and says so.
func (s *setup) writeService() error {
	if err := s.save(); err != nil {
		return err
	}
	return s.good("Wrote " + s.file + ". Only its owner can read it. What this Latchkey may ask is decided there.")
}

// saveService writes the settings of a further service.
func (s *setup) saveService(settings *config.AgentService) (err error) {
	settings.Service, settings.PlainHTTP, settings.ClaimCode = s.settings.Service, s.settings.PlainHTTP, s.settings.ClaimCode
	file, err := os.CreateTemp(filepath.Dir(s.file), ".service-*.yaml") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.WriteString("# Settings of a further Latchkey at this agent, by 'latchkey agent setup'. It may hold a secret: nobody else should read it.\n")
	if err = errors.Join(err, config.WriteYAML(file, settings), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), s.file)
}

// serviceFarewell prints how to continue.
func (s *setup) serviceFarewell() error {
	return s.say("\nRestart the agent: it then works for this Latchkey, too." +
		"\nThe service may let people in only as local users whom you allow for it: latchkey agent allow --at=" + s.name)
}
