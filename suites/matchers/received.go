package matchers

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/terminal"
)

// HaveReceived succeeds when a bin (or a list of captures or messages) has at least one capture
// that fulfils every condition. Conditions are matchers of one capture, of this package or of
// Gomega. Without conditions any capture counts. Times, AtLeast and AtMost change the number. It is
// an error if the number cannot be told: the bin evicted captures, or a condition cannot be checked
// with one, and what remains does not decide.
func HaveReceived(conditions ...types.GomegaMatcher) *ReceivedMatcher {
	return &ReceivedMatcher{checks: checks{conditions: conditions}, min: 1, max: unlimited}
}

// ReceivedMatcher is HaveReceived's matcher.
type ReceivedMatcher struct {
	checks
	min, max int
	atLeast  bool // AtLeast was called

	matched []*checked
	misses  []*checked
}

// unlimited is the max of a matcher without AtMost.
const unlimited = math.MaxInt

var _ types.OracleMatcher = (*ReceivedMatcher)(nil)

// Times wants exactly n captures. Eventually stops as soon as there are more.
func (m *ReceivedMatcher) Times(n int) *ReceivedMatcher {
	m.min, m.max = n, n
	return m
}

// AtLeast wants n captures or more.
func (m *ReceivedMatcher) AtLeast(n int) *ReceivedMatcher {
	m.min, m.atLeast = n, true
	return m
}

// AtMost wants n captures or fewer, also none unless you call AtLeast too. It is true before
// anything arrives, so use it with Consistently.
func (m *ReceivedMatcher) AtMost(n int) *ReceivedMatcher {
	if m.max = n; !m.atLeast {
		m.min = 0
	}
	return m
}

func (m *ReceivedMatcher) wrong() error {
	if m.min < 0 || m.max < m.min {
		return fmt.Errorf("HaveReceived wants %s: no number of captures is that", m.count())
	}
	return wrongConditions("HaveReceived", m.conditions)
}

// Match counts the captures that fulfil every condition. A condition that returns an error for a
// capture is not fulfilled. The error of Match means that a condition is itself wrong, that the bin
// could not be read, or that the number cannot be told.
func (m *ReceivedMatcher) Match(actual any) (bool, error) {
	if err := m.wrong(); err != nil {
		return false, misuse{err}
	}
	all, err := receivedBy("HaveReceived", actual)
	if err != nil {
		return false, err
	}
	m.look(all)
	m.matched, m.misses = nil, nil
	var could error
	for i, c := range m.captures {
		score, unclear, err := m.checkAll(i)
		if err != nil {
			return false, err
		}
		if score == len(m.conditions) {
			m.matched = append(m.matched, c)
			continue
		}
		m.misses = append(m.misses, c)
		could = cmp.Or(could, unclear)
	}
	enough := len(m.matched) >= m.min
	if m.tooMany() || enough && m.max == unlimited {
		return !m.tooMany(), nil // whatever else arrived
	}
	if could == nil {
		could = missingFrom(actual)
	}
	return enough && could == nil, could
}

func (m *ReceivedMatcher) tooMany() bool { return len(m.matched) > m.max }

// MatchMayChangeInTheFuture tells Eventually to stop when a condition is itself wrong, when there
// are too many captures already, or when nothing can arrive.
func (m *ReceivedMatcher) MatchMayChangeInTheFuture(actual any) bool {
	_, live := actual.(Bin)
	return live && m.wrong() == nil && !m.tooMany()
}

// FailureMessage says how many captures there are. Then it shows those that matched, if they are
// too many, or else the nearest one: which conditions it fulfils, and why not the others.
func (m *ReceivedMatcher) FailureMessage(actual any) string {
	var b strings.Builder
	if m.tooMany() || len(m.misses) == 0 {
		b.WriteString(m.header(actual, "", with(m.conditions)))
		list(&b, m.matched)
		return terminal.Text(b.String())
	}
	which := with(m.conditions)
	if n := len(m.conditions); n > 1 { // they are listed below
		which = fmt.Sprintf(" with these %d conditions", n)
	}
	b.WriteString(m.header(actual, "", which))
	byScore := slices.Clone(m.misses)
	slices.SortStableFunc(byScore, func(a, b *checked) int { return b.score() - a.score() })
	b.WriteString("\nnearest: ")
	m.explain(&b, byScore[0])
	others := byScore[1:]
	for _, c := range others[:min(shown, len(others))] {
		fmt.Fprintf(&b, "\nalso: %s (%s)", c.describe(), c.fulfilled())
	}
	if more := len(others) - shown; more > 0 {
		fmt.Fprintf(&b, "\nand %d more", more)
	}
	return terminal.Text(b.String())
}

// NegatedFailureMessage says how many captures there are, and shows them.
func (m *ReceivedMatcher) NegatedFailureMessage(actual any) string {
	var b strings.Builder
	b.WriteString(m.header(actual, "not ", with(m.conditions)))
	list(&b, m.matched)
	return terminal.Text(b.String())
}

// header is the first line of a failure message.
func (m *ReceivedMatcher) header(actual any, not, which string) string {
	return fmt.Sprintf("expected %s %sto have received %s%s, got %d of %d",
		nameOfSubject(actual), not, m.count(), which, len(m.matched), len(m.matched)+len(m.misses))
}

// count returns the wanted number of captures in words.
func (m *ReceivedMatcher) count() string {
	switch {
	case m.max == m.min:
		return "exactly " + plural(m.min, "capture")
	case m.max == unlimited:
		return "at least " + plural(m.min, "capture")
	case m.min == 0:
		return "at most " + plural(m.max, "capture")
	}
	return fmt.Sprintf("%d to %s", m.min, plural(m.max, "capture"))
}

func (m *ReceivedMatcher) String() string {
	text := "HaveReceived(" + strings.Join(names(m.conditions), ", ") + ")"
	switch {
	case m.max == m.min:
		return fmt.Sprintf("%s.Times(%d)", text, m.min)
	case m.min != 1 || m.max != unlimited:
		text += fmt.Sprintf(".AtLeast(%d)", m.min)
	}
	if m.max != unlimited {
		text += fmt.Sprintf(".AtMost(%d)", m.max)
	}
	return text
}

// GomegaString keeps the captures out of Gomega's failure messages.
func (m *ReceivedMatcher) GomegaString() string { return m.String() }
