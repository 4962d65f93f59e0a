package client

import (
	"context"
	"encoding/json"
	"net/http"
)

// Export returns all that is stored about the account: a document for the person
// to keep, so it comes as it is. It may answer [ErrConfirmPassword].
func (a *Accounts) Export(ctx context.Context) (json.RawMessage, error) {
	var out json.RawMessage
	err := a.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/account/export", want: http.StatusOK, again: always}, &out)
	return out, err
}
