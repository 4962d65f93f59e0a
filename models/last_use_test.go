package models_test

import (
	"cmp"
	"errors"
	"fmt"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// Notes are written in steps. If a step fails, the notes that it did not write, and the notes
// that were added meanwhile, stay for the next time.
func TestNotesAreWrittenInSteps(t *testing.T) {
	t.Parallel()
	const total = 2*models.NoteStep + 50
	n := models.NewNotes[int, string]()
	for i := range total {
		n.Note(i, "first")
	}
	broken := errors.New("broken")
	var steps []int
	err := n.Flush(cmp.Compare, func(keys []int, _ map[int]string) error {
		steps = append(steps, len(keys))
		n.Note(keys[0], "again")
		if len(steps) == 2 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) || fmt.Sprint(steps) != fmt.Sprint([]int{models.NoteStep, models.NoteStep}) {
		t.Fatalf("the first flush gave %v after steps of %v, want %v after two full steps", err, steps, broken)
	}
	wrote := map[int]string{}
	for range 2 {
		if err := n.Flush(cmp.Compare, func(keys []int, noted map[int]string) error {
			for _, key := range keys {
				wrote[key] = noted[key]
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(wrote) != 1+total-models.NoteStep || wrote[0] != "again" || wrote[1] != "" || wrote[total-1] != "first" {
			t.Errorf("%d notes were written later, want those of the step that failed, and the one that was noted again", len(wrote))
		}
	}
	if _, found := n.Get(0); found {
		t.Error("a note that was written is still there")
	}
}
