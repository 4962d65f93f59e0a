package handlers

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// onCircle calls do with the account of the session and the ids of the address and of the form: server and account.
func (s *site) onCircle(c *gin.Context, f form, do func(ctx context.Context, accountID int64, id ids) error) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	id, err := idsOf(c)
	if err != nil {
		return err
	}
	for name, into := range map[string]*int64{"server": &id.server, "account": &id.account} {
		if f[name] == "" {
			continue
		}
		if *into, err = idOf(f[name]); err != nil {
			return err
		}
	}
	return do(c.Request.Context(), session.AccountID, id)
}

// renameCircle answers POST /circles/ID/rename.
func (s *site) renameCircle(c *gin.Context, f form) error {
	err := s.onCircle(c, f, func(ctx context.Context, accountID int64, id ids) error {
		return s.Store.Circles.Rename(ctx, accountID, id.circle, f["name"])
	})
	return s.backToCircle(c, circleForms{name: f}, noticeCircleSaved, err)
}

// askIntoCircle answers POST /circles/ID/owners.
func (s *site) askIntoCircle(c *gin.Context, f form) error {
	err := s.onCircle(c, f, func(ctx context.Context, accountID int64, id ids) error {
		if err := missing(f, "username"); err != nil {
			return err
		}
		return s.Store.Circles.Ask(ctx, accountID, id.circle, f["username"], caller(c))
	})
	return s.backToCircle(c, circleForms{owner: f}, noticeCircleAsked, err)
}

// takeBackCircleAsk answers POST /circles/ID/owners/take-back.
func (s *site) takeBackCircleAsk(c *gin.Context, f form) error {
	err := s.onCircle(c, f, func(ctx context.Context, accountID int64, id ids) error {
		return s.Store.Circles.TakeBack(ctx, accountID, id.circle, id.account)
	})
	return s.backToCircle(c, circleForms{}, noticeCircleSaved, err)
}

// joinCircle answers POST /circles/ID/servers.
func (s *site) joinCircle(c *gin.Context, f form) error {
	err := s.onCircle(c, f, func(ctx context.Context, accountID int64, id ids) error {
		serverID, err := idOf(f["server_id"])
		if err != nil {
			return oneMistake("server_id", "server_unknown")
		}
		terms, err := readCircleTerms(f, serverID, s.zoneOfForm(c, f))
		if err != nil {
			return err
		}
		return s.Store.Circles.Join(ctx, accountID, id.circle, serverID, terms, caller(c))
	})
	return s.backToCircle(c, circleForms{join: f}, noticeCircleJoined, err)
}

// setCircleTerms answers POST /circles/ID/servers/terms.
func (s *site) setCircleTerms(c *gin.Context, f form) error {
	err := s.onCircle(c, f, func(ctx context.Context, accountID int64, id ids) error {
		terms, err := readCircleTerms(f, id.server, s.zoneOfForm(c, f))
		if err != nil {
			return err
		}
		return s.Store.Circles.SetTerms(ctx, accountID, id.circle, id.server, terms)
	})
	return s.backToCircle(c, circleForms{terms: f}, noticeCircleSaved, err)
}

// takeFromCircle answers POST /circles/ID/servers/take.
func (s *site) takeFromCircle(c *gin.Context, f form) error {
	said := noticeCircleTaken
	err := s.onCircle(c, f, func(ctx context.Context, accountID int64, id ids) error {
		state, err := s.Store.CirclePeople.Take(ctx, accountID, id.circle, id.server, caller(c))
		if state == models.CircleWaiting {
			said = noticeCircleWaits
		}
		return err
	})
	return s.backToCircle(c, circleForms{}, said, err)
}

// takeOutOfCircle answers POST /circles/ID/servers/take-out.
func (s *site) takeOutOfCircle(c *gin.Context, f form) error {
	return s.awayFromCircle(c, f, noticeCircleServerOut, func(ctx context.Context, accountID int64, id ids) error {
		return s.Store.Circles.TakeOut(ctx, accountID, id.circle, id.server, caller(c))
	})
}

// admitToCircle answers POST /circles/ID/people/admit.
func (s *site) admitToCircle(c *gin.Context, f form) error {
	err := s.onCircle(c, f, func(ctx context.Context, accountID int64, id ids) error {
		return s.Store.CirclePeople.Admit(ctx, accountID, id.circle, id.server, id.account)
	})
	return s.backToCircle(c, circleForms{}, noticeCircleAdmitted, err)
}

// refuseInCircle answers POST /circles/ID/people/refuse.
func (s *site) refuseInCircle(c *gin.Context, f form) error {
	err := s.onCircle(c, f, func(ctx context.Context, accountID int64, id ids) error {
		return s.Store.CirclePeople.Refuse(ctx, accountID, id.circle, id.server, id.account, caller(c))
	})
	return s.backToCircle(c, circleForms{}, noticeCircleRefused, err)
}

// allowInCircle answers POST /circles/ID/people/allow.
func (s *site) allowInCircle(c *gin.Context, f form) error {
	err := s.onCircle(c, f, func(ctx context.Context, accountID int64, id ids) error {
		return s.Store.CirclePeople.Allow(ctx, accountID, id.circle, id.server, id.account)
	})
	return s.backToCircle(c, circleForms{}, noticeCircleSaved, err)
}

// declineCircle answers POST /circles/ID/decline.
func (s *site) declineCircle(c *gin.Context, f form) error {
	return s.awayFromCircle(c, f, noticeCircleDeclined, func(ctx context.Context, accountID int64, id ids) error {
		return s.Store.Circles.Decline(ctx, accountID, id.circle)
	})
}

// leaveCircle answers POST /circles/ID/leave.
func (s *site) leaveCircle(c *gin.Context, f form) error {
	return s.awayFromCircle(c, f, noticeCircleLeft, func(ctx context.Context, accountID int64, id ids) error {
		return s.Store.CirclePeople.Leave(ctx, accountID, id.circle, caller(c))
	})
}

// dissolveCircle answers POST /circles/ID/dissolve.
func (s *site) dissolveCircle(c *gin.Context, f form) error {
	return s.awayFromCircle(c, f, noticeCircleDissolved, func(ctx context.Context, accountID int64, id ids) error {
		return s.Store.Circles.Dissolve(ctx, accountID, id.circle, caller(c))
	})
}

// awayFromCircle carries out an act after which the reader may not see the circle any longer, and leads to the
// list of circles.
func (s *site) awayFromCircle(c *gin.Context, f form, n notice, do func(ctx context.Context, accountID int64, id ids) error) error {
	if err := s.onCircle(c, f, do); err != nil {
		return s.backToCircle(c, circleForms{}, n, err)
	}
	return s.leave(c, circlesPath, n)
}
