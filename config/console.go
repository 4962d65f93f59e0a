package config

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// OriginConsole is the origin of a value that an operator has set on a page of the console or in the first run. The service
// keeps such values in its database. Values of flags, the environment and the file are stronger.
const OriginConsole = "the console"

// errFolderOnPage refuses a folder for mails: a page must not choose where on the machine files are written.
var errFolderOnPage = errors.New("cannot be a folder here; write dir:PATH into the environment or the file")

// open reports whether an operator can set the setting on a page, when its value came from a place. A file that is empty, where the
// service needs a value, leaves the setting open: the packages bring such files.
func (s setting) open(origin string) bool {
	return s.console && (isDefault(origin) || s.mandatory && s.field.IsZero())
}

// isDefault reports whether nobody set the value with this origin.
func isDefault(origin string) bool { return origin == originDefault || origin == originDevelopment }

// WithConsole returns the settings of the service with values that operators have set on pages, by the names of the settings.
// A value counts only if the setting can be set so and no stronger source has it. The receiver, which is what the command
// line loaded, stays as it is; its set is a *Settings. Wrong values are problems of the result, see Loaded.Check.
func (l *Loaded) WithConsole(values map[string]string) (*Settings, *Loaded) {
	settings := new(Settings)
	reflect.ValueOf(settings).Elem().Set(reflect.ValueOf(l.set).Elem())
	with := &Loaded{
		Context: l.Context, Origins: maps.Clone(l.Origins), File: l.File, Warnings: l.Warnings,
		set: settings, unread: l.unread, broken: l.broken,
	}
	mistakes := newProblems()
	for _, s := range settingsOf(settings) {
		value, given := values[s.name]
		if !given || !s.open(l.Origins[s.name]) {
			continue
		}
		with.Origins[s.name] = OriginConsole
		s.field.SetZero()
		mistakes.add(s.name, s.read(s.field, value))
		if s.name == "mail-url" && strings.HasPrefix(value, "dir:") {
			mistakes.add(s.name, errFolderOnPage)
		}
	}
	with.checkAll()
	maps.Copy(with.problems.named, mistakes.named) // what cannot be read is the reason of what follows from it
	return settings, with
}

// Missing returns the names of the settings without which the service cannot run, that have no value, and that an operator can
// set on a page.
func (l *Loaded) Missing() []string {
	var names []string
	for _, s := range settingsOf(l.set) {
		if s.console && s.mandatory && errors.Is(l.problems.named[s.name], errMissing) {
			names = append(names, s.name)
		}
	}
	return names
}

// Problems returns what is wrong with settings that an operator can set on a page, by their names. No text contains a
// secret.
func (l *Loaded) Problems() map[string]string {
	texts := map[string]string{}
	for _, s := range settingsOf(l.set) {
		if err := l.problems.named[s.name]; s.console && err != nil {
			texts[s.name] = err.Error()
		}
	}
	return texts
}

// ConsoleNames returns the names of the settings that an operator can set on a page, sorted.
func ConsoleNames() []string {
	var names []string
	for _, s := range settingsOf(new(Settings)) {
		if s.console {
			names = append(names, s.name)
		}
	}
	slices.Sort(names)
	return names
}

// IsSecret reports whether the value of a setting is a secret or contains one.
func IsSecret(name string) bool {
	for _, s := range settingsOf(new(Settings)) {
		if s.name == name {
			return s.secret != ""
		}
	}
	return false
}
