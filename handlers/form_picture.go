package handlers

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/picture"
)

// uploadMost is the greatest size of a form with a file, in bytes. It is more than a picture may have: a
// file that is too large is read to its end, because a browser shows the answer only then.
const uploadMost = 25 << 20

// readUpload returns the file of the field "picture" of a form, cut off after one byte more than a
// picture may have. It returns an empty file if none was chosen, a *httperr.RefusalError for a body that
// no form of the site sends, and *http.MaxBytesError for a body that is much too long.
func (s *site) readUpload(c *gin.Context) ([]byte, error) {
	s.lastLonger(c)
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, uploadMost)
	parts, err := c.Request.MultipartReader()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", refuse(http.StatusUnsupportedMediaType, "unsupported_body"), err)
	}
	part, err := parts.NextPart()
	if err != nil || part.FormName() != "picture" {
		return nil, unreadable(err)
	}
	file, err := io.ReadAll(io.LimitReader(part, picture.BytesMax+1))
	if err == nil {
		_, err = io.Copy(io.Discard, c.Request.Body)
	}
	if err != nil {
		return nil, unreadable(err)
	}
	return file, nil
}

// unreadable returns the error for a body that could not be read because of err, or because of its
// content.
func unreadable(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return errors.Join(refuse(http.StatusBadRequest, "bad_request"), err)
}
