package handlers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

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

// accepted answers that what follows, if anything, comes by mail.
func accepted(c *gin.Context, err error) error {
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusAccepted, struct{}{})
}

// moment is a time on the wire, nil for none.
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

// answerList answers with an object whose only member, called member, is the list
// of what show makes of each of found. It is never null.
func answerList[A, B any](c *gin.Context, member string, found []A, show func(A) B) error {
	return answerJSON(c, http.StatusOK, map[string][]B{member: each(found, show)})
}
