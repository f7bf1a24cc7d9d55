package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// Outcome is how a request ended.
type Outcome string

// The outcomes, by how far the exchange came.
const (
	NotSent Outcome = "not_sent" // no byte was written: refused, unresolved, TLS failed
	// the connection ended while the request was being written
	PartlyWritten Outcome = "partly_written"
	NoResponse    Outcome = "no_reply" // written whole, no whole response: timeout, reset, garbage
	GotStatus     Outcome = "status"   // a response with a status was read
)

// Result is the result of one exchange.
type Result struct {
	Outcome Outcome
	Status  int
	// Response is what was read of the response; with NoResponse it may be incomplete.
	Response Response
	Took     time.Duration
	// Written counts the bytes of the request that were written to the connection.
	Written int
	Err     error // why there is no status; nil with GotStatus
}

// timeout is an ErrTimeout that says what did not happen in time.
type timeout struct {
	missed string // "no response"
	limit  time.Duration
}

func (t *timeout) Error() string { return fmt.Sprintf("%s within %v", t.missed, t.limit) }

func (t *timeout) Is(target error) bool {
	return target == ErrTimeout || target == context.DeadlineExceeded
}

// Timeout reports true, as a net.Error does.
func (t *timeout) Timeout() bool { return true }

// phase is a part of an exchange, with the words for its errors.
type phase struct {
	missed string // what did not happen in time
	doing  string
}

var (
	connecting = phase{"no connection", "connecting"}
	writing    = phase{"request not written", "writing the request"}
	awaiting   = phase{"no response", "waiting for the response"}
	responding = phase{"response not complete", "reading the response"}
	stalling   = phase{"no response to the part that was sent", "waiting without sending the rest"}
	resetting  = phase{"no reset", "resetting the connection"}
)

// fail returns why the phase failed. limit is the time that the whole exchange had.
func (p phase) fail(err error, limit time.Duration) error {
	switch {
	case errors.Is(err, ErrForbidden): // its text is complete
		return err
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return &timeout{p.missed, rounded(limit)}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: %w: the consumer closed it", p.doing, ErrCut)
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return fmt.Errorf("%s: %w: the consumer reset it", p.doing, ErrCut)
	}
	return fmt.Errorf("%s: %w", p.doing, err)
}

// rounded returns a limit as a person would write it: a little of it had passed before the exchange
// began.
func rounded(limit time.Duration) time.Duration {
	switch {
	case limit >= 900*time.Millisecond:
		return limit.Round(100 * time.Millisecond)
	case limit >= 90*time.Millisecond:
		return limit.Round(10 * time.Millisecond)
	}
	return limit.Round(time.Millisecond)
}

// failIn is fail for an exchange that began at start and is bounded by ctx. When ctx has ended,
// that is the reason.
func (p phase) failIn(ctx context.Context, start time.Time, err error) error {
	switch ctx.Err() {
	case nil:
	case context.DeadlineExceeded:
		err = context.DeadlineExceeded
	default:
		err = context.Cause(ctx)
	}
	limit := time.Since(start)
	if deadline, ok := ctx.Deadline(); ok {
		limit = max(0, deadline.Sub(start))
	}
	return p.fail(err, limit)
}
