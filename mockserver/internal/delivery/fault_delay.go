package delivery

import (
	"errors"
	"time"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// maxDelay bounds delay.
const maxDelay = 30 * 24 * time.Hour

// delay sends late on the schedule's clock, so that other events overtake. Without named attempts
// the first attempt is late and with it all that follow. With named attempts each of them is late.
func delay() kind {
	late := func(arg string) time.Duration {
		d, _ := strictyaml.ParseDuration(arg)
		return d
	}
	return kind{
		FaultKind: FaultKind{Name: "delay", Args: "DURATION", Text: "send that much later, so that other events overtake (30s, 5m, 2d)"},
		check: func(arg string) error {
			if d := late(arg); d <= 0 || d > maxDelay {
				return errors.New("want how much later, more than 0 and at most 30d, as in delay:5m")
			}
			return nil
		},
		late: late,
	}
}

// lateBy returns how much later than usual the attempt of that number is made.
func lateBy(faults []activeFault, attempt int) time.Duration {
	var d time.Duration
	for _, f := range faults {
		if f.kind.late != nil && (len(f.Attempts) == 0 && attempt == 1 || len(f.Attempts) > 0 && f.on(attempt)) {
			d += f.kind.late(f.Arg)
		}
	}
	return d
}
