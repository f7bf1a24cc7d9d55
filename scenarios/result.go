package scenarios

import (
	"fmt"
	"strings"

	"github.com/hookrig/hookrig/mockserver"
)

// result collects what a step did and found.
type result struct {
	notes      []string // actions and successful checks
	failures   []string // failed checks
	unsure     []string // checks that could not be made
	skipped    []string // reasons why parts were skipped
	skippedAny bool     // some part was skipped
	unanswered int      // failures because there was no response in time

	differences []Difference
	nearMisses  []NearMiss
}

// mostDifferences is the largest number of differences and of near misses of one step.
const mostDifferences = 10

// differ records what was expected and what came.
func (v *result) differ(what, want, got string) {
	if len(v.differences) < mostDifferences {
		v.differences = append(v.differences, Difference{what, want, got})
	}
}

// near records the captures that an expectation nearly selected.
func (v *result) near(misses []mockserver.NearMiss) {
	for _, miss := range misses[:min(len(misses), mostDifferences-len(v.nearMisses))] {
		v.nearMisses = append(v.nearMisses, NearMiss{
			Capture: miss.Capture.ID, Method: miss.Capture.Method, Target: miss.Capture.Target, Differences: miss.Differences,
		})
	}
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

// skip marks a part as skipped. An empty format adds no reason.
func (v *result) skip(format string, args ...any) {
	v.skippedAny = true
	if format != "" {
		v.skipped = append(v.skipped, fmt.Sprintf(format, args...))
	}
}

// failEach adds failures of one kind: the first few in full, and the number of the others.
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
	case len(v.notes) == 0 && v.skippedAny:
		return Skipped
	}
	return Passed
}

// found returns the failed checks and those that could not be made.
func (v *result) found() []string {
	return append(v.failures[:len(v.failures):len(v.failures)], v.unsure...)
}

func (v *result) detail() string {
	if bad := v.found(); len(bad) > 0 {
		return strings.Join(bad, "\n")
	}
	text := strings.Join(v.notes, "; ")
	if len(v.skipped) > 0 {
		if text != "" {
			text += "; "
		}
		text += "skipped: " + strings.Join(v.skipped, "; ")
	}
	return text
}
