// Package backupfile writes and reads the files of backups: a file is never half there, belongs to its
// owner alone, and is encrypted to age recipients if there are any. It also keeps a folder in which a
// number of backups stay.
package backupfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"filippo.io/age"
)

// ErrExists means that a file would be overwritten.
var ErrExists = errors.New("the file exists already")

// ErrEncrypted means that a file is encrypted and that no identity was named.
var ErrEncrypted = errors.New("the backup is encrypted: name the file with the identity by --identity")

// unfinished is in the name of a file that is being written.
const unfinished = ".unfinished-"

// Recipients reads public keys of age, such as age1….
func Recipients(texts []string) ([]age.Recipient, error) {
	var all []age.Recipient
	for _, text := range texts {
		if bytes.HasPrefix([]byte(text), []byte("AGE-SECRET-KEY-")) {
			return nil, errors.New("this is a secret key of age; name the public key, which begins with age1 (age-keygen -y prints it)")
		}
		found, err := age.ParseRecipients(bytes.NewReader([]byte(text)))
		if err != nil {
			return nil, fmt.Errorf("%q is not a public key of age, which begins with age1: %w", text, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// Identities reads files with secret keys of age, as age-keygen writes them.
func Identities(paths []string) ([]age.Identity, error) {
	var all []age.Identity
	for _, path := range paths {
		text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, fmt.Errorf("read the identity: %w", err)
		}
		found, err := age.ParseIdentities(bytes.NewReader(text))
		if err != nil { // the cause may quote the key
			return nil, fmt.Errorf("%s has no secret key of age, which begins with AGE-SECRET-KEY-1", path)
		}
		all = append(all, found...)
	}
	return all, nil
}

// Encrypt calls fill with a writer that encrypts to the recipients, or with w itself without
// recipients.
func Encrypt(w io.Writer, recipients []age.Recipient, fill func(io.Writer) error) error {
	if len(recipients) == 0 {
		return fill(w)
	}
	encrypted, err := age.Encrypt(w, recipients...)
	if err != nil {
		return fmt.Errorf("encrypt the backup: %w", err)
	}
	if err := fill(encrypted); err != nil {
		return err // without Close, so that what was written cannot be taken for a whole file
	}
	return encrypted.Close()
}

// Create writes a file with what fill writes, encrypted to the recipients, and returns its size. The
// file appears under its name when it is whole and on disk. Create returns [ErrExists] for a file that
// exists, unless replace is true.
func Create(path string, recipients []age.Recipient, replace bool, fill func(io.Writer) error) (size int64, err error) {
	if err := mayCreate(path, replace); err != nil {
		return 0, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+unfinished+"*") // has mode 0600
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	err = Encrypt(file, recipients, fill)
	if err == nil {
		size, err = file.Seek(0, io.SeekEnd)
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return 0, err
	}
	if err := mayCreate(path, replace); err != nil {
		return 0, err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return 0, err
	}
	return size, syncFolder(filepath.Dir(path))
}

func mayCreate(path string, replace bool) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file: name a file that does not exist yet", path)
	case !replace:
		return fmt.Errorf("%w: %s", ErrExists, path)
	}
	return nil
}

// syncFolder waits until the names in a folder are on disk. Windows cannot do that.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path) //nolint:gosec // the operator names the folder
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// opened reads the content of a file that was opened, and closes the file.
type opened struct {
	io.Reader
	io.Closer
}

// Open opens a file of a backup, and decrypts it if it is encrypted. It returns [ErrEncrypted] without an
// identity, and an error of age if no identity fits.
func Open(path string, identities []age.Identity) (io.ReadCloser, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	start := make([]byte, len("age-encryption.org/"))
	n, err := io.ReadFull(file, start)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, file.Close())
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if string(start[:n]) != "age-encryption.org/" {
		return file, nil
	}
	if len(identities) == 0 {
		return nil, errors.Join(ErrEncrypted, file.Close())
	}
	plain, err := age.Decrypt(file, identities...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("decrypt the backup: %w", err), file.Close())
	}
	return opened{plain, file}, nil
}
