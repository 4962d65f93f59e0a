package config_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/config"
)

func TestKeptKey(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "new", "data")
	keys := make([]string, 16)
	var starters sync.WaitGroup
	for i := range keys {
		starters.Go(func() {
			var err error
			if keys[i], err = config.KeptKey(folder, rand.Reader); err != nil {
				t.Error(err)
			}
		})
	}
	starters.Wait()
	for _, key := range keys {
		if len(key) < 32 || key != keys[0] {
			t.Errorf("keys differ or are short: %q, want at least 32 key, key %v", keys, keys[0])
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d files, %v; want one", len(entries), err)
	}
	if info, err := entries[0].Info(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want perm 0600", info.Mode(), err)
	}
}

func TestKeptKeyRefusesShortKeys(t *testing.T) {
	t.Parallel()
	path := write(t, "secret-key", "short\n")
	if key, err := config.KeptKey(filepath.Dir(path), rand.Reader); err == nil {
		t.Errorf("got %q, want an error", key)
	}
	if key, err := config.KeptKey(t.TempDir(), strings.NewReader("few")); err == nil {
		t.Errorf("got %q from too little randomness, want an error", key)
	}
}
