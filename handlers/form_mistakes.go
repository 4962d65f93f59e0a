package handlers

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/handlers/kinds"
	"github.com/latchkey-media/latchkey/models"
)

// errGone is about something that a form named and that is no longer there:
// the form was sent twice, or its page had stood open for long. That page is
// shown again, as things stand now.
var errGone = &models.Error{Kind: models.KindNotFound, Code: "gone"}

// orGone is errGone for an error about what a form named.
func orGone(err error) error {
	if errors.Is(err, models.ErrNotFound) {
		return errGone
	}
	return err
}

// mistakes is what is wrong with a form that is shown again; the zero value,
// with status 200, is a fresh form.
type mistakes struct {
	status  int
	first   string            // the first field at fault
	fields  map[string]string // texts by field
	problem string            // text about the form as a whole
}

// mistakesOf reads cause for a form that can be shown again with it. It
// returns cause itself when that would not help: what is broken, missing or
// spent has a page of its own. A nil cause is a fresh form.
func (s *site) mistakesOf(c *gin.Context, cause error) (mistakes, error) {
	if cause == nil {
		return mistakes{status: http.StatusOK}, nil
	}
	e, ok := errors.AsType[*models.Error](cause)
	if !ok || !isMendable(e) {
		return mistakes{}, cause
	}
	locale := s.locale(c)
	m := mistakes{status: http.StatusUnprocessableEntity, fields: make(map[string]string, len(e.Fields))}
	for _, wrong := range e.Fields {
		if m.first == "" {
			m.first = wrong.Field
		}
		if m.fields[wrong.Field] == "" {
			m.fields[wrong.Field] = s.errorText(locale, wrong.Code, wrong.Params, e.RetryAfter)
		}
	}
	if len(e.Fields) == 0 {
		m.problem = s.errorText(locale, e.Code, e.Params, e.RetryAfter)
	}
	if errors.Is(e, errGone) {
		m.status = http.StatusNotFound
	}
	if wait := e.RetryAfter; e.Kind == models.KindThrottled || e.Kind == models.KindUnavailable {
		m.status = kinds.Status(e.Kind)
		setRetryAfter(c, max(wait, shortWait))
	}
	if m.status >= http.StatusInternalServerError {
		s.logTrouble(c, cause)
	}
	return m, nil
}

// telling is b for a page that shows its form again with what is wrong. Fields
// tell theirs by themselves.
func (b Base) telling(wrong mistakes) Base {
	b.Problem = wrong.problem
	b.Wrong = wrong.problem != "" || len(wrong.fields) > 0
	return b
}

// isMendable reports whether the person can mend e, or try again, in the form.
func isMendable(e *models.Error) bool {
	switch e.Kind {
	case models.KindInvalid, models.KindConflict, models.KindThrottled:
		return true
	case models.KindUnavailable: // what was typed must not be lost
		return true
	case models.KindUnauthenticated:
		return !errors.Is(e, models.ErrNoSession)
	case models.KindForbidden:
		return true
	case models.KindNotFound: // of what was typed, not of the page
		return len(e.Fields) > 0 || errors.Is(e, errGone)
	default:
		return false
	}
}

// oneMistake is an error about one field that handlers find by themselves.
func oneMistake(field, code string) error {
	return &models.Error{Kind: models.KindInvalid, Code: "invalid", Fields: []models.FieldError{{Field: field, Code: code}}}
}

// differ returns an error when what was typed twice, as name and name_again,
// differs: the code lies at the second.
func differ(f form, name, code string) error {
	if f[name] != f[name+"_again"] {
		return oneMistake(name+"_again", code)
	}
	return nil
}

// joinMistakes puts the fields of all errors that have some into one error.
// Any other error wins over them.
func joinMistakes(all ...error) error {
	var fields []models.FieldError
	for _, err := range all {
		if err == nil {
			continue
		}
		e, ok := errors.AsType[*models.Error](err)
		if !ok || len(e.Fields) == 0 {
			return err
		}
		fields = append(fields, e.Fields...)
	}
	if len(fields) == 0 {
		return nil
	}
	return &models.Error{Kind: models.KindInvalid, Code: "invalid", Fields: fields}
}

// missing returns an error at each of the named fields that is empty.
func missing(f form, names ...string) error {
	var fields []models.FieldError
	for _, name := range names {
		if strings.TrimSpace(f[name]) == "" {
			fields = append(fields, models.FieldError{Field: name, Code: "field_required"})
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return &models.Error{Kind: models.KindInvalid, Code: "invalid", Fields: fields}
}
