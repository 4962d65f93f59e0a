package builtin

import (
	"context"
	"encoding/hex"
	"fmt"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// pictureSide is the number of pixels of a stored picture on its longer side. A sign-in page needs no
// more.
const pictureSide = 1000

// pictureRow is a row of the table pictures.
type pictureRow struct {
	ContentType string
	Tag         string // changes with the picture
	Body        []byte
}

// SetPicture gives a local user a picture, newly drawn from a file (see [picture.Drawer.Draw]). It
// returns [ErrPicture] or mediaserver.ErrNotFound.
func (s *Server) SetPicture(ctx context.Context, id string, file []byte) error {
	contentType, body, err := s.drawer.Draw(file)
	if err != nil {
		return err
	}
	sum := secret.Sum(string(body))
	tag := hex.EncodeToString(sum[:16])
	return s.changeUser(ctx, "set a picture", id, anybody, func(tx *gorm.DB, row *userRow) error {
		const set = `INSERT INTO pictures (local_user_id, content_type, tag, body) VALUES (?, ?, ?, ?)
ON CONFLICT (local_user_id) DO UPDATE SET content_type = excluded.content_type, tag = excluded.tag, body = excluded.body`
		if err := tx.Exec(set, row.ID, contentType, tag, body).Error; err != nil {
			return fmt.Errorf("write the picture: %w", err)
		}
		return tx.Exec("UPDATE local_users SET picture_tag = ? WHERE id = ?", tag, row.ID).Error
	})
}

// RemovePicture deletes the picture of a local user, if there is one. It returns
// mediaserver.ErrNotFound.
func (s *Server) RemovePicture(ctx context.Context, id string) error {
	return s.changeUser(ctx, "remove a picture", id, anybody, func(tx *gorm.DB, row *userRow) error {
		if err := tx.Exec("DELETE FROM pictures WHERE local_user_id = ?", row.ID).Error; err != nil {
			return fmt.Errorf("delete the picture: %w", err)
		}
		return tx.Exec("UPDATE local_users SET picture_tag = '' WHERE id = ?", row.ID).Error
	})
}

// anybody returns nil for every local user. It is a check for [Server.changeUser].
func anybody(*gorm.DB, *userRow) error { return nil }

// pictureOf returns the picture of a local user. It returns mediaserver.ErrNotFound.
func (s *Server) pictureOf(ctx context.Context, id string) (pictureRow, error) {
	var found pictureRow
	err := s.scan(ctx, "read a picture", &found, "SELECT content_type, tag, body FROM pictures WHERE local_user_id = ?", embywire.ID(id))
	if err == nil && found.Tag == "" {
		err = mediaserver.ErrNotFound
	}
	return found, err
}
