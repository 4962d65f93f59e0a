package handlers

import "net/http"

// pinMinLength is the length below which browsers do not send a PIN. The rule that decides
// is in the package models.
const pinMinLength = 4

// inputs builds the fields of one page, with the typed texts and the mistakes.
type inputs struct {
	base   Base
	typed  form // the form that was sent; nil for a page that is shown for the first time
	stored form // the values that fields show while nothing was typed into them
	wrong  mistakes
	fresh  bool // the first field takes the focus, since there is nothing to mend
}

// newInputs returns the inputs of a page whose form is its main content: as long as
// the form has no mistakes, the first field takes the focus.
func newInputs(b Base, typed form, wrong mistakes) *inputs {
	return &inputs{base: b, typed: typed, wrong: wrong, fresh: wrong.status == http.StatusOK}
}

// add completes the field f. Its label is the text field.LABEL; its hint, if the field has
// one, is field.LABEL.hint.
//
// The value is the text that was typed, or else the value that was given to show. Passwords
// and PINs are never sent back to the browser.
func (in *inputs) add(f Field, label string) Field {
	f.Label = in.base.T("field." + label)
	f.Error = in.wrong.fields[f.Name]
	f.Focus = in.fresh || in.wrong.first == f.Name
	in.fresh = false
	if !f.Reveal {
		typed, ok := in.typed[f.Name]
		if !ok {
			typed = in.stored[f.Name]
		}
		f.Value = typed
	}
	return f
}

// show makes the field with that name show value, until something is typed into
// it.
func (in *inputs) show(name, value string) {
	if in.stored == nil {
		in.stored = form{}
	}
	in.stored[name] = value
}

func (in *inputs) hint(label string, pairs ...any) string {
	return in.base.T("field."+label+".hint", pairs...)
}

// username returns the field in which a person chooses a username.
func (in *inputs) username() Field {
	return in.add(Field{
		Name: "username", Type: "text", Hint: in.hint("username"),
		Autocomplete: "username", Required: true,
	}, "username")
}

func (in *inputs) displayName() Field {
	return in.add(Field{
		Name: "display_name", Type: "text", Hint: in.hint("display_name"),
		Autocomplete: "name",
	}, "display_name")
}

// timeZone returns the field of the zone in which mails tell times. While it is empty, a
// script proposes the zone of the browser. It also offers the other zones.
func (in *inputs) timeZone() Field {
	return in.add(Field{
		Name: "time_zone", Type: "text", Hint: in.hint("time_zone"), Autocomplete: "off",
	}, "time_zone")
}

// email returns the field of an email address. label chooses its texts: "email"
// or "new_email".
func (in *inputs) email(label string) Field {
	return in.add(Field{
		Name: "email", Type: "email", Hint: in.hint(label),
		Autocomplete: "email", InputMode: "email", Required: true,
	}, label)
}

func (in *inputs) nameOrEmail() Field {
	return in.add(Field{
		Name: "name_or_email", Type: "text",
		Autocomplete: "username", Required: true,
	}, "name_or_email")
}

// newPassword returns the field in which a person chooses a password. The parameter label
// chooses the texts of the field.
func (in *inputs) newPassword(label string, minLength int) Field {
	return in.add(Field{
		Name: "password", Type: "password", Hint: in.hint("password", "MinLength", minLength),
		Autocomplete: "new-password", MinLength: minLength, Required: true, Reveal: true,
	}, label)
}

func (in *inputs) newPasswordAgain(label string) Field {
	return in.add(Field{
		Name: "password_again", Type: "password",
		Autocomplete: "new-password", Required: true, Reveal: true,
	}, label+"_again")
}

// password returns the field of the password on the page that signs in.
func (in *inputs) password() Field {
	return in.add(Field{
		Name: "password", Type: "password",
		Autocomplete: "current-password", Required: true, Reveal: true,
	}, "password")
}

// currentPassword returns the field in which a person gives the password again,
// before an important change.
func (in *inputs) currentPassword() Field {
	return in.add(Field{
		Name: "current_password", Type: "password", Hint: in.hint("current_password"),
		Autocomplete: "current-password", Required: true, Reveal: true,
	}, "current_password")
}

func (in *inputs) currentPIN() Field {
	return in.add(Field{
		Name: "current_pin", Type: "password",
		Autocomplete: "off", Required: true, Reveal: true,
	}, "current_pin")
}

func (in *inputs) pin() Field {
	return in.add(Field{
		Name: "pin", Type: "password", Hint: in.hint("pin"),
		Autocomplete: "off", MinLength: pinMinLength, Reveal: true,
	}, "pin")
}

func (in *inputs) pinAgain() Field {
	return in.add(Field{
		Name: "pin_again", Type: "password",
		Autocomplete: "off", Reveal: true,
	}, "pin_again")
}
