package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// ExportedServer is a server that the account runs, with all its addresses. Who
// uses it is theirs to export.
type ExportedServer struct {
	Server
	Addresses []Address
}

// ExportedDevice is a device that was let in or refused by its code.
type ExportedDevice struct {
	DeviceID, Client, Device, Address, State string
	AskedAt, ExpiresAt                       time.Time
}

// ExportedClaimCode is a claim code that nobody has used: not the code itself.
type ExportedClaimCode struct {
	CreatedAt, ExpiresAt time.Time
}

func (e *Export) readServers(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := gorm.G[serverRow](tx).Where("owner_id = ?", accountID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for i := range rows {
		one := ExportedServer{Server: rows[i].server()}
		addresses, err := gorm.G[addressRow](tx).Where("server_id = ?", one.ID).Order("position, id").Find(ctx)
		if err != nil {
			return err
		}
		for j := range addresses {
			one.Addresses = append(one.Addresses, addresses[j].address())
		}
		e.Servers = append(e.Servers, one)
	}
	return nil
}

// readServerLinks reads the account's links, without their access keys.
func (e *Export) readServerLinks(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := gorm.G[linkRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		server, err := gorm.G[serverRow](tx).Where("id = ?", r.ServerID).Take(ctx)
		if err != nil {
			return err
		}
		e.ServerLinks = append(e.ServerLinks, Link{
			ID: r.ID, ServerID: r.ServerID, AccountID: r.AccountID, ServerName: server.server().Name, Type: r.Type, State: r.State,
			RequestedBy: r.RequestedBy, CreatedAt: r.CreatedAt.UTC(), AcceptedAt: orZero(r.AcceptedAt), EndsAt: orZero(r.EndsAt),
		})
	}
	return nil
}

func (e *Export) readDevices(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := gorm.G[deviceCodeRow](tx).Where("account_id = ?", accountID).Order("id").Find(ctx)
	for _, r := range rows {
		e.Devices = append(e.Devices, ExportedDevice{
			DeviceID: r.DeviceID, Client: r.Client, Device: r.Device, Address: r.Address, State: r.State,
			AskedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
		})
	}
	return err
}

func (e *Export) readClaimCodes(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := gorm.G[claimCodeRow](tx).Where("account_id = ? AND used_at IS NULL", accountID).Order("created_at").Find(ctx)
	for _, r := range rows {
		e.ClaimCodes = append(e.ClaimCodes, ExportedClaimCode{CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC()})
	}
	return err
}
