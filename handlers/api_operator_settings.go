package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// settingsObject has the settings that the program uses.
type settingsObject struct {
	Settings []settingObject `json:"settings"`
}

// settingObject is one setting.
type settingObject struct {
	Name       string `json:"name"`
	Value      string `json:"value"` // a secret is masked
	Origin     string `json:"origin"`
	Changeable bool   `json:"changeable"`
}

func newSettingObject(of Setting) settingObject {
	return settingObject{Name: of.Name, Value: of.Value, Origin: of.Origin, Changeable: of.Console}
}

// apiOperatorSettings answers GET /api/v1/operator/settings.
func (s *site) apiOperatorSettings(c *gin.Context) error {
	all, _, err := s.settingsNow(c.Request.Context())
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, settingsObject{each(all, newSettingObject)})
}

// apiSetSetting answers PUT /api/v1/operator/settings/NAME.
func (s *site) apiSetSetting(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Value string `json:"value"`
	}](c)
	if err != nil {
		return err
	}
	return s.apiChangeSetting(c, session, askedSetting{name: c.Param("name"), value: in.Value})
}

// apiRemoveSetting answers DELETE /api/v1/operator/settings/NAME.
func (s *site) apiRemoveSetting(c *gin.Context, session models.Session) error {
	if err := noBody(c); err != nil {
		return err
	}
	return s.apiChangeSetting(c, session, askedSetting{name: c.Param("name"), remove: true})
}

func (s *site) apiChangeSetting(c *gin.Context, session models.Session, asked askedSetting) error {
	changes, err := s.settingChanges(c.Request.Context(), asked)
	if err != nil {
		return underNames(err, map[string]string{asked.name: "value"})
	}
	if err := s.Store.OperatorSettings.Change(c.Request.Context(), session.AccountID, changes, caller(c)); err != nil {
		return underNames(err, map[string]string{asked.name: "value"})
	}
	return done(c, s.Desk.Reload(c.Request.Context()))
}
