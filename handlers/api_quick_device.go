package handlers

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// quickDeviceObject is a device that was signed in at a media server by Quick Connect.
type quickDeviceObject struct {
	ID         string    `json:"id"`
	LinkID     string    `json:"link_id"`
	Server     string    `json:"server"` // the name of the server
	DeviceID   string    `json:"device_id"`
	Device     string    `json:"device"` // "" if it has no name
	Client     string    `json:"client"` // "" if it does not say
	Certain    bool      `json:"certain"`
	SignedInAt time.Time `json:"signed_in_at"`
}

func quickDeviceOf(d models.QuickDevice) quickDeviceObject {
	return quickDeviceObject{
		ID: idText(d.ID), LinkID: idText(d.LinkID), Server: d.ServerName, DeviceID: d.DeviceID, Device: d.Name, Client: d.Client,
		Certain: d.Certain, SignedInAt: d.CreatedAt.UTC(),
	}
}

// apiQuickDevices answers GET /api/v1/quick-connects/devices, the newest first.
func (s *site) apiQuickDevices(c *gin.Context, session models.Session) error {
	found, err := s.Store.QuickConnects.Arrivals(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	return answerList(c, "devices", found, quickDeviceOf)
}

// apiEndQuickDevice answers DELETE /api/v1/quick-connects/devices/{id}.
func (s *site) apiEndQuickDevice(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.QuickConnects.EndDevice(c.Request.Context(), session.AccountID, id, caller(c)))
}

// apiQuickDeviceArrived answers PUT /api/v1/server/quick-connects/{id}/device.
func (s *site) apiQuickDeviceArrived(c *gin.Context, this models.Server) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		DeviceID string `json:"device_id"`
		Device   string `json:"device"`
		Client   string `json:"client"`
		Certain  bool   `json:"certain"`
	}](c)
	if err != nil {
		return err
	}
	return done(c, s.Store.QuickConnects.Arrived(c.Request.Context(), this, id, models.QuickDevice{
		DeviceID: in.DeviceID, Name: in.Device, Client: in.Client, Certain: in.Certain,
	}))
}
