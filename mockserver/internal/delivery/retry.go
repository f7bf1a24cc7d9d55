package delivery

import (
	"math/rand/v2"

	"github.com/hookrig/hookrig/fixtures"
)

// Failed is a failed attempt, as Next sees it.
type Failed = fixtures.Failed

// Decision is what follows a failed attempt.
type Decision = fixtures.Decision

// Next decides whether a profile tries again after a failed attempt: see fixtures.Retry.Next. It is
// a pure function: equal arguments and a generator in an equal state give equal results. Without
// jitter rng is not used and may be nil.
func Next(r *fixtures.Retry, f Failed, rng *rand.Rand) Decision { return r.Next(f, rng.Float64) }
