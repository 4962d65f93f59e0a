package handlers

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/templates"
)

// locale is the language of the answer: the account's, else what was chosen
// here before, else what the browser asks for.
func (s *site) locale(c *gin.Context) string {
	if session, err := visitOf(c).session(); err == nil && s.speaks(session.Locale) {
		return session.Locale
	}
	return s.visitorLocale(c)
}

// visitorLocale is the language of somebody who is not signed in.
func (s *site) visitorLocale(c *gin.Context) string {
	if chosen := s.cookie(c, cookieLanguage); s.speaks(chosen) {
		return chosen
	}
	return s.Catalogue.Match(c.GetHeader("Accept-Language"))
}

func (s *site) speaks(code string) bool {
	return slices.ContainsFunc(s.Catalogue.Languages(), func(l templates.Language) bool { return l.Code == code })
}

// language answers POST /language: the switch at the foot of each page.
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
