package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// ExportedCircle is a circle to whose people the account belongs.
type ExportedCircle struct {
	CircleID int64
	Name     string
	JoinedAt time.Time
}

// ExportedCircleServer is a server that the account has brought into a circle, with its terms.
type ExportedCircleServer struct {
	CircleID, ServerID int64
	Terms              CircleTerms
	JoinedAt           time.Time
}

// ExportedCircleAsk is a circle that has asked the account to bring a server.
type ExportedCircleAsk struct {
	CircleID           int64
	AskedAt, ExpiresAt time.Time
}

// ExportedCircleWait is a server of a circle whose owner has to answer the account first.
type ExportedCircleWait struct {
	CircleID, ServerID int64
	At                 time.Time
}

// readCircles reads the data that circles have about the account. It leaves out the refusals of owners, because they
// are the owners' own notes about their servers.
func (e *Export) readCircles(ctx context.Context, tx *gorm.DB, c *core, accountID int64) error {
	err := tx.Raw(`SELECT p.circle_id, c.name, p.joined_at FROM circle_people p JOIN circles c ON c.id = p.circle_id
WHERE p.account_id = ? ORDER BY p.circle_id`, accountID).Scan(&e.Circles).Error
	if err != nil {
		return err
	}
	servers, err := database.G[circleServerRow](tx).Where("owner_id = ?", accountID).Order("circle_id, server_id").Find(ctx)
	if err != nil {
		return err
	}
	for at := range servers {
		names, err := c.namesOfLibraries(ctx, tx, servers[at].ServerID)
		if err != nil {
			return err
		}
		terms, err := servers[at].terms(names)
		if err != nil {
			return err
		}
		e.CircleServers = append(e.CircleServers, ExportedCircleServer{
			CircleID: servers[at].CircleID, ServerID: servers[at].ServerID, Terms: terms, JoinedAt: servers[at].JoinedAt.UTC(),
		})
	}
	asks, err := database.G[circleAskRow](tx).Where("account_id = ?", accountID).Order("circle_id").Find(ctx)
	if err != nil {
		return err
	}
	for _, one := range asks {
		e.CircleAsks = append(e.CircleAsks, ExportedCircleAsk{CircleID: one.CircleID, AskedAt: one.CreatedAt.UTC(), ExpiresAt: one.ExpiresAt.UTC()})
	}
	waits, err := database.G[circleAnswerRow](tx).Where("account_id = ? AND state = ?", accountID, CircleWaiting).Order("circle_id, server_id").Find(ctx)
	for _, one := range waits {
		e.CircleWaits = append(e.CircleWaits, ExportedCircleWait{CircleID: one.CircleID, ServerID: one.ServerID, At: one.CreatedAt.UTC()})
	}
	return err
}
