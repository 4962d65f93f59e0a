package mailer

import "context"

// Reach connects to the mail server, signs in and says goodbye, without sending a mail. It returns the error that Send would
// return at these steps, and nil for a transport that has no server.
func (m *Mailer) Reach(ctx context.Context) error {
	server, ok := m.Transport.(*SMTP)
	if !ok {
		return nil
	}
	c := &conversation{server: server, times: server.Times.orDefaults()} // a connection of its own, which no mail waits for
	defer c.end()
	return c.begin(ctx)
}

// Domain returns the domain of the sender's address, or "" if the sender cannot be read.
func (m *Mailer) Domain() string {
	from, err := m.sender()
	if err != nil {
		return ""
	}
	return domainOf(from.Address)
}
