package jellyfin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// deviceDto is a device as Jellyfin lists it. Jellyfin keeps one for each user on it.
type deviceDto struct {
	ID               string    `json:"Id"`
	Name             string    `json:"Name"`
	AppName          string    `json:"AppName"`
	LastUserID       string    `json:"LastUserId"`
	DateLastActivity time.Time `json:"DateLastActivity"`
}

type devices struct {
	Items []deviceDto `json:"Items"`
}

// SignedIn implements [mediaserver.Devices]. It asks for all devices, because Jellyfin's own filter by
// user does not leave out any device.
func (s *Server) SignedIn(ctx context.Context) ([]mediaserver.SignedIn, error) {
	const doing = "reading the devices"
	var answer devices
	err := s.admin(ctx, call{Doing: doing, Method: http.MethodGet, Path: "/Devices", Into: &answer})
	if err != nil {
		return nil, err
	}
	if answer.Items == nil {
		return nil, implausible(doing, "the answer has no devices")
	}
	list := make([]mediaserver.SignedIn, 0, len(answer.Items))
	for _, d := range answer.Items {
		id, ok := mediacall.ID(d.LastUserID)
		if !ok || d.ID == "" {
			continue // a device that nobody uses
		}
		list = append(list, mediaserver.SignedIn{LocalUserID: id, DeviceID: d.ID, Name: d.Name, Client: d.AppName, SeenAt: d.DateLastActivity})
	}
	return list, nil
}

// EndDevice implements [mediaserver.Devices]. Jellyfin can delete a device, but that signs out everybody
// on it. If somebody else uses the device, too, EndDevice makes another token for the local user on the
// device, which ends the former token, and then ends the new token.
func (s *Server) EndDevice(ctx context.Context, localUserID, deviceID string) error {
	const doing = "signing a device out"
	mine, shared, err := s.usesOf(ctx, localUserID, deviceID)
	if err != nil || !mine {
		return err
	}
	if shared {
		token, err := s.Mint(ctx, localUserID, mediaserver.Device{Client: "Latchkey", Name: "Latchkey", ID: deviceID, Version: "0"})
		if err != nil {
			return err
		}
		return s.Revoke(ctx, token.Value)
	}
	err = s.admin(ctx, call{Doing: doing, Method: http.MethodDelete, Path: "/Devices", Query: url.Values{"id": {deviceID}}})
	if status := mediacall.StatusOf(err); status == http.StatusNotFound || status == http.StatusBadRequest {
		// Jellyfin gives this answer for a device that is gone. If there was another cause, the device
		// is still in the list.
		mine, _, failed := s.usesOf(ctx, localUserID, deviceID)
		if failed != nil || !mine {
			return errors.Join(failed)
		}
	}
	return err
}

// usesOf reports whether a local user is signed in on a device, and whether somebody else is.
func (s *Server) usesOf(ctx context.Context, localUserID, deviceID string) (mine, shared bool, err error) {
	list, err := s.SignedIn(ctx)
	for _, one := range list {
		if one.DeviceID == deviceID {
			mine = mine || one.LocalUserID == localUserID
			shared = shared || one.LocalUserID != localUserID
		}
	}
	return mine, shared, err
}
