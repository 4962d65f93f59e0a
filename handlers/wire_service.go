package handlers

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/handlers/connect"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/peer"
	"github.com/latchkey-media/latchkey/models"
)

// A network may ask 60 times at once whether its devices were approved: a client asks once
// a second, and several clients may have the same address.
const (
	pollsAtOnce = 60
	pollsRefill = 6 * time.Second // until all of them are available again
)

// connectServer returns the server of the Emby Connect protocol for this site.
func (s *site) connectServer() *connect.Server {
	return &connect.Server{
		Store: s.Store, Troubles: s.troubles, PublicURL: s.origin, Register: s.registerPolicy(), Captcha: s.connectCaptcha,
		Locale:    func(acceptLanguage string) string { return s.Catalogue.Match(acceptLanguage) },
		Say:       s.errorText,
		Picture:   s.pictureURL,
		Pace:      func(address netip.Addr) bool { return s.polls.Allow(peer.Network(address)) },
		RequestID: func(r *http.Request) string { return visitIn(r).id },
	}
}

// registerPolicy returns how apps may register people. If no form asks for a captcha, apps
// need no captcha either.
func (s *site) registerPolicy() connect.RegisterPolicy {
	policy := cmp.Or(s.ConnectRegister, connect.RegisterCaptcha)
	if policy == connect.RegisterCaptcha && s.CaptchaKind == CaptchaOff {
		return connect.RegisterOpen
	}
	return policy
}

// connectCaptcha checks the answer to a captcha that an app sent with a
// registration.
func (s *site) connectCaptcha(ctx context.Context, params embywire.Params, address netip.Addr) error {
	answer := params["altcha"]
	if s.CaptchaKind == CaptchaRecaptcha {
		answer = params["grecaptcha"]
	}
	err := s.Captcha.Verify(ctx, answer, address)
	if err == nil || errors.Is(err, captcha.ErrMissing) || errors.Is(err, captcha.ErrRefused) {
		return err
	}
	return captchaUnavailable(err)
}

// service answers every request below /service. Gin has no routes there, because clients
// write these paths in any letter case and Gin compares letters exactly. It reads no
// cookie.
func (s *site) service(c *gin.Context) {
	v := visitOf(c)
	v.pattern = connect.Prefix // for the log, if the handler panics before the route is known
	v.pattern = s.connect.Serve(c.Writer, c.Request, v.address, func() models.Caller { return caller(c) })
	c.Writer.WriteHeaderNow() // otherwise Gin would write a text of its own
}
