package discovery

import (
	"net/netip"
	"time"

	"github.com/latchkey-media/latchkey/internal/limit"
)

// A source gets ten answers at once and then one answer each second; all sources together get ten
// times as many. So somebody who forges the address of another machine can cause only little
// traffic to that machine.
const (
	answersOfSource = 10
	answersOfAll    = 100
	refill          = 10 * time.Second // the time after which all answers are allowed again
	sourcesMost     = 1024
)

// limits count answers.
type limits struct {
	all     *limit.Bucket
	sources *limit.Limiter[netip.Addr]
}

func newLimits(now func() time.Time) *limits {
	return &limits{
		all:     limit.NewBucket(now, answersOfAll, refill),
		sources: limit.New[netip.Addr](now, answersOfSource, refill, sourcesMost),
	}
}

// allow counts one answer to a source and reports whether it may be sent.
func (l *limits) allow(source netip.Addr) bool { return l.sources.Allow(source) && l.all.Allow() }
