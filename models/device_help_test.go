package models_test

import "github.com/latchkey-media/latchkey/models"

// begin returns a code for a TV that uses the Emby protocol.
func (k *kit) begin(deviceID string) string {
	k.t.Helper()
	code, err := k.Devices.Begin(k.t.Context(), models.DeviceAsk{DeviceID: deviceID, Client: "TV app 1.2", Door: models.DoorEmby}, tv)
	k.must(err)
	return code.UserCode
}

// beginAPI returns a code for a TV that uses RFC 8628.
func (k *kit) beginAPI(deviceID string) models.DeviceCode {
	k.t.Helper()
	code, err := k.Devices.Begin(k.t.Context(), models.DeviceAsk{DeviceID: deviceID, Client: "TV app", Device: "Living room", Door: models.DoorAPI}, tv)
	k.must(err)
	return code
}

var tv = models.Caller{Address: "198.51.100.7", Device: "TV app 1.2", Icon: "tv"}
