package mediaserver_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// Equal limits become equal values, and the result shares no list and no pointer with its source.
func TestLimitsSorted(t *testing.T) {
	t.Parallel()
	limits := func() mediaserver.Limits {
		return mediaserver.Limits{
			Restriction: mediaserver.Restriction{Libraries: []string{"b", "a", "b"}}, Channels: []string{"d", "c"},
			MaxRating: &mediaserver.MaxRating{Value: 10, Sub: new(1)}, Unrated: []string{"Series", "Movie"},
			BlockedTags: []string{"y", "x", "y"}, AllowedTags: []string{}, HiddenFolders: []string{"f", "e"}, DeleteFrom: []string{"h", "g"},
			Hours: []mediaserver.Hours{{Day: "Sunday", Start: 2, End: 3}, {Day: "Monday", Start: 1, End: 3}, {Day: "Monday", Start: 1, End: 2}, {Day: "Sunday", Start: 2, End: 3}},
		}
	}
	source := limits()
	got := source.Sorted()
	want := mediaserver.Limits{
		Restriction: mediaserver.Restriction{Libraries: []string{"a", "b"}}, Channels: []string{"c", "d"},
		MaxRating: &mediaserver.MaxRating{Value: 10, Sub: new(1)}, Unrated: []string{"Movie", "Series"},
		BlockedTags: []string{"x", "y"}, HiddenFolders: []string{"e", "f"}, DeleteFrom: []string{"g", "h"},
		Hours: []mediaserver.Hours{{Day: "Monday", Start: 1, End: 2}, {Day: "Monday", Start: 1, End: 3}, {Day: "Sunday", Start: 2, End: 3}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sorted limits (-want +got):\n%s", diff)
	}
	got.Libraries[0], got.BlockedTags[0], got.Hours[0].Day, got.MaxRating.Value, *got.MaxRating.Sub = "z", "z", "z", 99, 99
	if diff := cmp.Diff(limits(), source); diff != "" {
		t.Errorf("the source changed (-want +got):\n%s", diff)
	}
	open := mediaserver.Limits{Restriction: mediaserver.Restriction{AllLibraries: true, Libraries: []string{"a"}}, AllChannels: true, Channels: []string{"c"}}
	if got := open.Sorted(); got.Libraries != nil || got.Channels != nil {
		t.Errorf("ignored lists %v and %v, want none", got.Libraries, got.Channels)
	}
}
