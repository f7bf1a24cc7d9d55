package scenarios

import (
	"fmt"
	"strings"
)

// result gathers what a step did and found.
type result struct {
	notes    []string // what was done, what holds
	failures []string // what does not hold
	unsure   []string // what could not be checked
	skipped  []string // why something was left out
	left     bool     // something was
}

func (v *result) note(format string, args ...any) {
	v.notes = append(v.notes, fmt.Sprintf(format, args...))
}

func (v *result) fail(format string, args ...any) {
	v.failures = append(v.failures, fmt.Sprintf(format, args...))
}

func (v *result) inconclusive(format string, args ...any) {
	v.unsure = append(v.unsure, fmt.Sprintf(format, args...))
}

// skip notes that something was left out; an empty format says why elsewhere.
func (v *result) skip(format string, args ...any) {
	v.left = true
	if format != "" {
		v.skipped = append(v.skipped, fmt.Sprintf(format, args...))
	}
}

// failEach adds failures of one kind, the first few in full and the others counted.
func (v *result) failEach(lines []string) {
	const most = 5
	if len(lines) > most {
		more := len(lines) - most
		lines = append(lines[:most:most], fmt.Sprintf("… and %d more like these", more))
	}
	v.failures = append(v.failures, lines...)
}

func (v *result) status() Status {
	switch {
	case len(v.failures) > 0:
		return Failed
	case len(v.unsure) > 0:
		return Inconclusive
	case len(v.notes) == 0 && v.left:
		return Skipped
	}
	return Passed
}

func (v *result) detail() string {
	if bad := append(v.failures[:len(v.failures):len(v.failures)], v.unsure...); len(bad) > 0 {
		return strings.Join(bad, "\n")
	}
	text := strings.Join(v.notes, "; ")
	if len(v.skipped) > 0 {
		if text != "" {
			text += "; "
		}
		text += "left out: " + strings.Join(v.skipped, "; ")
	}
	return text
}
