package sender

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/scenarios/exam"
)

// found is what a check finds.
type found struct {
	seen    int         // occasions on which the sender did what it should, or not
	wrong   []string    // what it did wrong, a sentence each
	of      []*delivery // those that are wrong, in that order
	absent  string      // why the check does not apply
	missing string      // why there was no occasion
	gone    string      // why deliveries were left out whose first attempts may be gone
	assumed string      // the assumption that the rule rests on
}

// fail adds something wrong, about a delivery or nil.
func (f *found) fail(d *delivery, format string, args ...any) {
	f.seen++
	text := fmt.Sprintf(format, args...)
	if d != nil {
		text = d.name() + ": " + text
	}
	f.wrong, f.of = append(f.wrong, terminal.Line(text)), append(f.of, d)
}

// Bounds of a result.
const (
	mostWrong    = 3
	mostAttempts = 20
)

// result returns the verdict and why.
func (f *found) result() (exam.Verdict, string) {
	switch {
	case len(f.wrong) > 0:
		text := strings.Join(f.wrong[:min(len(f.wrong), mostWrong)], "\n")
		if more := len(f.wrong) - mostWrong; more > 0 {
			text += fmt.Sprintf("\nand %d more", more)
		}
		return exam.Fail, text
	case f.seen > 0:
		return exam.Pass, ""
	case f.absent != "":
		return exam.NotApplicable, f.absent
	}
	return exam.Inconclusive, cmp.Or(f.gone, f.missing)
}

// list returns the attempts of the first deliveries that are wrong.
func (f *found) list() []exam.Attempt {
	var list []exam.Attempt
	listed := map[*delivery]bool{nil: true}
	for _, d := range f.of[:min(len(f.of), mostWrong)] {
		if listed[d] {
			continue
		}
		listed[d] = true
		for i, a := range d.attempts {
			if len(list) == mostAttempts {
				return list
			}
			at := exam.Attempt{Delivery: d.name(), N: i + 1, Capture: a.ID, At: a.At, Response: a.response}
			if i > 0 {
				at.AfterMS = float64(a.At.Sub(d.attempts[i-1].At).Microseconds()) / 1000
			}
			list = append(list, at)
		}
	}
	return list
}
