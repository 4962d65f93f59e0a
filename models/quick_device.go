package models

import (
	"cmp"
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// quickDevicesMost is the greatest number of devices that are kept for one link. Older ones
// are forgotten here; the agent still ends them together with the link.
const quickDevicesMost = 50

// QuickDevice is a device that was signed in at a media server by Quick Connect, as the agent
// found it there. Such a device has no session here. Times are UTC.
type QuickDevice struct {
	ID, LinkID int64
	ServerName string
	DeviceID   string // as the device names itself
	Name       string // "" if it has none
	Client     string // its app; "" if it does not say
	Certain    bool   // if false, another device of the same local user may have been meant
	CreatedAt  time.Time
}

// quickDeviceRow is a row of quick_devices.
type quickDeviceRow struct {
	ID        int64
	ServerID  int64
	AccountID int64
	LinkID    int64
	DeviceID  string
	Name      string
	Client    string
	Certain   bool
	CreatedAt time.Time
}

// TableName returns the name of the table, quick_devices.
func (quickDeviceRow) TableName() string { return "quick_devices" }

// Arrived stores which device the code of an open try has signed in. The agent calls it
// before [QuickConnects.Complete], as often as it likes. It returns an error about the field
// device_id, or [ErrNotFound] for a try that is over or whose link has ended.
func (q *QuickConnects) Arrived(ctx context.Context, this Server, id int64, device QuickDevice) error {
	if device.DeviceID == "" || len(device.DeviceID) > deviceIDMax {
		return ErrDeviceIDInvalid
	}
	return q.tx(ctx, "store the device of a code", func(tx *gorm.DB) error {
		try, err := database.G[quickRow](tx).Where("id = ? AND server_id = ? AND state = ? AND expires_at > ?", id, this.ID, QuickAsked, q.Now()).Take(ctx)
		if err != nil {
			return explained("read a try of Quick Connect", err)
		}
		if err := lockUsableAccount(tx, try.AccountID); err != nil {
			return err
		}
		if err := lockEnabledServer(tx, this.ID); err != nil {
			return err
		}
		link, err := database.G[linkRow](tx).Where("id = ? AND account_id = ? AND state = ?", try.LinkID, try.AccountID, LinkAccepted).Take(ctx)
		if err != nil {
			return explained("read the link", err)
		}
		return q.putDevice(ctx, tx, &link, device)
	})
}

// putDevice writes the device of a link. An earlier row of the same device is deleted, because the
// media server has ended that sign-in.
func (q *QuickConnects) putDevice(ctx context.Context, tx *gorm.DB, link *linkRow, device QuickDevice) error {
	row := quickDeviceRow{
		ServerID: link.ServerID, AccountID: link.AccountID, LinkID: link.ID, DeviceID: device.DeviceID,
		Name: shortName(device.Name), Client: shortName(device.Client), Certain: device.Certain, CreatedAt: q.Now(),
	}
	var err error
	if row.ID, err = q.newID(); err != nil {
		return err
	}
	if err := tx.Exec("DELETE FROM quick_devices WHERE link_id = ? AND device_id = ?", link.ID, device.DeviceID).Error; err != nil {
		return err
	}
	if err := database.G[quickDeviceRow](tx).Create(ctx, &row); err != nil {
		return err
	}
	var surplus []int64
	err = tx.Raw("SELECT id FROM quick_devices WHERE link_id = ? ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?",
		link.ID, sweepStep, quickDevicesMost).Scan(&surplus).Error
	if err != nil || len(surplus) == 0 {
		return err
	}
	return tx.Exec("DELETE FROM quick_devices WHERE id IN ?", surplus).Error
}

// quickDevices lists the devices of the links of an account that have not ended.
const quickDevices = `SELECT q.id, q.link_id, q.device_id, q.name AS device, q.client, q.certain, q.created_at, s.name, s.own_name
FROM quick_devices q JOIN links l ON l.id = q.link_id JOIN servers s ON s.id = q.server_id
WHERE q.account_id = ? AND (l.ends_at IS NULL OR l.ends_at > ?) ORDER BY q.created_at DESC, q.id DESC`

// Arrivals lists the devices that an account has signed in by Quick Connect, the newest first.
func (q *QuickConnects) Arrivals(ctx context.Context, accountID int64) ([]QuickDevice, error) {
	list, err := q.quickDevicesOf(q.read(ctx), accountID)
	return list, explained("list the devices of Quick Connect", err)
}

// quickDevicesOf does the work of [QuickConnects.Arrivals] in db.
func (c *core) quickDevicesOf(db *gorm.DB, accountID int64) ([]QuickDevice, error) {
	var rows []struct {
		ID, LinkID               int64
		DeviceID, Device, Client string
		Certain                  bool
		CreatedAt                time.Time
		Name, OwnName            string
	}
	if err := db.Raw(quickDevices, accountID, c.Now()).Scan(&rows).Error; err != nil {
		return nil, err
	}
	list := make([]QuickDevice, len(rows))
	for i, r := range rows {
		server := describedRow{Name: r.Name, OwnName: r.OwnName}
		list[i] = QuickDevice{
			ID: r.ID, LinkID: r.LinkID, ServerName: server.description().Name, DeviceID: r.DeviceID, Name: r.Device, Client: r.Client,
			Certain: r.Certain, CreatedAt: r.CreatedAt.UTC(),
		}
	}
	return list, nil
}

// EndDevice signs a device of an account out again. The agent ends the sign-in of that person's
// local user on the device. Other people who share the device stay signed in. It returns
// [ErrNotFound] for a device of another account.
func (q *QuickConnects) EndDevice(ctx context.Context, accountID, id int64, caller Caller) error {
	return q.tx(ctx, "sign a device of Quick Connect out", func(tx *gorm.DB) error {
		row, err := database.G[quickDeviceRow](tx).Where("id = ? AND account_id = ?", id, accountID).Take(ctx)
		if err != nil {
			return explained("read a device of Quick Connect", err)
		}
		if err := lockAccount(tx, accountID); err != nil {
			return err
		}
		err = q.feedChange(ctx, tx, changeRow{
			ServerID: row.ServerID, Kind: ChangeDevicesEnded, LinkID: row.LinkID, AccountID: accountID, DeviceID: row.DeviceID,
		})
		if err != nil {
			return err
		}
		if err := requireRow(tx.Exec("DELETE FROM quick_devices WHERE id = ?", id)); err != nil {
			return err
		}
		return q.recordAbout(ctx, tx, accountID, EventSessionEnded, cmp.Or(row.Name, row.Client), caller)
	})
}

// forgetQuickDevices forgets the devices of Quick Connect of an account, because agents end
// them all.
func forgetQuickDevices(tx *gorm.DB, accountID int64) error {
	return tx.Exec("DELETE FROM quick_devices WHERE account_id = ?", accountID).Error
}
