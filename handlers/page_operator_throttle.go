package handlers

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatorThrottlesPage is the data of templates/pages/operator_throttles.html.
type operatorThrottlesPage struct {
	operatorPage
	Count     int    // of all counters that refuse tries now
	Subject   string // the name or address that was looked for; "" for none
	Throttles []throttledView
}

// throttledView is a counter that refuses tries now.
type throttledView struct {
	What, Scope string // in words
	Tries       int
	Until       time.Time
}

// operatorThrottles answers GET /admin/throttles.
func (s *site) operatorThrottles(c *gin.Context) error {
	if _, err := s.operatorSession(c); err != nil {
		return err
	}
	ctx := c.Request.Context()
	count, err := s.Store.Console.CountThrottles(ctx)
	if err != nil {
		return err
	}
	page := operatorThrottlesPage{
		operatorPage: s.operatorBase(c, "operator_throttles", "throttles", mistakes{status: http.StatusOK}), Count: count,
		Subject: strings.TrimSpace(queryValue(c, "subject")),
	}
	if page.Subject != "" {
		found, err := s.Store.Console.Throttles(ctx, page.Subject)
		if err != nil {
			return err
		}
		page.Throttles = page.throttledViews(found)
	}
	return s.render(c, http.StatusOK, "operator_throttles", page)
}

// liftThrottles answers POST /admin/throttles.
func (s *site) liftThrottles(c *gin.Context, f form) error {
	session, err := s.operatorSessionRecently(c)
	if err != nil {
		return err
	}
	subject := strings.TrimSpace(f["subject"])
	if subject == "" {
		return seeOther(c, operatorPath+"/throttles")
	}
	if err := s.Store.Console.LiftThrottles(c.Request.Context(), session.AccountID, subject); err != nil {
		return err
	}
	return s.leave(c, operatorAddress("throttles", map[string]string{"subject": subject}), noticeOperatorDone)
}

// throttledViews returns counters in the reader's language.
func (b Base) throttledViews(found []models.Throttled) []throttledView {
	return each(found, func(one models.Throttled) throttledView {
		return throttledView{What: b.T("operator.throttle." + one.What), Scope: b.T("operator.scope." + one.Scope), Tries: one.Tries, Until: one.Until}
	})
}
