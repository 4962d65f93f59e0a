package handlers

import (
	"context"
	"errors"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// atMember returns err with the mistake moved to another member: the field
// "current_password" of a form is the member "password" of an API request.
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

// needed returns an error at each member that is empty. The names and values alternate in
// pairs.
func needed(pairs ...string) error {
	var wrong []error
	for i := 0; i+1 < len(pairs); i += 2 {
		wrong = append(wrong, missing(form{pairs[i]: pairs[i+1]}, pairs[i]))
	}
	return joinMistakes(wrong...)
}

// given returns the value of a member, or the value before if the member is absent.
func given[T any](member *T, before T) T { //nolint:ireturn // T is a text or a number wherever it is called
	if member == nil {
		return before
	}
	return *member
}

// readToken reads a body whose only member is the token of a mailed link.
func readToken(c *gin.Context) (string, error) {
	in, err := readJSON[struct {
		Token string `json:"token"`
	}](c)
	if err != nil {
		return "", err
	}
	return cleanToken(in.Token), needed("token", in.Token)
}

// failed calls the function fail with the id in the path and the reason in the body: the
// server reports that it could not do what it was asked to do.
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
