package builtin

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/agent/wire"
)

// apiKeyRoutes are the routes at which administrators manage the keys of programs. An API key does
// not open them, although it has the right of an administrator. Otherwise somebody who has got hold
// of a key could make another key before the first key is deleted.
func (f *handlers) apiKeyRoutes() []route {
	return []route{
		{"GET HEAD", "/Auth/Keys", f.signedInAdministrators(f.listAPIKeys)},
		{"POST", "/Auth/Keys", f.signedInAdministrators(f.postAPIKey)},
		{"DELETE", "/Auth/Keys/{Key}", f.signedInAdministrators(f.deleteAPIKey)},
		{"POST", "/Auth/Keys/{Key}/Delete", f.signedInAdministrators(f.deleteAPIKey)},
	}
}

// signedInAdministrators refuses everybody except administrators who have signed in. It refuses API
// keys, too.
func (f *handlers) signedInAdministrators(answer signedInFunc) wire.HandlerFunc {
	return f.administrators(func(w http.ResponseWriter, r *wire.Request, who *session) error {
		if who.user == "" {
			return wire.Refuse(http.StatusForbidden, "An API key cannot do that. Sign in as an administrator.")
		}
		return answer(w, r, who)
	})
}

// apiKeyDto has the shape that Jellyfin publishes as AuthenticationInfo.
type apiKeyDto struct {
	ID               int64     `json:"Id"`
	AccessToken      string    `json:"AccessToken"`
	DeviceID         string    `json:"DeviceId"`
	AppName          string    `json:"AppName"`
	AppVersion       string    `json:"AppVersion"`
	DeviceName       string    `json:"DeviceName"`
	UserID           string    `json:"UserId"`
	IsActive         bool      `json:"IsActive"`
	DateCreated      time.Time `json:"DateCreated"`
	DateLastActivity time.Time `json:"DateLastActivity"`
}

type apiKeysDto struct {
	Items            []apiKeyDto `json:"Items"`
	TotalRecordCount int         `json:"TotalRecordCount"`
	StartIndex       int         `json:"StartIndex"`
}

// listAPIKeys answers with all keys. The member AccessToken has the key if its maker sees it for the
// first time. Otherwise it has a handle, which can only be used to delete the key. Jellyfin always
// shows each key, because it keeps keys as they are; this server keeps only their hashes.
func (f *handlers) listAPIKeys(w http.ResponseWriter, r *wire.Request, who *session) error {
	if r.Method == http.MethodHead { // the answer has no body, so nobody would see a key
		return wire.AnswerJSON(w, http.StatusOK, apiKeysDto{})
	}
	keys, err := f.apiKeys(r.Context(), who.user)
	if err != nil {
		return err
	}
	list := apiKeysDto{Items: make([]apiKeyDto, 0, len(keys)), TotalRecordCount: len(keys)}
	for i := range keys {
		key := &keys[i]
		dto := apiKeyDto{
			ID: key.ID, AccessToken: key.Handle, AppName: key.App, UserID: strings.Repeat("0", 32),
			DateCreated: key.CreatedAt.UTC(), DateLastActivity: key.UsedAt.UTC(),
		}
		if key.Key != "" {
			dto.AccessToken = key.Key
		}
		list.Items = append(list.Items, dto)
	}
	return wire.AnswerJSON(w, http.StatusOK, list)
}

func (f *handlers) postAPIKey(w http.ResponseWriter, r *wire.Request, who *session) error {
	app := r.Params.Get("app")
	err := f.addAPIKey(r.Context(), who.user, app)
	if errors.Is(err, errAppName) || errors.Is(err, errTooManyKeys) {
		return wire.Refuse(http.StatusBadRequest, err.Error())
	}
	if err != nil {
		return err
	}
	f.opt.Log.InfoContext(r.Context(), "an API key was made", slog.String("app", app), slog.String("by", who.user))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (f *handlers) deleteAPIKey(w http.ResponseWriter, r *wire.Request, who *session) error {
	if err := f.endAPIKey(r.Context(), r.PathValue("key")); err != nil {
		return err
	}
	f.opt.Log.InfoContext(r.Context(), "an API key was deleted", slog.String("by", who.user))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
