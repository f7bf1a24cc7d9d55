package wire

import (
	"context"
	"time"
)

// limited is a context with a deadline and without a timer: its Done does not tell that the
// deadline has passed. That is enough for what reads and writes a connection with that deadline,
// and costs nothing.
type limited struct {
	context.Context
	deadline time.Time
}

func (l limited) Deadline() (time.Time, bool) { return l.deadline, true }

// Err returns DeadlineExceeded after the deadline.
func (l limited) Err() error {
	if err := l.Context.Err(); err != nil || time.Now().Before(l.deadline) {
		return err
	}
	return context.DeadlineExceeded
}

// opens returns the context that bounds how long a connection may take to open; 0 is as long as
// ctx.
func opens(ctx context.Context, connect time.Duration) (opening context.Context, cancel context.CancelFunc) {
	deadline, bounded := ctx.Deadline()
	if by := time.Now().Add(connect); connect > 0 && (!bounded || by.Before(deadline)) {
		deadline, bounded = by, true
	}
	if bounded { // with a timer: a TLS handshake waits for Done
		return context.WithDeadline(ctx, deadline)
	}
	return ctx, func() {}
}

// limit returns ctx with a time limit; 0 is none. Call cancel when it is no longer used.
func limit(ctx context.Context, start time.Time, timeout time.Duration, how *Manner) (within context.Context, cancel context.CancelFunc) {
	if timeout == 0 {
		return ctx, func() {}
	}
	deadline := start.Add(timeout)
	if earlier, ok := ctx.Deadline(); ok && earlier.Before(deadline) {
		return ctx, func() {}
	}
	if !how.plain() { // it waits without a connection
		return context.WithDeadline(ctx, deadline)
	}
	return limited{ctx, deadline}, func() {}
}
