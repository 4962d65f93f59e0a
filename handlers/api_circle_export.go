package handlers

import (
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// exportedCircles is the part of the document about circles.
type exportedCircles struct {
	Circles       []exportedCircle       `json:"circles"`
	CircleServers []exportedCircleServer `json:"circle_servers"`
	CircleAsks    []exportedCircleAsk    `json:"circle_asks"`
	CircleWaits   []exportedCircleWait   `json:"circle_waits"`
}

// exportedCircle is a circle to whose people the account belongs.
type exportedCircle struct {
	CircleID string    `json:"circle_id"`
	Name     string    `json:"name"`
	JoinedAt time.Time `json:"joined_at"`
}

// exportedCircleServer is a server that the account has brought into a circle.
type exportedCircleServer struct {
	CircleID string            `json:"circle_id"`
	ServerID string            `json:"server_id"`
	Terms    circleTermsObject `json:"terms"`
	JoinedAt time.Time         `json:"joined_at"`
}

// exportedCircleAsk is a circle that has asked the account for a server.
type exportedCircleAsk struct {
	CircleID  string    `json:"circle_id"`
	AskedAt   time.Time `json:"asked_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// exportedCircleWait is a server of a circle whose owner has to answer the account.
type exportedCircleWait struct {
	CircleID string    `json:"circle_id"`
	ServerID string    `json:"server_id"`
	Since    time.Time `json:"since"`
}

func exportCircles(stored models.Export) exportedCircles {
	return exportedCircles{
		Circles: each(stored.Circles, func(c models.ExportedCircle) exportedCircle {
			return exportedCircle{CircleID: idText(c.CircleID), Name: c.Name, JoinedAt: c.JoinedAt.UTC()}
		}),
		CircleServers: each(stored.CircleServers, func(c models.ExportedCircleServer) exportedCircleServer {
			return exportedCircleServer{CircleID: idText(c.CircleID), ServerID: idText(c.ServerID), Terms: *circleTermsOf(&c.Terms), JoinedAt: c.JoinedAt}
		}),
		CircleAsks: each(stored.CircleAsks, func(c models.ExportedCircleAsk) exportedCircleAsk {
			return exportedCircleAsk{CircleID: idText(c.CircleID), AskedAt: c.AskedAt, ExpiresAt: c.ExpiresAt}
		}),
		CircleWaits: each(stored.CircleWaits, func(c models.ExportedCircleWait) exportedCircleWait {
			return exportedCircleWait{CircleID: idText(c.CircleID), ServerID: idText(c.ServerID), Since: c.At}
		}),
	}
}
