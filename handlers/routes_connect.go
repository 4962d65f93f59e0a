package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// connectRoutes are the pages about servers, links and devices.
func (s *site) connectRoutes(r *gin.Engine) {
	s.get(r, "/servers", s.servers)
	s.post(r, "/servers/leave", s.leaveServer)
	s.get(r, "/servers/new", s.newServerForm)
	s.post(r, "/servers/new", s.newServer)
	s.post(r, "/servers/claim", s.claimServer)

	s.get(r, "/servers/:id", s.server)
	s.get(r, "/servers/:id/open", s.openServer)
	s.post(r, "/servers/:id/rename", s.renameServer)
	s.post(r, "/servers/:id/addresses", s.addAddress)
	s.post(r, "/servers/:id/addresses/move", s.moveAddress)
	s.post(r, "/servers/:id/addresses/hide", s.hideAddress)
	s.post(r, "/servers/:id/addresses/remove", s.removeAddress)
	s.post(r, "/servers/:id/people/remove", s.removePerson)
	s.post(r, "/servers/:id/key", s.rotateServerKey)
	s.post(r, "/servers/:id/hand-over", s.handServerOver)
	s.post(r, "/servers/:id/remove", s.removeServer)

	s.inviteRoutes(r)

	s.get(r, "/invitations", s.invitations)
	s.post(r, "/invitations/accept", s.acceptInvitation)
	s.post(r, "/invitations/decline", s.declineInvitation)

	s.get(r, "/link", s.linkForm)
	s.post(r, "/link", s.lookDevice)
	s.post(r, "/link/approve", s.approveDevice)
	s.post(r, "/link/deny", s.denyDevice)
	s.post(r, "/link/quick-connect", s.quickConnect)
	s.get(r, "/link/quick-connect/:id", s.quickWait)
	s.get(r, "/link/quick-connect/:id/state", s.quickState)
	s.get(r, "/pin", nil, func(c *gin.Context) { c.Redirect(http.StatusFound, "/link") })
}
