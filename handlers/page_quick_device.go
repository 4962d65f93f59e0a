package handlers

import (
	"cmp"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// quickDeviceView is a device that came in by Quick Connect, on the page of the sessions.
type quickDeviceView struct {
	ID        string // the hidden field "id" of POST /account/sessions/end-device
	Name      string
	Client    string // its app; "" if it did not say
	Server    string
	Certain   bool
	CreatedAt time.Time
}

// quickDevices returns the devices that an account has signed in by Quick Connect.
func (s *site) quickDevices(c *gin.Context, base Base, accountID int64) ([]quickDeviceView, error) {
	list, err := s.Store.QuickConnects.Arrivals(c.Request.Context(), accountID)
	if err != nil {
		return nil, err
	}
	return each(list, func(d models.QuickDevice) quickDeviceView {
		return quickDeviceView{
			ID: idText(d.ID), Name: cmp.Or(d.Name, base.T("device.unknown")), Client: d.Client, Server: d.ServerName, Certain: d.Certain, CreatedAt: d.CreatedAt,
		}
	}), nil
}

// endQuickDevice answers POST /account/sessions/end-device.
func (s *site) endQuickDevice(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(f["id"], 10, 64)
	if err != nil {
		return models.ErrNotFound
	}
	if err := s.Store.QuickConnects.EndDevice(c.Request.Context(), session.AccountID, id, caller(c)); err != nil {
		return err
	}
	return s.leave(c, sessionsPath, noticeSessionEnded)
}
