package builtin

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	_ "image/gif"  // registers itself
	_ "image/jpeg" // registers itself
	_ "image/png"  // registers itself

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/secret"
)

const (
	pictureMax     = 4 << 20 // bytes
	pictureSideMax = 5000    // pixels
)

// picture is a row of pictures.
type picture struct {
	ContentType string
	Tag         string // changes with the picture
	Body        []byte
}

// SetPicture gives a local user a picture. What it is decides body alone, whatever
// its sender calls it. It returns [ErrPicture] or mediaserver.ErrNotFound.
func (s *Server) SetPicture(ctx context.Context, id, _ string, body []byte) error {
	contentType := pictureType(body)
	if contentType == "" {
		return ErrPicture
	}
	if body = stripped(contentType, body); body == nil {
		return ErrPicture
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

// RemovePicture takes a local user's picture away; that there is none is no error.
// It returns mediaserver.ErrNotFound.
func (s *Server) RemovePicture(ctx context.Context, id string) error {
	return s.changeUser(ctx, "remove a picture", id, anybody, func(tx *gorm.DB, row *userRow) error {
		if err := tx.Exec("DELETE FROM pictures WHERE local_user_id = ?", row.ID).Error; err != nil {
			return fmt.Errorf("delete the picture: %w", err)
		}
		return tx.Exec("UPDATE local_users SET picture_tag = '' WHERE id = ?", row.ID).Error
	})
}

func anybody(*gorm.DB, *userRow) error { return nil }

// pictureOf returns a local user's picture. It returns mediaserver.ErrNotFound.
func (s *Server) pictureOf(ctx context.Context, id string) (picture, error) {
	var found picture
	err := s.scan(ctx, "read a picture", &found, "SELECT content_type, tag, body FROM pictures WHERE local_user_id = ?", embywire.ID(id))
	if err == nil && found.Tag == "" {
		err = mediaserver.ErrNotFound
	}
	return found, err
}

// pictureType is the media type of a picture that we take, "" for everything else.
// Only its first bytes are read: nothing is unpacked.
func pictureType(body []byte) string {
	if len(body) > pictureMax {
		return ""
	}
	width, height, kind := 0, 0, ""
	if config, name, err := image.DecodeConfig(bytes.NewReader(body)); err == nil {
		width, height, kind = config.Width, config.Height, "image/"+name
	} else {
		width, height = webpSize(body)
		kind = "image/webp"
	}
	if width < 1 || height < 1 || width > pictureSideMax || height > pictureSideMax {
		return ""
	}
	return kind
}

// webpSize reads the size of a WebP file: lossy, lossless, or with more than one
// part. It is 0 for what is none.
func webpSize(body []byte) (width, height int) {
	if len(body) < 30 || string(body[:4]) != "RIFF" || string(body[8:12]) != "WEBP" {
		return 0, 0
	}
	if size := uint64(binary.LittleEndian.Uint32(body[4:])) + 8; size > uint64(len(body)) {
		return 0, 0
	}
	data := body[20:]
	switch string(body[12:16]) {
	case "VP8 ":
		if data[0]&1 != 0 || string(data[3:6]) != "\x9d\x01\x2a" {
			return 0, 0
		}
		return int(binary.LittleEndian.Uint16(data[6:]) & 0x3fff), int(binary.LittleEndian.Uint16(data[8:]) & 0x3fff)
	case "VP8L":
		if data[0] != 0x2f {
			return 0, 0
		}
		bits := binary.LittleEndian.Uint32(data[1:])
		return int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1
	case "VP8X":
		return int(data[4]) + int(data[5])<<8 + int(data[6])<<16 + 1, int(data[7]) + int(data[8])<<8 + int(data[9])<<16 + 1
	default:
		return 0, 0
	}
}
