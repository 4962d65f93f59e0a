package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// withBuiltin runs work with the builtin media server, which may be running at the same time.
func (p *agentProgram) withBuiltin(work func(s *builtin.Server) error) error {
	if p.settings.MediaServer != config.MediaServerBuiltin {
		return errors.New("manage the local users of a Jellyfin server in its own dashboard; this command is for media-server=builtin")
	}
	if err := p.atMachine("service"); err != nil {
		return err
	}
	opened, err := p.openMediaServer(p.quietLogger(), func() string { return "" })
	if err != nil {
		return err
	}
	defer func() { _ = opened.close() }()
	return work(opened.builtin)
}

// onUser runs work on one local user of the builtin media server, and prints the
// outcome.
func (p *agentProgram) onUser(name, outcome string, work func(s *builtin.Server, user mediaserver.LocalUser) error) error {
	return p.withBuiltin(func(s *builtin.Server) error {
		user, err := findUser(p, s, name)
		if err != nil {
			return err
		}
		if err := work(s, user); err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.output, printable.Text(user.Name), outcome+".")
		return err
	})
}

// localUser is the argument of commands for one local user.
type localUser struct {
	Name string `arg:"" help:"Name or id of the local user."`
}

type agentUsersAdd struct {
	Name          string `arg:"" help:"Name of the local user."`
	Administrator bool   `name:"admin" help:"Make them an administrator of the media server."`
	Hidden        bool   `name:"hidden" help:"Leave them out of the list on sign-in pages."`
}

// Run creates a local user.
func (c agentUsersAdd) Run(p *agentProgram) error {
	return p.withBuiltin(func(s *builtin.Server) error {
		password, err := p.newPassword(c.Name)
		if err != nil {
			return err
		}
		user, err := s.AddUser(p.ctx, c.Name, password, c.Administrator)
		if err == nil && c.Hidden {
			err = s.HideUser(p.ctx, user.ID, true)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.output, "Created the local user %s.\n", printable.Text(user.Name))
		return err
	})
}

type agentUsersHide struct{ localUser }

// Run hides a local user.
func (c agentUsersHide) Run(p *agentProgram) error {
	return p.onUser(c.Name, "is no longer listed on sign-in pages", func(s *builtin.Server, u mediaserver.LocalUser) error { return s.HideUser(p.ctx, u.ID, true) })
}

type agentUsersShow struct{ localUser }

// Run shows a local user on sign-in pages again.
func (c agentUsersShow) Run(p *agentProgram) error {
	return p.onUser(c.Name, "is listed on sign-in pages", func(s *builtin.Server, u mediaserver.LocalUser) error { return s.HideUser(p.ctx, u.ID, false) })
}

type agentUsersDisable struct{ localUser }

// Run disables a local user.
func (c agentUsersDisable) Run(p *agentProgram) error {
	return p.onUser(c.Name, "is disabled, and signed out everywhere", func(s *builtin.Server, u mediaserver.LocalUser) error {
		return s.DisableUser(p.ctx, u.ID, true)
	})
}

type agentUsersEnable struct{ localUser }

// Run enables a local user.
func (c agentUsersEnable) Run(p *agentProgram) error {
	return p.onUser(c.Name, "is enabled again", func(s *builtin.Server, u mediaserver.LocalUser) error { return s.DisableUser(p.ctx, u.ID, false) })
}

type agentUsersPassword struct{ localUser }

// Run sets a password. It asks for the password, which is never part of the command line.
func (c agentUsersPassword) Run(p *agentProgram) error {
	return p.onUser(c.Name, "has a new password, and is signed out everywhere", func(s *builtin.Server, u mediaserver.LocalUser) error {
		password, err := p.newPassword(u.Name)
		if err != nil {
			return err
		}
		return s.SetPassword(p.ctx, u.ID, password)
	})
}

// newPassword asks for a password. At a terminal, which does not show the letters, it asks twice.
func (p *agentProgram) newPassword(name string) (string, error) {
	asking := newAsker(p.ctx, p.input, p.output)
	for {
		password, err := asking.hidden(fmt.Sprintf("Password of %s (Enter for none): ", name))
		if err != nil || asking.terminal == nil {
			return password, err
		}
		again, err := asking.hidden("The same password again: ")
		if err != nil || again == password {
			return password, err
		}
		if err := asking.say("The two passwords differ. Try again."); err != nil {
			return "", err
		}
	}
}

type agentUsersPicture struct {
	localUser

	File string `arg:"" help:"PNG, JPEG, GIF or WebP file; - reads the standard input."`
}

// Run gives a local user a picture.
func (c agentUsersPicture) Run(p *agentProgram) error {
	data, err := c.read(p.input)
	if err != nil {
		return err
	}
	return p.onUser(c.Name, "has a new picture", func(s *builtin.Server, u mediaserver.LocalUser) error {
		return s.SetPicture(p.ctx, u.ID, data)
	})
}

// read reads the file of a picture, or the standard input.
func (c agentUsersPicture) read(input io.Reader) ([]byte, error) {
	source := input
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return nil, fmt.Errorf("picture: %w", err)
		}
		defer func() { _ = file.Close() }()
		source = file
	}
	data, err := io.ReadAll(io.LimitReader(source, largestPicture+1))
	if err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	if len(data) > largestPicture {
		return nil, builtin.ErrPicture
	}
	return data, nil
}
