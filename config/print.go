package config

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"
)

// mask is printed instead of a secret.
const mask = "••••"

// InForce is a setting that the program uses.
type InForce struct {
	Name    string
	Value   string // a secret is masked
	Origin  string // the place from which the value came
	Console bool   // an operator can set it on a page, and no stronger source has a value
	Own     bool   // an operator has set it on a page
	Secret  bool   // the value is a secret, or contains one
	Text    string // the value as it is written in a form; "" for a secret
	Choices []string
}

// InForce returns the settings that the program uses, each with the place from which its value came. Secrets are masked. A
// value that cannot be used is marked; Check says what is wrong with it.
func (l *Loaded) InForce() []InForce {
	all := settingsOf(l.set)
	list := make([]InForce, len(all))
	for i, s := range all {
		value := s.shown()
		if err := l.problems.named[s.name]; errors.Is(err, errMissing) {
			value = "(missing)"
		} else if err != nil {
			value = "(not usable)"
		}
		list[i] = InForce{
			Name: s.name, Value: value, Origin: l.Origins[s.name], Own: l.Origins[s.name] == OriginConsole, Secret: s.secret != "", Choices: s.choices,
		}
		list[i].Console = list[i].Own || s.open(l.Origins[s.name])
		if s.secret == "" {
			list[i].Text = s.text()
		}
	}
	return list
}

// Print writes the settings of [Loaded.InForce], one a line.
func (l *Loaded) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range l.InForce() {
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\n", s.Name, s.Value, s.Origin); err != nil {
			return fmt.Errorf("print settings: %w", err)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print settings: %w", err)
	}
	return nil
}

// shown returns the value with its secret masked.
func (s setting) shown() string {
	text := s.text()
	switch {
	case text == "" && s.name == "secret-key":
		return "(made on first use, kept in the data folder)"
	case text == "":
		return "(none)"
	case text == "true" && s.name == "legacy-md5-login":
		return "true (works for people who have signed in with the password itself since it was turned on)"
	case s.secret == secretWhole:
		return mask
	case s.secret == secretPassword:
		return maskPassword(text)
	default:
		return text
	}
}

// maskPassword hides the password of scheme://user:password@host/path. Call it only for values that
// passed check: in other values it could take a part of the password for the host.
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
		password, ok := u.User.Password()
		if ok && password == u.User.Username() {
			user = mask + "@" // some mail services take one token as both
		}
		if ok {
			user = strings.TrimSuffix(user, "@") + ":" + mask + "@"
		}
	}
	parameters := ""
	if u.RawQuery != "" {
		parameters = "?" + u.RawQuery // none of them is a secret
	}
	return u.Scheme + "://" + user + u.Host + u.EscapedPath() + parameters
}
