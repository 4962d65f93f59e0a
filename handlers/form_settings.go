package handlers

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/models"
)

// askedSetting is what somebody wants to do to one setting: give it a value, or take away the value that an operator has set,
// so that the default is in force again.
type askedSetting struct {
	name, value string
	remove      bool
}

// settingsNow returns the settings in force, with the values that operators have set on pages so far.
func (s *site) settingsNow(ctx context.Context) ([]Setting, map[string]string, error) {
	if s.Desk == nil {
		return s.Settings, nil, nil
	}
	values, err := s.Store.OperatorSettings.All(ctx)
	if err != nil {
		return nil, nil, err
	}
	return s.Desk.InForce(values), values, nil
}

// settingChanges checks what is asked by the rules of the settings, all of it together with the other values, and returns the
// changes. It returns models.ErrNotFound for a name that no setting has, errSettingElsewhere for a setting that only
// the machine can change, or an error about the fields that have the names of the settings.
func (s *site) settingChanges(ctx context.Context, asked ...askedSetting) ([]models.SettingChange, error) {
	all, values, err := s.settingsNow(ctx)
	if err != nil {
		return nil, err
	}
	if values == nil {
		return nil, errSettingElsewhere
	}
	var changes []models.SettingChange
	for _, one := range asked {
		at := slices.IndexFunc(all, func(known Setting) bool { return known.Name == one.name })
		switch {
		case at < 0:
			return nil, models.ErrNotFound
		case !all[at].Console:
			return nil, errSettingElsewhere
		}
		one.value = strings.TrimSpace(one.value)
		values[one.name] = one.value
		if one.remove {
			delete(values, one.name)
		}
		changes = append(changes, models.SettingChange{
			Name: one.name, Value: one.value, Remove: one.remove, Secret: all[at].Secret, Announce: strings.HasPrefix(one.name, "mail-"),
		})
	}
	return changes, settingMistakes(s.Desk.Check(values), asked)
}

// settingMissing is the beginning of what [Desk.Check] says of a setting that must be set and is not.
const settingMissing = "is missing; outside development"

// errSettingElsewhere says that a setting cannot be changed on a page, because the machine sets it.
var errSettingElsewhere = &models.Error{Kind: models.KindConflict, Code: "setting_elsewhere"}

// settingMistakes returns an error about the settings that are asked for. What is wrong with another setting because of them is
// said at the first of them.
func settingMistakes(wrong map[string]string, asked []askedSetting) error {
	var fields []models.FieldError
	add := func(field, text string) {
		fields = append(fields, models.FieldError{Field: field, Code: "setting_wrong", Params: map[string]string{"Text": text}})
	}
	for _, one := range asked {
		if text := wrong[one.name]; text != "" {
			add(one.name, text)
			delete(wrong, one.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wrong)) {
		if text := wrong[name]; !strings.HasPrefix(text, settingMissing) { // it was missing before
			add(asked[0].name, name+": "+text)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return &models.Error{Kind: models.KindInvalid, Code: "invalid", Fields: fields}
}

// changeSettings makes changes as the act of an operator, and puts them in force.
func (s *site) changeSettings(ctx context.Context, operatorID int64, by models.Caller, asked ...askedSetting) error {
	changes, err := s.settingChanges(ctx, asked...)
	if err != nil {
		return err
	}
	if err := s.Store.OperatorSettings.Change(ctx, operatorID, changes, by); err != nil {
		return err
	}
	return s.Desk.Reload(ctx)
}

// setting returns the field of a setting, and the choice instead of it if the setting has choices.
func (in *inputs) setting(of Setting) (Field, SelectField) {
	label := "setting." + of.Name
	if of.Choices != nil {
		chosen, typed := in.typed[of.Name]
		if !typed {
			chosen = of.Text
		}
		choice := SelectField{Field: in.add(Field{Name: of.Name}, label)}
		for _, one := range of.Choices {
			choice.Options = append(choice.Options, Option{Value: one, Label: in.base.T("field." + label + "." + one), Chosen: one == chosen})
		}
		return Field{}, choice
	}
	in.show(of.Name, of.Text)
	field := Field{Name: of.Name, Type: "text", Autocomplete: "off"}
	if of.Secret {
		field.Type, field.Reveal = "password", true
	}
	return in.add(field, label), SelectField{}
}
