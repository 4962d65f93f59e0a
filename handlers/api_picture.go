package handlers

import (
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/picture"
	"github.com/latchkey-media/latchkey/models"
)

// apiSetPicture answers PUT /api/v1/account/picture, whose body is the file of a picture.
func (s *site) apiSetPicture(c *gin.Context, session models.Session) error {
	file, err := s.readPicture(c)
	if err != nil {
		return err
	}
	if err := s.Store.Pictures.Set(c.Request.Context(), session.AccountID, file, caller(c)); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// apiRemovePicture answers DELETE /api/v1/account/picture.
func (s *site) apiRemovePicture(c *gin.Context, session models.Session) error {
	if err := s.Store.Pictures.Remove(c.Request.Context(), session.AccountID, caller(c)); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// apiSetServerPicture answers PUT /api/v1/servers/ID/picture, whose body is the file of a picture.
func (s *site) apiSetServerPicture(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	file, err := s.readPicture(c)
	if err != nil {
		return err
	}
	if err := s.Store.Pictures.SetOfServer(c.Request.Context(), session.AccountID, id, file); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// apiRemoveServerPicture answers DELETE /api/v1/servers/ID/picture.
func (s *site) apiRemoveServerPicture(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	if err := s.Store.Pictures.RemoveOfServer(c.Request.Context(), session.AccountID, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// readPicture reads the file of a picture from the body. It stops after one byte more than a picture
// may have. The content type only has to say that the file is a picture: the file itself decides what
// it really is.
func (s *site) readPicture(c *gin.Context) ([]byte, error) {
	media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || !strings.HasPrefix(media, "image/") {
		return nil, refuse(http.StatusUnsupportedMediaType, "picture_wanted")
	}
	s.lastLonger(c)
	file, err := io.ReadAll(io.LimitReader(http.MaxBytesReader(c.Writer, c.Request.Body, uploadMost), picture.BytesMax+1))
	if err != nil {
		return nil, unreadable(err)
	}
	return file, nil
}
