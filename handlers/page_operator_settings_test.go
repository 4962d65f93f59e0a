package handlers_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
)

// desk is a program that knows three settings: one that an operator can set, a secret one, and one that the machine has set.
func desk(h *handlers.Server) {
	h.Desk = &handlers.Desk{
		InForce: func(values map[string]string) []handlers.Setting {
			all := []handlers.Setting{
				{Name: "service-name", Value: "Latchkey", Text: "Latchkey", Origin: "default", Console: true},
				{Name: "mail-url", Value: "(none)", Origin: "default", Console: true, Secret: true},
				{Name: "sign-up", Value: "open", Text: "open", Origin: "default", Console: true, Choices: []string{"open", "invite", "closed"}},
				{Name: "listen", Value: ":1", Text: ":1", Origin: "file"},
			}
			for i, one := range all {
				if value, ok := values[one.Name]; ok {
					all[i].Value, all[i].Own, all[i].Origin = value, true, "the console"
					if one.Secret {
						all[i].Value = "••••"
					} else {
						all[i].Text = value
					}
				}
			}
			return all
		},
		Check: func(values map[string]string) map[string]string {
			wrong := map[string]string{}
			if values["service-name"] == "bad" {
				wrong["service-name"] = "is a bad name"
			}
			return wrong
		},
		Reload: func(context.Context) error { return nil },
		TryMail: func(context.Context, map[string]string, models.Letter) error {
			return nil
		},
	}
}

// An operator changes a setting on a page, and puts it back to its default.
func TestConsoleSettings(t *testing.T) {
	t.Parallel()
	s, rita, bob, _ := consoleSite(t, desk)
	done := "It is written down"
	rita.says("/admin/settings", `href="/admin/settings/service-name"`, "but not", `href="/admin/settings/listen"`)
	rita.says("/admin/settings/service-name", `value="Latchkey"`, "but not", "Use the default again", "gets a mail")
	rita.led(rita.post("/admin/settings/service-name", "service-name", " Zu Hause "), "/admin/settings", done, "Zu Hause", "the console")
	a := rita.post("/admin/settings/service-name", "service-name", "bad")
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "is a bad name") || !strings.Contains(a.body, `value="bad"`) {
		t.Errorf("a bad value: %d, want the form with what is wrong", a.status)
	}
	rita.says("/admin/settings/service-name", `value="Zu Hause"`, "Use the default again")
	rita.led(rita.post("/admin/settings/service-name/remove"), "/admin/settings", done)
	rita.says("/admin/settings", "Latchkey", "but not", "Zu Hause")
	rita.says("/admin/settings/sign-up", "<option value=\"open\" selected>Anybody</option>")
	rita.led(rita.post("/admin/settings/sign-up", "sign-up", "closed"), "/admin/settings", done)

	const url = "smtp://ann:geheim-1@mail.example.org"
	rita.says("/admin/settings/mail-url", "Every operator gets a mail")
	rita.led(rita.post("/admin/settings/mail-url", "mail-url", url), "/admin/settings", done)
	rita.says("/admin/settings", "••••", "but not", "geheim-1")
	rita.says("/admin/settings/mail-url", "but not", "geheim-1")
	values, err := s.Store.OperatorSettings.All(t.Context())
	if err != nil || values["mail-url"] != url || values["sign-up"] != "closed" || len(values) != 2 {
		t.Errorf("the settings are %v, %v; want two", values, err)
	}
	rita.says("/admin/history", "Setting changed", "mail-url", "Setting put back to its default")
	for _, path := range []string{"/admin/settings/listen", "/admin/settings/nothing"} {
		rita.see(rita.get(path), http.StatusNotFound)
		bob.see(bob.get(path), http.StatusNotFound)
	}
	rita.see(rita.post("/admin/settings/listen", "listen", ":2"), http.StatusNotFound)
}

// The API changes settings, too.
func TestAPIOperatorSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t, desk)
	s.browser(t).join("rita")
	op := s.program(t).operator("rita")
	set := func(name, value string) answer {
		return op.api(http.MethodPut, v1+"/operator/settings/"+name, map[string]any{"value": value})
	}
	op.done(set("service-name", "Zu Hause"))
	op.wrong(set("service-name", "bad"), 422, "value", "setting_wrong")
	op.refused(set("service-name", strings.Repeat("x", 1001)), 422, "setting_too_long")
	op.refused(set("listen", ":2"), http.StatusConflict, "setting_elsewhere")
	op.refused(set("nothing", "x"), http.StatusNotFound, "not_found")
	if got := op.get("/operator/settings").body; !strings.Contains(got, `{"name":"service-name","value":"Zu Hause","origin":"the console","changeable":true}`) {
		t.Errorf("the settings are %s", got)
	}
	op.done(op.api(http.MethodDelete, v1+"/operator/settings/service-name", nil))
	if got := op.get("/operator/settings").body; strings.Contains(got, "Zu Hause") {
		t.Errorf("the settings are %s, want the default of service-name", got)
	}
	op.refused(op.api(http.MethodDelete, v1+"/operator/settings/listen", nil), http.StatusConflict, "setting_elsewhere")
}
