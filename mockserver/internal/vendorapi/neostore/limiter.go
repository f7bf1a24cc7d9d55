package neostore

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// The limit of calls: sixty at once and then one a second, for each tenant. The vendor's Insights
// API has 60 calls a minute; no document names a limit for this one.
const (
	burstOfCalls   = 60
	callsPerSecond = 1
)

// limiter is a token bucket for each tenant.
type limiter struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// take takes one call. The error is an *vendorapi.Error, 429, when there is none left.
func (l *limiter) take(tenant string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b, known := l.buckets[tenant]
	if !known {
		b = bucket{burstOfCalls, now}
	}
	b.left = min(burstOfCalls, b.left+max(0, now.Sub(b.at).Seconds())*callsPerSecond)
	b.at = now
	enough := b.left >= 1
	if enough {
		b.left--
	}
	if l.buckets == nil {
		l.buckets = map[string]bucket{}
	}
	l.buckets[tenant] = b
	if enough {
		return nil
	}
	wait := strconv.Itoa(int(math.Ceil((1 - b.left) / callsPerSecond)))
	e := vendorapi.Errorf(http.StatusTooManyRequests, "Too many calls: %d at once and then %d a second. Try again in %s s.", burstOfCalls, callsPerSecond, wait)
	e.Header = http.Header{"Retry-After": {wait}}
	return e
}
