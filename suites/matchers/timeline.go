package matchers

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// timeline is when the attempts of one delivery were made.
type timeline struct {
	name  string   // "the delivery", "bin inbox"
	head  string   // the delivery in one line; "" for captures
	lines []string // the attempts, one line each
	next  string   // what follows them
	times []time.Time
	final bool // there will be no other attempt
}

// wait is the time between attempt i and the one before it.
func (t *timeline) wait(i int) time.Duration { return t.times[i].Sub(t.times[i-1]) }

// waits returns all waits in words.
func (t *timeline) waits() string {
	var texts []string
	for i := range t.times {
		if i > 0 {
			texts = append(texts, t.wait(i).String())
		}
	}
	return strings.Join(texts, ", ")
}

// describe returns the attempts, one line each, with notes.
func (t *timeline) describe(notes []string) string {
	lines := append([]string{t.head}, t.lines...)
	for i, note := range notes {
		switch {
		case i >= len(t.lines):
			lines = append(lines, fmt.Sprintf("  attempt %d: missing: %s", i+1, note))
		case note != "":
			lines[i+1] += " ← " + note
		}
	}
	if t.next != "" {
		lines = append(lines, "  "+t.next)
	}
	return strings.Join(lines, "\n  ")
}

// timelineOf is the timeline of a delivery, by the schedule's clock.
func timelineOf(d *mockserver.Delivery) timeline {
	lines := strings.Split(d.GomegaString(), "\n")
	t := timeline{name: "the delivery", head: lines[0], lines: lines[1:], final: d.State != mockserver.Pending}
	if !t.final {
		t.next = nextOf(d)
	}
	for i := range d.Attempts {
		t.times = append(t.times, d.Attempts[i].Due)
	}
	return t
}

// timelinesOf takes the timelines out of deliveries, or out of a bin or captures: those are of one
// delivery.
func (m *ScheduleMatcher) timelinesOf(actual any) ([]timeline, error) {
	if deliveries, is, err := deliveriesOf(actual); is {
		list := make([]timeline, len(deliveries))
		for i := range deliveries {
			list[i] = timelineOf(&deliveries[i])
		}
		return list, err
	}
	captures, is, err := capturesOf(actual)
	switch {
	case !is:
		return nil, fmt.Errorf("FollowSchedule wants a delivery, deliveries, Track(…), a bin or captures, got %s", typeOf(actual))
	case err != nil:
		return nil, err
	case m.isExact():
		return nil, misuse{errors.New(m.String() + " compares when captures arrived, which is never exact: add Within, or give a matcher for each wait")}
	}
	t := timeline{name: nameOfSubject(actual), head: nameOfSubject(actual)}
	var arrived checks
	arrived.look(captures)
	for i := range captures {
		t.lines = append(t.lines, fmt.Sprintf("  attempt %d: %s", i+1, arrived.captures[i].describe()))
		t.times = append(t.times, captures[i].At)
	}
	return []timeline{t}, missingFrom(actual)
}

// isExact reports whether a wait must be exact.
func (m *ScheduleMatcher) isExact() bool {
	for _, w := range m.waits {
		if w.matcher == nil && m.tolerance == 0 {
			return true
		}
	}
	return false
}
