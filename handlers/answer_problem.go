package handlers

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// problem is the body of an error for programs (RFC 9457). Code is stable;
// Detail is a text for people.
type problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Code   string         `json:"code"`
	Detail string         `json:"detail,omitempty"`
	Errors []problemField `json:"errors,omitempty"`
	Error  string         `json:"error,omitempty"` // the code again, for device codes: RFC 8628 wants it
}

// problemField says what is wrong with one input.
type problemField struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// writeProblem answers with f as problem details. The language of the texts
// comes from Accept-Language alone: the API reads no cookie.
func (s *site) writeProblem(c *gin.Context, f failure) {
	locale := s.Catalogue.Match(c.GetHeader("Accept-Language"))
	p := problem{
		Title: http.StatusText(f.status), Status: f.status, Code: f.code,
		Detail: s.errorText(locale, f.code, f.params, f.retryAfter),
	}
	for _, wrong := range f.fields {
		p.Errors = append(p.Errors, problemField{wrong.Field, wrong.Code, s.errorText(locale, wrong.Code, wrong.Params, f.retryAfter)})
	}
	if isGrantError(f.code) {
		p.Error = f.code
	}
	if f.status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", challenge(c))
	}
	p.write(c.Writer)
}

// write answers with p, whose type is always about:blank.
func (p problem) write(w http.ResponseWriter) {
	p.Type = "about:blank"
	body, err := json.Marshal(p)
	if err != nil {
		body = nil // cannot happen: the problem holds texts and a number
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // it fails only when the client has left
}

// challenge returns the value of WWW-Authenticate (RFC 6750 §3). It says which
// credentials are expected, and whether the ones that were sent are not valid.
func challenge(c *gin.Context) string {
	const realm = `Bearer realm="latchkey"`
	if c.GetHeader("Authorization") == "" {
		return realm
	}
	return realm + `, error="invalid_token"`
}

// isGrantError reports whether code is an error of RFC 8628 §3.5.
func isGrantError(code string) bool {
	for _, e := range []*models.Error{
		models.ErrAuthorizationPending, models.ErrSlowDown, models.ErrAccessDenied, models.ErrDeviceCodeExpired,
	} {
		if e.Code == code {
			return true
		}
	}
	return false
}
