package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// operatorSettingsPage is the data of templates/pages/operator_settings.html.
type operatorSettingsPage struct {
	operatorPage
	Settings []Setting
}

// operatorSettings answers GET /admin/settings.
func (s *site) operatorSettings(c *gin.Context) error {
	if _, err := s.operatorSession(c); err != nil {
		return err
	}
	page := operatorSettingsPage{operatorPage: s.operatorBase(c, "operator_settings", "settings", mistakes{status: http.StatusOK}), Settings: s.Settings}
	return s.render(c, http.StatusOK, "operator_settings", page)
}
