package models_test

import (
	"math"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

func TestIDsAsText(t *testing.T) {
	t.Parallel()
	for _, id := range []int64{1, 42, math.MaxInt64} {
		if got := models.ParseID(models.FormatID(id)); got != id {
			t.Errorf("the id %d reads back as %d, want the same", id, got)
		}
	}
	for _, text := range []string{"", "0", "-1", "+1", "01", " 1", "1 ", "1.0", "0x1", "1e3", "one", "9223372036854775808", "１"} {
		if got := models.ParseID(text); got != 0 {
			t.Errorf("%q is the id %d, want 0", text, got)
		}
	}
}
