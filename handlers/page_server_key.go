package handlers

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// serverKeyView is a key of a server that works. No page shows the key itself again.
type serverKeyView struct {
	CreatedAt time.Time
	UsedAt    time.Time // zero for a key that was never used
	EndsAt    time.Time // zero for the newest key
	Former    bool      // a former owner of the server may know it
	Inherited bool      // it replaced a key that a former owner may know
}

// fillKeys fills in the working keys of the server.
func (s *site) fillKeys(c *gin.Context, own owned, page *serverSettingsPage) error {
	keys, err := s.Store.ServerKeys.List(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return err
	}
	for _, key := range keys {
		page.Keys = append(page.Keys, serverKeyView{key.CreatedAt, key.UsedAt, key.EndsAt, key.HandedOver, key.Inherited})
		page.FormerKey = page.FormerKey || key.HandedOver
		page.ReplacedKey = page.ReplacedKey || !key.EndsAt.IsZero()
	}
	return nil
}

// rotateServerKey answers POST /servers/ID/key. Only this answer shows the new
// key.
func (s *site) rotateServerKey(c *gin.Context, f form) error {
	return s.showNewKey(c, f, s.Store.ServerKeys.Rotate)
}

// rotateStolenKey answers POST /servers/ID/key/stolen, which ends every other key at
// once. Only this answer shows the new key.
func (s *site) rotateStolenKey(c *gin.Context, f form) error {
	return s.showNewKey(c, f, s.Store.ServerKeys.RotateStolen)
}

// showNewKey calls the function rotate for the server and shows the server's page with the
// new key.
func (s *site) showNewKey(
	c *gin.Context, f form, rotate func(ctx context.Context, ownerID, serverID int64, caller models.Caller) (string, error),
) error {
	own, err := s.ownServer(c, true)
	if err != nil {
		return err
	}
	key, err := rotate(c.Request.Context(), own.session.AccountID, own.serverID, caller(c))
	return s.showServerSettings(c, own, key, f, err)
}

// endReplacedKeys answers POST /servers/ID/key/end.
func (s *site) endReplacedKeys(c *gin.Context, f form) error {
	own, err := s.ownServer(c, true)
	if err != nil {
		return err
	}
	if err := s.Store.ServerKeys.EndReplaced(c.Request.Context(), own.session.AccountID, own.serverID, caller(c)); err != nil {
		return s.showServerSettings(c, own, "", f, err)
	}
	return s.leave(c, own.settings(), noticeServerKeysEnded)
}
