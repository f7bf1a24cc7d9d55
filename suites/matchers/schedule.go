package matchers

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/internal/terminal"
)

// FollowSchedule succeeds when the attempts of a delivery follow each other after these waits, and
// there are no others. A wait is a time.Duration, a text such as "10s" or "2d", a list of either,
// such as the Schedule of a retry profile, or a matcher, which gets the time.Duration.
//
// It takes a delivery, a list of them (each must follow the schedule), or Track(…), and compares
// the times at which attempts were due, on the schedule's clock. It also takes a bin or the
// captures of one delivery, and compares the times at which they arrived: use Within. A bin that
// evicted captures is an error.
//
//	Expect(delivery).To(FollowSchedule("10s", "100s"))
//	Eventually(inbox).Should(FollowSchedule("1s", "2s").Within(500 * time.Millisecond))
func FollowSchedule(waits ...any) *ScheduleMatcher {
	m := &ScheduleMatcher{}
	for _, w := range waits {
		m.add(w)
	}
	return m
}

// ScheduleMatcher is FollowSchedule's matcher.
type ScheduleMatcher struct {
	waits     []wantedWait
	tolerance time.Duration
	err       error

	timelines []timeline
	findings  []finding
}

// wantedWait is how long a wait must be.
type wantedWait struct {
	exact   time.Duration
	matcher types.GomegaMatcher
}

var _ types.OracleMatcher = (*ScheduleMatcher)(nil)

// Within lets every wait be this much shorter or longer. 0 is exact, which only the schedule's
// clock is.
func (m *ScheduleMatcher) Within(tolerance time.Duration) *ScheduleMatcher {
	m.tolerance = tolerance
	return m
}

// add reads an argument.
func (m *ScheduleMatcher) add(wait any) {
	switch w := wait.(type) {
	case types.GomegaMatcher:
		if err := wrongOf(w); err != nil && m.err == nil {
			m.err = err
		}
		m.waits = append(m.waits, wantedWait{matcher: w})
		return
	case time.Duration:
		m.waits = append(m.waits, wantedWait{exact: w})
		return
	case string:
		d, err := strictyaml.ParseDuration(w)
		if err != nil && m.err == nil {
			m.err = fmt.Errorf("FollowSchedule: %w", err)
		}
		m.waits = append(m.waits, wantedWait{exact: d})
		return
	}
	if v := reflect.ValueOf(wait); v.Kind() == reflect.Slice {
		for i := range v.Len() {
			m.add(v.Index(i).Interface())
		}
		return
	}
	if m.err == nil {
		m.err = fmt.Errorf("FollowSchedule: wait %#v: want a time.Duration, a text such as \"10s\", a list of them, or a matcher", wait)
	}
}

func (m *ScheduleMatcher) wrong() error {
	if m.err == nil && m.tolerance < 0 {
		return fmt.Errorf("FollowSchedule: Within(%s): want 0 or more", m.tolerance)
	}
	return m.err
}

// Match compares the waits. The error means that a wait cannot be read, that a bin or delivery
// could not be read, or that the arrival of captures is to be exact.
func (m *ScheduleMatcher) Match(actual any) (bool, error) {
	if err := m.wrong(); err != nil {
		return false, misuse{err}
	}
	var err error
	if m.timelines, err = m.timelinesOf(actual); err != nil {
		return false, err
	}
	m.findings = make([]finding, len(m.timelines))
	matched := len(m.timelines) > 0
	for i := range m.timelines {
		m.findings[i] = m.compare(&m.timelines[i])
		matched = matched && m.findings[i].why == ""
	}
	return matched, nil
}

// compare compares the waits of one timeline with the schedule.
func (m *ScheduleMatcher) compare(t *timeline) finding {
	f := finding{notes: make([]string, max(len(m.waits)+1, len(t.times)))}
	matches := true
	for i := range f.notes {
		switch {
		case i >= len(t.times) && i == 0:
			f.notes[i] = "want a first one"
		case i >= len(t.times):
			f.notes[i] = "want it after " + m.waits[i-1].String()
		case i > len(m.waits):
			f.notes[i], matches = fmt.Sprintf("%s later, want no other", t.wait(i)), false
		case i > 0:
			if differs := m.waits[i-1].differs(t.wait(i), m.tolerance); differs != "" {
				f.notes[i], matches = differs, false
			}
		}
	}
	if matches && len(t.times) == len(m.waits)+1 {
		return finding{}
	}
	f.why, f.final = "got "+cmp.Or(t.waits(), "none"), !matches || t.final
	return f
}

// differs returns "" if a wait is as wanted.
func (w wantedWait) differs(got, tolerance time.Duration) string {
	text := fmt.Sprintf("%s later, want %s", got, w)
	if w.matcher == nil {
		if (got - w.exact).Abs() <= tolerance {
			return ""
		}
		return text
	}
	matched, err := w.matcher.Match(got)
	switch {
	case err != nil:
		return text + ": " + firstLine(err)
	case !matched:
		return text
	}
	return ""
}

func (w wantedWait) String() string {
	if w.matcher != nil {
		return nameOf(w.matcher)
	}
	return w.exact.String()
}

// MatchMayChangeInTheFuture tells Eventually to stop when a wait is wrong, or nothing can arrive.
func (m *ScheduleMatcher) MatchMayChangeInTheFuture(actual any) bool {
	_, isBin := actual.(Bin)
	if !isBin && !mayGrow(actual) || m.wrong() != nil {
		return false
	}
	for _, f := range m.findings {
		if f.why != "" && f.final {
			return false
		}
	}
	return true
}

// FailureMessage shows the attempts of the deliveries that do not follow the schedule, and the
// waits between them.
func (m *ScheduleMatcher) FailureMessage(any) string {
	var b strings.Builder
	var wrong []int
	for i := range m.findings {
		if m.findings[i].why != "" {
			wrong = append(wrong, i)
		}
	}
	to := "follow the schedule " + m.schedule()
	switch {
	case len(m.timelines) == 0:
		b.WriteString(noDeliveries(to))
	case len(m.timelines) == 1:
		fmt.Fprintf(&b, "expected %s to %s, %s:", m.timelines[0].name, to, m.findings[0].why)
	default:
		fmt.Fprintf(&b, "expected each of %d deliveries to %s, but %d of them did not match:", len(m.timelines), to, len(wrong))
	}
	for _, i := range wrong[:min(shown, len(wrong))] {
		b.WriteString("\n  " + m.timelines[i].describe(m.findings[i].notes))
	}
	andMore(&b, len(wrong))
	return terminal.Text(b.String())
}

// NegatedFailureMessage shows the attempts.
func (m *ScheduleMatcher) NegatedFailureMessage(any) string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected the attempts not to follow the schedule %s:", m.schedule())
	for i := range m.timelines[:min(shown, len(m.timelines))] {
		b.WriteString("\n  " + m.timelines[i].describe(nil))
	}
	andMore(&b, len(m.timelines))
	return terminal.Text(b.String())
}

func (m *ScheduleMatcher) arguments() string {
	texts := make([]string, len(m.waits))
	for i, w := range m.waits {
		texts[i] = w.String()
	}
	return strings.Join(texts, ", ")
}

// schedule returns the wanted waits in words.
func (m *ScheduleMatcher) schedule() string {
	text := cmp.Or(m.arguments(), "of one attempt")
	if m.tolerance != 0 {
		text += fmt.Sprintf(" (within %s)", m.tolerance)
	}
	return text
}

func (m *ScheduleMatcher) String() string {
	text := "FollowSchedule(" + m.arguments() + ")"
	if m.tolerance != 0 {
		text += fmt.Sprintf(".Within(%s)", m.tolerance)
	}
	return terminal.Text(text)
}

// GomegaString keeps the attempts out of Gomega's failure messages.
func (m *ScheduleMatcher) GomegaString() string { return m.String() }
