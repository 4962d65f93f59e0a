package client_test

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

const onePassword, otherPassword = servicetest.Password, servicetest.OtherPassword

// newSite starts the service. When one of its clients waits, the clock of the service moves on by
// that time.
func newSite(t *testing.T) *servicetest.Service {
	t.Helper()
	s := servicetest.New(t, servicetest.Options{})
	s.ClientOptions = []client.Option{client.WithSleep(func(ctx context.Context, d time.Duration) error {
		s.Clock.Advance(d)
		return ctx.Err()
	})}
	return s
}

var noError, isError = servicetest.NoError, servicetest.IsError

func must[T any](value T, err error) func(testing.TB) T { return servicetest.Must(value, err) }
