package delivery

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
)

// Failed is a failed attempt, as Next sees it.
type Failed struct {
	N       int // its number, from 1
	Failure fixtures.Failure
	Headers signature.Headers // of the response
	// Since is how long ago the delivery began, on the schedule's clock.
	Since time.Duration
	// Now is the wall clock's time, which a date in Retry-After is compared with.
	Now time.Time
}

// Decision is what follows a failed attempt.
type Decision struct {
	Again bool          // there is another attempt
	Wait  time.Duration // before it
	// Stopped means that the failure ends the retries, however many are left.
	Stopped bool
	Disable bool   // the response asks to end the endpoint
	Why     string // the header line that decided
}

// Next decides whether a profile tries again after a failed attempt, and how long it waits before.
// The profile is the one for the event and the failure: see fixtures.Retry.For. Next is a pure
// function: equal arguments and a generator in an equal state give equal results.
//
// A header line that gives an instruction comes first, then the failures that stop, then the number
// of attempts and the time within which they are. The wait is that of fixtures.Waits. Jitter j
// takes it evenly from [1-j, 1+j) of that, full jitter from [0, 1). Then Retry-After counts, within
// its clamp, and last the shortest wait after this failure. Without jitter rng is not used and may
// be nil.
//
// Without Attempts and Within a schedule is followed once; with either, a schedule that is shorter
// repeats its last wait. Base or a formula without either never tries again, nor does the zero
// Retry.
func Next(r *fixtures.Retry, f Failed, rng *rand.Rand) Decision {
	for _, c := range r.Control {
		if value, sent := f.Headers.Lookup(c.Header); sent && (c.Value == "" || strings.EqualFold(strings.TrimSpace(value), c.Value)) {
			return Decision{Stopped: true, Disable: c.Does == fixtures.ActionDisable, Why: fmt.Sprintf("the response has %s: %.100s", c.Header, value)}
		}
	}
	if f.Failure.In(r.StopOn) || len(r.On) > 0 && !f.Failure.In(r.On) {
		return Decision{Stopped: true}
	}
	attempts := r.Attempts
	if attempts <= 0 {
		switch {
		case r.Within > 0:
			attempts = math.MaxInt
		case len(r.Schedule) > 0:
			attempts = len(r.Schedule) + 1
		}
	}
	if f.N < 1 || f.N >= attempts {
		return Decision{}
	}
	wait := jittered(r.Waits().Of(f.N), r.Jitter, rng)
	wait = retryAfter(r, &f, wait)
	for word, least := range r.MinAfter {
		if f.Failure.Is(word) {
			wait = max(wait, least)
		}
	}
	if r.Within > 0 && f.Since+wait > r.Within {
		return Decision{}
	}
	return Decision{Again: true, Wait: wait}
}

// jittered returns the wait with its random part.
func jittered(wait time.Duration, j fixtures.Jitter, rng *rand.Rand) time.Duration {
	w := float64(wait)
	switch {
	case j == fixtures.FullJitter:
		w *= rng.Float64()
	case j > 0:
		w *= 1 + min(float64(j), 1)*(2*rng.Float64()-1)
	}
	return time.Duration(min(max(w, 0), float64(maxWait)))
}

// maxWait keeps a wait within the range of a time.
const maxWait = 100 * 365 * 24 * time.Hour

// retryAfter returns the wait that a response's Retry-After makes of another, if the profile
// respects it: seconds, or a date.
func retryAfter(r *fixtures.Retry, f *Failed, wait time.Duration) time.Duration {
	least, most, honoured := r.RetryAfterClamp()
	if !honoured {
		return wait
	}
	text, sent := f.Headers.Lookup("Retry-After")
	if !sent {
		return wait
	}
	text = strings.TrimSpace(text)
	asked := time.Duration(0)
	if seconds, err := strconv.ParseUint(text, 10, 63); err == nil {
		asked = time.Duration(min(float64(seconds)*float64(time.Second), float64(maxWait)))
	} else if date, err := http.ParseTime(text); err == nil {
		asked = min(max(date.Sub(f.Now), 0), maxWait)
	} else {
		return wait
	}
	if most > 0 {
		low, high := least*float64(wait), min(most*float64(wait), float64(maxWait))
		asked = time.Duration(min(max(float64(asked), low), high))
	}
	return asked
}
