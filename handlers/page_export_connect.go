package handlers

import (
	"time"

	"github.com/latchkey-media/latchkey/models"
)

type exportedServer struct {
	ID           string            `json:"id"`
	SystemID     string            `json:"system_id"`
	Name         string            `json:"name"`
	ReportedName string            `json:"reported_name"`
	Kind         string            `json:"kind"`
	Version      string            `json:"version,omitempty"`
	CreatedAt    time.Time         `json:"created_at"`
	ClaimedAt    time.Time         `json:"claimed_at,omitzero"`
	LastSeenAt   time.Time         `json:"last_seen_at"`
	DisabledAt   time.Time         `json:"disabled_at,omitzero"`
	Addresses    []exportedAddress `json:"addresses"`
}

type exportedAddress struct {
	URL        string    `json:"url"`
	Kind       string    `json:"kind"`
	Hidden     bool      `json:"hidden"`
	ByOwner    bool      `json:"by_owner"`
	ReportedAt time.Time `json:"reported_at"`
}

type exportedServerLink struct {
	ID          string    `json:"id"`
	ServerID    string    `json:"server_id"`
	Server      string    `json:"server"`
	Type        string    `json:"type"`
	State       string    `json:"state"`
	RequestedBy string    `json:"requested_by,omitempty"`
	AskedAt     time.Time `json:"asked_at"`
	AcceptedAt  time.Time `json:"accepted_at,omitzero"`
	EndsAt      time.Time `json:"ends_at,omitzero"`

	Libraries *[]libraryObject `json:"libraries,omitempty"` // absent: as the server decides
}

type exportedDevice struct {
	DeviceID  string    `json:"device_id"`
	Client    string    `json:"client,omitempty"`
	Device    string    `json:"device,omitempty"`
	Address   string    `json:"address,omitempty"`
	State     string    `json:"state"`
	AskedAt   time.Time `json:"asked_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

type exportedClaimCode struct {
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

func exportServer(s models.ExportedServer) exportedServer {
	return exportedServer{
		ID: idText(s.ID), SystemID: s.SystemID, Name: s.Name, ReportedName: s.ReportedName, Kind: s.Kind, Version: s.Version,
		CreatedAt: s.CreatedAt, ClaimedAt: s.ClaimedAt, LastSeenAt: s.LastSeenAt, DisabledAt: s.DisabledAt,
		Addresses: each(s.Addresses, func(a models.Address) exportedAddress {
			return exportedAddress{URL: a.URL(), Kind: a.Kind, Hidden: a.Hidden, ByOwner: a.ByOwner, ReportedAt: a.ReportedAt}
		}),
	}
}

func exportServerLink(l models.Link) exportedServerLink {
	return exportedServerLink{
		ID: idText(l.ID), ServerID: idText(l.ServerID), Server: l.ServerName, Type: l.Type, State: l.State,
		RequestedBy: l.RequestedBy, AskedAt: l.CreatedAt, AcceptedAt: l.AcceptedAt, EndsAt: l.EndsAt,
	}
}
