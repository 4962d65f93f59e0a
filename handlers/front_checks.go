package handlers

import (
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// checkHost refuses requests for another host. They come through a name that
// somebody pointed at this service, or from somebody who hopes that a mail will
// contain that name. Health checks may ask by address.
func (s *site) checkHost(c *gin.Context) {
	path := c.Request.URL.Path
	if s.Dev || path == "/livez" || path == "/readyz" || strings.EqualFold(bareHost(c.Request.Host), s.host) {
		return
	}
	s.refuse(c, refuse(http.StatusMisdirectedRequest, "wrong_host"))
}

// bareHost returns host without the default port of http or https.
func bareHost(host string) string {
	if name, port, err := net.SplitHostPort(host); err == nil && (port == "80" || port == "443") {
		return name
	}
	return host
}

// checkQuery refuses addresses whose query has more parameters than any page
// reads.
func (s *site) checkQuery(c *gin.Context) {
	if strings.Count(c.Request.URL.RawQuery, "&") >= maxQueryPairs {
		s.refuse(c, refuse(http.StatusBadRequest, "bad_request"))
	}
}

// checkOrigin refuses requests that another site made the browser send. Only
// the pages need this: cookies do not count elsewhere.
func (s *site) checkOrigin(c *gin.Context) {
	if visitOf(c).side != sidePages {
		return
	}
	if err := s.forgery.Check(c.Request); err != nil {
		s.refuse(c, fmt.Errorf("%w: %w", refuse(http.StatusForbidden, "cross_origin"), err))
	}
}
