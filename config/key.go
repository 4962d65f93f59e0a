package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// KeptKey returns the secret key in the file secret-key of the data folder. The service uses it in
// development, and an agent uses it if its settings have no key. If the file does not exist,
// KeptKey makes a key from random and writes the file. Programs that start at the same time get the
// same key.
//
// KeptKey returns an error if the folder cannot be written, if the file cannot be read or has no
// key, or if random cannot give enough bytes.
func KeptKey(dataDir string, random io.Reader) (string, error) {
	path := filepath.Join(dataDir, "secret-key")
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := makeKey(path, random); err != nil {
		return "", fmt.Errorf("make the secret key in the data folder: %w", err)
	}
	return readKey(path)
}

func readKey(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the secret key in the data folder: %w", err)
	}
	key := strings.TrimSpace(string(data))
	if err := checkKey(key); err != nil || key == "" {
		return "", fmt.Errorf("%s does not contain a secret key of %d characters or more; put the key back, or, if you do not need the data, remove the data folder", path, shortestKey)
	}
	return key, nil
}

// makeKey writes a new key into a temporary file beside path and then links that file to path. So
// no program ever reads half a key, and of several programs the first one wins.
func makeKey(path string, random io.Reader) (err error) {
	bytes := make([]byte, 32)
	if _, err := io.ReadFull(random, bytes); err != nil {
		return fmt.Errorf("random: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".secret-key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	_, err = io.WriteString(file, base64.RawURLEncoding.EncodeToString(bytes)+"\n")
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// HasKeptKey reports whether the data folder has a file with a secret key.
func HasKeptKey(dataDir string) bool {
	_, err := os.Stat(filepath.Join(dataDir, "secret-key"))
	return err == nil
}
