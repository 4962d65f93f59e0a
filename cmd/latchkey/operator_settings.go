package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/models"
)

type operatorSettings struct{ asJSON }

// operatorSettingLine is a setting for a program.
type operatorSettingLine struct {
	Name       string `json:"name"`
	Value      string `json:"value"`
	Origin     string `json:"origin"`
	Changeable bool   `json:"changeable"`
}

// Run lists the settings.
func (c operatorSettings) Run(p *program) error {
	return p.withStore(func(*models.Store) error {
		list := &listing[operatorSettingLine]{heads: "NAME\tVALUE\tFROM\tCHANGEABLE", line: func(s operatorSettingLine) string {
			changeable := "-"
			if s.Changeable {
				changeable = "yes"
			}
			return fmt.Sprintf("%s\t%s\t%s\t%s", s.Name, s.Value, s.Origin, changeable)
		}}
		for _, s := range p.loaded.InForce() {
			list.rows = append(list.rows, operatorSettingLine{s.Name, s.Value, s.Origin, s.Console})
		}
		return list.print(p, c.asJSON)
	})
}

// theSetting is the argument of commands that concern one setting.
type theSetting struct {
	Name string `arg:"" help:"Name of the setting, as 'latchkey operator settings' prints it."`
}

type operatorSet struct {
	theSetting
	Value string `arg:"" optional:"" help:"The value. Without it the value is read from the standard input, so that nobody else sees a secret."`
}

// Run sets a setting.
func (c operatorSet) Run(p *program) error {
	if c.Value == "" {
		line, err := bufio.NewReader(p.input).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the value: %w", err)
		}
		c.Value = strings.TrimSpace(line)
	}
	return p.changeSetting(models.SettingChange{Name: c.Name, Value: c.Value}, "is set. A service that runs notices it within a minute")
}

type operatorUnset struct{ theSetting }

// Run takes a setting away.
func (c operatorUnset) Run(p *program) error {
	return p.changeSetting(models.SettingChange{Name: c.Name, Remove: true}, "has its default again. A service that runs notices it within a minute")
}

// changeSetting changes a setting of the console. It works while another setting of the console cannot be used.
func (p *program) changeSetting(change models.SettingChange, outcome string) error {
	if !slices.Contains(config.ConsoleNames(), change.Name) {
		return fmt.Errorf("%s is no setting that can be set here; these can: %s", change.Name, strings.Join(config.ConsoleNames(), ", "))
	}
	change.Secret, change.Announce = config.IsSecret(change.Name), strings.HasPrefix(change.Name, "mail-")
	return p.withPrepared(nil, func(store *models.Store) error {
		values, err := store.OperatorSettings.All(p.ctx)
		if err != nil {
			return err
		}
		values[change.Name] = change.Value
		if change.Remove {
			delete(values, change.Name)
		}
		_, with := p.loaded.WithConsole(values)
		if origin := with.Origins[change.Name]; !change.Remove && origin != config.OriginConsole {
			return fmt.Errorf("%s comes from %s; change it there", change.Name, origin)
		}
		if problem := with.Problems()[change.Name]; !change.Remove && problem != "" {
			return fmt.Errorf("%s: %s", change.Name, problem)
		}
		if err := store.OperatorSettings.Change(p.ctx, models.CommandLine, []models.SettingChange{change}, models.Caller{}); err != nil {
			return explain(err)
		}
		_, err = fmt.Fprintln(p.output, change.Name, outcome+".")
		return err
	})
}
