package config

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"
)

// mask stands for what nobody may see.
const mask = "••••"

// Print writes the settings that are in force, one a line, with where each
// came from. Secrets are masked. A value that cannot be used is marked; what
// is wrong with it, Check says.
func (l *Loaded) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range settingsOf(l.set) {
		value := s.shown()
		if err := l.problems.named[s.name]; errors.Is(err, errMissing) {
			value = "(missing)"
		} else if err != nil {
			value = "(not usable)"
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\n", s.name, value, l.Origins[s.name]); err != nil {
			return fmt.Errorf("print settings: %w", err)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print settings: %w", err)
	}
	return nil
}

// shown is the value as people may see it.
func (s setting) shown() string {
	text := s.text()
	switch {
	case text == "" && s.name == "secret-key":
		return "(made on first use, kept in the data folder)"
	case text == "":
		return "(none)"
	case s.secret == secretWhole:
		return mask
	case s.secret == secretPassword:
		return maskPassword(text)
	default:
		return text
	}
}

// maskPassword hides the password of scheme://user:password@host/path. It is
// for values that passed check: of others a part could be taken for a host.
func maskPassword(text string) string {
	if !strings.Contains(text, "://") {
		return text // sqlite:PATH, dir:PATH
	}
	u, err := url.Parse(text)
	if err != nil {
		return mask
	}
	user := ""
	if u.User != nil {
		user = url.User(u.User.Username()).String() + "@"
		if _, ok := u.User.Password(); ok {
			user = strings.TrimSuffix(user, "@") + ":" + mask + "@"
		}
	}
	return u.Scheme + "://" + user + u.Host + u.EscapedPath()
}
