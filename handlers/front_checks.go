package handlers

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/typed"
)

// checkHost refuses requests for another host. Such requests come because somebody has
// pointed another name at this service, or because somebody hopes that a mail will contain
// that name. Health checks may use the IP address as host.
func (s *site) checkHost(c *gin.Context) {
	path, host := c.Request.URL.Path, c.Request.Host
	if host == s.host || s.Dev || s.OnlySetUp || path == "/livez" || path == "/readyz" || strings.EqualFold(bareHost(host), s.host) {
		return
	}
	s.refuse(c, refuse(http.StatusMisdirectedRequest, "wrong_host"))
}

// bareHost returns host without the default port of http or https, and without the dot that
// may be at the end of a name (RFC 1034 §3.1), because both mean the same host.
func bareHost(host string) string {
	name, port, err := net.SplitHostPort(host)
	switch {
	case err != nil:
		return strings.TrimSuffix(host, ".")
	case port == "80" || port == "443":
		return strings.TrimSuffix(name, ".")
	default:
		return net.JoinHostPort(strings.TrimSuffix(name, "."), port)
	}
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

// strayMarks are the characters that often follow a link in a text: marks at the end
// of a sentence, quotation marks and brackets. No path of a page ends with one of
// them.
const strayMarks = ".,;:!?)]}>*'\"`´‘’‚“”„«»‹›…、。，；：！？）］｝》」』"

// dropStrayMarks redirects a browser whose path ends with strayMarks, spaces or invisible
// characters to the path without them, because a mail program or a person may have added
// such a character to the link by mistake.
func (s *site) dropStrayMarks(c *gin.Context) {
	path := c.Request.URL.Path
	if visitOf(c).side != sidePages || (c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead) {
		return
	}
	clean := strings.TrimRightFunc(path, func(r rune) bool {
		return strings.ContainsRune(strayMarks, r) || unicode.IsSpace(r) || typed.IsUnseen(r)
	})
	if clean == path {
		return
	}
	to := (&url.URL{Path: clean, RawQuery: c.Request.URL.RawQuery}).String()
	if returnTo(to) != to { // the rest is not a page of this site
		return
	}
	hideReferrer(c)
	c.Abort()
	c.Redirect(http.StatusSeeOther, to)
}
