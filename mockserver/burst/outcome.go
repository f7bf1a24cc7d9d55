package burst

import "github.com/hookrig/hookrig/mockserver/internal/wire"

// outcome is the result of one request, as Report.Outcomes counts it.
type outcome uint8

const (
	informational outcome = iota // 1xx, and what is no class of HTTP
	success
	redirect
	clientError
	serverError
	notSent
	partlyWritten
	noResponse
	dropped // by the policy of an overload, or by a fault
	outcomes
)

func (o outcome) String() string {
	return [...]string{"other", "2xx", "3xx", "4xx", "5xx", string(wire.NotSent), string(wire.PartlyWritten), string(wire.NoResponse), "dropped"}[o]
}

// outcomeOf returns the outcome of an exchange.
func outcomeOf(what wire.Outcome, status int) outcome {
	switch what {
	case wire.NotSent:
		return notSent
	case wire.PartlyWritten:
		return partlyWritten
	case wire.NoResponse:
		return noResponse
	}
	if class := status / 100; class >= 2 && class <= 5 {
		return outcome(class - 1)
	}
	return informational
}

// counts returns the outcomes that occurred, by name.
func counts(of [outcomes]uint64) map[string]uint64 {
	m := map[string]uint64{}
	for o, n := range of {
		if n > 0 {
			m[outcome(o).String()] = n
		}
	}
	return m
}
