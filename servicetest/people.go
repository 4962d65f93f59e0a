package servicetest

import (
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/models"
)

// Password and OtherPassword pass every rule for passwords. Everybody who joins has
// Password.
const (
	Password      = "quiet-lantern-overpass-47"
	OtherPassword = "brisk-teapot-meridian-81"
)

// Email returns the address of the person who joined under that name.
func Email(name string) string { return name + "@example.org" }

// NewClient returns a client without a token. The options of [Service.ClientOptions] come before the
// given ones.
func (s *Service) NewClient(t testing.TB, options ...client.Option) *client.Client {
	t.Helper()
	var all []client.Option
	if s.options.TLS {
		all = append(all, client.WithHTTPClient(s.Client())) // this one trusts the certificate of the service
	}
	all = append(all, s.ClientOptions...)
	return Must(client.New(s.URL, append(all, options...)...))(t)
}

// SignUp makes an account that is not confirmed yet.
func (s *Service) SignUp(t testing.TB, name string) {
	t.Helper()
	Must(s.NewClient(t).Accounts.SignUp(t.Context(), client.SignUp{Username: name, Email: Email(name), Password: Password}))(t)
}

// Join makes a confirmed account and signs in. It returns a client with the token
// of that session.
func (s *Service) Join(t testing.TB, name string) *client.Client {
	t.Helper()
	s.SignUp(t, name)
	NoError(t, s.NewClient(t).Accounts.Confirm(t.Context(), s.Mailbox.Letter(t, models.MailConfirm, Email(name)).Secret))
	return s.SignIn(t, name)
}

// SignIn begins one more session of a person who has joined.
func (s *Service) SignIn(t testing.TB, name string) *client.Client {
	t.Helper()
	c := s.NewClient(t)
	return c.As(Must(c.Sessions.SignIn(t.Context(), client.SignIn{NameOrEmail: name, Password: Password, DeviceName: "Den"}))(t).Token)
}
