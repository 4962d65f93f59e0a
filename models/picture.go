package models

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/picture"
)

// Pictures are the operations on the pictures of accounts and servers. A picture's address has a token
// of 128 bits: somebody who was told the address may see the picture, and nobody else can find out
// whether there is one. A new picture has a new token.
type Pictures struct {
	*core

	drawer  picture.Drawer
	drawing atomic.Int32 // files that are being drawn, or wait to be drawn
}

// picturesAtOnce is the greatest number of files that are being drawn, or wait to be drawn. A file may
// have 5 MiB, and may take a second.
const picturesAtOnce = 8

// pictureSide is the number of pixels of a stored picture on its longer side.
const pictureSide = 512

// pictureRow is a row of pictures.
type pictureRow struct {
	Token       string
	AccountID   int64 // 0 for the picture of a server
	ServerID    int64 // 0 for the picture of an account
	ContentType string
	Body        []byte
	CreatedAt   time.Time
}

// TableName returns the name of the table, pictures.
func (pictureRow) TableName() string { return "pictures" }

// Picture is a picture as browsers show it.
type Picture struct {
	ContentType string // "image/jpeg" or "image/png"
	Body        []byte
}

// Read returns the picture with a token. It returns [ErrNotFound].
func (p *Pictures) Read(ctx context.Context, token string) (Picture, error) {
	row, err := database.G[pictureRow](p.read(ctx)).Where("token = ?", token).Take(ctx)
	return Picture{ContentType: row.ContentType, Body: row.Body}, explained("read a picture", err)
}

// Set gives an account a picture, newly drawn from a file of at most [picture.BytesMax] bytes: a JPEG,
// PNG, GIF or WebP. The calls of each account are counted. Set returns an error about the field picture,
// [ErrThrottled], [ErrBusy] or [ErrNotFound].
func (p *Pictures) Set(ctx context.Context, accountID int64, file []byte, caller Caller) error {
	row, err := p.draw(ctx, accountID, file)
	if err != nil {
		return err
	}
	row.AccountID = accountID
	return p.changeOwn(ctx, "set a picture", &row, caller)
}

// Remove deletes the picture of an account, if there is one. It returns [ErrNotFound] for an account
// that is gone.
func (p *Pictures) Remove(ctx context.Context, accountID int64, caller Caller) error {
	return p.changeOwn(ctx, "remove a picture", &pictureRow{AccountID: accountID}, caller)
}

// SetOfServer does for a server of an owner what [Pictures.Set] does for an account. It returns the same
// errors.
func (p *Pictures) SetOfServer(ctx context.Context, ownerID, serverID int64, file []byte) error {
	if _, err := p.ownedServer(ctx, p.read(ctx), ownerID, serverID); err != nil {
		return err
	}
	row, err := p.draw(ctx, ownerID, file)
	if err != nil {
		return err
	}
	row.ServerID = serverID
	return p.changeServer(ctx, "set the picture of a server", ownerID, &row)
}

// RemoveOfServer deletes the picture of a server of an owner, if there is one. It returns [ErrNotFound].
func (p *Pictures) RemoveOfServer(ctx context.Context, ownerID, serverID int64) error {
	return p.changeServer(ctx, "remove the picture of a server", ownerID, &pictureRow{ServerID: serverID})
}

// draw returns the row of a new picture. To decode a file takes much work, so it is done outside of
// transactions, and the files that each account sends are counted.
func (p *Pictures) draw(ctx context.Context, accountID int64, file []byte) (pictureRow, error) {
	if picture.Format(file) == "" {
		return pictureRow{}, errPicture
	}
	if err := p.throttle.allow(ctx, p.throttle.key("picture", FormatID(accountID)), p.opt.Limits.PictureHour); err != nil {
		return pictureRow{}, err
	}
	defer p.drawing.Add(-1)
	if p.drawing.Add(1) > picturesAtOnce {
		return pictureRow{}, ErrBusy
	}
	contentType, body, err := p.drawer.Draw(file)
	if err != nil {
		return pictureRow{}, errPicture.because(err)
	}
	var random [16]byte
	if _, err := io.ReadFull(p.opt.Random, random[:]); err != nil {
		return pictureRow{}, fmt.Errorf("no randomness: %w", err)
	}
	return pictureRow{
		Token: base64.RawURLEncoding.EncodeToString(random[:]), ContentType: contentType, Body: body, CreatedAt: p.Now(),
	}, nil
}

// changeOwn replaces the picture of an account by a row, or removes it if the row has no token.
func (p *Pictures) changeOwn(ctx context.Context, what string, row *pictureRow, caller Caller) error {
	return p.tx(ctx, what, func(tx *gorm.DB) error { return p.replaceOwn(ctx, tx, row, caller) })
}

// replaceOwn does the work of changeOwn in a transaction.
func (p *Pictures) replaceOwn(ctx context.Context, tx *gorm.DB, row *pictureRow, caller Caller) error {
	if err := updateAccount(tx, row.AccountID, map[string]any{"picture": row.Token}, ""); err != nil {
		return err
	}
	if err := p.replace(ctx, tx, row, "account_id = ?", row.AccountID); err != nil {
		return err
	}
	return p.recordEvent(ctx, tx, row.AccountID, EventProfileChanged, caller)
}

// changeServer replaces the picture of a server by a row, or removes it if the row has no token.
func (p *Pictures) changeServer(ctx context.Context, what string, ownerID int64, row *pictureRow) error {
	return p.tx(ctx, what, func(tx *gorm.DB) error {
		if err := lockOwnServer(tx, ownerID, row.ServerID); err != nil {
			return err
		}
		err := p.changeTold(tx, row.ServerID, func() error {
			return tx.Exec("UPDATE servers SET picture = ? WHERE id = ?", row.Token, row.ServerID).Error
		})
		if err != nil {
			return err
		}
		return p.replace(ctx, tx, row, "server_id = ?", row.ServerID)
	})
}

// replace deletes the pictures that an SQL condition selects, and writes the row unless it has no token.
func (p *Pictures) replace(ctx context.Context, tx *gorm.DB, row *pictureRow, condition string, args ...any) error {
	if _, err := database.G[pictureRow](tx).Where(condition, args...).Delete(ctx); err != nil || row.Token == "" {
		return err
	}
	return database.G[pictureRow](tx).Create(ctx, row)
}
