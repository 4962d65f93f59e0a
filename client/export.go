package client

import (
	"context"
	"encoding/json"
	"net/http"
)

// Export returns everything that is stored about the account, as a JSON document
// for the person to keep. It may return [ErrConfirmPassword].
func (a *Accounts) Export(ctx context.Context) (json.RawMessage, error) {
	var out json.RawMessage
	err := a.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/account/export", want: http.StatusOK, again: always}, &out)
	return out, err
}
