package handlers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// answerJSON answers with value as JSON.
func answerJSON(c *gin.Context, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	c.Data(status, "application/json", body)
	return nil
}

// done answers with status 204 if err is nil. It returns err.
func done(c *gin.Context, err error) error {
	if err == nil {
		c.Status(http.StatusNoContent)
	}
	return err
}

// accepted answers with status 202, unless err is not nil. The result, if there is one,
// comes by mail.
func accepted(c *gin.Context, err error) error {
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusAccepted, struct{}{})
}

// moment returns t in UTC for a JSON answer, or nil, which becomes null, for the zero time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func each[A, B any](all []A, to func(A) B) []B {
	out := make([]B, len(all))
	for i, one := range all {
		out[i] = to(one)
	}
	return out
}

// notNull returns a list that is [] in JSON if it is empty.
func notNull(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// answerList answers with an object whose only member is a list: the function show makes
// each element from an element of found. The list is never null.
func answerList[A, B any](c *gin.Context, member string, found []A, show func(A) B) error {
	return answerJSON(c, http.StatusOK, map[string][]B{member: each(found, show)})
}
