package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiRoutes are for programs that know us.
func (s *site) apiRoutes(r *gin.Engine) {
	const v1 = apiPrefix + "/v1"
	r.POST(v1+"/sessions", s.problem(s.apiSignIn))
	r.DELETE(v1+"/sessions/current", s.withoutBody(s.apiSignOut))
	r.POST(v1+"/sessions/current/confirm", s.withSession(s.apiConfirmPassword))
	s.get(r, v1+"/account", nil, s.withSession(s.apiAccount))

	r.POST(v1+"/device-codes", s.problem(s.apiBeginDevice))
	r.POST(v1+"/device-codes/token", s.problem(s.apiDeviceToken))
	r.POST(v1+"/device-codes/:user_code/approve", s.withoutBody(s.apiApproveDevice))
	r.POST(v1+"/device-codes/:user_code/deny", s.withoutBody(s.apiDenyDevice))

	s.get(r, v1+"/servers", nil, s.withSession(s.apiServers))
	r.POST(v1+"/servers", s.problem(s.apiRegisterServer))
	r.POST(v1+"/servers/claim-codes", s.withoutBody(s.apiClaimCode))

	s.get(r, v1+"/links", nil, s.withSession(s.apiLinks))
	r.POST(v1+"/links/:id/accept", s.withoutBody(s.apiAcceptLink))
	r.POST(v1+"/links/:id/decline", s.withoutBody(s.apiDeclineLink))
	r.DELETE(v1+"/links/:id", s.withoutBody(s.apiRemoveLink))

	s.apiAccountRoutes(r, v1)
	s.apiOperatorRoutes(r, v1)
	s.apiOwnerRoutes(r, v1)
	s.apiAgentRoutes(r, v1)
	s.apiQuickConnectRoutes(r, v1)
}

// withSession adapts h to Gin for who brings a session token. Errors become
// problem details.
func (s *site) withSession(h func(c *gin.Context, session models.Session) error) gin.HandlerFunc {
	return s.problem(func(c *gin.Context) error {
		session, err := s.sessionOf(c)
		if err != nil {
			return err
		}
		return h(c, session)
	})
}

// withoutBody is withSession for what has nothing to read: a member in the body
// is one that is not known.
func (s *site) withoutBody(h func(c *gin.Context, session models.Session) error) gin.HandlerFunc {
	return s.withSession(func(c *gin.Context, session models.Session) error {
		if err := noBody(c); err != nil {
			return err
		}
		return h(c, session)
	})
}

// noBody returns an error for a body with anything in it.
func noBody(c *gin.Context) error {
	if c.Request.ContentLength == 0 {
		return nil
	}
	_, err := readJSON[struct{}](c)
	return err
}

// bearer is the token of the one Authorization header, "" for none or for
// anything else. No cookie counts: a web page could send it unasked.
func bearer(c *gin.Context) string {
	given := c.Request.Header.Values("Authorization")
	if len(given) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(given[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// readJSON reads the body of a request into a T: one object with no member that
// T does not have. Whatever else arrives is refused: a program that misspells a
// member must hear of it.
func readJSON[T any](c *gin.Context) (T, error) { //nolint:ireturn // T is a struct wherever it is called
	return readJSONUpTo[T](c, maxBody)
}

// readJSONUpTo is readJSON for bodies of up to most bytes.
func readJSONUpTo[T any](c *gin.Context, most int64) (T, error) { //nolint:ireturn // T is a struct wherever it is called
	var in T
	media, params, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	charset := params["charset"]
	plain := (charset == "" || strings.EqualFold(charset, "utf-8")) && c.GetHeader("Content-Encoding") == ""
	if err != nil || media != "application/json" || !plain {
		return in, refuse(http.StatusUnsupportedMediaType, "json_wanted")
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, most))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return in, err
		}
		return in, fmt.Errorf("%w: %w", refuse(http.StatusBadRequest, "json_invalid"), err)
	}
	if err := decodeStrictly(body, &in); err != nil {
		return in, fmt.Errorf("%w: %w", refuse(http.StatusBadRequest, "json_invalid"), err)
	}
	return in, nil
}

// decodeStrictly refuses what encoding/json lets pass: text that is not UTF-8,
// members that come twice or in other letters, null in place of the object, more
// than one value.
func decodeStrictly(body []byte, in any) error {
	if !utf8.Valid(body) {
		return errors.New("the text is not UTF-8")
	}
	walk := json.NewDecoder(bytes.NewReader(body))
	first, err := walk.Token()
	if err != nil {
		return err
	}
	if first != json.Delim('{') {
		return errors.New("want an object")
	}
	if err := walkObject(walk); err != nil {
		return err
	}
	if _, err := walk.Token(); !errors.Is(err, io.EOF) {
		return errors.New("want one value")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	return decoder.Decode(in)
}

// memberLetters are all that names of members are made of.
const memberLetters = "abcdefghijklmnopqrstuvwxyz_"

// walkObject reads the rest of an object and refuses a member that comes twice,
// or is not spelled as ours are: encoding/json takes PASSWORD and paſſword for
// password.
func walkObject(walk *json.Decoder) error {
	seen := map[string]bool{}
	for walk.More() {
		name, err := walk.Token()
		if err != nil {
			return err
		}
		key, _ := name.(string)
		if seen[key] {
			return errors.New("a member comes twice")
		}
		if strings.Trim(key, memberLetters) != "" {
			return errors.New("a member is not known")
		}
		seen[key] = true
		if err := walkValue(walk); err != nil {
			return err
		}
	}
	_, err := walk.Token()
	return err
}

func walkValue(walk *json.Decoder) error {
	token, err := walk.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		return walkObject(walk)
	case json.Delim('['):
		for walk.More() {
			if err := walkValue(walk); err != nil {
				return err
			}
		}
		_, err = walk.Token()
	}
	return err
}

// answerJSON writes value as the answer.
func answerJSON(c *gin.Context, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	c.Data(status, "application/json", body)
	return nil
}

// done answers that there is nothing more to say, unless something went wrong.
func done(c *gin.Context, err error) error {
	if err == nil {
		c.Status(http.StatusNoContent)
	}
	return err
}

// moment is a time on the wire, nil for none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
