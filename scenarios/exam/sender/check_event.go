package sender

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
)

// gradeStableIDs checks that the attempts of one event have one id.
func gradeStableIDs(g *grading, f *found) {
	f.missing = "no event was tried twice"
	for _, d := range g.deliveries {
		switch {
		case len(d.ids) > 1:
			f.fail(d, "the same body came again with other ids: %s", strings.Join(d.ids[1:min(len(d.ids), 4)], ", "))
		case len(d.ids) == 1 && len(d.attempts) > 1:
			f.seen++
		}
	}
	g.absentWithoutRetries(f)
	if !g.hasIDs() {
		f.absent = "the requests have no id"
	}
}

// absentWithoutRetries notes that a check of retries does not apply to a policy without any.
func (g *grading) absentWithoutRetries(f *found) {
	f.absent = g.neverRetried(fixtures.Failure{Kind: fixtures.FailedStatus, Status: 500})
}

// hasIDs reports whether a request has an id of its event.
func (g *grading) hasIDs() bool {
	return slices.ContainsFunc(g.deliveries, func(d *delivery) bool { return len(d.ids) > 0 })
}

// gradeUniqueIDs checks that no event has the id of an earlier one.
func gradeUniqueIDs(g *grading, f *found) {
	f.missing = "there is only one event"
	for i, d := range g.deliveries {
		switch {
		case d.reuses != nil:
			f.fail(d, "another body has the id of an event that was delivered before, in capture %s", d.reuses.attempts[0].ID)
		case i > 0 && len(d.ids) > 0:
			f.seen++
		}
	}
	if !g.hasIDs() {
		f.absent = "the requests have no id"
	}
}

// gradeBodies checks that the attempts of one event have one body.
func gradeBodies(g *grading, f *found) {
	if g.retry.Payload == "refreshed" {
		f.absent = "by the policy, a retry has the latest body"
		return
	}
	if !g.hasIDs() {
		f.absent = "the requests have no id, so that attempts are recognised by their body"
		return
	}
	f.missing = "no event was tried twice"
	g.absentWithoutRetries(f)
	for _, d := range g.deliveries {
		if len(d.ids) != 1 {
			continue
		}
		for i, a := range d.attempts[1:] {
			if before := d.attempts[0]; bytes.Equal(a.Body, before.Body) {
				f.seen++
			} else {
				f.fail(d, "the body of attempt %d (%d bytes) differs from that of attempt 1 (%d bytes) at byte %d", i+2, len(a.Body), len(before.Body), differsAt(a.Body, before.Body))
			}
		}
	}
}

// differsAt returns the first place where two texts differ.
func differsAt(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
