package handlers

import (
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/templates"
)

// locale returns the language of the answer: the language of the account, or else the
// language that was chosen in this browser, or else the language that the browser asks for.
func (s *site) locale(c *gin.Context) string {
	if session, err := visitOf(c).session(); err == nil && s.speaks(session.Locale) {
		return session.Locale
	}
	return s.visitorLocale(c)
}

// visitorLocale returns the language for somebody who is not signed in.
func (s *site) visitorLocale(c *gin.Context) string {
	if chosen := s.cookie(c, cookieLanguage); s.speaks(chosen) {
		return chosen
	}
	return s.Catalogue.Match(c.GetHeader("Accept-Language"))
}

func (s *site) speaks(code string) bool {
	return slices.ContainsFunc(s.Catalogue.Languages(), func(l templates.Language) bool { return l.Code == code })
}
