package delivery

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/hookrig/hookrig/fixtures"
)

// Next says whether a profile tries again after the attempt of that number, from 1, failed with
// status, which is 0 when there was none, and how long it waits before. It is a pure function:
// equal arguments and a generator in an equal state give equal results.
//
// The wait after attempt n is Schedule[n-1], or without a schedule Base × Factor^(n-1), where a
// Factor of 0 is 1; Cap bounds it. Jitter j draws it evenly from [1-j, 1+j) of that. Without jitter
// rng is not used and may be nil.
//
// Attempts bounds all tries. Without it a schedule is followed once; a schedule that is shorter
// repeats its last wait. Base without Attempts never tries again, nor does the zero Retry. After a
// status that stops the message there is no attempt, however many are left.
func Next(r fixtures.Retry, attempt, status int, rng *rand.Rand) (wait time.Duration, again bool) {
	attempts := r.Attempts
	if attempts <= 0 && len(r.Schedule) > 0 {
		attempts = len(r.Schedule) + 1
	}
	if attempt < 1 || attempt >= attempts || r.Stops(status) {
		return 0, false
	}
	w := float64(r.Base)
	switch {
	case len(r.Schedule) > 0:
		w = float64(r.Schedule[min(attempt, len(r.Schedule))-1])
	case r.Factor > 0:
		w *= math.Pow(r.Factor, float64(attempt-1))
	}
	if r.Cap > 0 {
		w = min(w, float64(r.Cap))
	}
	w = math.Trunc(w) // jitter is generated around the wait without jitter
	if r.Jitter > 0 {
		w *= 1 + min(r.Jitter, 1)*(2*rng.Float64()-1)
	}
	return time.Duration(min(max(w, 0), float64(maxWait))), true
}

// maxWait keeps a formula without a cap within the range of a time.
const maxWait = 100 * 365 * 24 * time.Hour
