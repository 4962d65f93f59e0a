package kinds_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/handlers/kinds"
	"github.com/latchkey-media/latchkey/models"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	for kind, want := range map[models.Kind][2]int{
		models.KindInternal:        {500, 500},
		models.KindInvalid:         {422, 400},
		models.KindNotFound:        {404, 404},
		models.KindConflict:        {409, 409},
		models.KindUnauthenticated: {401, 401},
		models.KindForbidden:       {403, 403},
		models.KindExpired:         {410, 404},
		models.KindThrottled:       {429, 429},
		models.KindUnavailable:     {503, 503},
	} {
		if got := [2]int{kinds.Status(kind), kinds.WireStatus(kind)}; got != want {
			t.Errorf("kind %v: status and status on the wire %v, want %v", kind, got, want)
		}
	}
}
