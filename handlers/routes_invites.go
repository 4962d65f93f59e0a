package handlers

import "github.com/gin-gonic/gin"

// inviteRoutes are the pages on which people invite, are invited, and link
// themselves.
func (s *site) inviteRoutes(r *gin.Engine) {
	s.get(r, "/servers/:id/invite", s.inviteForm)
	s.post(r, "/invites", s.createInvite)
	s.post(r, "/servers/:id/invites/withdraw", s.withdrawInvite)
	s.post(r, "/servers/:id/people/terms", s.setTerms)
	s.post(r, "/servers/:id/self-service", s.setSelfService)

	s.get(r, "/servers/:id/join", s.joinForm)
	s.post(r, "/servers/:id/join", s.join)
	s.get(r, "/servers/:id/join/state", s.joinState)

	s.get(r, "/invite", s.invite)
	s.get(r, "/invite/signup", s.inviteSignUpForm)
	s.post(r, "/invite/signup", s.inviteSignUp)
	s.post(r, "/invites/accept", s.acceptInvite)
	s.post(r, "/invites/decline", s.declineInvite)
}
