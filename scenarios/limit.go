package scenarios

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// LimitError means that a time limit was reached. What it limited is then inconclusive: a result on
// the consumer needs more time.
type LimitError struct {
	// What was limited, such as "of the step".
	What string
	// Limit is the time limit.
	Limit time.Duration
}

// Error names the limit.
func (e *LimitError) Error() string {
	return fmt.Sprintf("the time limit %s, %s, was reached", e.What, Duration(e.Limit))
}

// withLimit returns a context that ends after a time limit; 0 is no limit.
func withLimit(ctx context.Context, limit Duration, what string) (context.Context, context.CancelFunc) {
	if limit == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, time.Duration(limit), &LimitError{What: what, Limit: time.Duration(limit)})
}

// limitOf returns the time limit that ended a context, or nil.
func limitOf(ctx context.Context) *LimitError {
	var limit *LimitError
	if ctx.Err() == nil || !errors.As(context.Cause(ctx), &limit) {
		return nil
	}
	return limit
}
