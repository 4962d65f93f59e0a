package client

import (
	"context"
	"net/http"
	"time"
)

// QuickDevice is a device that was signed in at a media server by Quick Connect, as the agent
// found it there. Such a device has no session at the service.
type QuickDevice struct {
	ID         ID        `json:"id"`
	LinkID     ID        `json:"link_id"`
	Server     string    `json:"server"`    // the name that people see
	DeviceID   string    `json:"device_id"` // as the device names itself
	Device     string    `json:"device"`    // "" if it has no name
	Client     string    `json:"client"`    // its app; "" if it does not say
	Certain    bool      `json:"certain"`   // if false, another device of the same local user may have been meant
	SignedInAt time.Time `json:"signed_in_at"`
}

type quickDevices struct {
	Devices []QuickDevice `json:"devices"`
}

func (l *quickDevices) whole() bool { return l.Devices != nil }

// Devices returns the devices that the person has signed in by Quick Connect, the newest
// first.
func (q *QuickConnects) Devices(ctx context.Context) ([]QuickDevice, error) {
	var out quickDevices
	err := q.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/quick-connects/devices", want: http.StatusOK, again: always,
	}, &out)
	return out.Devices, err
}

// EndDevice signs a device out again. The agent ends the access of the person's local user on
// it, and not the access of other people who share the device.
func (q *QuickConnects) EndDevice(ctx context.Context, id ID) error {
	return q.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/quick-connects/devices/{id}", values: []string{string(id)},
		want: http.StatusNoContent, again: untilGone,
	})
}

// ArrivedDevice is the device that a code of Quick Connect has signed in.
type ArrivedDevice struct {
	DeviceID string `json:"device_id"` // as the device names itself, 1 to 255 bytes
	Device   string `json:"device"`
	Client   string `json:"client"`
	Certain  bool   `json:"certain"` // no other device can be meant
}

// PutQuickDevice reports which device a code has signed in. Call it before
// [Agent.CompleteQuickConnect].
func (a *Agent) PutQuickDevice(ctx context.Context, id ID, device ArrivedDevice) error {
	return a.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/server/quick-connects/{id}/device", values: []string{string(id)}, body: device,
		want: http.StatusNoContent,
	})
}
