package mailer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Directory is a transport that writes each mail to a file, for development and for
// programs that read the mails from there.
type Directory struct {
	Path string // of the folder; it is made if it does not exist
}

// Send writes m to the file UNIXMILLISECONDS-KIND-ID.eml, so that the names sort by time. A reader
// never sees half a file. A second attempt to send m replaces the file of the first.
func (d Directory) Send(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	message, err := compose(m)
	if err != nil {
		return err
	}
	watch := Watching(ctx)
	watch.Begin()
	if err := os.MkdirAll(d.Path, 0o700); err != nil {
		return fmt.Errorf("make the mail folder: %w", err)
	}
	file, err := os.CreateTemp(d.Path, ".new-*") // 0600
	if err != nil {
		return fmt.Errorf("make a mail file: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }() // if all went well there is nothing to remove, because the file has its final name by then
	_, err = message.WriteTo(file)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write a mail file: %w", err)
	}
	if err := watch.End(); err != nil {
		return err
	}
	name := fmt.Sprintf("%013d-%s-%s.eml", m.At.UnixMilli(), m.Kind, m.ID)
	if err := os.Rename(file.Name(), filepath.Join(d.Path, filepath.Base(name))); err != nil {
		return fmt.Errorf("name a mail file: %w", err)
	}
	return nil
}
