package delivery

import (
	"errors"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// failureIn returns why an exchange failed. A status is a failure here, until it is judged.
func failureIn(r *wire.Result) fixtures.Failure {
	switch {
	case errors.Is(r.Err, wire.ErrRedirect):
		return fixtures.Failure{Kind: fixtures.FailedRedirect, Status: r.Status}
	case r.Outcome == wire.GotStatus:
		return fixtures.Failure{Kind: fixtures.FailedStatus, Status: r.Status}
	case r.Outcome == wire.NotSent && errors.Is(r.Err, wire.ErrTLS):
		return fixtures.Failure{Kind: fixtures.FailedTLS}
	case r.Outcome == wire.NotSent:
		return fixtures.Failure{Kind: fixtures.FailedConnect}
	case errors.Is(r.Err, wire.ErrTimeout):
		return fixtures.Failure{Kind: fixtures.FailedTimeout}
	}
	return fixtures.Failure{Kind: fixtures.FailedCut}
}

// failureOf returns why a recorded attempt failed, which its texts tell.
func failureOf(a *journal.Attempt) fixtures.Failure {
	kind := fixtures.FailedCut
	switch {
	case strings.HasPrefix(a.Error, wire.ErrRedirect.Error()+" "):
		kind = fixtures.FailedRedirect
	case a.Outcome == wire.GotStatus:
		kind = fixtures.FailedStatus
	case a.Outcome == wire.NotSent && strings.HasPrefix(a.Error, "TLS"):
		kind = fixtures.FailedTLS
	case a.Outcome == wire.NotSent:
		kind = fixtures.FailedConnect
	case strings.Contains(a.Error, " within "):
		kind = fixtures.FailedTimeout
	}
	return fixtures.Failure{Kind: kind, Status: a.Status}
}
