package jellyfin_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// A local user's sign-in on a device is listed and ended, also when others share the device:
// then the sign-ins of the others stay. A device that does not exist counts as ended.
func TestEndDevice(t *testing.T) {
	t.Parallel()
	for name, shared := range map[string]bool{"alone": false, "shared": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
				anna, bert := fake.AddUser("Anna", "a", false), fake.AddUser("Bert", "b", false)
				code, _ := fake.ShowCode("Living room", "tv")
				if err := s.ApproveCode(t.Context(), code, anna); err != nil {
					t.Fatal(err)
				}
				if shared {
					code, _ = fake.ShowCode("Living room", "tv")
					if err := s.ApproveCode(t.Context(), code, bert); err != nil {
						t.Fatal(err)
					}
				}
				list, err := s.SignedIn(t.Context())
				if err != nil || len(list) != 1+map[bool]int{true: 1}[shared] {
					t.Fatalf("got the devices %+v with error %v, want one for each local user", list, err)
				}
				last := list[len(list)-1]
				if last.LocalUserID != anna || last.DeviceID != "tv" || last.Name != "Living room" || last.Client != "Test" || last.SeenAt.IsZero() {
					t.Errorf("got the device %+v, want it in the words of its app", last)
				}
				for range 2 { // what has ended may be ended again
					if err := s.EndDevice(t.Context(), anna, "tv"); err != nil {
						t.Fatal(err)
					}
				}
				if left := fake.Tokens(anna); len(left) != 0 {
					t.Errorf("tokens %+v, want none", left)
				}
				if left := fake.Tokens(bert); len(left) != map[bool]int{true: 1}[shared] {
					t.Errorf("tokens of the other local user %+v, want them as before", left)
				}
			})
		})
	}
}
