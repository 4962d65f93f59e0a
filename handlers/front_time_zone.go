package handlers

import (
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// timeZonesMost is more than the world has time zones.
const timeZonesMost = 1000

// timeZones keeps the time zones that readers have, because reading one of them takes longer than
// writing all times of a page. It keeps timeZonesMost at the most: forms bring names from outside, and
// one zone has many spellings.
type timeZones struct {
	mu    sync.RWMutex
	known map[string]*time.Location
}

// named returns a time zone by its name, and UTC for a name that is unknown or "".
func (z *timeZones) named(name string) *time.Location {
	if name == "" {
		return time.UTC
	}
	z.mu.RLock()
	zone := z.known[name]
	z.mu.RUnlock()
	if zone != nil {
		return zone
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return time.UTC
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.known == nil {
		z.known = map[string]*time.Location{}
	}
	if len(z.known) < timeZonesMost {
		z.known[strings.Clone(name)] = zone // the name may be a part of a whole form
	}
	return zone
}

// zone returns the time zone of the visitor's account, and UTC while it is not known or nobody is
// signed in.
func (s *site) zone(c *gin.Context) *time.Location {
	visitor, err := visitOf(c).visitor()
	if err != nil {
		return time.UTC
	}
	return s.zones.named(visitor.TimeZone)
}
