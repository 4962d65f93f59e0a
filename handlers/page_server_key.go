package handlers

import "github.com/gin-gonic/gin"

// rotateServerKey answers POST /servers/ID/key. Only this answer shows the new
// key.
func (s *site) rotateServerKey(c *gin.Context, f form) error {
	own, err := s.ownServer(c, true)
	if err != nil {
		return err
	}
	key, err := s.Store.ServerKeys.Rotate(c.Request.Context(), own.session.AccountID, own.serverID, caller(c))
	return s.showServerOwner(c, own, key, f, err)
}
