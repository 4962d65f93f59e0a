package handlers

import (
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// checkHost refuses requests for another host: they come from a name that was
// pointed here, or from somebody who hopes that a mail repeats it. Probes ask
// by address.
func (s *site) checkHost(c *gin.Context) {
	path := c.Request.URL.Path
	if s.Dev || path == "/livez" || path == "/readyz" || strings.EqualFold(bareHost(c.Request.Host), s.host) {
		return
	}
	s.refuse(c, refuse(http.StatusMisdirectedRequest, "wrong_host"))
}

// bareHost is a host without a port that goes without saying.
func bareHost(host string) string {
	if name, port, err := net.SplitHostPort(host); err == nil && (port == "80" || port == "443") {
		return name
	}
	return host
}

// checkQuery refuses addresses with more in them than any of ours.
func (s *site) checkQuery(c *gin.Context) {
	if strings.Count(c.Request.URL.RawQuery, "&") >= maxQueryPairs {
		s.refuse(c, refuse(http.StatusBadRequest, "bad_request"))
	}
}

// checkOrigin refuses what another site had the browser send. Only pages have
// something to fear: elsewhere no cookie counts.
func (s *site) checkOrigin(c *gin.Context) {
	if visitOf(c).side != sidePages {
		return
	}
	if err := s.forgery.Check(c.Request); err != nil {
		s.refuse(c, fmt.Errorf("%w: %w", refuse(http.StatusForbidden, "cross_origin"), err))
	}
}
