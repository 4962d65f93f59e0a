package handlers

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// form holds the fields that were sent in the body of a request, each once. It
// never holds the query.
type form map[string]string

// maxFields is more than any form of the site sends. The largest is an invite,
// with a box for each library of each server of its owner.
const maxFields = 500

// readForm reads the form in the body of a request. It returns a
// *httperr.RefusalError for a body that no form of the site sends, and
// *http.MaxBytesError for a body that is too long.
func readForm(c *gin.Context) (form, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", refuse(http.StatusBadRequest, "bad_request"), err)
	}
	if len(body) == 0 {
		return form{}, nil
	}
	if !isForm(c.GetHeader("Content-Type")) {
		return nil, refuse(http.StatusUnsupportedMediaType, "unsupported_body")
	}
	f, ok := parseForm(string(body))
	if !ok {
		return nil, refuse(http.StatusBadRequest, "bad_request")
	}
	return f, nil
}

func isForm(contentType string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	charset := params["charset"]
	return err == nil && media == "application/x-www-form-urlencoded" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// parseForm parses a body. It reports false when the body is not a form, has a
// field twice, or holds text that no browser sends.
func parseForm(body string) (form, bool) {
	if strings.Count(body, "&") >= maxFields {
		return nil, false
	}
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, false
	}
	f := make(form, len(values))
	for name, given := range values {
		if len(given) != 1 || !isText(name) || !isText(given[0]) {
			return nil, false
		}
		f[name] = given[0]
	}
	return f, true
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// queryValue returns the value of a parameter of the query. It returns "" when
// the parameter is missing or appears twice.
func queryValue(c *gin.Context, name string) string {
	if given := c.Request.URL.Query()[name]; len(given) == 1 && isText(given[0]) {
		return given[0]
	}
	return ""
}

// formFunc is a handlerFunc for a form that was sent.
type formFunc func(c *gin.Context, f form) error

// zoneOfForm returns the time zone of the days in a form: the zone of the visitor's account, or
// else the one that the browser has sent with the form.
func (s *site) zoneOfForm(c *gin.Context, f form) *time.Location {
	if zone := s.zone(c); zone != time.UTC {
		return zone
	}
	return s.zones.named(f["time_zone"])
}
