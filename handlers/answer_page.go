package handlers

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// base returns the part of a page that all pages share. It takes the waiting notice out of
// its cookie, so that no later page shows the notice again.
func (s *site) base(c *gin.Context, name string) Base {
	b := Base{
		Catalogue:   s.Catalogue,
		Locale:      s.locale(c),
		Nonce:       visitOf(c).nonce,
		ServiceName: s.ServiceName,
		Operator:    s.OperatorName,
		Page:        name,
		Tabs:        tabsOf(name),
		Path:        pageHere(c),
		Dev:         s.Dev,
		SignUpOpen:  s.SignUp == models.SignUpOpen,
		OnlySetUp:   s.OnlySetUp,
		Zone:        s.zone(c),
	}
	if b.Path == "" {
		b.Path = "/" // the error page of an unknown address: a switch of the language leads to the landing page
	}
	// If the database is away, a page that needs it fails anyway. The header of any other
	// page then shows nobody as signed in.
	visitor, err := visitOf(c).visitor()
	b.Switched = visitor.Switched || errors.Is(err, models.ErrSwitched)
	if err == nil {
		b.Account = &accountView{
			Username: visitor.Username, DisplayName: visitor.DisplayName, Face: faceOf(visitor.DisplayName, visitor.AccountID, pictureAddress(visitor.Picture)),
			Newcomer: visitor.Newcomer, Operator: visitor.Operator,
		}
	}
	if err == nil && !b.Switched {
		// The count may be as old as the beginning of the request, because every form that changes
		// the count leads to another page.
		if waiting, err := s.Store.Invites.WaitingFor(c.Request.Context(), visitor); err == nil {
			b.Account.Waiting = waiting
		}
	}
	b.Notice = s.takeNotice(c, b)
	b.Banners = s.banners(c, b)
	return b
}

// render answers with a page. The template is executed into memory first, so
// that a template that fails half-way does not leave half a page with status
// 200.
func (s *site) render(c *gin.Context, status int, name string, page spoken) error {
	drawn, err := s.draw(name, page)
	if err != nil {
		return err
	}
	c.Data(status, "text/html; charset=utf-8", drawn)
	return nil
}

// pageSize is more than most pages have, in bytes, so that the memory for a page need not grow.
const pageSize = 12 << 10

// draw returns a page as HTML.
func (s *site) draw(name string, page spoken) ([]byte, error) {
	template, err := s.Pages.Page(name, page.language())
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	out := bytes.NewBuffer(make([]byte, 0, pageSize))
	if err := template.Execute(out, page); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	if page.told() {
		return withBanners(template, out.Bytes(), page)
	}
	return out.Bytes(), nil
}
