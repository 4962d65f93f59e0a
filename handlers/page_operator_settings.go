package handlers

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatorSettingsPage is the data of templates/pages/operator_settings.html.
type operatorSettingsPage struct {
	operatorPage
	Settings []Setting
}

// operatorSettingsEditPage is the data of templates/pages/operator_settings_edit.html. Its form goes to the address of the page;
// without a value it takes the operator's own value away.
type operatorSettingsEditPage struct {
	operatorPage
	Of     Setting
	Field  Field
	Select SelectField // instead of Field for a setting with choices
	Mail   bool        // every operator gets a mail about the change
}

// operatorSettings answers GET /admin/settings.
func (s *site) operatorSettings(c *gin.Context) error {
	if _, err := s.operatorSession(c); err != nil {
		return err
	}
	all, _, err := s.settingsNow(c.Request.Context())
	if err != nil {
		return err
	}
	page := operatorSettingsPage{operatorPage: s.operatorBase(c, "operator_settings", "settings", mistakes{status: http.StatusOK}), Settings: all}
	return s.render(c, http.StatusOK, "operator_settings", page)
}

// operatorSettingsEdit answers GET /admin/settings/NAME.
func (s *site) operatorSettingsEdit(c *gin.Context) error {
	if _, err := s.operatorSession(c); err != nil {
		return err
	}
	return s.showOperatorSetting(c, nil, nil)
}

// setOperatorSetting answers POST /admin/settings/NAME.
func (s *site) setOperatorSetting(c *gin.Context, f form) error {
	return s.changeOperatorSetting(c, f, askedSetting{name: c.Param("name"), value: f[c.Param("name")]})
}

// removeOperatorSetting answers POST /admin/settings/NAME/remove.
func (s *site) removeOperatorSetting(c *gin.Context, f form) error {
	return s.changeOperatorSetting(c, f, askedSetting{name: c.Param("name"), remove: true})
}

func (s *site) changeOperatorSetting(c *gin.Context, f form, asked askedSetting) error {
	session, err := s.operatorSessionRecently(c)
	if err != nil {
		return err
	}
	if err := s.changeSettings(c.Request.Context(), session.AccountID, caller(c), asked); err != nil {
		return s.showOperatorSetting(c, f, err)
	}
	return s.leave(c, operatorPath+"/settings", noticeOperatorDone)
}

func (s *site) showOperatorSetting(c *gin.Context, f form, cause error) error {
	all, _, err := s.settingsNow(c.Request.Context())
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(one Setting) bool { return one.Name == c.Param("name") })
	if at < 0 || !all[at].Console {
		return models.ErrNotFound
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := operatorSettingsEditPage{operatorPage: s.operatorBase(c, "operator_settings_edit", "settings", wrong), Of: all[at]}
	in := newInputs(page.Base, f, wrong)
	page.Field, page.Select = in.setting(all[at])
	page.Mail = slices.Contains([]string{"mail-url", "mail-from"}, all[at].Name)
	return s.render(c, wrong.status, "operator_settings_edit", page)
}
