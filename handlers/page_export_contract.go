package handlers

import (
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// exportedProof is one try to prove a local user. What was shown for it is a
// secret between the person and the server.
type exportedProof struct {
	ID        string    `json:"id"`
	ServerID  string    `json:"server_id"`
	Status    string    `json:"status"`
	Reason    string    `json:"reason,omitempty"`
	StartedAt time.Time `json:"started_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

func exportProof(p models.Proof) exportedProof {
	return exportedProof{
		ID: idText(p.ID), ServerID: idText(p.ServerID), Status: p.State, Reason: p.Reason, StartedAt: p.CreatedAt.UTC(), ExpiresAt: p.ExpiresAt.UTC(),
	}
}

// exportedQuick is a device that a code of Quick Connect was typed for.
type exportedQuick struct {
	ID        string    `json:"id"`
	ServerID  string    `json:"server_id"`
	Status    string    `json:"status"`
	Reason    string    `json:"reason,omitempty"`
	Address   string    `json:"address,omitempty"`
	Device    string    `json:"device,omitempty"`
	AskedAt   time.Time `json:"asked_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

func exportQuick(q models.QuickConnect) exportedQuick {
	return exportedQuick{
		ID: idText(q.ID), ServerID: idText(q.ServerID), Status: q.State, Reason: q.Reason, Address: q.Address, Device: q.Device,
		AskedAt: q.CreatedAt.UTC(), ExpiresAt: q.ExpiresAt.UTC(),
	}
}

// exportServerLinks are the links with the libraries that they are confined to.
func exportServerLinks(stored models.Export) []exportedServerLink {
	confined := map[int64][]libraryObject{}
	for _, terms := range stored.Terms {
		confined[terms.LinkID] = each(terms.Libraries, libraryOf)
	}
	return each(stored.ServerLinks, func(l models.Link) exportedServerLink {
		out := exportServerLink(l)
		if libraries, ok := confined[l.ID]; ok {
			out.Libraries = &libraries
		}
		return out
	})
}
