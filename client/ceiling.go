package client

import (
	"context"
	"net/http"
)

// Ceiling is the age up to which a member may watch, at every server.
type Ceiling struct {
	Age     int  `json:"age"`     // in years, 0 to 21
	Unrated bool `json:"unrated"` // what has no rating is hidden, too
}

// SetCeiling sets the age up to which a member may watch. It may return an error about the field age, or
// [ErrNotFound].
func (f *Families) SetCeiling(ctx context.Context, memberID ID, in Ceiling) error {
	return f.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/family/members/{id}/ceiling", values: []string{string(memberID)}, body: in,
		want: http.StatusNoContent,
	})
}

// RemoveCeiling removes the age limit of a member. It may return [ErrNotFound].
func (f *Families) RemoveCeiling(ctx context.Context, memberID ID) error {
	return f.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/family/members/{id}/ceiling", values: []string{string(memberID)},
		want: http.StatusNoContent, again: untilGone,
	})
}
