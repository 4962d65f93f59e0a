package mailer

import "context"

// Watch is told how far the sending of one mail has come, see [WithWatch]. A nil function is
// not called.
type Watch struct {
	// Begin is called when there is a connection to the mail server, and this mail's turn has
	// come: what takes long from now on concerns this mail or its recipient. Before, it concerns
	// every mail. If the connection turns out to be dead, Begin is called again for another one.
	Begin func()
	// End is called before the mail server is told that the mail is complete, after which the
	// server may have it. If it returns an error, the mail is not sent, and Send returns the error.
	End func() error
}

type watchKey struct{}

// WithWatch returns a context with which [Mailer.Send] and every [Transport] tell w how far
// they have come.
func WithWatch(ctx context.Context, w Watch) context.Context {
	return context.WithValue(ctx, watchKey{}, w)
}

// Watching returns the watch of a context, for transports. Its functions are not nil.
func Watching(ctx context.Context) Watch {
	w, _ := ctx.Value(watchKey{}).(Watch)
	if w.Begin == nil {
		w.Begin = func() {}
	}
	if w.End == nil {
		w.End = func() error { return nil }
	}
	return w
}
