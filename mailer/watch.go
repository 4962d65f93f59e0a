package mailer

import "context"

// Watch holds functions that are called while one mail is being sent, see [WithWatch]. A function
// that is nil is not called.
type Watch struct {
	// Begin is called when this mail has a connection to the mail server. Delays before that moment
	// concern every mail; delays after it concern this mail or its recipient. If the connection
	// turns out to be dead, Begin is called again for another connection.
	Begin func()
	// End is called just before the mail server is told that the mail is complete. After that the
	// server may have the mail. If End returns an error, the mail is not sent, and Send returns
	// that error.
	End func() error
}

type watchKey struct{}

// WithWatch returns a context. [Mailer.Send] and every [Transport] that gets this context calls the
// functions of w.
func WithWatch(ctx context.Context, w Watch) context.Context {
	return context.WithValue(ctx, watchKey{}, w)
}

// Watching returns the functions of the Watch in a context, for transports. None of them is nil.
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
