package handlers

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/handlers/connect"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/peer"
)

// How often one source may ask whether its devices were approved: clients ask
// once a second, and several of them live behind one address.
const (
	pollsAtOnce = 60
	pollsRefill = 6 * time.Second // from none to all of them
)

// connectServer speaks the Emby Connect protocol for this site.
func (s *site) connectServer() *connect.Server {
	return &connect.Server{
		Store: s.Store, Log: s.Log, PublicURL: s.origin, Register: s.registerPolicy(), Captcha: s.connectCaptcha,
		Locale: func(acceptLanguage string) string { return s.Catalogue.Match(acceptLanguage) },
		Say:    s.errorText,
		Pace:   func(address netip.Addr) bool { return s.polls.Allow(peer.Network(address)) },
	}
}

// registerPolicy is how apps may sign people up. Where no form asks for a
// captcha, apps need none either.
func (s *site) registerPolicy() connect.RegisterPolicy {
	policy := cmp.Or(s.ConnectRegister, connect.RegisterCaptcha)
	if policy == connect.RegisterCaptcha && s.CaptchaKind == CaptchaOff {
		return connect.RegisterOpen
	}
	return policy
}

// connectCaptcha checks the proof that an app sent with a registration.
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

// foldService has everything below /service come in lower case: Gin compares
// paths letter by letter, and clients write them in any case. Nobody is
// redirected, since a browser follows no redirect of a preflight.
func foldService(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if under(r.URL.Path, connect.Prefix) {
			folded, address := *r, *r.URL
			address.Path, address.RawPath = strings.ToLower(address.Path), ""
			folded.URL = &address
			r = &folded
		}
		next.ServeHTTP(w, r)
	})
}

// service answers everything below /service. No cookie is read there.
func (s *site) service(c *gin.Context) {
	v := visitOf(c)
	v.pattern = connect.Prefix // until it is known better, if it panics
	v.pattern = s.connect.Serve(c.Writer, c.Request, v.address, caller(c))
	c.Writer.WriteHeaderNow() // else Gin writes a text of its own
}
