package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// language answers POST /language, to which the language switch at the foot of each page
// sends its form.
func (s *site) language(c *gin.Context, f form) error {
	code := f["language"]
	if !s.speaks(code) {
		return refuse(http.StatusBadRequest, "language_invalid")
	}
	s.setCookie(c, cookieLanguage, code, languageLife)
	if session, err := visitOf(c).session(); err == nil {
		if err := s.Store.Accounts.SetLocale(c.Request.Context(), session.AccountID, code); err != nil {
			return err
		}
	}
	return s.leave(c, returnTo(f["return_to"]), noticeLanguageSaved)
}
