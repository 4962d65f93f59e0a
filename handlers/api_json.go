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
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// readJSON reads the body of a request into a T. The body must be one object,
// and every member of it must be a member of T: a program that misspells a
// member must get an error.
func readJSON[T any](c *gin.Context) (T, error) { //nolint:ireturn // T is a struct wherever it is called
	return readJSONUpTo[T](c, maxBody)
}

// readJSONUpTo does the work of readJSON, for bodies of at most the given number of
// bytes.
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
	body = bytes.TrimPrefix(body, []byte("\ufeff")) // some programs begin UTF-8 with a byte order mark
	if err := decodeStrictly(body, &in); err != nil {
		return in, fmt.Errorf("%w: %w", refuse(http.StatusBadRequest, "json_invalid"), err)
	}
	return in, nil
}

// decodeStrictly refuses what encoding/json accepts: text that is not UTF-8,
// members that appear twice or in other letter case, null instead of the
// object, and more than one value.
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

// memberLetters are the characters of which the names of all members consist.
const memberLetters = "abcdefghijklmnopqrstuvwxyz_0123456789"

// walkObject reads the rest of an object. It refuses a member that appears twice, or whose
// name has a character that does not occur in the names of the API: encoding/json would
// read PASSWORD and paſſword as password.
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

// noBody returns an error for a body with any member.
func noBody(c *gin.Context) error {
	if c.Request.ContentLength == 0 {
		return nil
	}
	_, err := readJSON[struct{}](c)
	return err
}
