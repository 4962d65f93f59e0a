package handlers

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// live answers GET /livez: the program runs. It checks nothing else.
func (s *site) live(c *gin.Context) { c.String(http.StatusOK, "ok\n") }

// readyNow answers GET /readyz: requests can be served now. If they cannot, it tells the reason
// only if that is a wrong clock, because then the service seems to work. Other reasons are in
// the log.
func (s *site) readyNow(c *gin.Context) {
	if err := s.ready.check(c.Request.Context()); err != nil {
		setRetryAfter(c, shortWait)
		text := "not ready\n"
		if errors.Is(err, models.ErrClocksDiffer) {
			text = "not ready: " + models.ErrClocksDiffer.Error() + "\n"
		}
		c.String(http.StatusServiceUnavailable, text)
		return
	}
	c.String(http.StatusOK, "ok\n")
}

const (
	readyFor  = time.Second     // for this long an answer is given again
	readyTime = 2 * time.Second // for the check
)

// readiness checks the service at most once a second, no matter how often it is asked.
type readiness struct {
	ask func(context.Context) error
	now func() time.Time

	mu    sync.Mutex
	asked time.Time
	last  error
}

func (r *readiness) check(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); r.asked.IsZero() || now.Sub(r.asked).Abs() >= readyFor { // also when the clock was set back
		// A caller that leaves early must not spoil the answer for the others.
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTime)
		defer cancel()
		r.last, r.asked = r.ask(asking), now
	}
	return r.last
}

// robots answers GET /robots.txt, which allows only the public pages.
func (s *site) robots(c *gin.Context) {
	c.String(http.StatusOK, "User-agent: *\nAllow: /$\nAllow: /help/\nAllow: /static/\nDisallow: /\n")
}

// securityTextLife is how long security.txt says that it is valid: less than a
// year (RFC 9116 §2.5.5).
const securityTextLife = 180 * 24 * time.Hour

// securityText answers GET /.well-known/security.txt.
func (s *site) securityText(c *gin.Context) error {
	if s.SecurityContact == "" {
		return models.ErrNotFound
	}
	contact := s.SecurityContact
	if !strings.Contains(contact, ":") {
		contact = "mailto:" + contact
	}
	var languages []string
	for _, language := range s.Catalogue.Languages() {
		languages = append(languages, language.Code)
	}
	expires := s.Now().UTC().Add(securityTextLife).Truncate(24 * time.Hour)
	c.String(http.StatusOK, "Contact: %s\nExpires: %s\nPreferred-Languages: %s\nCanonical: %s/.well-known/security.txt\n",
		contact, expires.Format(time.RFC3339), strings.Join(languages, ", "), s.origin)
	return nil
}
