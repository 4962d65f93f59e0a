package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// seeOther redirects the browser to a page of the site.
func seeOther(c *gin.Context, to string) error {
	c.Redirect(http.StatusSeeOther, to)
	return nil
}

// inviteLinkPath is the path of the links of invites. The secret follows it in the fragment,
// which browsers send to no server.
const inviteLinkPath = "/i"

// inviteURL returns the link of an invite with the given secret.
func (s *site) inviteURL(secret string) string { return s.origin + inviteLinkPath + "#" + secret }
