package fault

import (
	"errors"
	"strings"
	"time"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// skew signs with a time that differs from now.
func skew() row {
	by := func(arg string) (time.Duration, error) {
		rest, ahead := strings.CutPrefix(arg, "+")
		rest, behind := strings.CutPrefix(rest, "-")
		d, err := strictyaml.ParseDuration(rest)
		if err != nil || d == 0 || d > maxDelay || ahead == behind {
			return 0, errors.New("want how far ahead (+) or behind (-) the time is, at most 30d, as in timestamp:skew:-4m")
		}
		if behind {
			d = -d
		}
		return d, nil
	}
	r := timestampRow("timestamp:skew", "sign with a time that is that much ahead (+) or behind (-)", Limited,
		"The consumer refuses a provider whose clock differs within what it is to tolerate, or takes one beyond.",
		"Standard Webhooks: tolerance in both directions",
		func(arg string, r *Request) error {
			d, _ := by(arg)
			return r.shift(d)
		})
	r.arg = argument{"±DURATION", "-4m", func(arg string) error {
		_, err := by(arg)
		return err
	}}
	return r
}
