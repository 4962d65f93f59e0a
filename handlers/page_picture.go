package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// picturePage is the data of templates/pages/picture.html, picture_server.html and picture_member.html.
type picturePage struct {
	Base
	OfServer bool   // not of an account
	OfMember bool   // of somebody whom the reader looks after
	Path     string // of the page, to which its forms are sent
	Back     string // the page that leads here
	Name     string // of the account or the server
	Face     face
	Error    string // the mistake in the file; "" without one
}

// showPicture answers GET /pictures/TOKEN. Everybody who knows the address may see the picture, also
// in the programs of other sites.
func (s *site) showPicture(c *gin.Context) error {
	found, err := s.Store.Pictures.Read(c.Request.Context(), c.Param("token"))
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "private, max-age=604800, immutable") // a new picture has a new address
	c.Data(http.StatusOK, found.ContentType, found.Body)
	return nil
}

// pictureForm answers GET /account/picture.
func (s *site) pictureForm(c *gin.Context) error { return s.showOwnPicture(c, nil) }

// setPicture answers POST /account/picture with a file.
func (s *site) setPicture(c *gin.Context) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	file, err := s.readUpload(c)
	if err == nil {
		err = s.Store.Pictures.Set(c.Request.Context(), session.AccountID, file, caller(c))
	}
	if err != nil {
		return s.showOwnPicture(c, err)
	}
	return s.leave(c, accountPath, noticePictureSaved)
}

// removePicture answers POST /account/picture/remove.
func (s *site) removePicture(c *gin.Context, _ form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	if err := s.Store.Pictures.Remove(c.Request.Context(), session.AccountID, caller(c)); err != nil {
		return err
	}
	return s.leave(c, accountPath, noticePictureRemoved)
}

func (s *site) showOwnPicture(c *gin.Context, cause error) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	account, err := s.Store.Accounts.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	return s.renderPicture(c, "picture", picturePage{
		Path: ownPicturePath, Back: accountPath, Name: account.DisplayName, Face: faceOf(account.DisplayName, account.ID, pictureAddress(account.Picture)),
	}, cause)
}

func (s *site) renderPicture(c *gin.Context, name string, page picturePage, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page.Base, page.Error = s.base(c, name).telling(wrong), wrong.fields["picture"]
	return s.render(c, wrong.status, name, page)
}

// serverPictureForm answers GET /servers/ID/picture.
func (s *site) serverPictureForm(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	return s.showServerPicture(c, own, nil)
}

// setServerPicture answers POST /servers/ID/picture with a file.
func (s *site) setServerPicture(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	file, err := s.readUpload(c)
	if err == nil {
		err = s.Store.Pictures.SetOfServer(c.Request.Context(), own.session.AccountID, own.serverID, file)
	}
	if err != nil {
		return s.showServerPicture(c, own, err)
	}
	return s.leave(c, own.settings(), noticePictureSaved)
}

// removeServerPicture answers POST /servers/ID/picture/remove.
func (s *site) removeServerPicture(c *gin.Context, _ form) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	if err := s.Store.Pictures.RemoveOfServer(c.Request.Context(), own.session.AccountID, own.serverID); err != nil {
		return err
	}
	return s.leave(c, own.settings(), noticePictureRemoved)
}

func (s *site) showServerPicture(c *gin.Context, own owned, cause error) error {
	server, err := s.Store.Servers.Summary(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return err
	}
	return s.renderPicture(c, "picture_server", picturePage{
		OfServer: true, Path: own.to + "/picture", Back: own.settings(), Name: server.Name, Face: faceOf(server.Name, server.ID, pictureAddress(server.Picture)),
	}, cause)
}
