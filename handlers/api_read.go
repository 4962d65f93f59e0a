package handlers

import (
	"context"
	"errors"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// atMember is err with its mistake at the member that the body has for it: forms
// call the password "current_password" where programs send one password alone.
func atMember(err error, field, member string) error {
	e, ok := errors.AsType[*models.Error](err)
	if !ok || len(e.Fields) == 0 {
		return err
	}
	moved := *e
	moved.Fields = slices.Clone(e.Fields)
	for i := range moved.Fields {
		if moved.Fields[i].Field == field {
			moved.Fields[i].Field = member
		}
	}
	return &moved
}

// needed returns an error at each empty member: names and values by turns.
func needed(pairs ...string) error {
	var wrong []error
	for i := 0; i+1 < len(pairs); i += 2 {
		wrong = append(wrong, missing(form{pairs[i]: pairs[i+1]}, pairs[i]))
	}
	return joinMistakes(wrong...)
}

// given is the value of a member, or what there was when it is absent.
func given[T any](member *T, before T) T { //nolint:ireturn // T is a text or a number wherever it is called
	if member == nil {
		return before
	}
	return *member
}

// readToken reads a body that brings the token of a mailed link alone.
func readToken(c *gin.Context) (string, error) {
	in, err := readJSON[struct {
		Token string `json:"token"`
	}](c)
	if err != nil {
		return "", err
	}
	return in.Token, needed("token", in.Token)
}

// failed has fail note that the server could not do what the id in the path asks
// of it, and why.
func failed(c *gin.Context, this models.Server, fail func(ctx context.Context, this models.Server, id int64, reason string) error) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Reason string `json:"reason"`
	}](c)
	if err != nil {
		return err
	}
	return done(c, fail(c.Request.Context(), this, id, in.Reason))
}
