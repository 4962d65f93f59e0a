package builtin

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

const (
	devicesMax = 1000 // devices in one list
	iconURLMax = 500  // bytes
)

// deviceDto has the shape that Emby publishes as Devices.DeviceInfo. The type of Jellyfin has the
// same members.
type deviceDto struct {
	Name             string    `json:"Name"`
	ID               string    `json:"Id"`
	ReportedID       string    `json:"ReportedDeviceId"`
	InternalID       int64     `json:"InternalId"`
	LastUserName     string    `json:"LastUserName"`
	LastUserID       string    `json:"LastUserId"`
	AppName          string    `json:"AppName"`
	AppVersion       string    `json:"AppVersion"`
	DateLastActivity time.Time `json:"DateLastActivity"`
	IconURL          string    `json:"IconUrl,omitempty"`
}

type devicesDto struct {
	Items            []deviceDto `json:"Items"`
	TotalRecordCount int         `json:"TotalRecordCount"`
	StartIndex       int         `json:"StartIndex"`
}

// devices returns one row for each device that has a token: the row of the token that was used
// last. If user is not "", only devices of this local user are returned.
func (s *Server) devices(ctx context.Context, user string) ([]sessionRow, error) {
	var rows []sessionRow
	err := s.scan(ctx, "read the devices", &rows, `SELECT id, local_user_id, device_id, device_name, client, version, icon_url, used_at, name FROM (
 SELECT t.*, u.name, ROW_NUMBER() OVER (PARTITION BY t.device_id ORDER BY t.used_at DESC, t.id DESC) AS place
 FROM access_tokens t JOIN local_users u ON u.id = t.local_user_id WHERE ? = '' OR t.local_user_id = ?)
WHERE place = 1 ORDER BY used_at DESC, id DESC LIMIT ?`, user, user, devicesMax)
	return rows, err
}

// listDevices answers with the devices that are signed in, each with the app on it and its icon.
func (f *handlers) listDevices(w http.ResponseWriter, r *wire.Request, _ *session) error {
	user := r.Params.Get("userid")
	if user != "" {
		found, err := f.User(r.Context(), user)
		if err != nil {
			return err
		}
		user = found.ID
	}
	rows, err := f.devices(r.Context(), user)
	if err != nil {
		return err
	}
	list := devicesDto{Items: make([]deviceDto, 0, len(rows)), TotalRecordCount: len(rows)}
	for i := range rows {
		row := &rows[i]
		list.Items = append(list.Items, deviceDto{
			Name: row.DeviceName, ID: row.DeviceID, ReportedID: row.DeviceID, InternalID: row.ID, LastUserName: row.Name, LastUserID: row.LocalUserID,
			AppName: row.Client, AppVersion: row.Version, DateLastActivity: row.UsedAt.UTC(), IconURL: row.IconURL,
		})
	}
	return wire.AnswerJSON(w, http.StatusOK, list)
}

// capabilities keeps the icon of the app, which lists of devices show. It ignores the formats that
// the app can play, because this server plays nothing.
func (f *handlers) capabilities(w http.ResponseWriter, r *wire.Request, who *session) error {
	const keep = "UPDATE access_tokens SET icon_url = ? WHERE id = ? AND icon_url <> ?"
	if icon := iconURL(r.Params); icon != "" { // an API key has no row, so nothing is kept for it
		if _, err := f.exec(r.Context(), "keep the icon of an app", keep, icon, who.id, icon); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// iconURL returns the address of the icon that an app names, or "" if an administrator's browser
// should not load it: it must be a short https:// address without a password in it.
func iconURL(params embywire.Params) string {
	text := params.Get("iconurl")
	icon, err := url.Parse(text)
	if err != nil || len(text) > iconURLMax || icon.Scheme != "https" || icon.Host == "" || icon.User != nil {
		return ""
	}
	return icon.String()
}
