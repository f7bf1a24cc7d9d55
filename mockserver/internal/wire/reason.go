package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// Reason returns why an exchange has no status, in few words for counting failures: the text is the
// same for all failures with one cause, without ports and times. It is "" for a nil error.
func Reason(err error) string {
	var (
		dns     *net.DNSError
		refused *untrusted
		record  tls.RecordHeaderError
		alert   tls.AlertError
		late    *timeout
	)
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrForbidden), errors.Is(err, ErrURL), errors.Is(err, ErrRedirect):
		return err.Error()
	case errors.As(err, &late):
		return late.Error()
	case errors.As(err, &dns):
		if dns.IsTimeout {
			return "the name server did not answer for " + dns.Name
		}
		return "no such host " + dns.Name
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "too many open files: raise the limit (ulimit -n), or use fewer connections"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "no free local port: keep connections open, or use fewer"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to the host"
	case errors.As(err, &record):
		return "TLS: the response is not TLS: is this an http:// address?"
	case errors.As(err, &refused):
		return "TLS: " + refused.why
	case errors.As(err, &alert):
		return "TLS: " + innermost(err)
	case errors.Is(err, ErrCut), errors.Is(err, ErrMalformed), errors.Is(err, ErrTooLarge):
		return err.Error()
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the consumer reset the connection"
	case errors.Is(err, context.Canceled), errors.Is(err, ErrClosed), errors.Is(err, net.ErrClosed):
		return "interrupted"
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return fmt.Sprintf("%s: %v", op.Op, op.Err) // without the addresses, which have ports
	}
	return err.Error()
}

// innermost returns the text of the error that wraps no other.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// Missed returns what did not happen in time, as in "no response"; "" when err is no timeout. It is
// for callers that know the exact limit: the error's text has only the time that was left when the
// phase began.
func Missed(err error) string {
	var late *timeout
	if errors.As(err, &late) {
		return late.missed
	}
	return ""
}
