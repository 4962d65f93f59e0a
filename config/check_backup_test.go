package config_test

import (
	"strings"
	"testing"
	"time"
)

func TestBackupSettings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ at, recipients, want string }{
		{"03:30", "age1abc,age1def", ""},
		{"3:75", "", "is not a time of the day such as 03:30"},
		{"", "ssh-ed25519", "is not a public key of age"},
		{"", "AGE-SECRET-KEY-1QQ", "has a secret key of age"},
	} {
		env := good().with("LATCHKEY_BACKUP_AT", test.at).with("LATCHKEY_BACKUP_RECIPIENTS", test.recipients)
		s, loaded := load(t, env)
		err := loaded.Check()
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%q: %v, want no problem", test.at, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "1QQ")):
			t.Errorf("%q, %q: %v, want %q and no secret", test.at, test.recipients, err, test.want)
		}
		if at, set := s.BackupTime(); test.want == "" && (!set || at != 3*time.Hour+30*time.Minute || len(s.BackupRecipients) != 2) {
			t.Errorf("got %v, %v and %d recipients; want half past three and two", at, set, len(s.BackupRecipients))
		}
	}
}
