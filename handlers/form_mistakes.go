package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/handlers/kinds"
	"github.com/latchkey-media/latchkey/models"
)

// errGone means that something that a form names no longer exists: the form was sent twice,
// or its page had been open for a long time. The same page is shown again with the present
// state.
var errGone = &models.Error{Kind: models.KindNotFound, Code: "gone"}

// orGone turns models.ErrNotFound into errGone. Use it for errors about something that a
// form names.
func orGone(err error) error {
	if errors.Is(err, models.ErrNotFound) {
		return errGone
	}
	return err
}

// mistakes says what is wrong with a form that is shown again. In a form that
// is shown for the first time the status is 200 and the rest is empty.
type mistakes struct {
	status  int
	first   string            // the first field with a mistake
	fields  map[string]string // the texts of the mistakes, by field
	problem string            // the text about the form as a whole
}

// mistakesOf turns the error cause into the mistakes with which the form is shown again. It
// returns cause itself if it would not help to show the form again: such errors have a page
// of their own. A nil cause means a form that is shown for the first time.
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

// telling returns b for a page that shows its form again. It shows the mistake of the form
// as a whole; each field shows its own mistake.
func (b Base) telling(wrong mistakes) Base {
	b.Problem = wrong.problem
	b.Wrong = wrong.problem != "" || len(wrong.fields) > 0
	return b
}

// isMendable reports whether the person can correct e in the form, or try
// again.
func isMendable(e *models.Error) bool {
	switch e.Kind {
	case models.KindInvalid, models.KindConflict, models.KindThrottled:
		return true
	case models.KindUnavailable: // the typed text must not be lost
		return true
	case models.KindUnauthenticated:
		return !errors.Is(e, models.ErrNoSession)
	case models.KindForbidden:
		return !errors.Is(e, models.ErrSwitched)
	case models.KindNotFound: // about what was typed, not about the page
		return len(e.Fields) > 0 || errors.Is(e, errGone)
	default:
		return false
	}
}

// oneMistake returns the error for one field in which a handler has found a mistake.
func oneMistake(field, code string) error {
	return &models.Error{Kind: models.KindInvalid, Code: "invalid", Fields: []models.FieldError{{Field: field, Code: code}}}
}

// differ returns an error with the given code at the second field of a pair, if its text
// differs from the text of the first. The second field has the name of the first and the
// ending "_again".
func differ(f form, name, code string) error {
	if f[name] != f[name+"_again"] {
		return oneMistake(name+"_again", code)
	}
	return nil
}

// joinMistakes returns one error with the fields of all the errors. An error
// without fields is returned alone, before all others.
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

// underNames gives the fields of an error the names that they have in a form or in a request.
func underNames(err error, names map[string]string) error {
	e, ok := errors.AsType[*models.Error](err)
	if !ok || len(e.Fields) == 0 {
		return err
	}
	renamed := *e
	renamed.Fields = slices.Clone(e.Fields)
	for at := range renamed.Fields {
		if name := names[renamed.Fields[at].Field]; name != "" {
			renamed.Fields[at].Field = name
		}
	}
	return &renamed
}
