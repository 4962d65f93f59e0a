package config_test

import (
	"reflect"
	"testing"

	"github.com/latchkey-media/latchkey/config"
)

// TestFurtherServiceInheritsNoBound compares the settings that the file of a further service decides with the
// settings that the agent's own file decides. If a bound is missing in the first group, the further service would
// inherit the bound of the first service.
func TestFurtherServiceInheritsNoBound(t *testing.T) {
	t.Parallel()
	further := reflect.TypeFor[config.AgentService]()
	wide := &config.Agent{}
	value := reflect.ValueOf(wide).Elem()
	var bounds []string
	for field := range reflect.TypeFor[config.Agent]().Fields() {
		group := field.Tag.Get("group")
		if group != "What the service may ask" && group != "Service" {
			continue
		}
		bounds = append(bounds, field.Name)
		same, has := further.FieldByName(field.Name)
		if !has {
			t.Errorf("a further service has no setting %s, want one", field.Tag.Get("name"))
			continue
		}
		for _, tag := range []string{"name", "default", "choices", "least", "most", "commas", "secret"} {
			if same.Tag.Get(tag) != field.Tag.Get(tag) {
				t.Errorf("%s of %s is %q for a further service, want %q", tag, field.Name, same.Tag.Get(tag), field.Tag.Get(tag))
			}
		}
		switch one := value.FieldByName(field.Name); one.Kind() {
		case reflect.Bool:
			one.SetBool(true)
		case reflect.Int, reflect.Int64:
			one.SetInt(4711)
		case reflect.String:
			one.SetString("of the first service")
		default:
			one.Set(reflect.ValueOf([]string{"of the first service"}))
		}
	}
	over := reflect.ValueOf((&config.AgentService{}).Over(wide, "folder")).Elem()
	for _, name := range bounds {
		if !over.FieldByName(name).IsZero() {
			t.Errorf("%s is %v, want the value of the further service", name, over.FieldByName(name))
		}
	}
}
