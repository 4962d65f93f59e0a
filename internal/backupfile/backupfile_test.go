package backupfile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/backupfile"
)

func writing(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// names returns the names of the files in a folder.
func names(t *testing.T, folder string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

// A file is there when it is whole, and belongs to its owner alone.
func TestCreate(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "backup.tar")
	broken := errors.New("the database went away")
	_, err := backupfile.Create(path, nil, false, func(w io.Writer) error {
		return errors.Join(writing("half")(w), broken)
	})
	if !errors.Is(err, broken) || len(names(t, folder)) != 0 {
		t.Errorf("a broken backup gave %v and left %v, want its error and no file", err, names(t, folder))
	}
	size, err := backupfile.Create(path, nil, false, writing("first"))
	if err != nil || size != 5 {
		t.Fatalf("size %d, error %v; want 5", size, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v; want a file with mode 0600", info, err)
	}
	if _, err := backupfile.Create(path, nil, false, writing("second")); !errors.Is(err, backupfile.ErrExists) {
		t.Errorf("a second backup gave %v, want %v", err, backupfile.ErrExists)
	}
	if _, err := backupfile.Create(path, nil, true, writing("third")); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "third" {
		t.Errorf("the file has %q, %v; want the third backup", text, err)
	}
	if _, err := backupfile.Create(folder, nil, true, writing("")); err == nil {
		t.Error("a backup over a folder was made, want it refused")
	}
}

// An encrypted file can be read with the identity alone, and not if its end is missing.
func TestEncrypted(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, keys := filepath.Join(folder, "backup.tar.age"), filepath.Join(folder, "keys")
	mine, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(keys, []byte("# mine\n"+mine.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	recipients, err := backupfile.Recipients([]string{mine.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("people ", 20_000)
	if _, err := backupfile.Create(path, recipients, false, writing(text)); err != nil {
		t.Fatal(err)
	}
	identities, err := backupfile.Identities([]string{keys})
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string, identities []age.Identity) (string, error) {
		file, err := backupfile.Open(path, identities)
		if err != nil {
			return "", err
		}
		got, err := io.ReadAll(file)
		return string(got), errors.Join(err, file.Close())
	}
	if got, err := read(path, identities); err != nil || got != text {
		t.Errorf("read %d bytes, %v; want the %d that were written", len(got), err, len(text))
	}
	if _, err := read(path, nil); !errors.Is(err, backupfile.ErrEncrypted) {
		t.Errorf("without an identity: %v, want %v", err, backupfile.ErrEncrypted)
	}
	if _, err := read(path, []age.Identity{other}); err == nil {
		t.Error("another identity could read it, want an error")
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:len(whole)-1000], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(path, identities); err == nil {
		t.Error("a file without its end could be read, want an error")
	}
	for _, wrong := range []string{"age1nonsense", mine.String(), ""} {
		if _, err := backupfile.Recipients([]string{wrong}); err == nil || strings.Contains(err.Error(), mine.String()) {
			t.Errorf("the recipient gave %v, want an error that does not repeat a secret", err)
		}
	}
}

// Old backups go, and other files stay.
func TestPrune(t *testing.T) {
	t.Parallel()
	f := backupfile.Folder{Path: t.TempDir(), Name: "latchkey-0123abcd", Keep: 2}
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))
	stay := []string{
		"latchkey-0123abcd-2026-03-04T04-06-07Z.tar.bak", "latchkey-ffffffff-2020-01-01T00-00-00Z.tar", "notes.txt", "latchkey-0123abcd-by-hand.tar",
	}
	old := []string{"latchkey-0123abcd-2026-03-01T04-06-07Z.tar", "latchkey-0123abcd-2026-03-02T04-06-07Z.tar.age", "latchkey-0123abcd-2026-03-03T04-06-07Z.tar.unfinished-42"}
	made := f.Next(at.Add(time.Second), false)
	kept := []string{filepath.Base(made), "latchkey-0123abcd-2031-03-04T04-06-07Z.tar"} // the second is from a wrong clock
	old = append(old, filepath.Base(f.Next(at, true)))
	for _, name := range slices.Concat(stay, old, kept) {
		if err := os.WriteFile(filepath.Join(f.Path, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := f.Prune(made)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(removed)
	slices.Sort(old)
	if diff := cmp.Diff(old, removed); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
	want := slices.Concat(stay, kept)
	slices.Sort(want)
	if diff := cmp.Diff(want, names(t, f.Path)); diff != "" {
		t.Errorf("left in the folder (-want +got):\n%s", diff)
	}
}
