package main

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// The line says what is counted, also for migrations, which count no rows.
func TestProgressLine(t *testing.T) {
	t.Parallel()
	for step, want := range map[string]string{migrating: "3 of 12 changes to the database made", models.BackupWriting: "3 of 12 rows written (25 %)"} {
		if line := progressLine(step, 3, 12, time.Minute); !strings.HasPrefix(line, want) {
			t.Errorf("the line is %q, want it to begin with %q", line, want)
		}
	}
}
