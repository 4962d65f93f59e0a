package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/open"
)

// openPaths tries each address for people outside, and tells whether the proxy there hands the path
// for browsers to the agent. Only Open needs the path, so setup goes on after any answer.
func (s *setup) openPaths() error {
	var states []agent.OpenPathState
	err := asOwner(s.settings.DataDir, func() (err error) {
		states, err = s.askOpenPaths()
		return err
	})
	if err != nil {
		return err
	}
	missing := false
	for _, one := range states {
		tell := s.good
		if one.Err != nil {
			tell, missing = s.failed, true
		}
		if err := tell(openPathText(one) + "."); err != nil {
			return err
		}
	}
	if !missing {
		return nil
	}
	_, status := s.next()
	return s.say("  Everything but Open works without that path. Afterwards this command asks again: " + status)
}

// openPathText returns a sentence, without its full stop, that says whether Open works at an address.
func openPathText(one agent.OpenPathState) string {
	if one.Err != nil {
		return fmt.Sprintf("Open does not sign people in at %s: %s", one.Address, one.Err)
	}
	return "Open signs people in at " + one.Address
}

// askOpenPaths asks at each address. The agent does not run yet, so setup answers in its place
// meanwhile. If something listens there already, it is the agent, or another program, which the check
// then finds.
func (s *setup) askOpenPaths() ([]agent.OpenPathState, error) {
	if len(s.settings.Addresses) == 0 {
		return nil, nil
	}
	opened, err := s.open(slog.New(slog.DiscardHandler), func() string { return "" })
	if err != nil {
		return nil, err
	}
	defer func() { _ = opened.close() }()
	engine := s.engine(opened, nil, 0)
	handler, err := open.Handler(open.Options{Door: agent.NewDoor(engine), Bases: s.bases(), Log: opened.log}, http.NotFoundHandler())
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(s.agentProgram.ctx, "tcp", s.settings.Listen)
	if err == nil {
		standIn := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = standIn.Serve(listener)
		}()
		defer func() { _ = standIn.Close(); <-ended }()
	}
	return engine.Opens.CheckPaths(s.agentProgram.ctx)
}
