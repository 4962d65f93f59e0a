package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// routes is the table of everything that can be asked for.
func (s *site) routes(r *gin.Engine) {
	s.publicRoutes(r)
	s.accountRoutes(r)
	s.mailedRoutes(r)
	s.connectRoutes(r)
	s.machineRoutes(r)
	s.apiRoutes(r)
	s.contractRoutes(r)
	if s.Dev {
		s.get(r, "/dev/mail", s.devMail)
	}
}

// publicRoutes are for people who are not signed in.
func (s *site) publicRoutes(r *gin.Engine) {
	s.get(r, "/", s.landing)
	s.get(r, "/help/pin", s.helpPIN)
	s.post(r, "/language", s.language)

	s.get(r, "/signup", s.signUpForm)
	s.post(r, "/signup", s.signUp)
	s.get(r, "/signup/sent", s.signUpSent)
	s.post(r, "/signup/resend", s.signUpResend)
	s.post(r, "/signup/correct", s.signUpCorrect)

	s.get(r, "/signin", s.signInForm)
	s.post(r, "/signin", s.signIn)
	s.post(r, "/signout", s.signOut)
	s.post(r, "/signout/everywhere", s.signOutEverywhere)

	s.get(r, "/forgot", s.forgotForm)
	s.post(r, "/forgot", s.forgot)
	s.get(r, "/forgot/sent", s.forgotSent)
}

// accountRoutes are for somebody who is signed in.
func (s *site) accountRoutes(r *gin.Engine) {
	s.get(r, "/account", s.accountForm)
	s.post(r, "/account", s.account)
	s.get(r, "/account/email", s.accountEmailForm)
	s.post(r, "/account/email", s.accountEmail)
	s.get(r, "/account/password", s.accountPasswordForm)
	s.post(r, "/account/password", s.accountPassword)
	s.get(r, "/account/confirm-password", s.confirmPasswordForm)
	s.post(r, "/account/confirm-password", s.confirmPassword)
	s.get(r, "/account/sessions", s.sessions)
	s.post(r, "/account/sessions/end", s.endSession)
	s.post(r, "/account/sessions/end-others", s.endOtherSessions)
	s.get(r, "/account/pin", s.pinForm)
	s.post(r, "/account/pin", s.pin)
	s.post(r, "/account/pin/mail", s.pinMail)
	s.get(r, "/account/pin/forgot", s.pinForgotForm)
	s.post(r, "/account/pin/forgot", s.pinForgot)
	s.get(r, "/account/export", s.export)
	s.get(r, "/account/delete", s.deleteForm)
	s.post(r, "/account/delete", s.deleteAccount)
}

// mailedRoutes are where the links of mails lead. None needs a session.
func (s *site) mailedRoutes(r *gin.Engine) {
	s.get(r, "/confirm", s.confirmForm)
	s.post(r, "/confirm", s.confirm)
	s.get(r, "/reset", s.resetForm)
	s.post(r, "/reset", s.reset)
	s.get(r, "/account/email/confirm", s.emailConfirmForm)
	s.post(r, "/account/email/confirm", s.emailConfirm)
	s.get(r, "/account/email/undo", s.emailUndoForm)
	s.post(r, "/account/email/undo", s.emailUndo)
	s.get(r, "/account/pin/reset", s.pinResetForm)
	s.post(r, "/account/pin/reset", s.pinReset)
	s.get(r, "/account/sessions/not-me", s.notMeForm)
	s.post(r, "/account/sessions/not-me", s.notMe)
}

// machineRoutes are for browsers, monitors and robots.
func (s *site) machineRoutes(r *gin.Engine) {
	s.get(r, "/captcha/challenge", nil, s.problem(s.challenge))
	s.get(r, "/livez", nil, s.live)
	s.get(r, "/readyz", nil, s.readyNow)
	s.get(r, "/robots.txt", nil, s.robots)
	s.get(r, "/favicon.ico", s.favicon)
	s.get(r, "/static/*file", s.static)
	s.get(r, "/.well-known/security.txt", s.securityText)
	s.get(r, "/.well-known/change-password", nil, func(c *gin.Context) { c.Redirect(http.StatusFound, "/account/password") })
}

// get serves path to GET and HEAD, with page or else with plain.
func (s *site) get(r *gin.Engine, path string, page handlerFunc, plain ...gin.HandlerFunc) {
	if page != nil {
		plain = append(plain, s.page(page))
	}
	r.GET(path, plain...)
	r.HEAD(path, plain...)
}

// post serves a form sent to path.
func (s *site) post(r *gin.Engine, path string, h formFunc) {
	r.POST(path, s.page(func(c *gin.Context) error {
		f, err := readForm(c)
		if err != nil {
			return err
		}
		return h(c, f)
	}))
}
